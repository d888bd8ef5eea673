"""Compiled sessions against the reference on whole graphs, and what to print when they differ."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np

import staticad as sa
from staticad.errors import FeedError, IndexOutOfBounds
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.printer import print_graph
from staticad.ops.effects import PRINT
from staticad.ops.sources import VARIABLE
from staticad.reference import evaluate
from tests.harness.condition import mismatches
from tests.harness.poison import poisoned_memory
from tests.harness.printing import lines, printing
from tests.harness.random_builder import RandomGraph

Feeds = dict[Tensor, np.ndarray]


def check_graphs(graphs: Sequence[RandomGraph]) -> list[str]:
    """Compile the graphs into one session and compare; a text for every graph that differs.

    A batch in which anything is wrong is repeated graph by graph.
    """
    with printing():
        return _failures(graphs)


def _failures(graphs: Sequence[RandomGraph]) -> list[str]:
    together = _differences(graphs)
    if not together:
        return []
    failures = []
    for graph in graphs:
        differences = _differences([graph])
        if differences:
            failures.append(f"seed {graph.seed}: {differences[0]}\n{_smallest(graph)}")
    if not failures:
        failures.append(f"seeds {[g.seed for g in graphs]} differ together, not alone: {together[0]}")
    return failures


def _differences(graphs: Sequence[RandomGraph]) -> list[str]:
    """Compile, run on both feeds, compare the results and what became of the variables."""
    with poisoned_memory():
        return _compare(graphs)


def _compare(graphs: Sequence[RandomGraph]) -> list[str]:
    inputs = [t for g in graphs for t in g.inputs]
    outputs = [t for g in graphs for t in g.outputs]
    updates = {v: t for g in graphs for v, t in g.updates.items()}
    variables = [n.out for n in sort_nodes([*outputs, *updates, *updates.values()]) if n.op is VARIABLE]
    initial = [v.value for v in variables]
    found: list[str] = []
    try:
        session = sa.compile(outputs, inputs=inputs, updates=updates)
        for which in ("feeds", "more_feeds"):
            given = {t: a for g in graphs for t, a in getattr(g, which).items()}
            found += [f"{which}, {text}" for text in _run(session, outputs, updates, variables, given)]
        for graph in graphs:
            if graph.illegal is not None:
                others = {t: a for g in graphs for t, a in g.feeds.items()}
                outputs = [*graph.outputs, *graph.updates.values()]
                found += _run_illegal(session, outputs, variables, others, *graph.illegal)
    except Exception as error:
        lines = "".join(traceback.format_exception(error)[-4:])
        found.append(f"{type(error).__name__}: {error}\n{lines}")
    finally:
        for variable, value in zip(variables, initial):
            variable.assign(value)
    return found


def _run(
    session: Any, outputs: list[Tensor], updates: dict[Tensor, Tensor], variables: list[Any], given: Feeds
) -> list[str]:
    before = {t: a.tobytes() for t, a in given.items()}
    old = {v: v.value for v in variables}
    fetched = [*outputs, *updates.values()]
    with printing() as seen:
        results = [*session.run(given), *(v.value for v in updates)]
    with printing() as expected:
        evaluate([node.out for node in sort_nodes(fetched) if node.op is PRINT], given, old)
    differences = mismatches(fetched, results, given, old)
    found = [f"{tensor!r}: {text}" for tensor, text in zip([*outputs, *updates], differences) if text is not None]
    found += [] if lines(seen) == lines(expected) else [f"printed {lines(seen)} instead of {lines(expected)}"]
    found += [f"the feed of {t!r} was overwritten" for t, a in given.items() if a.tobytes() != before[t]]
    found += [f"{v!r} changed" for v in variables if v not in updates and v.value.tobytes() != old[v].tobytes()]
    return found


def _run_illegal(
    session: Any, outputs: list[Tensor], variables: list[Any], others: Feeds, feeds: Feeds, expected: Exception
) -> list[str]:
    """The session has to refuse what the reference refuses, and to leave the variables alone."""
    # Sizes are checked before anything is indexed: of two errors the session may find the other one.
    kinds = (IndexOutOfBounds, FeedError) if isinstance(expected, IndexOutOfBounds) else (FeedError,)
    old = [v.value.tobytes() for v in variables]
    try:
        session.run({**others, **feeds})
    except kinds:
        return ["an error changed a variable"] if [v.value.tobytes() for v in variables] != old else []
    except Exception as error:
        return [f"illegal feeds: {type(error).__name__}: {error}, and not {type(expected).__name__}: {expected}"]
    if isinstance(expected, IndexOutOfBounds) and _refuses_alone(outputs, feeds):
        return []  # no result depends on what was indexed
    return [f"illegal feeds were accepted: {expected}"]


def _refuses_alone(outputs: list[Tensor], feeds: Feeds) -> bool:
    """Whether a session whose result is what the first wrong index reads or writes refuses the feeds, or this is
    nothing: where another axis is empty no index is looked at."""
    for node in sort_nodes(outputs):
        if node.op.family not in ("gather", "scatter"):
            continue
        try:
            evaluate(node.out, feeds)
        except IndexOutOfBounds:
            if not evaluate([node.inputs[1 if node.op.family == "scatter" else 0]], feeds)[0].size:
                return True
            try:
                sa.compile(node.out, list(feeds)).run(feeds)
            except IndexOutOfBounds:
                return True
            return False
    return False


def _smallest(graph: RandomGraph) -> str:
    """The smallest part of the graph that is wrong by itself, as text with its feeds."""
    candidates = [t for node in sort_nodes(graph.outputs) if node.inputs for t in node.outputs]
    sizes = {t: len(sort_nodes([t])) for t in candidates}
    for tensor in sorted(candidates, key=lambda t: sizes[t]):
        part = _alone(graph, tensor)
        differences = _differences([part])
        if differences:
            return f"smallest part: {differences[0]}\n{_text(part)}"
    for tensor in list(graph.outputs):
        part = graph._replace(outputs=[t for t in graph.outputs if t is not tensor])
        graph = part if _differences([part]) else graph
    for variable in list(graph.updates):
        part = graph._replace(updates={v: t for v, t in graph.updates.items() if v is not variable})
        graph = part if _differences([part]) else graph
    return f"no tensor is wrong by itself; together these are: {_differences([graph])[0]}\n{_text(graph)}"


def _alone(graph: RandomGraph, tensor: Tensor) -> RandomGraph:
    """The graph with one output; what is illegal for it is found anew."""
    illegal = None
    if graph.illegal is not None:
        feeds = graph.illegal[0]
        try:
            evaluate(tensor, feeds)
        except (FeedError, IndexOutOfBounds, ValueError) as error:
            illegal = feeds, error
    return graph._replace(outputs=[tensor], updates={}, illegal=illegal)


def _text(graph: RandomGraph) -> str:
    lines = [print_graph([*graph.outputs, *graph.updates.values()])]
    lines += [f"  {v!r} becomes {t!r}" for v, t in graph.updates.items()]
    for feeds in (graph.feeds, graph.more_feeds, *([graph.illegal[0]] if graph.illegal else ())):
        for tensor, array in feeds.items():
            lines.append(f"  {tensor.name} {tensor.type} = {np.array2string(array, threshold=60)}  # {array.shape}")
    return "\n".join(lines)
