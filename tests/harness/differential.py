"""Compiled sessions against the reference on whole graphs, and what to print when they differ."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.printer import print_graph
from tests.harness.condition import Expected, expect, mismatch_expected
from tests.harness.random_builder import RandomGraph

LOOSE: list[float] = []  # for each compared output the share of elements that rounding makes meaningless


def check_graphs(graphs: Sequence[RandomGraph]) -> list[str]:
    """Compile the graphs into one session and compare; a text for every graph that differs.

    A batch in which anything is wrong is repeated graph by graph.
    """
    expected = [[expect(g.outputs, feeds) for feeds in (g.feeds, g.more_feeds)] for g in graphs]
    if not _differences(graphs, expected):
        return []
    failures = []
    for graph, wanted in zip(graphs, expected):
        differences = _differences([graph], [wanted])
        if differences:
            failures.append(f"seed {graph.seed}: {differences[0]}\n{_smallest(graph)}")
    if not failures:
        seeds = [g.seed for g in graphs]
        failures.append(f"seeds {seeds} differ together, not alone: {_differences(graphs, expected)[0]}")
    return failures


def _differences(graphs: Sequence[RandomGraph], expected: Sequence[Sequence[Sequence[Expected]]]) -> list[str]:
    """Compile, run on both feeds, compare."""
    inputs = [t for g in graphs for t in g.inputs]
    outputs = [t for g in graphs for t in g.outputs]
    found = []
    try:
        session = sa.compile(outputs, inputs=inputs)
        for which in (0, 1):
            feeds = {t: a for g in graphs for t, a in (g.feeds, g.more_feeds)[which].items()}
            before = {t: a.copy() for t, a in feeds.items()}
            results = session.run(feeds)
            wanted = [e for per_graph in expected for e in per_graph[which]]
            for tensor, result, want in zip(outputs, results, wanted, strict=True):
                difference = mismatch_expected(result, want)
                LOOSE.append(float(np.mean(want.loose)) if want.loose.size else 0.0)
                if difference is not None:
                    found.append(f"feeds {which}, {tensor!r}: {difference}")
            for tensor, array in feeds.items():
                if array.tobytes() != before[tensor].tobytes():
                    found.append(f"feeds {which}: the feed of {tensor!r} was overwritten")
    except Exception as error:
        lines = "".join(traceback.format_exception(error)[-4:])
        found.append(f"{type(error).__name__}: {error}\n{lines}")
    return found


def _smallest(graph: RandomGraph) -> str:
    """The smallest part of the graph that is wrong by itself, as text with its feeds."""
    candidates = [t for node in sort_nodes(graph.outputs) if node.inputs for t in node.outputs]
    sizes = {t: len(sort_nodes([t])) for t in candidates}
    for tensor in sorted(candidates, key=lambda t: sizes[t]):
        part = _part(graph, [tensor])
        differences = _differences([part], [[expect([tensor], part.feeds), expect([tensor], part.more_feeds)]])
        if differences:
            return f"smallest part: {differences[0]}\n{_text(part)}"
    outputs = list(graph.outputs)
    for tensor in graph.outputs:
        fewer = [t for t in outputs if t is not tensor]
        part = _part(graph, fewer)
        if fewer and _differences([part], [[expect(fewer, part.feeds), expect(fewer, part.more_feeds)]]):
            outputs = fewer
    return f"no tensor is wrong by itself; together these are:\n{_text(_part(graph, outputs))}"


def _part(graph: RandomGraph, outputs: list[Tensor]) -> RandomGraph:
    """The graph with other outputs. All inputs stay: they may be what a size is known from."""
    return graph._replace(outputs=outputs)


def _text(graph: RandomGraph) -> str:
    lines = [print_graph(graph.outputs)]
    for feeds in (graph.feeds, graph.more_feeds):
        for tensor, array in feeds.items():
            lines.append(f"  {tensor.name} {tensor.type} = {np.array2string(array, threshold=60)}  # {array.shape}")
    return "\n".join(lines)
