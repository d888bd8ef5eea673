"""Kernels that are assembled give the bits of those that Numba compiles, and what is no kernel is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.codegen import jit, recipes
from staticad.errors import CompileError
from tests.codegen.golden_kernels import DIRECTORY, GOLDEN
from tests.codegen.kernel_runner import run
from tests.harness.matrix import Feeds, Matrix
from tests.harness.op_cases import all_op_cases
from tests.harness.random_graphs import random_graph

SIZE = 1003
Program = Callable[[str], tuple[Sequence[sa.Tensor], Sequence[sa.Tensor]]]


def reductions(dtype: str) -> tuple[Sequence[sa.Tensor], Sequence[sa.Tensor]]:
    x = sa.placeholder((None, 37), dtype)
    loss = (sa.softmax(x, axis=1) * sa.tanh(x)).sum()
    return [x.sum(), x.sum(axis=0), x.mean(axis=1), x.max(axis=0), sa.argmin(x, axis=1), *sa.gradients(loss, [x])], [x]


def functions(dtype: str) -> tuple[Sequence[sa.Tensor], Sequence[sa.Tensor]]:
    x = sa.placeholder((None,), dtype)
    y = sa.exp(sa.sin(x)) + sa.log1p(x * x) - sa.erf(x) * sa.sigmoid(x) + sa.cos(x) / (1 + abs(x)) ** 1.5
    index = sa.astype(abs(x) * 7, "int64") % 100
    return [y, y.sum(), *sa.gradients(y.sum(), [x]), x[index], x.at[index].add(y), sa.astype(x * 100, "int8")], [x]


def products(dtype: str) -> tuple[Sequence[sa.Tensor], Sequence[sa.Tensor]]:
    x, w, v = sa.placeholder((None, 37), dtype), sa.placeholder((37, 20), dtype), sa.placeholder((20, 5), dtype)
    loss = sa.square(sa.tanh(x @ w) @ v).sum()
    return [x @ w, loss, *sa.gradients(loss, [x, w, v]), x.T @ x], [x, w, v]


def loops(dtype: str) -> tuple[Sequence[sa.Tensor], Sequence[sa.Tensor]]:
    h, w, xs = sa.placeholder((4, 20), dtype), sa.placeholder((20, 20), dtype), sa.placeholder((None, 4, 20), dtype)
    last, all_ = sa.scan(lambda h, row: (sa.tanh(h @ w + row), h.sum()), h, xs)
    s = sa.fori_loop(0, 50, lambda i, s: sa.where(s > 1, s * 0.5, s + sa.sin(s)), h[0, 0])
    root = sa.while_loop(lambda a: a * a > 2 + 1e-3, lambda a: (a + 2 / a) / 2, abs(s) + 3)
    return [last, all_, s, root, *sa.gradients(last.sum() + s, [h, w, xs])], [h, w, xs]


def feeds(inputs: Sequence[sa.Tensor]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = [[d if isinstance(d, int) else SIZE // t.ndim**3 for d in t.shape] for t in inputs]
    return [rng.normal(size=s).astype(t.dtype) for s, t in zip(sizes, inputs)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("program", [reductions, functions, products, loops])
def test_the_bits_are_those_of_numba(program: Program, dtype: str) -> None:
    fetches, inputs = program(dtype)
    found = {}
    for way in ("assembled", "numba"):
        with config.override(codegen=way):
            found[way] = sa.compile(fetches, inputs)(*feeds(inputs))
    for number, (a, b) in enumerate(zip(found["assembled"], found["numba"], strict=True)):
        assert a.tobytes() == b.tobytes(), f"result {number}"


@pytest.mark.parametrize(
    ("group", "dtype"),
    [("unary", "float32"), ("ternary", "float64"), ("cast", "uint8"), ("gather nonempty", "int16")],
)
def test_ops_have_the_bits_of_numba(group: str, dtype: str, rng: np.random.Generator) -> None:
    cases = [case for case in all_op_cases() if case.group + (" nonempty" if case.nonzero else "") == group]
    found = {}
    feeds: Feeds = {}
    for way in ("assembled", "numba"):
        with config.override(codegen=way):
            matrix = Matrix(cases, np.dtype(dtype))
        feeds = feeds or matrix.feeds(rng, dict.fromkeys("abcde", 5))
        found[way] = [result.tobytes() for result in matrix.session(*feeds.values())]
    differing = [str(case) for case, a, b in zip(matrix.cases, *found.values()) if a != b]
    assert not differing


MIDDLE = 1 << 14


def arguments(kernel: str) -> tuple[list[np.ndarray], list[np.ndarray | int]]:
    """Memory for a kernel and its slots, which point into the middle of it: no matter what it computes, its indices
    are small as long as sizes are."""
    rng = np.random.default_rng(0)
    memory, slots = [], []
    named = re.findall(r"(pointer|size|check_index)\(args, (\d+)(?:, (\w+))?", kernel)
    for what, _, dtype in sorted(set(named), key=lambda found: int(found[1])):
        if what == "size":
            slots.append(5)
            continue
        array = rng.integers(0, 3, 2 * MIDDLE).astype(dtype.strip("_") if what == "pointer" else "int64")
        if array.dtype.kind == "f":
            array += rng.normal(size=array.size).astype(array.dtype)
        memory.append(array)
        slots.append(array[MIDDLE:])
    return memory, slots


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_kernels_have_the_bits_of_numba(name: str) -> None:
    for kernel in re.findall(r"^def kernel.*?(?=^#|\Z)", (DIRECTORY / f"{name}.txt").read_text("utf-8"), re.M | re.S):
        found = []
        for way in ("assembled", "numba"):
            memory, slots = arguments(kernel)
            before = [array.tobytes() for array in memory]
            with config.override(codegen=way):
                run(kernel, slots, 0, 4)
            found.append([array.tobytes() for array in memory])
        assert found[0] == found[1] and found[0] != before


@pytest.mark.parametrize("seed", range(3))
def test_random_graphs_have_the_bits_of_numba(seed: int) -> None:
    graph = random_graph(seed)
    found = {}
    for way in ("assembled", "numba"):
        with config.override(codegen=way):
            results = sa.compile(graph.outputs, inputs=list(graph.feeds)).run(graph.feeds)
            found[way] = [result.tobytes() for result in results]
    assert found["assembled"] == found["numba"]


NAMES = """\
def kernel(args, lo, hi):
    p = pointer(args, 0, float64, 0, 1)
    a = float64(1.0)
    for i in range(lo, hi):
        b = load(p, i)
        a = add(a, b)
        if i > 2:
            a = mul(a, float64(2.0))
    store(p, 0, a)
    store(p, 1, b)
    a = size(args, 1)
    store(p, 2, float64(a - 1))
    k = lo - 1
    while True:
        k += 1
        if k * k >= a // 2:
            break
    store(p, 3, cast(k, float64))
"""


@pytest.mark.parametrize("way", ["assembled", "numba"])
def test_names_are_values_or_places(way: str) -> None:
    """Read after their block, assigned again with another dtype, counted in a loop that breaks."""
    data = np.arange(1.0, 6.0)
    with config.override(codegen=way):
        run(NAMES, [data, 100], 0, 5)
    assert data.tolist() == [((1 + 1 + 2 + 3 + 4) * 2 + 5) * 2, 5.0, 99.0, 8.0, 5.0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("v = load(p, 0) + load(p, 1)", "index arithmetic needs int64"),
        ("v = 1.5", "no expression of a kernel"),
        ("v = w", "w is no name"),
        ("v, w = (1, 2)", "no statement"),
        ("return", "no statement"),
        ("break", "no statement"),
        ("v = lambda: 1", "no expression"),
        ("v = nothing(1)", "nothing"),
        ("v = exp(load(p, 0), load(p, 1))", "exp"),
        ("v = load(p, float64(1.0))", "index"),
    ],
)
def test_what_is_no_kernel_is_refused(line: str, reason: str) -> None:
    text = f"def kernel(args, lo, hi):\n    p = pointer(args, 0, float64, 0, 1)\n    {line}\n"
    with pytest.raises(CompileError, match=rf"line 3 \({re.escape(line)}\).*{reason}"):
        jit.compile_source(text)


def test_machine_code_is_left_to_numba() -> None:
    for text in ("def entry(args, lo, hi):\n    return lo\n", "def kernel(args, lo, hi):\n    poke(lo, 0, hi)\n"):
        assert recipes.is_machine_code(text)
    assert not recipes.is_machine_code(NAMES)
