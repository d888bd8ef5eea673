"""Numbers, dtypes and indices as kernel source."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.ir.dtypes import BOOL, DType
from staticad.lower.kernel.language import Index


def dtype_name(dtype: DType) -> str:
    """The dtype's name in kernel source."""
    return "bool_" if dtype == BOOL else dtype.name


def literal(value: Any, dtype: DType) -> str:
    """A number as kernel source of exactly that dtype."""
    if dtype == BOOL:
        return f"bool_({bool(value)})"
    if dtype.kind == "f":
        number = float(np.asarray(value).astype(dtype))
        text = (
            repr(number) if math.isfinite(number) else "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
        )
        return f"{dtype.name}({text})"
    number = int(np.asarray(value).astype(dtype))
    if number == np.iinfo(np.int64).min:
        return f"int64({number + 1} - 1)"
    return f"{dtype.name}({number})"


def is_plain(value: Any) -> bool:
    """Numbers that stand in the source: small integers, simple powers of two, infinities. The others are arguments,
    so that kernels that differ in a learning rate are one kernel."""
    number = float(value)
    return not math.isfinite(number) or (abs(number) <= 16 and number * 16 == int(number * 16))


def index_text(index: Index) -> str:
    """An index as kernel source."""
    parts = []
    for name, coefficient in index.terms:
        if coefficient == 1:
            parts.append(name)
        elif coefficient == -1:
            parts.append(f"-{name}")
        else:
            parts.append(f"{name} * {coefficient}")
    if index.constant != 0 or not parts:
        parts.append(str(index.constant))
    return " + ".join(parts).replace("+ -", "- ")
