"""Graphs that draw random numbers, as pictures, as networks, as kernels."""

from __future__ import annotations

import numpy as np

import staticad as sa
from tests.export.drawing import shown_texts


def model() -> tuple[sa.Tensor, sa.Tensor]:
    key = sa.placeholder((2,), "uint32", name="key")
    start = sa.placeholder(("n",), name="start")

    def step(x: sa.Tensor, k: sa.Tensor) -> tuple[sa.Tensor, None]:
        return x + sa.random.normal(k, x.shape), None

    return key, sa.scan(step, start, sa.random.split(key, 3))[0]


def test_pictures_show_the_generator_and_its_key() -> None:
    key, y = model()
    for text in (sa.to_dot(y), sa.compile(y).to_dot("optimized"), sa.compile(y).to_dot("kernels")):
        assert "key" in text
        assert any("threefry64" in line for line in shown_texts(text))
    graph = sa.to_networkx(y)
    assert "threefry64" in dict(graph.nodes(data="op")).values()


def test_the_kernels_draw_where_they_read() -> None:
    key = sa.placeholder((2,), "uint32")
    x = sa.placeholder(("n",), "float32")
    session = sa.compile((x * sa.random.normal(key, x.shape, "float32")).sum(), inputs=[key, x])
    (kernel,) = [text for text in session.source().split("\n\n\n") if "threefry32" in text]
    assert "erfinv" in kernel and "add_reduce" in kernel
    assert session.memory({"n": 10**6}) < 10**5  # no array of random numbers
    assert np.isfinite(session(np.array([0, 1], np.uint32), np.ones(1000, "float32")))
