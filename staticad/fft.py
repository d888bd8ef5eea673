"""Fourier transforms: `staticad.functional.fft` under its public name, ``sa.fft``."""

from __future__ import annotations

import typing as _typing

from staticad.functional.fft import __all__ as __all__

if _typing.TYPE_CHECKING:
    from staticad.functional.fft import *  # noqa: F403
else:
    from staticad.functional.fft import __dir__ as __dir__
    from staticad.functional.fft import __getattr__ as __getattr__
