"""Orders of graphs that are remembered while one is compiled are those that a walk finds."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

import staticad as sa
from staticad.ir.graph import Node, sort_nodes
from staticad.ir.orders import LATEST, Orders, known_orders, remembered_orders


def test_a_remembered_order_is_that_of_a_walk_and_a_list_of_its_own() -> None:
    x = sa.placeholder((3,))
    a, b = sa.sin(x), sa.cos(x)
    y = a + b
    asked = [[y], [b, a], [a, b], [y, x], [y], [b, a], []]
    walked = [sort_nodes(outputs) for outputs in asked]
    with remembered_orders():
        for outputs, order in zip(asked, walked, strict=True):
            found = sort_nodes(outputs)
            assert found == order
            found.clear()
        assert sort_nodes([y], stop=[a.node]) == [a.node, x.node, b.node, y.node]
        assert sort_nodes([y]) == walked[0]


def test_a_graph_that_was_walked_lately_is_not_walked_again() -> None:
    roots = [sa.placeholder(()).node for _ in range(LATEST + 1)]
    orders, walks = Orders(), []

    def ask(node: Node) -> None:
        def walk() -> list[Node]:
            walks.append(node)
            return [node]

        assert orders.of([node], walk) == [node]

    for node in (*roots[:-1], roots[0], roots[-1], roots[0], roots[1]):
        ask(node)
    assert walks == [*roots, roots[1]]  # which was the one that nobody had asked for for the longest time


def test_nothing_is_kept_afterwards_whatever_happens() -> None:
    y = sa.sin(sa.placeholder((3,)))
    kept = weakref.ref(y.node)
    with pytest.raises(ValueError), remembered_orders():
        outer = known_orders()
        with remembered_orders():
            assert known_orders() is outer
            sort_nodes([y])
        assert known_orders() is outer
        raise ValueError
    assert known_orders() is None
    del y, outer
    gc.collect()
    assert kept() is None


def test_each_thread_has_its_own() -> None:
    seen: list[object] = []
    with remembered_orders():
        thread = threading.Thread(target=lambda: seen.append(known_orders()))
        thread.start()
        thread.join()
    assert seen == [None]
