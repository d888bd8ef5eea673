"""Affine index expressions: arithmetic, row-major offsets, the index contexts of views element by element."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dims import symbol
from staticad.lower.index.affine import (
    ZERO,
    Affine,
    broadcast_context,
    gather_contexts,
    linear,
    loop,
    movement_context,
    strides,
)

N = symbol("n")


def at(affine: Affine, index: tuple[int, ...]) -> int:
    """The value of an expression whose sizes are all known, at an index."""
    total = affine.constant
    for key, coefficient in affine.terms:
        assert isinstance(key, int)
        total += coefficient * index[key]
    assert isinstance(total, int)
    return total


def test_sums_merge_terms_and_drop_those_that_cancel() -> None:
    i, j = loop(0), loop(1)
    total = i.times(3).plus(j).plus(i.times(-3)).plus(Affine(5))
    assert total == Affine(5, ((1, 1),))
    assert i.plus(j).plus(i) == Affine(0, ((0, 2), (1, 1)))


def test_multiplying_scales_constant_and_terms() -> None:
    expression = Affine(2, ((0, 3), ("v1", N)))
    assert expression.times(N) == Affine(2 * N, ((0, 3 * N), ("v1", N * N)))
    assert expression.times(0) is ZERO


def test_a_bare_key_is_told_from_everything_else() -> None:
    assert loop(4).variable == 4
    assert loop("v2").variable == "v2"
    for other in (ZERO, Affine(1, ((0, 1),)), Affine(0, ((0, 2),)), loop(0).plus(loop(1))):
        assert other.variable is None


def test_coefficients() -> None:
    expression = Affine(0, ((0, N), (2, 5)))
    assert [expression.coefficient(key) for key in range(3)] == [N, 0, 5]


def test_row_major_strides() -> None:
    assert strides(()) == ()
    assert strides((4,)) == (1,)
    assert strides((2, N, 3)) == (3 * N, 3, 1)


def test_the_offset_of_an_element_is_numpys() -> None:
    shape = (2, 1, 3, 4)
    offset = linear(tuple(loop(a) for a in range(4)), shape)
    flat = np.arange(24).reshape(shape)
    for index in np.ndindex(shape):
        assert at(offset, index) == flat[index]
    assert offset.coefficient(1) == 0  # an axis of size 1 takes no part


def test_stretched_axes_are_read_at_0() -> None:
    context = tuple(loop(a) for a in range(3))
    assert broadcast_context(context, (N, 1), 3) == (loop(1), ZERO)
    assert broadcast_context(context, (), 3) == ()
    assert broadcast_context(context, (5, N, 2), 3) == context


VIEWS: dict[str, tuple[tuple[int, ...], Callable[..., sa.Tensor], Callable[..., np.ndarray]]] = {
    "transpose": ((2, 3, 4), lambda x: x.transpose(2, 0, 1), lambda a: a.transpose(2, 0, 1)),
    "slice": ((5, 7), lambda x: x[1:4, ::3], lambda a: a[1:4, ::3]),
    "backwards": ((5, 7), lambda x: x[::-1, 5:0:-2], lambda a: a[::-1, 5:0:-2]),
    "broadcast": ((3, 1), lambda x: sa.broadcast_to(x, (2, 3, 4)), lambda a: np.broadcast_to(a, (2, 3, 4))),
    "expand": ((3, 2), lambda x: x[:, None, :, None], lambda a: a[:, None, :, None]),
    "squeeze": ((1, 3, 1), lambda x: sa.squeeze(x), np.squeeze),
    "diagonal": ((4, 3, 4), lambda x: sa.diagonal(x, 1, 0, 2), lambda a: np.diagonal(a, 1, 0, 2)),
    "below the diagonal": ((4, 4), lambda x: sa.diagonal(x, -2), lambda a: np.diagonal(a, -2)),
}


@pytest.mark.parametrize("case", VIEWS)
def test_views_find_their_element(case: str) -> None:
    shape, build, by_numpy = VIEWS[case]
    x = sa.placeholder(shape)
    view = build(x)
    flat = np.arange(np.prod(shape)).reshape(shape)
    expected = by_numpy(flat)
    assert view.shape == expected.shape
    context = tuple(loop(a) for a in range(view.ndim))
    while view is not x:
        assert view.op.family == "movement"
        context = movement_context(view.node, context, lambda size: size)
        view = view.inputs[0]
    for index in np.ndindex(expected.shape):
        assert flat[tuple(at(c, index) for c in context)] == expected[index]


def test_views_of_free_sizes_keep_them_symbolic() -> None:
    x = sa.placeholder(("n", 3))
    (context, _) = movement_context(x[::-1].node, (loop(0), loop(1)), lambda size: size)
    assert context == Affine(N - 1, ((0, -1),))


@pytest.mark.parametrize("position", [0, 1, 2])
def test_gathers_split_their_index(position: int) -> None:
    x = sa.placeholder((2, 3, 4))
    index = sa.placeholder((5, 6), "int64")
    gathered = sa.take(x, index, axis=position)
    context = tuple(loop(a) for a in range(4))
    of_index, which, others = gather_contexts(gathered.node.attrs, 2, 3, context)
    assert of_index == context[position : position + 2]
    assert which == {position: 0}
    rest = context[:position] + context[position + 2 :]
    assert others == list(zip([a for a in range(3) if a != position], rest, strict=True))


def test_aligned_gathers_read_the_index_at_their_own_place() -> None:
    x = sa.placeholder((2, 3))
    gathered = sa.take_along_axis(x, sa.placeholder((2, 5), "int64"), axis=1)
    context = (loop(0), loop(1))
    assert gather_contexts(gathered.node.attrs, 2, 2, context) == (context, {1: 0}, [(0, loop(0))])


def test_terms_stay_in_order_of_first_appearance() -> None:
    for order in itertools.permutations(range(3)):
        total = ZERO
        for key in order:
            total = total.plus(loop(key))
        assert tuple(key for key, _ in total.terms) == order
