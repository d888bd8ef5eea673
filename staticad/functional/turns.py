"""Sines of multiples of pi."""

from __future__ import annotations

import math

from staticad.functional.comparison import equal
from staticad.functional.elementwise import floor, rint
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.selection import select
from staticad.ops.transcendental import SIN


def sine_of_turn(x: Tensor) -> Tensor:
    """sin(pi x); of real numbers, that of the distance to the nearest integer: 0 at integers."""
    if is_complex(x.dtype):
        return apply(SIN, x * math.pi)
    nearest = rint(x)
    sine = apply(SIN, (x - nearest) * math.pi)
    half = nearest * 0.5
    return select(equal(floor(half), half), sine, -sine)
