"""Checks of what the distributions are given: dtypes, shapes, and parameters that are known before the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.functional.movement import broadcast_arrays
from staticad.ir.dims import Shape
from staticad.ir.dtypes import DType, as_dtype, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import may_be_equal
from staticad.ops.promotion import Operand, to_tensor
from staticad.ops.sources import constant_array


def as_float_dtype(function: str, dtype: Any) -> DType:
    """A float dtype. Raises DTypeError."""
    kind = as_dtype(dtype)
    if not is_float(kind):
        raise DTypeError(f"random.{function}: draws floats, not {kind}; use float32 or float64 (at {here()})")
    return kind


def check_shape(function: str, shape: Shape, parameter: Tensor, name: str) -> None:
    """Raises ShapeError if a parameter does not broadcast to the shape of the result."""
    if not broadcasts_to(parameter.shape, shape):
        raise ShapeError(
            f"random.{function}: {name} does not broadcast to the shape ({', '.join(map(str, shape))}): "
            f"{describe(parameter)} (at {here()})"
        )


def broadcasts_to(shape: Shape, target: Shape) -> bool:
    """Whether something of a shape can have a part in a result of another one: what a run has to check, ops demand."""
    padded = (1,) * (len(target) - len(shape)) + shape
    return len(padded) == len(target) and all(
        a == 1 or a == b or (not isinstance(a, int) and b != 1 and may_be_equal(a, b)) for a, b in zip(padded, target)
    )


def common_shape(function: str, *parameters: Tensor) -> Shape:
    """The shape that parameters have together. Raises ShapeError."""
    try:
        return broadcast_arrays(*parameters)[0].shape
    except ShapeError as error:
        raise ShapeError(f"random.{function}: {error} (at {here()})") from None


def known(value: Operand) -> np.ndarray | None:
    """The value of a parameter, if it is known before the run."""
    return constant_array(to_tensor(value))


def require(function: str, holds: Callable[..., Any], text: str, *values: Operand) -> None:
    """Raises ConfigError if all values are known, and ``holds`` is false of some of their elements; ShapeError if they
    do not broadcast."""
    arrays = [known(v) for v in values]
    present = [a for a in arrays if a is not None]
    if len(present) < len(arrays):
        return
    common_shape(function, *map(to_tensor, values))
    if not np.all(holds(*present)):
        listed = ", ".join(str(a) for a in present)
        raise ConfigError(f"random.{function}: {text}, not {listed} (at {here()})")
