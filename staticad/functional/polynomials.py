"""Values of polynomials, with NumPy's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise, indexing
from staticad.functional.creation import zeros_like
from staticad.functional.front import implements, public_names
from staticad.ir.graph import Tensor, describe
from staticad.ops.promotion import Operand, as_operands


@implements(np.polyval)
def polyval(p: Operand, x: Operand) -> Tensor:
    """p[0] x**(n - 1) + p[1] x**(n - 2) + ... + p[n - 1] by Horner's scheme, of the n coefficients p, one vector.

    Raises ShapeError for coefficients that are no vector of a known size.
    """
    coefficients, a = as_operands("polyval", p, x)
    if coefficients.ndim != 1:
        raise ShapeError(f"polyval: coefficients have to be one vector ({describe(coefficients)})")
    (count,) = coefficients.shape
    if not isinstance(count, int):
        raise ShapeError(
            f"polyval: the number of coefficients has to be known; for a free one, sa.scan over the coefficients does "
            f"the same ({describe(coefficients)})"
        )
    value = zeros_like(a)
    for i in range(count):
        one = indexing.take(coefficients, i)
        value = elementwise.add(elementwise.multiply(value, a) if i else value, one)
    return value


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
