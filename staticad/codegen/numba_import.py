"""What is built on top of Numba: imported when something has to be compiled, since who finds all code does without.

No signal interrupts it. Numba would be left half imported, or with half of its tables of types filled.
"""

from __future__ import annotations

import sys
import warnings
from functools import partial
from typing import Any

from staticad.late import imported
from staticad.uninterrupted import uninterrupted


def with_numba(module: str, function: str, *arguments: Any) -> Any:
    """What a function returns or raises that stands in a module of this package that imports Numba."""
    return uninterrupted(partial(_call, f"{__package__}.{module}", function, arguments))


def _call(module: str, function: str, arguments: tuple[Any, ...]) -> Any:
    if sys.flags.warn_default_encoding and module not in sys.modules:
        with warnings.catch_warnings():  # Numba opens a file without an encoding, which is not the user's fault
            warnings.simplefilter("ignore", EncodingWarning)
            imported(module)
    return getattr(imported(module), function)(*arguments)
