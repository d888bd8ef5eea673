"""How shapes meet: broadcasting of fixed and free sizes, and the equalities left to the run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from staticad.errors import ShapeError
from staticad.ir import dims
from staticad.ir.dims import Shape
from staticad.ir.dtypes import FLOAT32, INT64
from staticad.ir.types import Constraint, TensorType, broadcast_shapes, same_size

N, M = dims.symbol("n"), dims.symbol("m")


def test_text_and_equality() -> None:
    kind = TensorType((N, 3), FLOAT32)
    assert str(kind) == "float32[n,3]"
    assert str(TensorType((), INT64)) == "int64[]"
    assert kind == TensorType((dims.symbol("n"), 3), np.dtype("float32"))
    assert hash(kind) == hash(TensorType((N, 3), FLOAT32))
    assert kind != TensorType((M, 3), FLOAT32)
    assert kind.ndim == 2


def test_same_size() -> None:
    constraints: list[Constraint] = []
    assert same_size(3, 3, constraints) == 3
    assert same_size(N, N, constraints) == N
    assert same_size(3, 4, constraints) is None
    assert same_size(N, N + 1, constraints) is None
    assert constraints == []
    # The fixed size is the better known one.
    assert same_size(N, 3, constraints) == 3
    assert same_size(3, N, constraints) == 3
    assert same_size(N, M, constraints) == N
    assert same_size(2 * N, N, constraints) == 2 * N  # equal for n = 0
    assert constraints == [(N, 3), (3, N), (N, M), (2 * N, N)]


FIXED: list[Shape] = [(), (1,), (3,), (2, 3), (2, 1), (1, 3), (4, 2, 3), (1, 1, 1), (0,), (2, 0), (5,)]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(FIXED, FIXED)), ids=str)
def test_fixed_shapes_broadcast_as_in_numpy(a: Shape, b: Shape) -> None:
    constraints: list[Constraint] = []
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast: sizes"):
            broadcast_shapes([a, b], constraints)
        return
    assert broadcast_shapes([a, b], constraints) == expected
    assert broadcast_shapes([a, b, a, ()], constraints) == expected
    assert constraints == []


def test_free_sizes() -> None:
    def meet(*shapes: Shape) -> tuple[Shape, list[Constraint]]:
        constraints: list[Constraint] = []
        return broadcast_shapes(list(shapes), constraints), constraints

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
