"""Hints and grains: what a thread takes at a time, and which loops LLVM is told about."""

from __future__ import annotations

import staticad as sa
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Symbol, symbol
from staticad.lower.kernel.hints import grain_of, loop_hint
from tests.lower.planning import plan_for


def test_threads_take_whole_vectors_of_plain_loops() -> None:
    assert grain_of(3, 1) == 13_376 and grain_of(500, 1) == 128 and grain_of(100_000, 1) == 64
    assert grain_of(3, 100) == 133 and grain_of(500, 100) == 1  # rows
    assert grain_of(3, 0) == 13_333  # rows of nothing
    n = symbol("n")
    assert [evaluate(grain_of(3, 5 * n), {Symbol("n"): size}) for size in (0, 1, 20)] == [13_333, 2666, 133]
    heavy = x = sa.placeholder((None,))
    for _ in range(4):
        heavy = sa.tanh(sa.sin(heavy))
    (step,) = plan_for([heavy], {}, [x], True).steps
    assert isinstance(step.grain, int) and step.grain % 64 == 0 and step.grain < 1000


def test_hints() -> None:
    assert loop_hint(10, 12, nested=True, updates=False) == "short"
    assert loop_hint(10, 12, nested=True, updates=True) == ""  # masked loads would wait for masked stores
    assert loop_hint(10, 20, nested=True, updates=True) == "short"
    assert loop_hint(64, 12, nested=True, updates=False) == ""  # whole vectors
    assert loop_hint(2, 12, nested=True, updates=False) == ""
    assert loop_hint(1000, 12, nested=True, updates=False) == ""
    assert loop_hint(1000, 40, nested=True, updates=False) == "deep"
    assert loop_hint(10, 40, nested=False, updates=False) == "deep"
