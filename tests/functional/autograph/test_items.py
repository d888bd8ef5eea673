"""Assignment to items: of tensors (a new tensor) and of Python's containers (in place)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.control.running import check_derivatives, run
from tests.functional.autograph.running import agree


def cholesky(a: Any) -> Any:
    n = len(a)
    l = np.zeros_like(a)  # noqa: E741
    for j in range(n):
        for i in range(j, n):
            s = a[i, j]
            for k in range(j):
                s -= l[i, k] * l[j, k]
            if i == j:
                l[i, j] = np.sqrt(s)
            else:
                l[i, j] = s / l[j, j]
    return l


def definite(n: int) -> np.ndarray:
    a = np.random.default_rng(0).normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


def test_cholesky_written_for_numpy() -> None:
    a = sa.placeholder(("n", "n"))
    factor = sa.function(cholesky)(a)
    (gradient,) = sa.gradients(sa.log(sa.diagonal(factor)).sum(), a)
    value = definite(4)
    found, slopes = run([factor, gradient], {a: value})
    np.testing.assert_allclose(found, cholesky(value), rtol=1e-12)
    np.testing.assert_allclose(slopes + slopes.T, np.linalg.inv(value), rtol=1e-9, atol=1e-12)


def test_its_derivatives() -> None:
    a = sa.placeholder(("n", "n"))
    check_derivatives([sa.function(cholesky)(a)], [a], {a: definite(3)}, order=1)


def test_swaps_augmented_assignment_and_slices() -> None:
    def f(v: Any, n: Any) -> Any:
        for i in range(n):
            v[i], v[i + 1] = v[i + 1], v[i]
            v[i] *= 2
        v[1:3] -= 10
        v[::2] = v[1]
        (v[0], rest), last = (v[3], n), v[2]
        return v, rest, last

    agree(f, (np.arange(4.0), 3), (np.arange(4.0), 0))


def test_all_operators() -> None:
    def f(x: Any, k: Any) -> Any:
        x[0] += 1
        x[0] -= 3
        x[1] *= 2
        x[1] /= 4
        x[2] //= 2
        x[2] **= 2
        x[2] %= 3
        k[0] |= True
        k[1] &= x[0] > 5
        k[2] ^= True
        return x, k

    agree(f, (np.array([1.0, 5.0, 7.0]), np.array([True, True, False])))


def test_arrays_to_which_tensors_are_added(rng: np.random.Generator) -> None:
    def f(x: Any) -> Any:
        total, product = np.zeros((2, 3)), np.ones(3)
        for row in range(3):
            total += x * row
            product *= x[0]
            product -= total[1]
        return total, product

    agree(f, (rng.normal(size=(2, 3)),))


def test_containers_change_in_place() -> None:
    @sa.function
    def f(items: list[Any], table: dict[str, Any], grid: list[list[int]]) -> None:
        items[0] = items[1]
        items[1] += 5
        items[2:] = [7, 8]
        table["k"], table["j"] = 1, 2
        table["k"] -= 3
        grid[0][1] = 4
        del items[0], table["j"]

    items, table, grid = [1, 2, 3], {}, [[0, 0]]
    f(items, table, grid)
    assert items == [7, 7, 8] and table == {"k": -2} and grid == [[0, 4]]


def test_integers_keep_out_floats() -> None:
    @sa.function
    def f(k: sa.Tensor) -> sa.Tensor:
        k[0] = 1.5
        return k

    with pytest.raises(sa.DTypeError):
        f(sa.placeholder((2,), "int64"))


def test_arrays_of_sizes(rng: np.random.Generator) -> None:
    @sa.function
    def f(x: Any) -> Any:
        n = len(x)
        table, work = np.zeros((n, 2)), np.empty(n)
        for i in range(n):
            table[i, 0] = x[i] * np.arange(n)[i]
            table[i, 1] = 0.5 * n
            work[i] = x[i] / n
        return table, work, np.eye(n) + np.identity(n), np.ones((n,)) + np.full(n, 2.0), np.empty_like(x) * 0.0

    agree(f, (rng.normal(size=4),))


def test_an_argument_that_is_written_into_and_lost() -> None:
    @sa.function
    def double(x: Any, times: int = 1) -> None:
        for _ in range(times):
            x[0] = 2.0 * x[1]

    @sa.function
    def caller(x: Any) -> Any:
        double(x)
        return x

    x = sa.placeholder((3,), name="x")
    for call in (double, caller):
        with pytest.raises(sa.GraphError, match=r"double writes into its argument 'x' and .*'return x'"):
            call(x)
    double(x, 0)
    array = np.arange(3.0)
    double(array)
    assert array.tolist() == [2.0, 1.0, 2.0]


KEPT: dict[str, Any] = {}


def test_containers_of_the_code_around_a_function_are_written_in_place() -> None:
    def f(v: Any) -> Any:
        counts, sums = {}, np.zeros(2)

        def note(i: int) -> None:
            for k in range(2):
                sums[k] += i
            counts[i] = v[i]

        note(1)
        KEPT["last"] = v
        return counts[1] * v + sums[1]

    agree(f, (np.arange(3.0),))
    x = sa.placeholder((3,))
    sa.function(f)(x)
    assert KEPT["last"] is x


def test_tensors_of_the_code_around_a_function_are_not() -> None:
    def f(v: Any) -> Any:
        def change(i: int) -> None:
            v[i] *= 2.0

        change(1)
        return v

    with pytest.raises(sa.GraphError, match=r"writes into 'v', which belongs to the code around it, at .*'return v'"):
        sa.function(f)(sa.placeholder((3,)))


LINES: list[int] = []


def test_containers_of_the_code_around_a_function_are_not_changed_by_its_blocks() -> None:
    def f(v: Any) -> Any:
        for i in range(3):
            LINES.append(i)
        return v

    with pytest.raises(sa.GraphError, match="'LINES' belongs to the code around the function.* make it an argument"):
        sa.function(f)(sa.placeholder((3,)))
