"""Loops with hints: the same values for every number of iterations, and the hint reaches LLVM."""

from __future__ import annotations

import numpy as np
import pytest
from llvmlite.binding import parse_assembly
from numba.core import types

import staticad as sa
from staticad.codegen import numba_pipeline
from staticad.codegen.loop_hints import hinted

KERNEL = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    n0 = size(args, 2)
    for i0 in range(lo, hi):
        a0 = float64(0.0)
        for i1 in range(n0):
            {hint}
            v0 = load(p0, i0 * n0 + i1)
            a0 = add_reduce(a0, exp(v0))
        store(p1, i0, a0)
"""


def ir_of(source: str) -> str:
    names = {"__name__": "kernel", **numba_pipeline.KERNEL_NAMES}
    exec(source, names)
    return hinted(*numba_pipeline.lower(names["kernel"], numba_pipeline.ARGUMENTS, types.void, ssa=True)[:2])


@pytest.mark.parametrize("hint", ["short_loop()", "deep_loop()"])
def test_one_loop_gets_the_hint(hint: str) -> None:
    text, plain = ir_of(KERNEL.format(hint=hint)), ir_of(KERNEL.format(hint="pass"))
    branches = [line for line in text.splitlines() if "!llvm.loop" in line and " br " in line]
    assert len(branches) <= 1 and not [line for line in plain.splitlines() if " br " in line and "!llvm.loop" in line]
    for line in branches:
        node = line.split("!llvm.loop")[1].strip()
        assert f"{node} = distinct !{{{node}, !" in text  # a loop's node refers to itself


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_deep_loops_of_any_length(dtype: str) -> None:
    x = sa.placeholder((None,), dtype)
    y = sa.tanh(sa.erf(x) + sa.exp(-x * x)) * sa.softplus(x)
    session = sa.compile([y, y.sum(), *sa.gradients(y.sum(), [x])], [x])
    assert "deep_loop()" in session.source()
    rtol = 2e-5 if dtype == "float32" else 1e-13
    for n in (0, 1, 2, 15, 16, 17, 31, 63, 64, 65, 127, 130, 1000, 20_001):
        data = np.random.default_rng(n).normal(size=n).astype(dtype)
        for found, expected in zip(session(data), sa.evaluate([y, y.sum(), *sa.gradients(y.sum(), [x])], {x: data})):
            np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * 4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [5, 7, 10, 17, 33, 100, 127])
def test_short_rows_of_any_length(columns: int, dtype: str) -> None:
    x = sa.placeholder((None, columns), dtype)
    fetches = [sa.softmax(x, axis=1), sa.exp(x).sum(axis=1), sa.exp(x).sum(axis=0), sa.logsumexp(x, axis=1).sum()]
    session = sa.compile(fetches, [x])
    assert "short_loop()" in session.source()
    for rows in (0, 1, 5, 300):
        data = np.random.default_rng(rows).normal(size=(rows, columns)).astype(dtype)
        rtol = 1e-5 if dtype == "float32" else 1e-12
        for found, expected in zip(session(data), sa.evaluate(fetches, {x: data})):
            np.testing.assert_allclose(found, expected, rtol=rtol)


def test_nan_and_infinity_pass_masked_loops() -> None:
    x = sa.placeholder((None, 5))
    session = sa.compile([sa.exp(x).sum(axis=1), sa.softmax(x, axis=1)], [x])
    data = np.array([[0.0, 1.0, np.nan, 2.0, 3.0], [np.inf, 0, 0, 0, 0], [-np.inf, 0, 0, 0, 0]])
    with np.errstate(all="ignore"):
        sums, soft = session(data)
    assert np.isnan(sums[0]) and np.isposinf(sums[1]) and sums[2] == 4.0
    assert np.isnan(soft[0]).all() and soft[2].tolist() == [0.0, 0.25, 0.25, 0.25, 0.25]


@pytest.mark.parametrize(("hint", "nodes"), [("short_loop()", 0), ("deep_loop()", 1)])
def test_cpus_without_cheap_masks_use_none(monkeypatch: pytest.MonkeyPatch, hint: str, nodes: int) -> None:
    monkeypatch.setattr("staticad.codegen.hints.host_features", dict)
    text = ir_of(KERNEL.format(hint=hint))
    assert sum("!llvm.loop" in line for line in text.splitlines() if " br " in line) == nodes
    assert text.count("= distinct !{") == nodes and ("i32 4}" in text) == bool(nodes)
    assert "predicate" not in text
    parse_assembly(text).verify()


def test_hinted_modules_are_valid() -> None:
    for hint in ("short_loop()", "deep_loop()"):
        parse_assembly(ir_of(KERNEL.format(hint=hint))).verify()
