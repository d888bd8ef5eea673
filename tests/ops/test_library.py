"""Ops declared by a signature: types, sizes that do not fit, batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, ShapeError
from staticad.ir.graph import Attrs
from staticad.ops.base import apply, apply_all
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.library import Library, Part
from staticad.ops.linalg import CHOLESKY, LU_FACTOR, LU_SOLVE, SLOGDET, SOLVE_TRIANGULAR

FLAGS = {"trans": 0, "lower": 1, "unit": 0}


def of(*shape: Any, dtype: str = "float64") -> sa.Tensor:
    return sa.placeholder(shape, dtype)


def test_a_signature_says_the_types() -> None:
    factors, pivots = apply_all(LU_FACTOR, of("b", "n", "n", dtype="float32"))
    assert (str(factors.type), str(pivots.type)) == ("float32[b,n,n]", "int64[b,n]")
    sign, logarithm = apply_all(SLOGDET, of(3, 3), of(3, 3), of(3, dtype="int64"))
    assert sign.shape == logarithm.shape == () and LU_FACTOR.several_outputs and not CHOLESKY.several_outputs
    assert LU_SOLVE.operand_parts[2:] == (Part(("n",), "int64"), Part(("n", "k"), ""))
    assert str(apply(SOLVE_TRIANGULAR, of("n", "n"), of("b", "n", "k"), **FLAGS).type) == "float64[b,n,k]"


def test_free_sizes_become_constraints() -> None:
    x = of("n", "m")
    y = apply(CHOLESKY, x)
    assert [tuple(map(str, pair)) for pair in y.node.constraints] == [("n", "m")]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 4), (3, 1)), r"a matrix has to be square, but operand 0 has the shape \[3,4\]"),
        (((3, 3), (4, 1)), r"the size has to be 3, as that before it, but operand 1 has the shape \[4,1\]"),
        (((3,), (3, 1)), r"operand 0 of shape \[3\] needs at least 2 axes"),
        (((2, 3, 3), (3, 1)), r"the batches \[2\] and \[\] differ; broadcast them first"),
        (((2, 3, 3), (4, 3, 1)), r"the batches \[2\] and \[4\] differ"),
        (((1, 3, 3), (4, 3, 1)), r"the batches \[1\] and \[4\] differ"),
    ],
)
def test_sizes_that_do_not_fit(shapes: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=f"solve_triangular: {message}.*inputs: .*test_library"):
        apply(SOLVE_TRIANGULAR, *(of(*shape) for shape in shapes), **FLAGS)


def test_dtypes_that_do_not_fit() -> None:
    with pytest.raises(DTypeError, match="several dtypes"):
        apply(SOLVE_TRIANGULAR, of(3, 3), of(3, 1, dtype="float32"), **FLAGS)
    with pytest.raises(DTypeError, match="int32 is not supported"):
        apply(CHOLESKY, of(3, 3, dtype="int32"))
    with pytest.raises(DTypeError, match="instead of int64"):
        apply_all(SLOGDET, of(3, 3), of(3, 3), of(3))


@pytest.mark.parametrize("op", [op for op in ALL_OPS if isinstance(op, Library)], ids=str)
def test_a_declaration_is_consistent(op: Library) -> None:
    for operand, result in op.changes:
        assert op.operand_parts[operand] == op.result_parts[result]
        assert operand not in op.unread
    made = {axis: 4 for part in op.result_parts for axis in part.axes}
    sizes = op.sizes([(4,) * len(part.axes) for part in op.operand_parts], Attrs(**made))
    assert op.work(**sizes) > 0 and (op.workspace is None or op.workspace(**sizes) % 8 == 0)
    assert {axis for part in op.result_parts for axis in part.axes} <= set(sizes)
    if op.failure:
        assert "{matrix}" in op.failure and issubclass(op.error, np.linalg.LinAlgError)
