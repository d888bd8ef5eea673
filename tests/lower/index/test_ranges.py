"""Ranges of indices, and sequences that count: what needs no check and no memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import IndexOutOfBounds
from staticad.ir.graph import sort_nodes
from staticad.lower.families import FAMILIES
from staticad.lower.index.ranges import Ranges
from staticad.lower.index.sizes import Sizes
from tests.lower.planning import plan_for

N = sa.placeholder(("n",)).shape[0]


def ranges() -> Ranges:
    return Ranges(Sizes([]), FAMILIES, {})


def test_positions_sizes_and_arithmetic() -> None:
    i = sa.arange(N)
    found = ranges()
    assert found.of(i) == (0, N - 1)
    assert found.of(i + 2) == (2, N + 1)
    assert found.of(3 - i) == (4 - N, 3)
    assert found.of(i * 2) == (0, 2 * (N - 1))
    assert found.of(i // 2) == (0, (N - 1) // 2)
    assert found.of(i % 5) == (0, 4)
    assert found.of(sa.constant(np.array([3, -1, 7]))) == (-1, 7)
    assert found.of(-sa.constant(np.array([3, -1, 7]))) == (-7, 1)
    assert found.of(sa.where(i > 2, i, i + 4)) == (0, N + 3)
    assert found.of(sa.flip(i)[:, None]) == (0, N - 1)
    assert found.of(i * -2) == (2 - 2 * N, 0) and found.of(4 + -1 * (i + 1)) == (4 - N, 3)


def test_nothing_is_known_of_feeds_and_other_dtypes() -> None:
    x, small = sa.placeholder((None,), "int64"), sa.arange(300).astype("int8")
    found = ranges()
    assert found.of(x) is None and found.of(x + 1) is None and found.of(x * sa.arange(3)[0]) is None
    assert found.of(small) is None and found.of(small.astype("int64")) is None
    assert found.of(x % sa.constant(0)) is None


def test_nothing_is_known_of_what_might_overflow() -> None:
    i, found = sa.arange(N), ranges()
    assert found.of(sa.arange(5) * 2**62) is None
    assert found.of(sa.minimum(sa.arange(5) * 2**62 + sa.arange(5) * 2**62, 4)) is None
    assert found.of(i * 2**40) is None and found.of(i * i) is None
    assert found.of(sa.constant(2**60) + i) is None
    y = sa.fori_loop(
        0, 5, lambda i, v: v.at[sa.minimum(i * 2**62 + i * 2**62, 4)].add(1.0), sa.zeros(5)
    )  # wraps to -2**63
    with pytest.raises(IndexOutOfBounds):
        sa.compile(y, inputs=[])()


def test_the_remainder_by_a_positive_number_is_known() -> None:
    x = sa.placeholder((None,), "int64")
    assert ranges().of(x % 4) == (0, 3)
    assert ranges().of(x % -4) is None


def test_what_fits_an_axis() -> None:
    i, found = sa.arange(N), ranges()
    assert found.within(i, N) and found.within(i + 1, N + 1) and found.within(sa.flip(i), N)
    assert not found.within(i + 1, N) and not found.within(i - 1, N)
    assert found.within(sa.arange(4) + 3, 7) and not found.within(sa.arange(4) + 4, 7)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_progressions_are_what_numpy_makes(count: int) -> None:
    i = sa.arange(count)
    vectors = [i, i + 3, 2 * i - 1, -i, sa.flip(i), (i * 3)[::-2], sa.constant(np.arange(count) * 4 + 1), 7 - i]
    for vector in vectors:
        found = ranges().progression(vector)
        values = sa.compile(vector, inputs=[])()
        assert found is not None
        if count:
            np.testing.assert_array_equal(values, found[0] + found[1] * np.arange(len(values)))


def test_progressions_of_free_sizes() -> None:
    i = sa.arange(N)
    assert ranges().progression(sa.flip(i)) == (N - 1, -1)
    assert ranges().progression(i[2:]) == (2, 1)


def test_what_is_no_progression() -> None:
    i = sa.arange(5)
    for other in (
        i * i,
        sa.constant(np.array([1, 2, 4])),
        sa.placeholder((3,), "int64"),
        i[:, None],
        i.astype("int32"),
    ):
        assert ranges().progression(other) is None


def checks(tensor: sa.Tensor) -> int:
    return len(plan_for(tensor).checks)


def test_counters_within_their_axis_are_not_checked() -> None:
    x = sa.placeholder((None,))
    n = x.shape[0]
    assert checks(sa.fori_loop(1, n, lambda i, u: u.at[i].set(u[i - 1] * 0.5), x)) == 0
    assert checks(sa.fori_loop(0, n, lambda i, u: u.at[n - 1 - i].set(u[i]), x)) == 0
    assert checks(sa.fori_loop(0, n, lambda i, u: u.at[i].set(u[i - 1]), x)) == 1
    assert checks(sa.fori_loop(0, n, lambda i, u: u.at[i].set(u[i + 1]), x)) == 1
    assert checks(sa.take(x, sa.arange(n))) == 0


def growing(last: Any, step: Any) -> Any:
    """A loop inside a loop, whose counters are i and j."""

    def program(a: Any, n: Any) -> Any:
        for i in range(1, n):
            for j in last(i, n):
                a[i, j] = step(a, i, j)
        return a

    x = sa.placeholder(("n", "n"))
    return sa.function(program)(x, x.shape[0])


WITHIN = {
    "below": (lambda i, n: range(i), lambda a, i, j: a[i, j + 1]),
    "above": (lambda i, n: range(i + 1, n), lambda a, i, j: a[i, j - 1]),
    "between": (lambda i, n: range(1, n - i), lambda a, i, j: a[i + j, j - 1]),
    "down": (lambda i, n: range(n - 1, i - 1, -1), lambda a, i, j: a[i - 1, j - i]),
    "every other": (lambda i, n: range(0, n - 1, 2), lambda a, i, j: a[i, j + 1]),
    "a diagonal": (lambda i, n: range(i, n), lambda a, i, j: a[j, j - i]),
}
BEYOND = {
    "below": (lambda i, n: range(i + 1), lambda a, i, j: a[i, j + 1]),
    "above": (lambda i, n: range(i + 1, n), lambda a, i, j: a[i, j + 1]),
    "between": (lambda i, n: range(1, n - i + 1), lambda a, i, j: a[i + j, j - 1]),
    "down": (lambda i, n: range(n - 1, i - 1, -1), lambda a, i, j: a[i - 1, j - i - 1]),
    "every other": (lambda i, n: range(0, n, 2), lambda a, i, j: a[i, j + 1]),
    "a diagonal": (lambda i, n: range(i - 1, n), lambda a, i, j: a[j, j - i]),
}


@pytest.mark.parametrize("form", WITHIN)
def test_counters_of_loops_whose_lengths_depend_on_each_other(form: str) -> None:
    inside, outside = growing(*WITHIN[form]), growing(*BEYOND[form])
    assert checks(inside) == 0 and checks(outside) > 0
    (gradient,) = sa.gradients((inside * inside).sum(), [inputs_of(inside)])
    assert checks(gradient) == 0


def inputs_of(y: sa.Tensor) -> sa.Tensor:
    return next(node.out for node in sort_nodes([y]) if node.op.name == "placeholder")


def test_a_number_that_is_a_size_tells_only_of_itself() -> None:
    """A loop has two integer results, of which one is the length of another loop."""
    x = sa.placeholder(("n",))
    n = x.shape[0]

    def step(u: Any, i: Any) -> tuple[Any, None]:
        first, second = sa.fori_loop(0, i, lambda k, s: (s[0] + 7, s[1]), (i, i))
        return sa.fori_loop(0, sa.minimum(second, n), lambda k, v: v.at[first].add(1.0), u), None

    assert checks(sa.scan(step, x, sa.arange(n))[0]) > 0


def test_a_counter_that_leaves_the_axis_is_an_error_and_not_a_crash() -> None:
    x = sa.placeholder((None,))
    y = sa.fori_loop(0, x.shape[0] + 1, lambda i, u: u.at[i].set(1.0), x)
    with pytest.raises(IndexOutOfBounds):
        sa.compile(y, inputs=[x])(np.zeros(3))


@pytest.mark.parametrize("reverse", [False, True])
def test_sequences_that_count_in_a_loop_of_library_calls(reverse: bool) -> None:
    x = sa.placeholder((40, 40))

    def step(u: sa.Tensor, i: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        inner = sa.fori_loop(2, 5, lambda k, s: s + k * i, sa.constant(0))
        return (u @ x) * 0.1 + i, inner

    last, numbers = sa.scan(step, x, 3 - 2 * sa.arange(4), reverse=reverse)
    data = np.random.default_rng(0).normal(size=(40, 40))
    got, given = sa.compile([last, numbers], inputs=[x])(data)
    want, counts = data, 3 - 2 * np.arange(4)
    for i in counts[::-1] if reverse else counts:
        want = (want @ data) * 0.1 + i
    np.testing.assert_allclose(got, want, rtol=1e-10)
    np.testing.assert_array_equal(given, 9 * counts)
