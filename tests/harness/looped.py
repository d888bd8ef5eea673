"""Random graphs as bodies of loops and branches: all ops, in all kinds of kernels, where a body has to hold them."""

from __future__ import annotations

from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ir.substitute import substitute
from tests.harness.random_builder import RandomGraph, random_graph

STEPS = 3
Feeds = dict[Tensor, np.ndarray]


def looped_graph(seed: int) -> RandomGraph | None:
    """A random graph that runs on STEPS values of its inputs, one after another; None for a graph without inputs.

    A third are scans that stack the results, a third carry them through a counted loop that takes its values by index,
    a third make every other step take a branch without the graph.
    """
    graph = random_graph(seed)
    if not graph.inputs:
        return None
    rng = np.random.default_rng(seed)
    steps: Any = "k" if rng.random() < 0.5 else STEPS
    stacks = [sa.placeholder((steps, *t.shape), t.dtype, name=t.name) for t in graph.inputs]

    def body(slices: list[Tensor]) -> list[Tensor]:
        return substitute(graph.outputs, dict(zip(graph.inputs, slices, strict=True)))

    def zeros() -> list[Tensor]:
        return [sa.zeros(t.shape, t.dtype) for t in graph.outputs]

    def alternate(count: Tensor, slices: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return count + 1, list(sa.cond(sa.remainder(count, 2) == 0, lambda: body(slices), zeros))

    if seed % 3 == 0:
        reverse = bool(rng.random() < 0.5)
        _, results = sa.scan(lambda count, slices: (count + 1, body(slices)), sa.constant(0), stacks, reverse=reverse)
    elif seed % 3 == 1:
        results = sa.fori_loop(0, stacks[0].shape[0], lambda i, state: body([s[i] for s in stacks]), zeros())
    else:
        _, results = sa.scan(alternate, sa.constant(0), stacks)
    feeds, more_feeds = (_stacked(graph, stacks, given) for given in (graph.feeds, graph.more_feeds))
    return graph._replace(
        inputs=stacks, outputs=list(results), feeds=feeds, more_feeds=more_feeds, updates={}, illegal=None
    )


def _stacked(graph: RandomGraph, stacks: list[Tensor], feeds: Feeds) -> Feeds:
    """STEPS values of each input. Integers stay the same, since they may be indices."""
    found = {}
    for stack, tensor in zip(stacks, graph.inputs, strict=True):
        value = np.asarray(feeds[tensor])
        others = [value, value]
        if value.dtype.kind == "f":
            others = [value * value.dtype.type(0.5), -value]
        found[stack] = np.stack([value, *others])
    return found
