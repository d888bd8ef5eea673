"""Exact derivatives of functions of mpmath's numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath


def slopes(function: Callable[..., Any], at: Sequence[Any], step: float) -> list[Any]:
    """The derivatives by each operand, by differences over the step in the working precision."""

    def along(k: int) -> Any:
        return mpmath.diff(lambda t: function(*at[:k], t, *at[k + 1 :]), at[k], h=step)

    return [along(k) for k in range(len(at))]
