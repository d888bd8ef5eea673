"""stop_gradient: the value of its operand, and a constant to every derivative."""

from __future__ import annotations

from staticad.ops.base import Barrier

STOP_GRADIENT = Barrier("stop_gradient", numpy=lambda x: x, nondifferentiable=True, notes="`x.detach()`")

BARRIER_OPS = (STOP_GRADIENT,)
