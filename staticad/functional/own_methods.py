"""Methods and properties of tensors that no function of the front is as it stands."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from staticad.errors import ConfigError
from staticad.functional import array_api, movement
from staticad.ir.dims import Size, product
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here
from staticad.late import later
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply

if TYPE_CHECKING:
    from staticad.functional import sets
else:
    sets = later("staticad.functional.sets")


def reshape(self: Tensor, *shape: Any, order: str = "C", copy: bool | None = None) -> Tensor:
    """`reshape`, with the sizes in one tuple or one by one."""
    return movement.reshape(self, shape[0] if len(shape) == 1 else shape, order)


def transpose(self: Tensor, *axes: Any) -> Tensor:
    """`transpose`, with the axes in one tuple or one by one; all reversed where none are given."""
    return movement.transpose(self, axes[0] if len(axes) == 1 else axes or None)


def matrix_transpose(self: Tensor) -> Tensor:
    """The last two axes swapped."""
    return movement.swapaxes(self, -1, -2)


def copy(self: Tensor) -> Tensor:
    """The tensor itself, since nothing can change it."""
    return self


def array_namespace(self: Tensor, /, *, api_version: str | None = None) -> ModuleType:
    """The module with the functions of the array API standard. Raises ConfigError for another version of it."""
    if api_version not in (None, array_api.__array_api_version__):
        version = array_api.__array_api_version__
        raise ConfigError(f"the array API standard is here in version {version}, not {api_version!r} (at {here()})")
    return array_api


def compress(self: Tensor, condition: Any, axis: int | None = None) -> Tensor:
    """`compress`, with the condition behind."""
    return sets.compress(condition, self, axis)


def detach(self: Tensor) -> Tensor:
    """The same value, a constant to every derivative."""
    return apply(STOP_GRADIENT, self)


def size(self: Tensor) -> Size:
    """The number of elements: an int, or a `Dim` where a size is free."""
    return product(self.shape)
