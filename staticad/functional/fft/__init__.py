"""Fourier transforms with the names of NumPy, cosine and sine transforms with those of SciPy."""

from __future__ import annotations

import typing as _typing

from staticad.function_spellings import FOURIER as _FOURIER
from staticad.names import public as _public

if _typing.TYPE_CHECKING:
    from staticad.functional.fft.cosines import dct, dctn, dst, dstn, idct, idctn, idst, idstn
    from staticad.functional.fft.frequencies import fftfreq, fftshift, ifftshift, rfftfreq
    from staticad.functional.fft.many import (
        fft2,
        fftn,
        hfft2,
        hfftn,
        ifft2,
        ifftn,
        ihfft2,
        ihfftn,
        irfft2,
        irfftn,
        rfft2,
        rfftn,
    )
    from staticad.functional.fft.transforms import fft, hfft, ifft, ihfft, irfft, rfft

__all__ = [
    "dct", "dctn", "dst", "dstn", "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "idct",
    "idctn", "idst", "idstn", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2",
    "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), _FOURIER)
