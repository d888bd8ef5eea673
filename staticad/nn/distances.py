"""Distances and angles between vectors along one axis, and losses made of them.

Formulas are those of torch.nn.functional; ``axis`` is the last one unless given (torch: 1 in some of them).
"""

from __future__ import annotations

import math

from staticad.errors import ConfigError
from staticad.functional import comparison, elementwise, front, linalg, reductions
from staticad.functional.axes import normalize_axis
from staticad.functional.elementwise import where
from staticad.functional.movement import broadcast_arrays
from staticad.ir.graph import Tensor
from staticad.nn.reducing import broadcasting, floats, reduced
from staticad.ops.promotion import Operand, cast

TINY = 1e-12  # what cosine_embedding_loss adds to squares of lengths


def _length(op: str, x: Tensor, p: float, axis: int, keepdims: bool) -> Tensor:
    """(Σ|x|ᵖ)^(1/p); its limits for p = 0 (how many are not 0) and ±inf. Its derivative at 0 is 0."""
    place = normalize_axis(op, axis, x)
    if not isinstance(p, (int, float)) or math.isnan(p):
        raise ConfigError(f"{op}: p is a number, not {p!r}")
    if p == 0:
        count = reductions.sum(comparison.not_equal(x, 0), place, keepdims=keepdims)
        return cast(count, x.dtype)
    if p in (1, 2) or math.isinf(p):
        return linalg.norm(x, p, place, keepdims)
    total = reductions.sum(elementwise.absolute(x) ** p, place, keepdims=keepdims)
    return where(comparison.equal(total, 0), 0, total ** (1 / p))


def normalize(x: Operand, p: float = 2.0, axis: int = -1, eps: float = 1e-12) -> Tensor:
    """x divided by the length of its vectors along ``axis``, or by ``eps`` where that is larger."""
    a = front.as_float(x)
    return a / elementwise.maximum(_length("normalize", a, p, axis, True), eps)


def cosine_similarity(x1: Operand, x2: Operand, axis: int = -1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors: their product by the product of their lengths, each at least ``eps``.

    Operands broadcast, and ``axis`` is one of the common shape. Of a vector that is 0 it is 0.
    """
    a, b = broadcasting("cosine_similarity", x1, x2)
    rank = max(a.ndim, b.ndim)
    axis = normalize_axis("cosine_similarity", axis, a if a.ndim == rank else b) - rank
    if min(a.ndim, b.ndim) < -axis or a.shape[axis] != b.shape[axis]:
        a, b = broadcast_arrays(a, b)
    return reductions.sum(normalize(a, 2, axis, eps) * normalize(b, 2, axis, eps), axis)


def pairwise_distance(x1: Operand, x2: Operand, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Tensor:
    """The length of x1 - x2 + eps along the last axis, in the norm of order p. Operands broadcast."""
    a, b = broadcasting("pairwise_distance", x1, x2)
    return _length("pairwise_distance", a - b + eps, p, -1, keepdims)


def cosine_embedding_loss(
    x1: Operand, x2: Operand, targets: Operand, *, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """1 - cos for the target 1, max(0, cos - margin) for -1, of vectors along the last axis."""
    a, b, t = floats("cosine_embedding_loss", x1, x2, targets)
    broadcasting("cosine_embedding_loss", a, b)
    squares = (reductions.sum(elementwise.square(v), -1) + TINY for v in (a, b))
    cosine = reductions.sum(a * b, -1) / elementwise.sqrt(elementwise.multiply(*squares))
    alike = where(comparison.equal(t, 1), 1 - cosine, 0)
    other = where(comparison.equal(t, -1), elementwise.relu(cosine - margin), 0)
    return reduced("cosine_embedding_loss", alike + other, reduction)


def triplet_margin_loss(
    anchor: Operand,
    positive: Operand,
    negative: Operand,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + d(anchor, positive) - d(anchor, negative)) for `pairwise_distance` d along the last axis.

    With ``swap`` the second distance is the smaller one of those of the negative to anchor and positive. V. Balntas and
    others, Learning shallow convolutional feature descriptors with triplet losses (2016). A margin that is not above 0
    raises ConfigError: without one, three equal points would be a solution.
    """
    if not margin > 0:
        raise ConfigError(f"triplet_margin_loss: margin={margin} has to be above 0")
    near, far = (pairwise_distance(anchor, x, p, eps) for x in (positive, negative))
    if swap:
        far = elementwise.minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced("triplet_margin_loss", elementwise.relu(margin + near - far), reduction)
