"""Loops that LLVM need not try to vectorize are recognized, and give the bits of all others."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from staticad import config
from staticad.codegen import jit
from staticad.codegen.serial import is_serial
from tests.codegen.kernel_runner import run

HEAD = """def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 3)
    p1 = pointer(args, 1, float64, 1, 3)
    p2 = pointer(args, 2, int64, 2, 3)
"""


def kernel(*body: str, loop: str = "for t in range(lo, hi):") -> str:
    return HEAD + "".join(f"    {line}\n" for line in (loop, *(f"    {line}" for line in body)))


def serial(source: str) -> bool:
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    return is_serial(function)


STATE = ("a = load(p0, 0)", "b = mul(a, load(p1, t))", "store(p1, t, b)", "c = add(b, float64(1))", "store(p0, 0, c)")


@pytest.mark.parametrize(
    "source",
    [
        kernel(*STATE),
        kernel(*STATE, "if a_is_large:", "    break", loop="while True:"),
        kernel("a = load(p0, 0)", "if less(t, 3):", "    store(p0, 0, sub(load(p1, t), a))"),
        kernel("store(p0, 0, where(less(t, 3), load(p0, 0), div(load(p0, 0), float64(3))))"),
        kernel("for u in range(3):", "    store(p0, 1, exp(add(load(p0, 1), load(p0, 0))))"),
    ],
)
def test_steps_wait_for_each_other(source: str) -> None:
    assert serial(source)


@pytest.mark.parametrize(
    "source",
    [
        kernel("store(p0, t, mul(load(p0, t), float64(2)))"),  # other elements in each step
        kernel("store(p0, 0, add(load(p0, 1), load(p1, t)))"),  # another element
        kernel("a = load(p0, 0)", "store(p0, 0, load(p1, t))", "store(p1, t, add(a, float64(1)))"),  # moved on
        kernel("store(p0, 0, maximum(load(p0, 0), mul(load(p1, t), float64(2))))"),
        kernel("store(p2, 0, add(load(p2, 0), load(p2, 1)))"),  # sums of integers have no order
        kernel(*STATE, "for u in range(3):", "    store(p1, u, add(load(p1, u), a))"),
        kernel(*STATE) + kernel("store(p1, t, add(load(p1, t), float64(1)))").removeprefix(HEAD),
        HEAD + "    store(p0, 0, add(load(p0, 0), float64(1)))\n",  # no loop
    ],
)
def test_steps_that_may_be_taken_together(source: str) -> None:
    assert not serial(source)


def test_the_bits_are_those_of_numba_and_of_other_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    assert serial(kernel(*STATE))
    results = []
    for way, tried in (("assembled", True), ("assembled", False), ("numba", False)):
        monkeypatch.setattr(jit, "is_serial", lambda function, found=tried: found)
        arrays = [np.array([0.7]), np.random.default_rng(0).normal(size=97), np.arange(3)]
        with config.override(codegen=way, cache=False):
            run(kernel(*STATE) + f"    pass  # {way} {tried}\n", arrays, 0, 97)  # kernels are loaded once
        results.append([array.tobytes() for array in arrays])
    assert results[0] == results[1] == results[2]
