"""The same bits with 1, 2, 4 and 8 threads, at every alignment, in a session that has run before or a new one, with
subnormal numbers or zeros in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from staticad import config
from staticad.errors import StaticadError
from staticad.ir import dim_values
from staticad.ir.graph import Tensor, sort_nodes
from staticad.runtime.feeds import bind_sizes
from tests.harness.families import FLOATS, ordinary
from tests.harness.random_graphs import random_graph
from tests.stress.program import Case, Finding

THREADS = (1, 2, 4, 8)
RUNS = 6  # of one case
MOST = 1 << 20  # elements of any array

Built = tuple[list[Tensor], list[Tensor]]  # inputs and outputs


def prepare(short: bool) -> Case:
    names = ("reductions", "scattered") if short else tuple(PROGRAMS)
    programs = [(name, dtype) for name in names for dtype in (FLOATS[:1] if short else FLOATS)]
    built = {(name, dtype): PROGRAMS[name](dtype) for name, dtype in programs}
    known = {
        key: {(threads, False): sa.compile(outputs, inputs) for threads in THREADS}
        for key, (inputs, outputs) in built.items()
    }

    def case(rng: np.random.Generator) -> int:
        if rng.random() < (1.0 if short else 0.9):
            key = programs[int(rng.integers(len(programs)))]
            inputs, outputs = built[key]
            sizes = {s: int(rng.choice((0, 1, 5, 63, 64, 1000, 4097, 20_000, 50_001))) for s in "n"}
            arrays = [ordinary(rng, tuple(sizes.get(str(s), s) for s in x.shape), x.dtype) for x in inputs]
            label, sessions = f"{key[0]}, {key[1]}, {sizes}", known[key]
        else:
            seed = int(rng.integers(1 << 31))
            found = large(seed, rng)
            if found is None:
                return 0
            inputs, outputs, arrays = found
            label = f"graph of seed {seed} fed {[a.shape for a in arrays]}"
            sessions = {}
        return check(label, (inputs, outputs), sessions, arrays, rng)

    return case


def check(
    label: str, built: Built, sessions: dict[tuple[int, bool], Any], arrays: list[np.ndarray], rng: np.random.Generator
) -> int:
    """Runs that differ in all that must not matter. A session runs with the threads that it was bound with."""
    inputs, outputs = built
    first: list[bytes] | None = None
    flush = bool(rng.random() < 0.3)
    if flush:
        label += ", flushed"
        arrays = [near_the_least(rng, a) if a.dtype.kind == "f" else a for a in arrays]
    for run in range(RUNS):
        threads, offset = THREADS[(run + int(rng.integers(2))) % 4], int(rng.integers(0, 9))
        with config.override(threads=threads):
            if (threads, flush) not in sessions or rng.random() < 0.1:
                sessions[threads, flush] = sa.compile(outputs, inputs, options={"flush_subnormals": flush})
            found = [y.tobytes() for y in sessions[threads, flush](*(shifted(a, offset) for a in arrays))]
        if first is None:
            first, of_first = found, (threads, offset)
        for number, (one, other) in enumerate(zip(first, found, strict=True)):
            if one != other:
                raise Finding(
                    f"{label}: result {number} differs between threads, shift {of_first} and {threads, offset}"
                )
    return (RUNS - 1) * len(outputs)


def near_the_least(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    """Many of the numbers so small that they or what is made of them is subnormal."""
    scale = np.finfo(array.dtype).tiny * 10.0 ** rng.uniform(-2, 6, array.shape)
    return np.where(rng.random(array.shape) < 0.5, array * scale, array).astype(array.dtype)


def shifted(array: np.ndarray, offset: int) -> np.ndarray:
    """The same elements, so many items behind a page's beginning."""
    store = np.empty(array.nbytes + 64 + 4096, np.uint8)
    start = -store.ctypes.data % 4096 + offset * array.itemsize
    view = store[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def large(seed: int, rng: np.random.Generator) -> tuple[list[Tensor], list[Tensor], list[np.ndarray]] | None:
    """A random graph and feeds that are as large as can be, if any are legal."""
    graph = random_graph(seed)
    old = bind_sizes(graph.inputs, [graph.feeds[x] for x in graph.inputs])
    if not old:
        return None
    for size in (100_000, 4096, 500, 60):
        values = {symbol: int(size if rng.random() < 0.6 else old[symbol]) for symbol in old}
        shapes = [t.shape for node in sort_nodes([*graph.outputs, *graph.inputs]) for t in node.types]
        try:
            sizes = [[float(dim_values.evaluate(n, values)) for n in shape] for shape in shapes]
            if max(np.prod(size) for size in sizes) > MOST:
                continue
            fed = [tuple(dim_values.evaluate(n, values) for n in x.shape) for x in graph.inputs]
            arrays = [ordinary(rng, shape, x.dtype) for shape, x in zip(fed, graph.inputs)]
            sa.compile(graph.outputs, graph.inputs)(*arrays)
        except (StaticadError, ZeroDivisionError, KeyError):
            continue
        return graph.inputs, graph.outputs, arrays
    return None


def reductions(dtype: np.dtype) -> Built:
    x = sa.placeholder(("n", 3, 5), dtype)
    return [x], [x.sum(), x.sum(axis=0), x.mean(axis=1), sa.exp(x).sum(axis=(0, 2)), x.max(axis=2), sa.var(x)]


def products(dtype: np.dtype) -> Built:
    x, w = sa.placeholder(("n", 20), dtype), sa.placeholder((20, 30), dtype)
    hidden = sa.tanh(x @ w)
    loss = (sa.softmax(hidden, axis=1) ** 2).sum()
    return [x, w], [loss, hidden.sum(axis=0), *sa.gradients(loss, [x, w])]


def chains(dtype: np.dtype) -> Built:
    x, y = sa.placeholder(("n",), dtype), sa.placeholder(("n",), dtype)
    z = sa.sin(x) * sa.exp(-y * y) + sa.sqrt(abs(x) + 1.0)
    return [x, y], [z, (z * x).sum(), *sa.gradients((z * z).mean(), [x, y])]


def scattered(dtype: np.dtype) -> Built:
    x, i = sa.placeholder(("n", 4), dtype), sa.placeholder(("n",), "int8")
    place = sa.remainder(i.astype("int64"), 7)
    picked = x[-1 - sa.minimum(place, x.shape[0] - 1)]
    return [x, i], [sa.zeros((7, 4), dtype).at[place].add(x), picked, *sa.gradients((picked * x).sum(), [x])]


def rows(dtype: np.dtype) -> Built:
    x = sa.placeholder(("n", 9), dtype)
    return [x], [sa.logsumexp(x, axis=1), sa.log_softmax(x, axis=1), sa.argmax(x, axis=1), x.T @ x]


def loops(dtype: np.dtype) -> Built:
    x = sa.placeholder(("n",), dtype)
    y = sa.fori_loop(0, 5, lambda k, s: sa.sin(s) * 1.5 + x, x)
    return [x], [y, y.sum(), *sa.gradients((y * y).sum(), [x])]


def numbers(dtype: np.dtype) -> Built:
    x = sa.placeholder(("n",), dtype)
    key = sa.random.key(5)
    drawn = sa.random.normal(key, x.shape, dtype) * x
    return [x], [drawn, drawn.sum(), sa.random.uniform(key, x.shape, dtype)]


PROGRAMS: dict[str, Callable[[np.dtype], Built]] = {
    "reductions": reductions, "products": products, "chains": chains, "scattered": scattered, "rows": rows,
    "loops": loops, "numbers": numbers,
}  # fmt: skip
