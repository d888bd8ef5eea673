"""Truth values: and, or, not, comparisons and their chains, membership."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.functional.autograph.conditions import and_, compare, condition, not_, or_
from staticad.ir.graph import sort_nodes
from tests.control.running import run
from tests.functional.autograph.running import agree


def test_python_values_combine_as_in_python() -> None:
    assert and_(lambda: 0, lambda: 1 / 0) == 0
    assert and_(lambda: 2, list, lambda: 3) == []
    assert or_(lambda: "", lambda: "a", lambda: 1 / 0) == "a"
    assert or_(lambda: 0, lambda: None) is None
    assert not_([]) is True and not_(3) is False
    assert compare(1, "<", lambda: 2, "<=", lambda: 2) is True
    assert compare(3, "<", lambda: 2, "<", lambda: 1 / 0) is False
    assert compare(None, "is", lambda: None) is True
    assert compare(2, "not in", lambda: (1, 3), "!=", lambda: 5) is True


@pytest.mark.parametrize("value", [-1.0, 0.5, 3.0])
def test_all_combinations(value: float) -> None:
    def f(x: Any) -> Any:
        a = x > 0 and x < 2
        b = x < 0 or x > 2 or x == 0.5
        c = not (x > 0) and not a
        d = 0 < x <= 0.5 < 1
        e = True and x > 1
        g = False or x > 1
        h = x in (0.5, 3.0)
        i = x not in [3.0]
        return a, b, c, d, e, g, h, i

    agree(f, (value,))


def test_what_decides_alone_decides() -> None:
    x = sa.placeholder(())
    assert and_(lambda: x > 0, lambda: False) is False
    assert or_(lambda: x > 0, lambda: True) is True
    assert and_(lambda: False, lambda: x > 0) is False
    kept = x > 0
    assert and_(lambda: kept, lambda: True) is kept


def test_a_factorization_is_tried_only_if_it_has_to_be() -> None:
    @sa.function
    def small(m: sa.Tensor) -> sa.Tensor:
        return m[0, 0] > 0 and sa.linalg.cholesky(m)[0, 0] < 2

    x = sa.placeholder((2, 2), "float64")
    session = sa.compile(small(x), [x])
    assert session(np.eye(2)) and not session(9 * np.eye(2)) and not session(-np.eye(2))


def test_an_operand_that_can_fail_runs_only_if_it_has_to() -> None:
    @sa.function
    def first_negative(v: sa.Tensor) -> sa.Tensor:
        i = 0
        while i < v.shape[0] and v[i] >= 0:
            i += 1
        return i

    @sa.function
    def beyond(v: sa.Tensor, i: sa.Tensor) -> sa.Tensor:
        return i >= v.shape[0] or v[i] < 0

    v, i = sa.placeholder((None,)), sa.placeholder((), "int64")
    for value, expected in (([1.0, 2.0], 2), ([1.0, -2.0, 3.0], 1)):
        assert run([first_negative(v)], {v: value}) == [expected]
    assert [bool(run([beyond(v, i)], {v: [1.0, -1.0], i: k})[0]) for k in (0, 1, 2)] == [False, True, True]


def test_cheap_operands_make_no_branch() -> None:
    x = sa.placeholder(())
    both = and_(lambda: x > 0, lambda: sa.exp(x) < 5)
    assert "cond" not in {node.op.name for node in sort_nodes([both])}


def test_numbers_and_arrays_of_one_element_are_conditions() -> None:
    n, one = sa.placeholder((), "int64"), sa.placeholder((1, 1))
    assert run([condition(n, "if"), not_(one)], {n: 3, one: [[0.0]]}) == [True, True]


def test_arrays_are_not() -> None:
    v = sa.placeholder((2,))
    for build in (lambda: condition(v > 0, "if"), lambda: not_(v), lambda: compare(0, "<", lambda: v, "<", lambda: 1)):
        with pytest.raises(sa.GraphError, match="ambiguous"):
            build()


def test_sizes() -> None:
    n, m = sa.placeholder((None,)).shape[0], sa.placeholder(("m",)).shape[0]
    assert compare(n, "<", lambda: n + 1) is True
    assert compare(n, ">=", lambda: 0) is True and compare(n, "<", lambda: 0) is False
    assert compare(n + 2, "==", lambda: n + 2) is True and compare(n, "==", lambda: n + 1) is False
    assert compare(0, "<=", lambda: m) is True and compare(0, ">", lambda: m) is False
    assert compare(n, "==", lambda: None) is False
    assert isinstance(compare(n, "<", lambda: m), sa.Tensor)
    assert isinstance(compare(n, ">", lambda: 2.5), sa.Tensor)
    assert condition(n + 1, "if") is True
    assert isinstance(condition(n, "if"), sa.Tensor)


def test_chains_evaluate_their_middle_once() -> None:
    calls = []

    def middle() -> float:
        calls.append(1)
        return 0.5

    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        return x < middle() < x + 1

    x = sa.placeholder(())
    assert run([f(x)], {x: 0.0}) == [True]
    assert len(calls) == 1


def test_all_and_any_of_conditions() -> None:
    def f(x: Any) -> Any:
        return all([x > 0, True, x < 2]), any(c == x for c in (1.0, 2.0)), all([]), any([True, x > 9])

    agree(lambda x: f(x)[:2], (1.0,), (3.0,))
    assert sa.function(f)(sa.placeholder(()))[2:] == (True, True)


def test_lambdas() -> None:
    f = sa.function(lambda x, y: x if x > y else (y if np.pi > 3 else None))
    x, y = sa.placeholder(()), sa.placeholder(())
    assert run([f(x, y)], {x: 1.0, y: 2.0}) == [2]
