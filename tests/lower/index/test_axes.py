"""Merging of loops: which neighbours become one, and that what is read stays the same."""

from __future__ import annotations

import itertools

import numpy as np

from staticad.ir.dims import product, symbol
from staticad.lower.index.affine import ZERO, Affine, linear, loop
from staticad.lower.index.axes import Axis, affine_of, merge, separate

N, M = symbol("n"), symbol("m")


def contiguous(space: tuple[object, ...]) -> Affine:
    return linear(tuple(loop(a) for a in range(len(space))), space)  # type: ignore[arg-type]


def test_contiguous_accesses_become_one_loop() -> None:
    assert merge((N, 3, M), 3, [contiguous((N, 3, M))]) == [Axis(0, 2, 3 * N * M)]


def test_a_row_that_is_stretched_keeps_its_loop() -> None:
    space = (N, 4, M)
    row = linear((ZERO, loop(1), loop(2)), (1, 4, M))  # the same for every index of the first axis
    assert merge(space, 3, [contiguous(space), row]) == [Axis(0, 0, N), Axis(1, 2, 4 * M)]


def test_a_column_that_is_stretched_keeps_its_loop() -> None:
    space = (N, 4, M)
    column = linear((loop(0), loop(1), ZERO), (N, 4, 1))
    assert merge(space, 3, [contiguous(space), column]) == [Axis(0, 1, 4 * N), Axis(2, 2, M)]


def test_a_transposed_access_prevents_merging() -> None:
    space = (N, M)
    transposed = linear((loop(1), loop(0)), (M, N))
    assert merge(space, 2, [contiguous(space), transposed]) == separate(space)


def test_backwards_accesses_merge_as_well() -> None:
    space = (N, 5)
    backwards = contiguous(space).times(-1).plus(Affine(5 * N - 1))
    assert merge(space, 2, [contiguous(space), backwards]) == [Axis(0, 1, 5 * N)]


def test_outer_and_inner_loops_stay_apart() -> None:
    space = (2, N, M, 3)
    assert merge(space, 2, [contiguous(space)]) == [Axis(0, 1, 2 * N), Axis(2, 3, 3 * M)]
    assert merge(space, 0, [contiguous(space)]) == [Axis(0, 3, 6 * N * M)]


def test_nothing_to_merge() -> None:
    assert merge((), 0, []) == []
    assert merge((N,), 1, [loop(0)]) == [Axis(0, 0, N)]


def test_merged_loops_live_on_in_the_last_of_them() -> None:
    axes = [Axis(0, 1, 6), Axis(2, 2, 4)]
    assert affine_of(axes) == {0: ZERO, 1: loop(1), 2: loop(2)}


def test_merged_loops_visit_the_same_elements_in_the_same_order() -> None:
    rng = np.random.default_rng(0)
    merged_some = 0
    for _ in range(200):
        rank = int(rng.integers(1, 5))
        space = tuple(int(s) for s in rng.integers(2, 5, rank))
        accesses = []
        for _ in range(int(rng.integers(1, 4))):
            order = list(range(rank)) if rng.random() < 0.7 else list(rng.permutation(rank))
            shape = tuple(space[a] if rng.random() < 0.7 else 1 for a in order)
            context = tuple(loop(int(a)) if size != 1 else ZERO for a, size in zip(order, shape, strict=True))
            accesses.append(linear(context, shape))
        outer = int(rng.integers(0, rank + 1))
        axes = merge(space, outer, accesses)
        merged_some += len(axes) < rank
        assert [a for axis in axes for a in range(axis.first, axis.last + 1)] == list(range(rank))
        assert all(axis.extent == product(space[axis.first : axis.last + 1]) for axis in axes)
        for access in accesses:
            separately = [_at(access, dict(enumerate(index))) for index in itertools.product(*map(range, space))]
            together = [
                _at(access, {axis.key: i for axis, i in zip(axes, index, strict=True)})
                for index in itertools.product(*(range(int(axis.extent)) for axis in axes))
            ]
            assert separately == together
    assert merged_some > 30


def _at(affine: Affine, values: dict[int, int]) -> int:
    """Axes that are merged into a later one stay at 0."""
    total = affine.constant + sum(c * values.get(k, 0) for k, c in affine.terms)  # type: ignore[call-overload, misc]
    assert isinstance(total, int)
    return total
