"""The modules on top of Numba, imported when something has to be compiled: who finds all code does without."""

from __future__ import annotations

import functools
import importlib
import sys
import warnings
from types import ModuleType


@functools.cache
def numba_module(name: str) -> ModuleType:
    """A module of this package that imports Numba, by its last name."""
    full = f"staticad.codegen.{name}"
    if not sys.flags.warn_default_encoding or full in sys.modules:
        return importlib.import_module(full)
    with warnings.catch_warnings():  # Numba opens a file without an encoding, which is not the user's fault
        warnings.simplefilter("ignore", EncodingWarning)
        return importlib.import_module(full)
