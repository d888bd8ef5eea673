"""Random graphs: a compiled session computes what the reference computes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from staticad.ir.graph import sort_nodes
from staticad.ops.control import LOOP
from staticad.ops.sources import VARIABLE
from staticad.reference import evaluate
from tests.harness import differential
from tests.harness.condition import expect
from tests.harness.random_cases import NAMES
from tests.harness.random_graphs import RandomGraph, check_seeds, random_graph

COMPILED, BATCH = 200, 10


@pytest.mark.parametrize("first", range(0, COMPILED, BATCH))
def test_compiled_graphs_compute_what_the_reference_computes(first: int) -> None:
    failures = check_seeds(range(first, first + BATCH))
    assert not failures, "\n\n".join(failures)


def test_a_seed_gives_one_graph() -> None:
    first, second = random_graph(17), random_graph(17)
    assert [str(t.type) for t in first.outputs] == [str(t.type) for t in second.outputs]
    for a, b in zip(first.feeds.values(), second.feeds.values(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_the_graphs_hold_every_op_and_few_meaningless_numbers() -> None:
    ops: Counter[str] = Counter()
    loose, finite = [], []
    for seed in range(COMPILED):
        graph = random_graph(seed)
        ops.update(node.op.name for node in sort_nodes(graph.outputs))
        for expected in expect(graph.outputs, graph.feeds) if seed % 5 == 0 else ():
            if expected.value.size:
                loose.append(float(expected.loose.mean()))
                finite.append(float(np.isfinite(expected.value).mean()))
    assert {*NAMES, VARIABLE.name, LOOP.name} == ops.keys()
    assert np.mean(loose) < 0.015
    assert np.mean(finite) > 0.9


WRONG = ("tanh", "sin", "cos", "erf", "arctan", "sigmoid", "exp")


def is_wrong_of_numbers(graph: RandomGraph) -> bool:
    """Whether the first output is one of these functions in float64 (of float32 the error would pass for rounding), of
    something that is not empty and not all zeros."""
    first = graph.outputs[0]
    return first.op.name in WRONG and first.dtype == np.float64 and bool(np.any(evaluate(first, graph.feeds)[0]))


def test_a_wrong_result_is_found_and_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison sees a compiled result that is off in one element, and prints the smallest wrong part."""
    compile_ = differential.sa.compile

    def compile_wrongly(fetches, inputs, updates):  # type: ignore[no-untyped-def]
        session = compile_(fetches, inputs=inputs, updates=updates)
        wrong = [i for i, t in enumerate(fetches) if t.op.name in WRONG]

        class Wrong:
            def run(self, feeds):  # type: ignore[no-untyped-def]
                results = list(session.run(feeds))
                for i in wrong:
                    results[i] = results[i] * (1 + 1e-6)
                return results

        return Wrong()

    monkeypatch.setattr(differential.sa, "compile", compile_wrongly)
    seed = next(s for s in range(10_000) if is_wrong_of_numbers(random_graph(s)))
    (failure,) = check_seeds([seed])
    assert f"seed {seed}" in failure
    assert "smallest part" in failure
    assert "return %" in failure
