"""stop_gradient is the identity once the derivatives are built."""

from __future__ import annotations

from staticad.ops.barrier import STOP_GRADIENT
from staticad.rewrite.pattern import Rule, Variable, call, equation

x = Variable("x")

BARRIER_RULES: tuple[Rule, ...] = (equation(call(STOP_GRADIENT, x), x),)
