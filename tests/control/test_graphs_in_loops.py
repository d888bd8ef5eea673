"""Random graphs of all ops as bodies of loops and branches: compiled against the reference."""

from __future__ import annotations

import pytest

import staticad as sa
from tests.harness.condition import mismatches
from tests.harness.looped import looped_graph
from tests.harness.poison import poisoned_memory


@pytest.mark.parametrize("first", [0, 3, 6])
def test_random_graphs_as_bodies(first: int) -> None:
    graphs = [graph for graph in map(looped_graph, range(first, first + 3)) if graph is not None]
    outputs = [t for graph in graphs for t in graph.outputs]
    with poisoned_memory():
        session = sa.compile(outputs, inputs=[t for graph in graphs for t in graph.inputs])
        for which in ("feeds", "more_feeds"):
            feeds = {t: a for graph in graphs for t, a in getattr(graph, which).items()}
            for tensor, text in zip(outputs, mismatches(outputs, session.run(feeds), feeds), strict=True):
                assert text is None, f"{tensor!r} of the seeds from {first} on: {text}"
