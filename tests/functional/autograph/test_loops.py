"""while and for statements over tensors and over Python values, with break, continue and else."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import sort_nodes
from tests.control.running import check_derivatives, run
from tests.functional.autograph.running import agree

State = namedtuple("State", "x v")


def test_newtons_method_and_bisection() -> None:
    def newton(a: Any) -> Any:
        x = a
        while abs(x * x - a) > 1e-10:
            x = 0.5 * (x + a / x)
        return x

    def bisect(low: Any, high: Any, c: Any) -> Any:
        for _ in range(200):
            middle = (low + high) / 2
            if high - low < 1e-9:
                break
            if middle**3 - c > 0:
                high = middle
            else:
                low = middle
        return middle

    agree(newton, (2.0,), (9.0,))
    agree(lambda low, c: bisect(low, 5.0, c), (0.0, 11.0))


def test_a_loop_over_integers() -> None:
    def collatz(n: Any) -> Any:
        count = 0
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            count += 1
        return count

    (count,) = agree(collatz, (27,), (1,))
    assert count.dtype == np.int64


def test_break_continue_and_else() -> None:
    def f(x: Any, n: Any) -> Any:
        total = 0.0
        for i in range(n):
            if i % 2 == 0:
                continue
            if total > 20:
                break
            total += x * i
        else:
            total = -total
        k = 0
        while k < n:
            k += 1
            if k == 3:
                continue
            total += 1
            if total > 30:
                break
        else:
            total *= 100
        return total, k

    agree(f, *((3.0, n) for n in (0, 1, 5, 20)))


def test_nested_loops() -> None:
    def f(x: Any, n: Any, m: Any) -> Any:
        total = 0.0
        for i in range(n):
            for j in range(i, m):
                if (i + j) % 3 == 0:
                    continue
                if j > 6:
                    break
                total += x * i - j
            if total < -20:
                return total * 2
        return total

    agree(f, (1.5, 0, 0), (1.5, 3, 5), (1.5, 5, 9), (-2.0, 5, 9))


def test_an_endless_loop_that_returns() -> None:
    def f(x: Any) -> Any:
        while True:
            y = x * 1.5
            if y > 8:
                return y
            x = y

    agree(f, (0.5,), (9.0,))


def test_a_condition_that_becomes_a_tensor() -> None:
    def f(x: Any) -> Any:
        steps, going = 0, True
        while going:
            last = x
            x = x * 2
            steps += 1
            going = x < 20
        return x, steps, last

    agree(f, (1.1,), (50.0,))


def test_assignment_expressions_in_conditions() -> None:
    def f(x: Any) -> Any:
        while (y := x * x) < 50:
            x = x + y
        if (z := y - 60) > 0:
            y = z
        return x, y

    agree(f, (1.1,), (9.0,), (7.5,))


def test_numbers_become_tensors_of_the_dtype_that_the_loop_gives_them() -> None:
    @sa.function
    def f(x: sa.Tensor) -> Any:
        total, step, count, flag, vector = 0, 0.1, 0, False, 0
        while total < 10:
            total = total + x * step
            step = step * 0.5 + 1
            x = x * count + 1
            count += 1
            flag = not flag
            vector = vector + sa.ones((3,), "float32")
        return total, step, count, flag, vector, x

    x = sa.placeholder((), "float32")
    kinds = [(t.dtype.name, t.shape) for t in f(x)]
    single = ("float32", ())
    assert kinds == [single, single, ("int64", ()), ("bool", ()), ("float32", (3,)), single]
    total, step, count, flag, vector, value = 0.0, 0.1, 0, False, np.zeros(3), 2.0
    while total < 10:
        total, step, value = total + value * step, step * 0.5 + 1, value * count + 1
        count, flag, vector = count + 1, not flag, vector + 1
    for one, other in zip(run(list(f(x)), {x: 2.0}), (total, step, count, flag, vector, value), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_floats_are_float64_where_nothing_else_is_known() -> None:
    @sa.function
    def f(n: sa.Tensor) -> sa.Tensor:
        s = 1
        for _ in range(n):
            s = s / 3
        return s

    n = sa.placeholder((), "int64")
    y = f(n)
    assert y.dtype == np.float64
    np.testing.assert_allclose(run([y], {n: 4})[0], 3.0**-4)


def test_what_no_step_changes_stays_a_python_value() -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        size, name, helper = 2, "tanh", None
        while x.sum() < 10:
            size = 2
            helper = helper if name != "tanh" else None
            x = x + sa.ones((size,))
        assert isinstance(size, int) and helper is None
        return x

    x = sa.placeholder((2,))
    np.testing.assert_array_equal(run([f(x)], {x: [0.0, 1.0]})[0], [5, 6])


def test_nests_of_state() -> None:
    def f(x: Any, n: Any) -> Any:
        state, table, items = State(x, x * 0), {"energy": 0.0}, [1.0, 2.0]
        for k in range(n):
            state = State(state.x + 0.1 * state.v, state.v - 0.1 * state.x)
            table["energy"] = state.x**2 + state.v**2
            items = [items[1], items[0] + k]
        return state.x, state.v, table["energy"], items[0], items[1]

    agree(f, (2.0, 7), (2.0, 0))


def test_loops_over_python_values_are_unrolled() -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        parts = []
        for k in range(4):
            if k == 2:
                continue
            parts.append(x * k)
        for name, value in {"a": 1, "b": 2}.items():
            if name == "b":
                break
            parts.append(x + value)
        return sa.stack(parts)

    x = sa.placeholder(())
    y = f(x)
    assert all(node.op.name not in ("loop", "cond") for node in sort_nodes([y]))
    np.testing.assert_array_equal(run([y], {x: 2.0})[0], [0, 2, 6, 3])


def test_python_loops_run_as_ever() -> None:
    def f(k: int) -> Any:
        out: list[Any] = []
        while k:
            k -= 1
            if k == 3:
                continue
            if k == 1:
                break
            out.append(k)
        else:
            out.append("else")
        for q in out:
            if q == 2:
                return out, q
        return out, None

    rewritten = sa.function(f)
    assert [rewritten(k) for k in range(7)] == [f(k) for k in range(7)]


def test_a_python_loop_that_a_tensor_ends() -> None:
    def f(x: Any) -> Any:
        for k in range(6):
            if x > 10:
                break
            x = x * 2 + k
        else:
            x = -x
        return x

    agree(f, (1.0,), (0.001,), (20.0,), (-1.0,))


def test_a_loop_over_a_tensor_is_one_loop_whatever_its_length() -> None:
    def f(xs: Any) -> Any:
        total = 0.0
        for row in xs:
            total = total + row.sum() * row[0]
        return total

    (y,) = agree(f, (np.arange(6.0).reshape(3, 2),), (np.zeros((0, 2)),))
    assert sum(node.op.name == "loop" for node in sort_nodes([y])) == 1


def test_leaving_a_loop_over_a_tensor() -> None:
    def f(xs: Any) -> Any:
        total = 0.0
        for v in xs:
            if v < 0:
                return total * 100
            total = total + v * v
        return total

    agree(f, (np.array([1.0, 2.0, 3.0]),), (np.array([1.0, -2.0, 3.0]),))


def test_a_variable_that_every_loop_uses_for_itself() -> None:
    """t is a number in one loop and a vector in the other; neither needs it afterwards."""

    def f(v: Any, n: Any) -> Any:
        total = 0.0
        for _ in range(n):
            t = v.sum()
            total = total + t
        for _ in range(n):
            t = v * 2
            total = total + t[0]
        return total

    agree(f, (np.arange(1.0, 4.0), 3))


def test_derivatives_of_a_mixture() -> None:
    @sa.function
    def f(x: sa.Tensor, v: sa.Tensor) -> sa.Tensor:
        total = v * 0
        while (total * total).sum() < 30:
            for e in v:
                if e > 0:
                    total = total + sa.sin(e * x)
                else:
                    total = total * 1.1 + e * x
            x = x + 0.3
            if x > 4:
                break
        return total

    x, v = sa.placeholder(()), sa.placeholder((3,))
    check_derivatives([f(x, v)], [x, v], {x: 1.3, v: np.array([0.4, -0.7, 1.1])})
