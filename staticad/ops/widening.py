"""float32 that becomes float64 by NumPy's rules of promotion, which nobody sees but by the time that a program takes.

The setting ``float64`` says what happens: a warning, once for each line of the user's, an error, or nothing; with
"weak" NumPy's scalars do not widen, as Python's numbers do not, and what else does is warned of.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.config import settings
from staticad.errors import DTypeError, Float64Warning
from staticad.ir.dtypes import FLOAT64, WEAK_TYPES, DType, as_dtype, is_inexact, real_dtype
from staticad.ir.graph import Tensor, describe
from staticad.user_lines import place_text, user_frame

_texts: dict[tuple[str, int], str] = {}  # the first of each line: Python shows a text once


def weakened(value: Any) -> Any:
    """A scalar of NumPy's as a number of Python's, if the setting says that it is as weak."""
    if isinstance(value, np.generic) and settings().float64 == "weak":
        number = value.item()
        return number if type(number) in WEAK_TYPES else value
    return value


def check_widening(op: str, values: Sequence[Any], strong: Sequence[Any], target: DType) -> None:
    """Tell that an op computes with float64 (or complex128) where there are smaller floats. ``strong`` are those of
    the values that have a dtype."""
    if real_dtype(target) != FLOAT64 or settings().float64 == "allow":
        return
    narrow = [v for v in strong if isinstance(v, Tensor) and is_inexact(v.dtype) and real_dtype(v.dtype) != FLOAT64]
    widened = next((v for v in narrow if v.ndim), None)  # a scalar costs nothing
    if widened is None:
        return
    cause = next(v for v in strong if not any(v is other for other in narrow))
    listed = ", ".join(describe(v) if isinstance(v, Tensor) else _short(v) for v in values)
    reason = _cause(cause, widened.dtype)
    text = f"{op}: {widened.dtype} becomes {target}, which is slower, {reason} (operands: {listed})"
    if settings().float64 == "error":
        raise DTypeError(text)
    frame = user_frame()
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = _texts.setdefault((file, line), f"{text} (at {place_text(file, line)})")
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(text, Float64Warning, file, line, frame.f_globals.get("__name__"), registry)


def _cause(value: Any, narrow: DType) -> str:
    """What makes the result wide, and what to write."""
    meant = f"or .astype('float64') behind the {narrow} tensor if that is meant"
    rule = "" if is_inexact(as_dtype(value.dtype)) else f": NumPy makes float64 of {narrow} and {value.dtype}"
    if isinstance(value, Tensor):
        return f"because of {describe(value)}{rule}; write .astype({narrow.name!r}) behind it, {meant}"
    if not value.ndim:
        python = type(value.item()).__name__
        return f"because of NumPy's scalar {_short(value)}{rule}; write {python}(…) around it, {meant}"
    return f"because of an array of {value.dtype}{rule}; write .astype({narrow.name!r}) behind it, {meant}"


def _short(value: Any) -> str:
    is_array = isinstance(value, np.ndarray)
    if is_array and value.ndim:
        return f"an array of {value.dtype} and shape {value.shape}"
    return repr(value[()] if is_array else value)
