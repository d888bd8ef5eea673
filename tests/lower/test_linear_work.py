"""The work of lowering is proportional to the graph: what it executes for 2n nodes is twice what it does for n."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.types import Constraint
from staticad.lower.interface import Update
from staticad.lower.lower import lower
from staticad.rewrite.pipeline import optimize
from staticad.runtime.request import _in_graph

Graph = tuple[list[Tensor], list[Update]]


def lines(call: Callable[[], object]) -> int:
    """How many lines of Python a call executes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def chain(n: int) -> Graph:
    """Values of which each is the last reader of the one before, and all read x."""
    x = sa.placeholder((40,))
    y = x
    for _ in range(4 * n):
        y = sa.sin(y) + x
    return [y, *sa.gradients(y.sum(), x)], []


def scalars(n: int) -> Graph:
    """Elements of an array, each made of several before it."""
    x = sa.placeholder((8,))
    values = [x[k] for k in range(8)]
    for k in range(8 * n):
        values.append(values[-1] * values[-3 - k % 5] - values[-7])
    return [sum(values[1:], values[0])], []


def independent(n: int) -> Graph:
    """Outputs that share an input, or nothing."""
    x = sa.placeholder((40,))
    return [sa.sin(x * float(k)) for k in range(2 * n)] + [sa.exp(sa.placeholder((30,))) for _ in range(n)], []


def parts(n: int) -> Graph:
    """Many operands of one array."""
    made = sa.concatenate([sa.sin(sa.placeholder((10,))) for _ in range(2 * n)])
    return [made.sum()], []


def descent(n: int) -> Graph:
    """Residual layers and the updates of their weights, some in part."""
    h = sa.placeholder((None, 8))
    weights = [sa.variable(np.zeros((8, 8))) for _ in range(n)]
    for w in weights:
        h = h + sa.tanh(h @ w)
    updates: list[Update] = [(w, w - 0.1 * d) for w, d in zip(weights, sa.gradients((h * h).sum(), weights))]
    counts = [sa.variable(np.zeros(4)) for _ in range(n)]
    return [h.sum()], [*updates, *((c, c.at[0].set(h[0, 0])) for c in counts)]


def sizes(n: int) -> Graph:
    """Temporaries of many sizes, which take the places of others."""
    x = sa.placeholder((None, 4))
    y = x.sum()
    for k in range(n):
        y = sa.max(sa.sin(sa.flip(sa.exp(y + sa.placeholder((3 + 5 * (k * 7 % 11),))))))
    return [y], []


def changes(n: int) -> Graph:
    """One array changed again and again."""
    y = sa.exp(sa.placeholder((50,)))
    for k in range(n):
        y = y.at[k % 50].set(y.sum() * 0.5)
    return [y], []


def elements(n: int) -> Graph:
    """Single numbers of which each becomes an element of an array."""
    x = sa.placeholder((8,))
    values = [x[k] for k in range(8)]
    y = sa.exp(sa.placeholder((n,)))
    for k in range(n):
        values.append(values[-1] * values[-3 - k % 5] - values[-7])
        y = y.at[k].set(values[-1])
    return [y], []


def powers(n: int) -> Graph:
    """A polynomial as Horner wrote it: the derivative has a long chain of cheap products of single numbers."""
    x = sa.placeholder(())
    y = x
    for k in range(8 * n):
        y = y * x + k * 0.3
    return [y, *sa.gradients(y, x)], []


def lowered(graph: Graph) -> int:
    """The work of lowering a graph."""
    fetches, updates = graph
    nodes = sort_nodes([*fetches, *(value for _, value in updates)])
    inputs = [node.out for node in nodes if node.op.name == "placeholder"]
    constraints: list[Constraint] = [c for node in nodes for c in node.constraints]
    return lines(lambda: lower(inputs, fetches, updates, constraints, nodes))


@pytest.mark.parametrize("graph", [chain, scalars, independent, parts, descent, sizes, changes, powers])
def test_twice_the_graph_is_twice_the_work(graph: Callable[[int], Graph]) -> None:
    small, large = lowered(graph(40)), lowered(graph(80))
    assert large <= 2.15 * small, large / small


def test_a_kernel_is_not_emitted_for_each_place_of_its_values() -> None:
    """All these numbers are members of one kernel."""
    small, large = lowered(elements(20)), lowered(elements(80))
    assert large <= 4.6 * small, large / small


def gathered(n: int) -> list[Tensor]:
    """Single numbers that are put together and read one by one."""
    values = [sa.placeholder(()) for _ in range(n)]
    stacked = sa.stack(values)
    return [stacked[k] * stacked[n - 1 - k] for k in range(n)]


def growing(n: int) -> list[Tensor]:
    """A sequence that grows, and is read where it begins and ends."""
    x = sa.placeholder((2,))
    for _ in range(n):
        x = sa.concatenate([x, x[:1] * x[-1:]])
    return [x]


@pytest.mark.parametrize("graph", [gathered, growing])
def test_twice_the_graph_is_twice_the_work_of_rewriting(graph: Callable[[int], list[Tensor]]) -> None:
    small, large = (lines(partial(optimize, graph(n))) for n in (60, 120))
    assert large <= 2.3 * small, large / small


def test_constants_of_a_plan_are_found_in_its_graph() -> None:
    def work(n: int) -> int:
        values = [sa.constant(float(k)) for k in range(n)]
        arrays = [np.asarray(float(k)) for k in range(n)]
        return lines(lambda: _in_graph(arrays, [value.node for value in values]))

    small, large = work(40), work(80)
    assert large <= 2.15 * small, large / small
