"""Free sizes that have to be equal get one name behind the placeholders."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.functional import elementwise, reductions
from staticad.ir.dims import Symbol, as_symbol
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.verify import verify
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.ops.creation import fill
from staticad.ops.movement import BROADCAST_TO, SLICE
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate
from staticad.rewrite.sizes import equal_sizes, renamed, unify_sizes


def symbol(tensor: Tensor, axis: int = 0) -> Symbol:
    found = as_symbol(tensor.shape[axis])
    assert found is not None
    return found


def test_two_free_sizes_become_the_older_one() -> None:
    x, y = placeholder((None, 3), name="x"), placeholder((None, 3), name="y")
    tensor = apply(EXP, apply(ADD, y, x))
    (new,) = unify_sizes([tensor])
    verify([new])
    assert new.type == x.type
    value = np.ones((2, 3))
    np.testing.assert_array_equal(*evaluate([tensor, new], {x: value, y: value}))
    placeholders = [node.out for node in sort_nodes([new]) if node.op.name == "placeholder"]
    assert {id(t) for t in placeholders} == {id(x), id(y)}


def test_named_sizes_stay_and_numbers_win() -> None:
    x, y, z = placeholder((None,)), placeholder(("batch",)), placeholder((None,))
    assert unify_sizes([apply(ADD, x, y)])[0].shape == y.shape
    assert unify_sizes([apply(ADD, apply(ADD, x, z), placeholder((5,)))])[0].shape == (5,)


def test_graphs_without_equal_sizes_stay() -> None:
    x = placeholder((None, 3))
    tensor = apply(EXP, x)
    assert unify_sizes([tensor])[0] is tensor


def test_sizes_in_attributes_follow() -> None:
    x, y = placeholder((None,)), placeholder((None,))
    (n,) = y.shape
    tensor = apply(ADD, apply(ADD, x, y), fill((n,), 1.0, x.dtype))
    sliced = apply(SLICE, tensor, starts=(n - 1,), steps=(-1,), sizes=(n,))
    (new,) = unify_sizes([sliced])
    verify([new])
    assert new.node.attrs["sizes"] == x.shape
    values = {x: np.arange(4.0), y: np.zeros(4)}
    np.testing.assert_array_equal(*evaluate([sliced, new], values))


def test_inner_sizes_of_a_product() -> None:
    x, w = placeholder((2, None)), placeholder((None, 3))
    (new,) = unify_sizes([apply(MATMUL, x, w)])
    left, right = new.inputs
    assert left.shape[1] == right.shape[0] and right.op is BROADCAST_TO
    assert not new.node.constraints


@pytest.mark.parametrize("number", [0, 1])
def test_sizes_0_and_1_are_not_put_in(number: int) -> None:
    x = placeholder((None,))
    assert equal_sizes([(x.shape[0], number)]) == {}


def test_contradictions_are_left_for_the_run() -> None:
    x, y = placeholder((None,)), placeholder((None,))
    (n,), (m,) = x.shape, y.shape
    assert equal_sizes([(n, 3), (4, n)]) == {}
    assert equal_sizes([(n, m), (n, 3), (m, 4)]) == {symbol(y): n}


def test_chains_of_equal_sizes_have_one_name() -> None:
    sizes = [placeholder((None,)).shape[0] for _ in range(5)]
    pairs = [(sizes[3], sizes[4]), (sizes[2], sizes[1]), (sizes[4], sizes[2]), (sizes[0], sizes[1])]
    names = equal_sizes(pairs)
    assert set(names.values()) == {sizes[0]} and len(names) == 4


def test_sizes_that_are_expressions_stay() -> None:
    x, y = placeholder((None,)), placeholder((None,))
    (n,), (m,) = x.shape, y.shape
    assert equal_sizes([(n, m + 1), (2 * n, 6)]) == {}


def test_renaming_keeps_objects_that_do_not_change() -> None:
    (n,), (m,) = placeholder((None,)).shape, placeholder((None,)).shape
    value = ((n, 1), "add", (m + 1, 2))
    assert renamed(value, {}) is value
    found = as_symbol(m)
    assert found is not None
    assert renamed(value, {found: n}) == ((n, 1), "add", (n + 1, 2))


def test_a_loss_of_two_placeholders() -> None:
    x, t = placeholder((None, 4)), placeholder((None,))
    loss = reductions.mean(elementwise.square(reductions.sum(x, axis=1) - t))
    (new,) = unify_sizes([loss])
    verify([new])
    feeds = {x: np.arange(12.0).reshape(3, 4), t: np.ones(3)}
    np.testing.assert_array_equal(*evaluate([loss, new], feeds))
