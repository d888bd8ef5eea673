"""What losses share: operands of one shape, and how the losses of all examples become one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.functional import elementwise, front, reductions
from staticad.ir.dtypes import FLOAT64, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, broadcast_shapes, may_be_same
from staticad.ops.barrier import of_shape
from staticad.ops.promotion import Operand, as_operands, common_dtype, to_tensor
from staticad.ops.sources import constant_array

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(op: str, reduction: str, known: tuple[str, ...] = REDUCTIONS) -> None:
    """Raises ConfigError for an unknown name of a reduction."""
    if reduction not in known:
        raise ConfigError(f"{op}: the reduction is one of {', '.join(map(repr, known))}, not {reduction!r}")


def reduced(op: str, losses: Tensor, reduction: str, weights: Tensor | None = None) -> Tensor:
    """All losses ("none"), their sum, or their mean, which is NaN of none. With weights, by which the losses are
    multiplied already, the mean is the sum by that of the weights."""
    check_reduction(op, reduction)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return reductions.sum(losses)
    if weights is None:
        return reductions.mean(losses)
    return elementwise.divide(reductions.sum(losses), reductions.sum(weights))


def as_float(op: str, x: Operand) -> Tensor:
    """Integers and bools in their float type. Raises DTypeError for complex numbers."""
    a = to_tensor(x)
    _check_real(op, a)
    return front.as_float(a)


def _check_real(op: str, x: Tensor) -> None:
    if x.dtype.kind == "c":
        raise DTypeError(f"{op}: takes no complex numbers; use .real, .imag or abs() of {describe(x)}")


def floats(op: str, *values: Operand) -> list[Tensor]:
    """The operands in one float type, that of those which are floats: integers do not widen float32. Integers alone are
    float64. Raises DTypeError for complex numbers."""
    _check_real(op, as_operands(op, *values, widens=False)[0])
    given = [value for value in values if is_float(to_tensor(value).dtype)]
    return as_operands(op, *values, dtype=common_dtype(*given, op=op) if given else FLOAT64)


def broadcasting(op: str, *values: Operand) -> list[Tensor]:
    """The same for operands that broadcast. Raises ShapeError for shapes that are known not to."""
    tensors = floats(op, *values)
    with Demands() as demands:
        try:
            broadcast_shapes([t.shape for t in tensors], demands)
        except ShapeError as error:
            raise ShapeError(f"{op}: {error} ({', '.join(map(describe, tensors))})") from None
        demands.close()  # what is made of the operands demands the same
    return tensors


def pair(op: str, predictions: Operand, targets: Operand) -> tuple[Tensor, Tensor]:
    """Both in one float type. Their shapes have to be equal: a loss that broadcasts is a mistake (ShapeError)."""
    a, b = floats(op, predictions, targets)
    if not may_be_same(a.shape, b.shape):
        raise ShapeError(
            f"{op}: predictions and targets differ in shape ({describe(a)}, {describe(b)}); they do not broadcast, "
            "reshape one of them"
        )
    return a, of_shape(b, a.shape)


def check_number(op: str, name: str, value: Operand, holds: Callable[[Any], Any], text: str) -> None:
    """Raises ConfigError for a number that is known and does not fit."""
    number = constant_array(to_tensor(value))
    if number is not None and not holds(number).all():
        raise ConfigError(f"{op}: {name} has to be {text}, not {number}")
