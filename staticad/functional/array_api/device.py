"""What the array API standard asks of tensors as objects: their device, and memory that they do not have."""

from __future__ import annotations

from typing import Any, NoReturn

from staticad.errors import ConfigError, GraphError
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here

DEVICE = "cpu"


def check_device(op: str, device: Any) -> None:
    """Raises ConfigError for another device than the one there is."""
    if device is not None and device != DEVICE:
        raise ConfigError(f"{op}: there is no device {device!r}, only {DEVICE!r} (at {here()})")


def device(self: Tensor) -> str:
    """Where programs run: "cpu"."""
    return DEVICE


def to_device(self: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """The tensor itself. Raises ConfigError for a device that is not there, and for a stream."""
    check_device("to_device", device)
    if stream is not None:
        raise ConfigError(f"to_device: {DEVICE} has no streams (at {here()})")
    return self


def dlpack(self: Tensor, **_: Any) -> NoReturn:
    """Raises GraphError."""
    raise GraphError(
        f"{describe(self)} has no memory to share at {here()}: it has no value before a session runs; "
        "what a session returns are NumPy's arrays, which have __dlpack__"
    )


def dlpack_device(self: Tensor) -> NoReturn:
    """Raises GraphError, as `dlpack` does."""
    dlpack(self)
