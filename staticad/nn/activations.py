"""Activations of neural networks, with torch's names, arguments and values at kinks.

They work in the float type of integers. Values and derivatives of every order are right for the largest numbers and
for infinities too: where a factor would be 0 and the other one infinite, the limit is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from staticad.errors import ConfigError, ShapeError
from staticad.functional import elementwise, indexing, movement
from staticad.functional.axes import normalize_axis
from staticad.functional.front import as_float, float_unary
from staticad.functional.special.error_functions import ndtr
from staticad.functional.special.softmaxes import softmax
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ops.activations import SOFTSIGN, TANHSHRINK
from staticad.ops.barrier import of_shape
from staticad.ops.base import apply
from staticad.ops.promotion import Operand, to_tensor, weak_kind

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
_GATE_LIMIT = 800.0  # beyond it exp(-x) is 0 in every float type
_NORMAL_LIMIT = 40.0  # and beyond this exp(-x**2 / 2)


def _gated(x: Tensor, gate: Callable[[Tensor], Tensor], limit: float) -> Tensor:
    """x times a gate that is 0 below -limit and 1 above limit, where its derivatives are 0.

    A `where` would follow the derivative into the sums of a normalization before it, which cost more than the gate.
    """
    return elementwise.maximum(x, -limit) * gate(elementwise.clip(x, -limit, limit))


def gelu(x: Operand, approximate: str = "none") -> Tensor:
    """x Φ(x), with the normal distribution Φ (Hendrycks and Gimpel, 2016).

    With ``approximate="tanh"``: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))). Another word raises ConfigError.
    Values keep their digits for negative x, too: Φ to 5 units in the last place in float32. The exponents of the
    tanh form and of slopes have a rounding error, so that far out where these are below 1e-30, they lose two digits.
    """
    if approximate not in ("none", "tanh"):
        raise ConfigError(f"gelu: approximate={approximate!r} is not known; use 'none' or 'tanh'")
    a = as_float(x)
    if approximate == "none":
        return _gated(a, ndtr, _NORMAL_LIMIT)
    factor = math.sqrt(8 / math.pi)  # 1 + tanh(t) = 2 sigmoid(2 t)
    return _gated(a, lambda x: elementwise.sigmoid(factor * (x + 0.044715 * (x * x * x))), _NORMAL_LIMIT)


def silu(x: Operand) -> Tensor:
    """x sigmoid(x), also called swish. (Of x for which the sigmoid is no normal number, it loses digits; not all.)"""
    a = as_float(x)
    if is_complex(a.dtype):
        return a * elementwise.sigmoid(a)
    return _gated(a, elementwise.sigmoid, _GATE_LIMIT)


def mish(x: Operand) -> Tensor:
    """x tanh(softplus(x)) (Misra, 2019)."""
    a = as_float(x)
    return _gated(a, lambda x: elementwise.tanh(elementwise.softplus(x)), _GATE_LIMIT)


def elu(x: Operand, alpha: Operand = 1.0) -> Tensor:
    """x above 0, else alpha (exp(x) - 1). The derivative at 0 is alpha."""
    a = as_float(x)
    return elementwise.where(a > 0, a, alpha * elementwise.expm1(a))


def selu(x: Operand) -> Tensor:
    """The elu that keeps mean 0 and variance 1 (Klambauer et al., 2017): scale elu(x, alpha) with fixed numbers."""
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def celu(x: Operand, alpha: float = 1.0) -> Tensor:
    """x above 0, else alpha (exp(x / alpha) - 1). An alpha of 0 raises ConfigError. The derivative at 0 is 1."""
    if alpha == 0:
        raise ConfigError("celu: alpha divides and can't be 0; use sa.relu")
    a = as_float(x)
    return elementwise.where(a > 0, a, alpha * elementwise.expm1(a / alpha))


def leaky_relu(x: Operand, negative_slope: Operand = 0.01) -> Tensor:
    """x above 0, else negative_slope x. The derivative at 0 is negative_slope."""
    a = as_float(x)
    return elementwise.where(a > 0, a, negative_slope * a)


def prelu(x: Operand, weight: Operand) -> Tensor:
    """x above 0, else weight x. The weight is one number, or one for each channel: along axis 1, or axis 0 of a vector.

    Raises ShapeError for other weights. The derivative at 0 is the weight.
    """
    a = as_float(x)
    if weak_kind(weight) is not None:
        return leaky_relu(a, weight)
    w = as_float(weight)
    if w.ndim > 1:
        raise ShapeError(f"prelu: the weight has one axis or none ({describe(w)})")
    if w.ndim == 1 and w.shape[0] == 1 and not a.ndim:
        w = movement.reshape(w, ())
    if w.ndim == 1 and a.ndim > 2:
        w = movement.reshape(w, (w.shape[0], *(1,) * (a.ndim - 2)))
    return elementwise.where(a > 0, a, w * a)


def hardtanh(x: Operand, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x between two numbers, else the nearer one of them. The derivative at both is 0.

    Raises ConfigError where min_val is the larger one.
    """
    if not min_val <= max_val:
        raise ConfigError(f"hardtanh: min_val={min_val} is not to be larger than max_val={max_val}")
    a = as_float(x)
    return elementwise.where(a <= min_val, min_val, elementwise.where(a >= max_val, max_val, a))


def relu6(x: Operand) -> Tensor:
    """x between 0 and 6, else the nearer one of them. The derivative at both is 0."""
    return hardtanh(x, 0.0, 6.0)


def hardsigmoid(x: Operand) -> Tensor:
    """x / 6 + 1 / 2 between -3 and 3, 0 below, 1 above. The derivative at -3 and 3 is 0."""
    a = as_float(x)
    return elementwise.where(a <= -3, 0.0, elementwise.where(a >= 3, 1.0, a / 6 + 0.5))


def hardswish(x: Operand) -> Tensor:
    """x hardsigmoid(x). The derivative at -3 is 0, at 3 it is 1."""
    a = as_float(x)
    return elementwise.where(a <= -3, 0.0, elementwise.where(a >= 3, a, a * (a + 3) / 6))


softsign = float_unary(SOFTSIGN, None, "x / (1 + |x|).")


def log_sigmoid(x: Operand) -> Tensor:
    """log(sigmoid(x)), without overflow and without loss of digits."""
    return -elementwise.softplus(-as_float(x))


def tanhshrink(x: Operand) -> Tensor:
    """x - tanh(x), without loss of digits near 0 (of complex numbers, digits are lost there)."""
    a = as_float(x)
    return a - elementwise.tanh(a) if is_complex(a.dtype) else apply(TANHSHRINK, a)


def softshrink(x: Operand, lambd: Operand = 0.5) -> Tensor:
    """x moved towards 0 by lambd; 0 where |x| is not larger, where the derivative is 0. A number below 0 for lambd
    raises ConfigError."""
    a = as_float(x)
    if isinstance(lambd, (int, float)) and not lambd >= 0:
        raise ConfigError(f"softshrink: lambd={lambd} is not to be below 0 ({describe(a)})")
    moved = elementwise.where(a > lambd, a - lambd, a + lambd)
    return elementwise.where(elementwise.absolute(a) <= lambd, 0.0, moved)


def hardshrink(x: Operand, lambd: Operand = 0.5) -> Tensor:
    """x, but 0 where |x| is not larger than lambd, where the derivative is 0."""
    a = as_float(x)
    return elementwise.where(elementwise.absolute(a) <= lambd, 0.0, a)


def threshold(x: Operand, threshold: Operand, value: Operand) -> Tensor:
    """x where it is larger than the threshold, else the value, where the derivative is 0. Integers stay integers."""
    a = to_tensor(x)
    return elementwise.where(a > threshold, a, value)


def softmin(x: Operand, axis: int = -1) -> Tensor:
    """softmax(-x)."""
    return softmax(-as_float(x), axis)


def glu(x: Operand, axis: int = -1) -> Tensor:
    """The first half of an axis times the sigmoid of the second (Dauphin et al., 2016).

    Raises ShapeError for an axis of odd size, FeedError where that shows in the run only.
    """
    a = as_float(x)
    place = normalize_axis("glu", axis, a)
    size = a.shape[place]
    if isinstance(size, int) and size % 2:
        raise ShapeError(f"glu: axis {place} has {size} elements, which have no half ({describe(a)})")
    before = (slice(None),) * place
    first = indexing.getitem(a, (*before, slice(None, size // 2)))
    second = indexing.getitem(a, (*before, slice(size // 2, None)))
    return first * elementwise.sigmoid(of_shape(second, first.shape))


swish = silu
