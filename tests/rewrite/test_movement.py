"""Views of views become one view of the same elements."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.arithmetic import ADD, MUL
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate
from staticad.rewrite.movement import MOVEMENT_RULES, inserted_axes
from tests.rewrite.support import identical, rewritten


def reshape(x: Tensor, *shape: int) -> Tensor:
    return apply(RESHAPE, x, shape=shape, constraints=())


def check(tensor: Tensor, x: Tensor, fires: bool = True) -> Tensor:
    """Rewrite, compare all elements; the new tensor."""
    (new,) = rewritten([tensor], MOVEMENT_RULES, fires)
    shape = tuple(s if isinstance(s, int) else 4 for s in x.shape)
    value = np.arange(np.prod(shape), dtype=float).reshape(shape)
    assert identical(*evaluate([tensor, new], {x: value}))
    assert new.type == tensor.type
    return new


def views(tensor: Tensor) -> list[str]:
    """The names of the ops between the placeholder and the tensor."""
    return [node.op.name for node in sort_nodes([tensor])[1:]]


@pytest.mark.parametrize("first", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("second", list(itertools.permutations(range(3))))
def test_transposes(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    x = placeholder((2, 3, 4))
    new = check(apply(TRANSPOSE, apply(TRANSPOSE, x, axes=first), axes=second), x)
    assert len(views(new)) <= 1
    if tuple(first[a] for a in second) == (0, 1, 2):
        assert new is x


@pytest.mark.parametrize("added", [(0,), (1,), (2,), (0, 2), (1, 3), (0, 1)])
def test_transposes_of_added_axes(added: tuple[int, ...]) -> None:
    x = placeholder((2, 3))
    inner = apply(EXPAND_DIMS, x, axes=added)
    for order in itertools.permutations(range(inner.ndim)):
        if order != tuple(range(inner.ndim)):
            new = check(apply(TRANSPOSE, inner, axes=order), x)
            assert views(new) in (["expand_dims"], ["transpose", "expand_dims"])


AXES = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("first", AXES)
@pytest.mark.parametrize("second", AXES)
def test_added_axes_are_collected(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    x = placeholder((2, 3))
    new = check(apply(EXPAND_DIMS, apply(EXPAND_DIMS, x, axes=first), axes=second), x)
    assert views(new) == ["expand_dims"]


@pytest.mark.parametrize(
    ("first", "second"), [((0,), (0,)), ((0,), (1, 2)), ((1,), (0, 1)), ((0, 2), (0,)), ((1,), (2,))]
)
def test_dropped_axes_are_collected(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    x = placeholder((1, 1, 1, 1))
    new = check(apply(SQUEEZE, apply(SQUEEZE, x, axes=first), axes=second), x)
    assert views(new) == ["squeeze"]


@pytest.mark.parametrize("added", [(0,), (0, 2), (1, 3), (0, 1, 4)])
@pytest.mark.parametrize("dropped", [(0,), (0, 2), (1, 3), (0, 1, 4), (2,), (1,)])
def test_added_axes_that_are_dropped(added: tuple[int, ...], dropped: tuple[int, ...]) -> None:
    x = placeholder((1, 1, 1))
    inner = apply(EXPAND_DIMS, x, axes=added)
    if max(dropped) < inner.ndim:
        nested = set(added) <= set(dropped) or set(dropped) <= set(added)
        new = check(apply(SQUEEZE, inner, axes=dropped), x, fires=nested)
        assert len(views(new)) == (2 if not nested else 0 if added == dropped else 1)


def test_dropped_axes_that_are_added_again() -> None:
    x = placeholder((2, 1, 3))
    assert check(apply(EXPAND_DIMS, apply(SQUEEZE, x, axes=(1,)), axes=(1,)), x) is x


def test_a_free_size_that_was_dropped_is_not_added_again() -> None:
    x = placeholder((2, None))
    tensor = apply(EXPAND_DIMS, apply(SQUEEZE, x, axes=(1,)), axes=(1,))
    rewritten([tensor], MOVEMENT_RULES, fires=False)


def test_broadcasts() -> None:
    x = placeholder((3, 1))
    inner = apply(BROADCAST_TO, x, shape=(2, 3, 4))
    new = check(apply(BROADCAST_TO, inner, shape=(5, 2, 3, 4)), x)
    assert views(new) == ["broadcast_to"]
    assert check(apply(BROADCAST_TO, x, shape=(3, 1)), x) is x
    leading = apply(BROADCAST_TO, apply(EXPAND_DIMS, x, axes=(0, 1)), shape=(5, 2, 3, 4))
    assert views(check(leading, x)) == ["broadcast_to"]
    middle = apply(BROADCAST_TO, apply(EXPAND_DIMS, x, axes=(1,)), shape=(3, 4, 4))
    check(middle, x, fires=False)


def test_a_renamed_size_stays_renamed_at_its_place() -> None:
    x = placeholder((None,))
    n = placeholder((None,)).shape
    renamed = apply(BROADCAST_TO, x, shape=n)
    wide = apply(BROADCAST_TO, renamed, shape=(5, *n))
    rewritten([apply(EXP, renamed), wide], MOVEMENT_RULES, fires=False)
    (new,) = rewritten([apply(BROADCAST_TO, renamed, shape=x.shape)], MOVEMENT_RULES)
    assert new is x


def region(x: Tensor, *axes: tuple[int, int, int]) -> Tensor:
    starts, steps, sizes = zip(*axes, strict=True)
    return apply(SLICE, x, starts=starts, steps=steps, sizes=sizes)


@pytest.mark.parametrize(("start", "step", "size"), [(0, 1, 20), (3, 2, 8), (19, -1, 20), (18, -3, 6)])
@pytest.mark.parametrize(("start2", "step2", "size2"), [(1, 1, 3), (5, -1, 6), (0, 2, 3), (4, -2, 2), (0, 1, 6)])
def test_slices(start: int, step: int, size: int, start2: int, step2: int, size2: int) -> None:
    x = placeholder((20, 2))
    whole = (0, 1, 2)
    new = check(region(region(x, (start, step, size), whole), (start2, step2, size2), whole), x)
    assert views(new) in (["slice"], [])


def test_a_slice_of_everything_is_nothing() -> None:
    x = placeholder((None, 3))
    (n, three) = x.shape
    tensor = apply(SLICE, x, starts=(0, 0), steps=(1, 1), sizes=(n, three))
    assert check(tensor, x) is x


def test_the_slice_of_an_empty_slice_stays_inside() -> None:
    x = placeholder((4,))
    tensor = region(region(x, (2, 1, 2)), (7, 1, 0))
    check(tensor, x, fires=False)


def test_reshapes() -> None:
    x = placeholder((4, 6))
    assert views(check(reshape(reshape(x, 24), 3, 8), x)) == ["reshape"]
    assert check(reshape(reshape(x, 24), 4, 6), x) is x
    assert views(check(reshape(x, 4, 1, 6), x)) == ["expand_dims"]
    assert views(check(reshape(apply(EXPAND_DIMS, x, axes=(0,)), 24), x)) == ["reshape"]
    y = placeholder((1, 4, 1, 6))
    assert views(check(reshape(y, 4, 6), y)) == ["squeeze"]
    assert views(check(reshape(y, 4, 1, 6), y)) == ["squeeze"]
    assert views(check(reshape(apply(SQUEEZE, y, axes=(0, 2)), 24), y)) == ["reshape"]
    check(reshape(x, 2, 12), x, fires=False)


@pytest.mark.parametrize(
    ("small", "large", "expected"),
    [
        ((2, 3), (2, 1, 3), (1,)),
        ((2, 3), (1, 2, 3, 1), (0, 3)),
        ((1, 2), (1, 1, 2), (1,)),
        ((2, 3), (3, 2), None),
        ((2, 3), (6,), None),
        ((), (1, 1), (0, 1)),
    ],
)
def test_axes_that_were_inserted(small: tuple[int, ...], large: tuple[int, ...], expected: object) -> None:
    assert inserted_axes(small, large) == expected


def test_functions_are_computed_before_a_broadcast() -> None:
    x = placeholder((3, 1))
    wide = apply(BROADCAST_TO, x, shape=(3, 1000))
    new = check(apply(EXP, wide), x)
    assert views(new) == ["exp", "broadcast_to"]
    new = check(apply(ADD, apply(MUL, wide, wide), fill((), 2.0, x.dtype)), x)
    assert new.op is BROADCAST_TO and all(node.types[0].shape in ((3, 1), ()) for node in sort_nodes(new.inputs))


def test_functions_of_different_broadcasts_stay() -> None:
    x, y = placeholder((3, 1)), placeholder((1, 4))
    wide = [apply(BROADCAST_TO, t, shape=(3, 4)) for t in (x, y)]
    rewritten([apply(ADD, *wide)], MOVEMENT_RULES, fires=False)
