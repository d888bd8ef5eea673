"""Arrays made of sizes and numbers, as the array API standard has them. There is one device, "cpu"."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import GraphError
from staticad.functional import creation, grids, nested
from staticad.functional.array_api.device import check_device
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here
from staticad.ops.promotion import Operand, to_tensor


def asarray(obj: Operand, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """As `staticad.asarray`: a tensor as it is, a list of tensors as their stack, anything else as a constant, cast
    where a dtype is given. Nothing can change a tensor, so it makes no difference whether it is copied."""
    check_device("asarray", device)
    return nested.asarray(obj, dtype)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A constant of what an array of another library holds now; a tensor as it is."""
    check_device("from_dlpack", device)
    if isinstance(x, Tensor):
        return x
    try:
        return to_tensor(np.from_dlpack(x))
    except (AttributeError, BufferError, RuntimeError, TypeError) as error:
        raise GraphError(
            f"from_dlpack: NumPy does not take this {type(x).__name__} ({error}); use asarray (at {here()})"
        ) from error


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Tensor:
    """As `staticad.arange`."""
    check_device("arange", device)
    return creation.arange(start, stop, step, dtype)


def empty(shape: Any, *, dtype: Any = np.float64, device: Any = None) -> Tensor:
    """Zeros."""
    check_device("empty", device)
    return creation.empty(shape, _default(dtype))


def empty_like(x: Operand, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros in the shape of x."""
    check_device("empty_like", device)
    return creation.zeros_like(x, dtype)


def eye(n_rows: Any, n_cols: Any = None, /, *, k: int = 0, dtype: Any = np.float64, device: Any = None) -> Tensor:
    """Ones on a diagonal, zeros elsewhere."""
    check_device("eye", device)
    return creation.eye(n_rows, n_cols, k, _default(dtype))


def full(shape: Any, fill_value: Operand, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One number everywhere, by default in the dtype of that number."""
    check_device("full", device)
    return creation.full(shape, fill_value, dtype)


def full_like(x: Operand, /, fill_value: Operand, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One number everywhere, in the shape of x."""
    check_device("full_like", device)
    return creation.full_like(x, fill_value, dtype)


def linspace(
    start: Operand, stop: Operand, /, num: Any, *, dtype: Any = None, device: Any = None, endpoint: bool = True
) -> Tensor:
    """Evenly spaced numbers."""
    check_device("linspace", device)
    return creation.linspace(start, stop, num, endpoint, dtype=dtype)


def meshgrid(*arrays: Operand, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of the points of a grid."""
    return list(grids.meshgrid(*arrays, indexing=indexing))


def ones(shape: Any, *, dtype: Any = np.float64, device: Any = None) -> Tensor:
    """Ones."""
    check_device("ones", device)
    return creation.ones(shape, _default(dtype))


def ones_like(x: Operand, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones in the shape of x."""
    check_device("ones_like", device)
    return creation.ones_like(x, dtype)


def zeros(shape: Any, *, dtype: Any = np.float64, device: Any = None) -> Tensor:
    """Zeros."""
    check_device("zeros", device)
    return creation.zeros(shape, _default(dtype))


def zeros_like(x: Operand, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros in the shape of x."""
    check_device("zeros_like", device)
    return creation.zeros_like(x, dtype)


def _default(dtype: Any) -> Any:
    return np.float64 if dtype is None else dtype
