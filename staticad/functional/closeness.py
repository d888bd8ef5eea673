"""Comparisons of arrays as wholes, or within a tolerance. They give bool tensors and derivative 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.front import implements, public_names
from staticad.ir.dtypes import FLOAT64, is_inexact
from staticad.ir.graph import Tensor
from staticad.ir.types import Demands, broadcast_shapes, may_be_same
from staticad.ops.barrier import of_shape
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.sources import constant


@implements(np.isclose)
def isclose(a: Operand, b: Operand, rtol: Operand = 1e-05, atol: Operand = 1e-08, equal_nan: bool = False) -> Tensor:
    """|a - b| <= atol + rtol |b|, or both are the same infinity, or with ``equal_nan`` both are NaN."""
    x, y = as_operands("isclose", a, b)
    if not is_inexact(x.dtype):
        x, y = cast(x, FLOAT64), cast(y, FLOAT64)
    tolerance = elementwise.add(atol, elementwise.multiply(rtol, elementwise.absolute(y)))
    near = elementwise.absolute(x - y) <= tolerance
    result = (near & comparison.isfinite(y)) | comparison.equal(x, y)
    return result | (comparison.isnan(x) & comparison.isnan(y)) if equal_nan else result


@implements(np.allclose)
def allclose(a: Operand, b: Operand, rtol: Operand = 1e-05, atol: Operand = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether all elements are close, as by `isclose`: a bool tensor without axes."""
    return reductions.all(isclose(a, b, rtol, atol, equal_nan))


@implements(np.array_equal)
def array_equal(a1: Operand, a2: Operand, equal_nan: bool = False) -> Tensor:
    """Whether shapes and all elements are equal: a bool tensor without axes.

    Shapes that differ for sure give False. Free sizes that differ in the run are an error there (FeedError), not
    False."""
    a, b = to_tensor(a1), to_tensor(a2)
    if not may_be_same(a.shape, b.shape):
        return constant(False)
    equal = comparison.equal(a, of_shape(b, a.shape))
    if equal_nan and is_inexact(a.dtype) and is_inexact(b.dtype):
        equal = equal | (comparison.isnan(a) & comparison.isnan(b))
    return reductions.all(equal)


@implements(np.array_equiv)
def array_equiv(a1: Operand, a2: Operand) -> Tensor:
    """Whether all elements are equal where the arrays broadcast: a bool tensor without axes. Shapes that do not
    broadcast for sure give False; free sizes that do not in the run are an error there (FeedError)."""
    a, b = to_tensor(a1), to_tensor(a2)
    try:
        with Demands() as demands:
            broadcast_shapes([a.shape, b.shape], demands)
            demands.close()
    except ShapeError:
        return constant(False)
    return reductions.all(comparison.equal(a, b))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
