"""Measured limits: how much work a thread takes, and what LLVM should know of a loop."""

from __future__ import annotations

from staticad.ir.dims import Size, floordiv, maximum

GRAIN = 40_000  # operations that one thread should do at a time, at least
VECTORS = 64  # elements that are computed at a time: four vectors of 16
SHORT = 128  # iterations of which an incomplete vector is a large part
WHOLE = 32  # iterations that fill vectors
CHEAP = 8  # operations that are as fast one by one as under a mask
DEAR = 16  # operations beside which it does not matter that a masked load waits long for a masked store
SPREAD = 7  # operations beside which it pays to collect a vector of elements that lie apart, where it is stored
UNBRANCHED = 9  # operations beside which an index check is better without a branch
DEEP = 30  # operations that wait for each other longer than one vector fills the time


def grain_of(cost: int, work: Size) -> Size:
    """How many iterations of an outermost loop a thread takes at a time: of ``work`` innermost iterations each, which
    cost that much. Loops that are innermost themselves are cut between whole vectors. Without innermost iterations the
    number means nothing, but it exists."""
    grain = max(1, GRAIN // max(1, cost))
    if isinstance(work, int) and work == 1:
        return -(-grain // VECTORS) * VECTORS
    return maximum(1, floordiv(grain, maximum(1, work)))


def loop_hint(extent: Size, cost: int, nested: bool, updates: bool) -> str:
    """The hint for an innermost loop (see `staticad.codegen.loop_hints`) whose body costs that much; ``updates``: it
    accumulates in memory."""
    if nested and isinstance(extent, int) and extent <= SHORT:
        few = extent > 2 and extent % WHOLE != 0
        return "short" if few and cost >= (DEAR if updates else CHEAP) else ""
    return "deep" if cost >= DEEP else ""
