"""Choosing between values: where, maximum, minimum, fmax, fmin, relu.

Derivatives select the cotangent instead of multiplying it by a mask, so that a NaN or an infinity in the branch that
was not taken never reaches the result. Equal operands of maximum and minimum get half the cotangent each and
relu'(0) = 0, as in JAX.
"""

from __future__ import annotations

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops import ranges
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import EQUAL, GREATER, ISNAN, LOGICAL_AND
from staticad.ops.sources import constant


def select(condition: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    """``where`` of operands that have one dtype already."""
    return apply(WHERE, condition, yes, no)


def zero_like(g: Tensor) -> Tensor:
    """A scalar zero of the dtype of a cotangent."""
    return constant(0, g.dtype)


def _where_vjp(g: Tensor, y: Tensor, condition: Tensor, a: Tensor, b: Tensor) -> tuple[None, Tensor, Tensor]:
    zero = zero_like(g)
    return None, select(condition, g, zero), select(condition, zero, g)


WHERE = Elementwise(
    "where",
    operands="biufc",
    numpy=np.where,
    arity=3,
    condition=True,
    ulps=0,
    range_rule=ranges.either,
    vjp=_where_vjp,
    certain=True,
    notes="the branch that is not taken gets no cotangent: see [masks](masks.md)",
)


def _share(g: Tensor, winner: Tensor, loser: Tensor) -> Tensor:
    """g where the winner is larger, half of it where both are equal, 0 elsewhere (and for NaN)."""
    tie = select(apply(EQUAL, winner, loser), g * 0.5, zero_like(g))
    return select(apply(GREATER, winner, loser), g, tie)


TIES = "NaN if one operand is NaN; equal operands get half the cotangent each"

MAXIMUM = Elementwise(
    "maximum",
    numpy=np.maximum,
    arity=2,
    commutative=True,
    zero_signs=False,
    ulps=0,
    range_rule=ranges.maximum,
    vjp=lambda g, y, a, b: (_share(g, a, b), _share(g, b, a)),
    certain=True,
    notes=TIES,
)

MINIMUM = Elementwise(
    "minimum",
    numpy=np.minimum,
    arity=2,
    commutative=True,
    zero_signs=False,
    ulps=0,
    range_rule=ranges.minimum,
    vjp=lambda g, y, a, b: (_share(g, b, a), _share(g, a, b)),
    certain=True,
    notes=TIES,
)


def _share_number(g: Tensor, winner: Tensor, loser: Tensor) -> Tensor:
    """As `_share`, but all of g where the other one is NaN and this one is not."""
    alone = apply(LOGICAL_AND, apply(ISNAN, loser), apply(EQUAL, winner, winner))
    return select(alone, g, _share(g, winner, loser))


FMAX = Elementwise(
    "fmax",
    numpy=np.fmax,
    arity=2,
    commutative=True,
    zero_signs=False,
    ulps=0,
    vjp=lambda g, y, a, b: (_share_number(g, a, b), _share_number(g, b, a)),
    notes="NaN if both operands are; equal operands get half the cotangent each",
)

FMIN = Elementwise(
    "fmin",
    numpy=np.fmin,
    arity=2,
    commutative=True,
    zero_signs=False,
    ulps=0,
    vjp=lambda g, y, a, b: (_share_number(g, -a, -b), _share_number(g, -b, -a)),
    notes="NaN if both operands are; equal operands get half the cotangent each",
)

RELU = Elementwise(
    "relu",
    numpy=lambda x: np.maximum(x, x.dtype.type(0)),
    operands="iuf",
    zero_signs=False,
    ulps=0,
    notes="derivative 0 at 0 and for NaN",
    vjp=lambda g, y, x: (select(apply(GREATER, y, zero_like(y)), g, zero_like(g)),),
    certain=True,
)

SELECTION_OPS = (WHERE, MAXIMUM, MINIMUM, FMAX, FMIN, RELU)
