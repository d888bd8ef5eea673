"""How shapes meet: broadcasting of fixed and free sizes, and the equalities left to the run."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from staticad.errors import ShapeError
from staticad.ir import dims
from staticad.ir.dims import Shape
from staticad.ir.dtypes import FLOAT32, INT64
from staticad.ir.types import (
    Constraint,
    Demands,
    TensorType,
    broadcast_shapes,
    may_be_equal,
    may_be_same,
    same_shape,
    same_size,
)

N, M = dims.symbol("n"), dims.symbol("m")


def test_text_and_equality() -> None:
    kind = TensorType((N, 3), FLOAT32)
    assert str(kind) == "float32[n,3]"
    assert str(TensorType((), INT64)) == "int64[]"
    assert kind == TensorType((dims.symbol("n"), 3), np.dtype("float32"))
    assert hash(kind) == hash(TensorType((N, 3), FLOAT32))
    assert kind != TensorType((M, 3), FLOAT32)
    assert kind.ndim == 2


Meeting = Callable[[Demands], Any]


def demanded(meet: Meeting) -> tuple[Any, list[Constraint]]:
    """What a comparison of sizes gives, and what it leaves to the run."""
    with Demands() as demands:
        return meet(demands), list(demands.close())


def test_same_size() -> None:
    for a, b, size, left in [
        (3, 3, 3, []),
        (N, N, N, []),
        (3, 4, None, []),
        (N, N + 1, None, []),
        (N, 3, 3, [(N, 3)]),  # the fixed size is the better known one
        (3, N, 3, [(3, N)]),
        (N, M, N, [(N, M)]),
        (2 * N, N, 2 * N, [(2 * N, N)]),  # equal for n = 0
    ]:
        assert demanded(partial(same_size, a, b)) == (size, left)
        assert may_be_equal(a, b) == (size is not None)


def test_same_shape() -> None:
    assert demanded(partial(same_shape, (N, 3), (M, 3))) == (True, [(N, M)])
    assert demanded(partial(same_shape, (3,), (3, 1))) == (False, [])
    assert may_be_same((N, 3), (2, M)) and not may_be_same((N,), (N + 1,)) and not may_be_same((N,), ())


def test_demands_are_kept_by_somebody() -> None:
    with pytest.raises(AssertionError, match="nothing keeps"), Demands() as demands:
        same_size(3, 3, demands)
    with pytest.raises(AssertionError, match="inside of a context"):
        same_size(N, M, Demands())
    with pytest.raises(ShapeError), Demands() as demands:  # an error needs no constraints
        broadcast_shapes([(3,), (4,)], demands)
    with Demands([(N, 2)]) as demands:
        demands.add(N, M)
        demands.add(M, N)
        assert demands.close() == ((N, 2), (N, M))
    with pytest.raises(AssertionError, match="until they are closed"):
        demands.add(N, 3)


def test_demands_that_others_make() -> None:
    k = dims.symbol("k")
    for others in ([(N, M)], [(M, N)], [(N, k), (k, M)], [(N, 3), (3, M)]):
        with Demands([(N, M)]) as demands:
            demands.met_by(others[:1], others[1:])
    for others in ([], [(N, k)], [(N, 3), (4, M)]):
        with pytest.raises(AssertionError, match="nothing demands that n = m"), Demands([(N, M)]) as demands:
            demands.met_by(others)


FIXED: list[Shape] = [(), (1,), (3,), (2, 3), (2, 1), (1, 3), (4, 2, 3), (1, 1, 1), (0,), (2, 0), (5,)]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(FIXED, FIXED)), ids=str)
def test_fixed_shapes_broadcast_as_in_numpy(a: Shape, b: Shape) -> None:
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast: sizes"):
            demanded(partial(broadcast_shapes, [a, b]))
        return
    assert demanded(partial(broadcast_shapes, [a, b])) == (expected, [])
    assert demanded(partial(broadcast_shapes, [a, b, a, ()])) == (expected, [])


def test_free_sizes() -> None:
    def meet(*shapes: Shape) -> tuple[Shape, list[Constraint]]:
        return demanded(partial(broadcast_shapes, list(shapes)))

    assert meet((N, 3), (3,)) == ((N, 3), [])
    assert meet((N, 1), (1, M)) == ((N, M), [])
    assert meet((N,), (1,)) == ((N,), [])
    assert meet((N,), (M,)) == ((N,), [(N, M)])
    assert meet((N,), (3,)) == ((3,), [(N, 3)])
    assert meet((N,), (M,), (3,)) == ((3,), [(N, M), (N, 3)])
    assert meet((N, N), (N,)) == ((N, N), [])
    assert meet() == ((), [])
    with pytest.raises(ShapeError, match=r"\[n\] and \[n \+ 1\]"):
        meet((N,), (N + 1,))
    with pytest.raises(ShapeError, match="sizes 3 and 4"):
        meet((N, 3), (4,))
