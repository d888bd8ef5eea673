"""Ops that take arrays whose sizes are known before a loop runs: what is said where a step's array is another one."""

from __future__ import annotations

from collections.abc import Iterable

from staticad.errors import ShapeError
from staticad.ir.dims import local_symbols
from staticad.ir.graph import Node, Tensor, describe


def demand_known_sizes(node: Node, operands: Iterable[Tensor], who: str) -> None:
    """Raises ShapeError for an operand whose size changes from step to step."""
    for x in operands:
        if any(map(local_symbols, x.shape)):
            raise ShapeError(
                f"{node.op.called} at {node.where} takes {describe(x)}, whose size changes from step to step: {who} "
                "arrays whose sizes are known before a loop runs; loop over Python's numbers, so that each step has "
                "sizes of its own, or take all of the axis and fill what lies outside of the part with numbers that "
                "leave the result as it is, as in sa.where(sa.arange(n) < i, x, numpy.inf)"
            )
