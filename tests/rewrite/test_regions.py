"""What was put into an array and is read from its own place is not put in at all."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.assemble import CONCATENATE, EMBED, REPLACE
from staticad.ops.base import apply
from staticad.ops.indexing import SCATTER
from staticad.ops.movement import SLICE
from staticad.ops.sources import constant, placeholder
from staticad.reference import evaluate
from staticad.rewrite.pipeline import optimize, rules_that_fire
from staticad.rewrite.regions import REGION_RULES
from tests.rewrite.support import identical, rewritten

X, Y = placeholder((3, 2), name="x"), placeholder((4, 2), name="y")
BASE = placeholder((10, 2), name="base")
VALUES = {t: np.random.default_rng(i).normal(size=t.shape) for i, t in enumerate((X, Y, BASE))}


def rows(x: Tensor, start: int, step: int, size: int) -> Tensor:
    return apply(SLICE, x, starts=(start, 0), steps=(step, 1), sizes=(size, 2))


def check(tensor: Tensor, fires: bool = True) -> Tensor:
    (new,) = rewritten([tensor], REGION_RULES, fires)
    assert new.type == tensor.type
    assert identical(*evaluate([tensor, new], VALUES))
    return new


def test_one_operand() -> None:
    assert check(apply(CONCATENATE, X, axis=0)) is X
    empty = placeholder((0, 2))
    VALUES[empty] = np.zeros((0, 2))
    assert check(apply(CONCATENATE, empty, X, empty, axis=0)) is X
    assert len(check(apply(CONCATENATE, X, empty, Y, axis=0)).inputs) == 2
    check(apply(CONCATENATE, X, Y, axis=0), fires=False)
    rewritten([apply(CONCATENATE, empty, empty, axis=0)], REGION_RULES, fires=False)


def test_regions_that_cover_everything() -> None:
    assert check(apply(EMBED, X, shape=(3, 2), starts=(0, 0), steps=(1, 1), fill=0.0)) is X
    check(apply(EMBED, X, shape=(4, 2), starts=(1, 0), steps=(1, 1), fill=0.0), fires=False)
    other = placeholder((3, 2))
    VALUES[other] = np.ones((3, 2))
    assert check(apply(REPLACE, X, other, starts=(0, 0), steps=(1, 1), sizes=(3, 2))) is other
    empty = placeholder((0, 2))
    VALUES[empty] = np.zeros((0, 2))
    assert check(apply(REPLACE, X, empty, starts=(1, 0), steps=(1, 1), sizes=(0, 2))) is X


@pytest.mark.parametrize("step", [1, 2])
def test_what_was_put_in_is_taken_out(step: int) -> None:
    embedded = apply(EMBED, X, shape=(10, 2), starts=(2, 0), steps=(step, 1), fill=7.0)
    replaced = apply(REPLACE, BASE, X, starts=(2, 0), steps=(step, 1), sizes=(3, 2))
    for assembled in (embedded, replaced):
        assert check(rows(assembled, 2, step, 3)) is X
        check(rows(assembled, 2, step, 2), fires=False)
        check(rows(assembled, 1, step, 3), fires=False)


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_slice_beside_what_was_replaced(step: int, stride: int) -> None:
    replaced = apply(REPLACE, BASE, X, starts=(3, 0), steps=(stride, 1), sizes=(3, 2))
    last = 3 + 2 * stride
    taken = range(3, last + 1, stride)
    for start in range(10):
        for size in range(1, 4):
            places = range(start, start + step * (size - 1) + 1, step)
            if places[-1] > 9:
                continue
            beside = places[-1] < 3 or start > last
            own = places == taken
            new = check(rows(replaced, start, step, size), fires=beside or own)
            assert not beside or new.inputs[0] is BASE


@pytest.mark.parametrize("step", [1, 2])
def test_slices_of_joined_arrays(step: int) -> None:
    joined = apply(CONCATENATE, X, Y, X, axis=0)
    for start in range(10):
        for size in range(1, 5):
            last = start + step * (size - 1)
            if last > 9:
                continue
            inside = any(begin <= start and last < end for begin, end in ((0, 3), (3, 7), (7, 10)))
            check(rows(joined, start, step, size), fires=inside)


def test_joined_arrays_of_free_sizes() -> None:
    x, y = placeholder((None,)), placeholder((None,))
    (n,), (m,) = x.shape, y.shape
    joined = apply(CONCATENATE, x, y, axis=0)
    parts = [apply(SLICE, joined, starts=(s,), steps=(1,), sizes=(k,)) for s, k in ((0, n), (n, m))]
    new = rewritten(parts, REGION_RULES)
    assert new[0].inputs[0] is x and new[1].inputs[0] is y
    values = {x: np.arange(3.0), y: np.arange(4.0)}
    for a, b in zip(evaluate(parts, values), evaluate(new, values), strict=True):
        assert identical(a, b)
    rewritten([apply(SLICE, joined, starts=(1,), steps=(1,), sizes=(n,))], REGION_RULES, fires=False)


def window(steps: int, length: int) -> Tensor:
    """The last numbers of a sequence, each made of the first one before, and all the same read one by one."""
    x = sa.placeholder((length,), name="x")
    for _ in range(steps):
        x = sa.concatenate([x[1:], sa.sin(x[:1])])
    return sa.stack([x[k] for k in range(length)])


def test_a_read_passes_through_all_joined_arrays_at_once() -> None:
    made = window(60, 20)
    fired = rules_that_fire([made])
    assert sum(fired.values()) < 6 * 60 + 4 * 20, fired
    (source,) = (node.out for node in sort_nodes([made]) if not node.inputs)
    values = {source: np.linspace(0.1, 2.0, 20)}
    assert identical(*evaluate([made, *optimize([made])], values))


def test_slices_of_slices_of_joined_arrays() -> None:
    inner = apply(CONCATENATE, X, Y, axis=0)
    for start, step in ((0, 1), (2, 1), (1, 2)):
        part = rows(inner, start, step, 3)
        joined = apply(CONCATENATE, Y, part, X, axis=0)
        for first in range(4, 7):
            for size in range(1, 8 - first):
                check(rows(joined, first, 1, size))


def test_backward_slices_stay() -> None:
    joined = apply(CONCATENATE, X, Y, axis=0)
    check(apply(SLICE, joined, starts=(2, 0), steps=(-1, 1), sizes=(3, 2)), fires=False)


def test_what_a_scatter_changes_in_its_place_is_read_there() -> None:
    part, at = rows(BASE, 2, 1, 4), constant(np.array([1, 3]))
    new = apply(SCATTER, part, Y[:2], at, mode="set", axes=(0,), position=0, aligned=False)
    changed = apply(REPLACE, BASE, new, starts=(2, 0), steps=(1, 1), sizes=(4, 2))
    check(rows(changed, 2, 1, 4), fires=False)
    elsewhere = apply(REPLACE, BASE, new, starts=(3, 0), steps=(1, 1), sizes=(4, 2))
    assert check(rows(elsewhere, 3, 1, 4)) is new
