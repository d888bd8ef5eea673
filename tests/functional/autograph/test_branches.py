"""if statements, conditional expressions and early returns over tensors and over Python values."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from tests.control.running import run
from tests.functional.autograph.running import agree

Pair = namedtuple("Pair", "a b")


def nodes(tensor: sa.Tensor, op: str) -> int:
    return sum(node.op.name == op for node in sort_nodes([tensor]))


def test_a_chain_of_elif() -> None:
    def f(x: Any) -> Any:
        if x < -1:
            y = -x
        elif -1 <= x < 0:
            y = x * x
        elif 0 <= x <= 1 and not x == 0.5:
            y = x
        else:
            y = 7.0
        return y

    agree(f, *((v,) for v in (-3.0, -0.5, 0.5, 0.25, 4.0)))


def test_variables_changed_in_one_block_only() -> None:
    def f(x: Any, y: Any) -> Any:
        z = x + y
        if x > y:
            x = x * 10
        elif x < -y:
            y, z = z, y * 2
        return x, y, z

    agree(f, (3.0, 2.0), (1.0, 2.0), (-5.0, 2.0))


def test_early_returns() -> None:
    def f(x: Any) -> Any:
        if x < 0:
            if x < -10:
                return -x, 1
            x = x + 1
        if x > 10:
            return x * 10, 2
        for k in range(3):
            x = x + k
            if x > 8:
                return x, k + 10
        return x, 3

    agree(f, *((v,) for v in (-20.0, -3.0, -0.5, 0.5, 7.0, 20.0)))


def test_conditional_expressions_and_nests() -> None:
    @sa.function
    def f(x: sa.Tensor) -> Any:
        pair = Pair(x, {"k": x * 2}) if x > 0 else Pair(-x, {"k": x})
        return pair.a if pair.b["k"] > 5 else pair.b["k"]

    x = sa.placeholder(())
    assert [float(run([f(x)], {x: v})[0]) for v in (1.0, 4.0, -2.0)] == [2, 4, -2]


def test_a_known_condition_leaves_no_trace() -> None:
    @sa.function
    def f(x: sa.Tensor, flag: bool, mode: str | None) -> sa.Tensor:
        if flag and mode is None:
            x = x * 2
        elif mode in ("a", "b"):
            x = x * 3
        return x if not flag else x + 1

    x = sa.placeholder(())
    for flag, mode, expected in ((True, None, 11), (False, "a", 15), (False, "c", 5)):
        y = f(x, flag, mode)
        assert nodes(y, "cond") == 0
        assert run([y], {x: 5.0}) == [expected]


def test_a_value_that_is_the_same_in_both_blocks_stays_a_python_value() -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        if x > 0:
            n, name, y = 3, "a", x
        else:
            n, name, y = 3, "a", -x
        assert isinstance(n, int) and name == "a"
        return sa.stack([y] * n)

    x = sa.placeholder(())
    np.testing.assert_array_equal(run([f(x)], {x: -2.0})[0], [2, 2, 2])


def test_numbers_take_the_type_of_the_other_block() -> None:
    @sa.function
    def f(x: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        if x.sum() > 0:
            y, count = x, 1
        else:
            y, count = 0, 2
        return y, count

    x = sa.placeholder((2,), "float32")
    y, count = f(x)
    assert (y.dtype, y.shape, count.dtype) == (np.float32, (2,), np.int64)
    found = run([y, count], {x: [-1.0, -2.0]})
    np.testing.assert_array_equal(found[0], [0, 0])
    assert found[1] == 2


def test_only_the_block_taken_runs() -> None:
    @sa.function
    def f(v: sa.Tensor, i: sa.Tensor) -> sa.Tensor:
        if i < 3:
            return v[i]
        return v[0] * 0 - 1

    v, i = sa.placeholder((3,)), sa.placeholder((), "int64")
    assert [float(run([f(v, i)], {v: np.arange(3.0), i: k})[0]) for k in (2, 5)] == [2, -1]


def test_dead_variables_may_differ() -> None:
    """t has another shape in every block, and is not used afterwards."""

    def f(x: Any, v: Any) -> Any:
        if x > 0:
            t = v * 2
            y = t.sum()
        else:
            t = v.sum()
            y = t * 3
        t = y + 1
        return t

    agree(f, (1.0, np.arange(3.0)), (-1.0, np.arange(3.0)))


def test_blocks_may_change_lists_and_dicts() -> None:
    def f(x: Any) -> Any:
        items, table = [x, x * 2], {"k": x}
        if x > 1:
            items[0] = items[1] * 10
            table["k"] += 5
        else:
            items[1] = table["k"]
        return items[0], items[1], table["k"]

    agree(f, (3.0,), (0.5,))


@pytest.mark.parametrize("value", [2.0, -2.0])
def test_gradients_through_a_choice(value: float) -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        if x > 0:
            return x**3
        return sa.exp(x)

    x = sa.placeholder(())
    expected = 3 * value**2 if value > 0 else np.exp(value)
    np.testing.assert_allclose(run(sa.gradients(f(x), x), {x: value})[0], expected)


def test_with_try_and_match() -> None:
    @sa.function
    def f(x: sa.Tensor, mode: Any) -> sa.Tensor:
        with sa.no_grad():
            try:
                if x > 10:
                    return x * 0
            finally:
                x = x * 1
        match mode:
            case "double":
                return x * 2
            case {"factor": factor}:
                y = x * factor
            case _:
                y = x
        if x > 0:
            y = y + 1
        return y

    x = sa.placeholder(())
    for mode, value, expected in (("double", 2.0, 4), ({"factor": 3}, 2.0, 7), (None, -2.0, -2), (None, 20.0, 0)):
        assert run([f(x, mode)], {x: value}) == [expected]


def test_sizes_are_conditions_too() -> None:
    @sa.function
    def f(v: sa.Tensor) -> sa.Tensor:
        if v.shape[0] > 3:
            return v.sum()
        if len(v) == 2:
            return v[0] - v[1]
        return v.prod() if v.shape[0] else sa.constant(-1.0)

    v = sa.placeholder((None,))
    y = f(v)
    values = (np.arange(1.0, 6.0), np.array([5.0, 2.0]), np.array([3.0]), np.zeros(0))
    assert [float(sa.evaluate(y, {v: value})[0]) for value in values] == [15, 3, 3, -1]
