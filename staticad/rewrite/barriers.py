"""Barriers are identities once derivatives are built: what sizes have to be, a session reads off the given graph."""

from __future__ import annotations

from staticad.ops.barrier import DEMAND, STOP_GRADIENT
from staticad.rewrite.pattern import Rule, Variable, call, equation

x = Variable("x")

BARRIER_RULES: tuple[Rule, ...] = (
    equation(call(STOP_GRADIENT, x), x),
    Rule("demand(x) = x", (DEMAND,), lambda tensor: tensor.node.inputs[0]),
)
