"""The order of clusters: what it grants and refuses is what a search of the whole graph would say."""

from __future__ import annotations

import numpy as np

from staticad.lower.fusion.clusters import Cluster
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import Step
from staticad.lower.memory.order import Made, Order

NOTHING = Kernel((), (), ())


def made(number: int, reads: list[int]) -> Made:
    """A cluster that writes the buffer of its own number."""
    return Cluster(number, 0), [Step(NOTHING, (), 1, 0, tuple(reads), (number,), "")]


def follows(order: Order, first: int) -> set[int]:
    found, pending = {first}, [first]
    while pending:
        new = order.following[pending.pop()] - found
        found |= new
        pending += new
    return found


def test_demands_are_refused_exactly_where_they_close_a_circle() -> None:
    rng = np.random.default_rng(0)
    granted = refused = known = 0
    for _ in range(30):
        count = int(rng.integers(5, 40))
        steps = [
            made(k, sorted({int(r) for r in rng.integers(max(0, k - 6), k, int(rng.integers(0, 4)))}) if k else [])
            for k in range(count)
        ]
        order = Order(steps)
        for _ in range(60):
            first, then = {int(k) for k in rng.integers(0, count, int(rng.integers(1, 4)))}, int(rng.integers(count))
            circle = not first.isdisjoint(follows(order, then))
            assert order.before(first, then) != circle
            granted, refused = granted + (not circle), refused + circle
            buffer = int(rng.integers(count))
            if order.read_after(buffer, then):
                assert order.readers[buffer] & (follows(order, then) - {then})
                known += 1
        at = {cluster.number: position for position, (cluster, _) in enumerate(order.sorted(steps))}
        assert all(at[one] < at[other] for one, others in order.following.items() for other in others)
    assert min(granted, refused, known) > 100


def test_steps_that_nothing_moves_stay_where_they_are() -> None:
    steps = [made(k, [k - 2] if k > 1 else []) for k in range(20)]
    order = Order(steps)
    assert order.before({8}, 11) and order.before({4}, 7)
    assert order.sorted(steps) == steps
