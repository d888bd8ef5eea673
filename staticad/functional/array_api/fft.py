"""The extension `fft` of the array API standard."""

from __future__ import annotations

from typing import Any

from staticad.functional import fft as transforms
from staticad.functional.array_api.device import check_device
from staticad.functional.fft import (
    fft,
    fftn,
    fftshift,
    hfft,
    ifft,
    ifftn,
    ifftshift,
    ihfft,
    irfft,
    irfftn,
    rfft,
    rfftn,
)
from staticad.functional.nested import asarray
from staticad.ir.graph import Tensor


def fftfreq(n: Any, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the elements of `fft`."""
    check_device("fftfreq", device)
    return asarray(transforms.fftfreq(n, d), dtype)


def rfftfreq(n: Any, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the elements of `rfft`."""
    check_device("rfftfreq", device)
    return asarray(transforms.rfftfreq(n, d), dtype)


__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
    "rfftfreq", "rfftn",
]  # fmt: skip
