"""Loops that are called: which ones are, and which only look like them."""

from __future__ import annotations

import ast

import pytest

import staticad as sa
from staticad.codegen import jit
from staticad.codegen.assembler import assemble
from staticad.codegen.idioms import What, idioms
from staticad.codegen.recipes import COLUMN_SUMS, shared_symbols

KERNEL = """
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float32, 1, 2)
    n0 = size(args, 2)
    for c in range(lo, hi):
        for k0 in range(n0):
            store(p0, c * n0 + k0, float64(0.0))
        for k0 in range(n0):
            store(p1, k0 + c * n0 + 3, float32(0.0))
        for k0 in range(n0):
            v0 = load(p1, c * n0 + k0)
            store(p0, k0, add(load(p0, k0), cast(v0, float64)))
            store(p1, c * n0 + k0, float32(0.0))
        for k0 in range(n0):
            v1 = load(p0, k0)
            v2 = cast(v1, float32)
            store(p1, c * n0 + k0, v2)
"""


def found(text: str) -> list[What]:
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    calls = assemble(function, "f").count(f"call void @{COLUMN_SUMS}(")
    wanted = [idiom.what for idiom in idioms(function).values()]
    assert calls == len(wanted)
    return wanted


def test_loops_over_a_chunk_of_columns_are_called() -> None:
    chunk = KERNEL.replace("    for c in", "    n1 = size(args, 3)\n    for c in").replace("range(n0)", "range(n0, n1)")
    assert found(chunk) == [What.CLEAR_SUMS, What.CLEAR_RUN, What.ADD, What.ROUND]


def test_loops_of_sums_are_called() -> None:
    assert found(KERNEL) == [What.CLEAR_SUMS, What.CLEAR_RUN, What.ADD, What.ROUND]


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("store(p0, c * n0 + k0, float64(0.0))", "store(p0, c * n0 + k0, float64(-0.0))", 3),
        ("store(p0, c * n0 + k0, float64(0.0))", "store(p0, c * k0, float64(0.0))", 3),
        ("store(p0, c * n0 + k0, float64(0.0))", "store(p0, c * n0, float64(0.0))", 3),
        ("store(p0, c * n0 + k0, float64(0.0))", "store(p0, c * n0 - k0, float64(0.0))", 3),
        ("for k0 in range(n0):\n            store(p0,", "for k0 in range(3):\n            store(p0,", 3),
        ("for k0 in range(n0):\n            store(p0,", "for k0 in range(1, n0):\n            store(p0,", 3),
        ("v2 = cast(v1, float32)", "v2 = cast(neg(v1), float32)", 3),
        ("add(load(p0, k0)", "add(load(p0, c + k0)", 0),
        ("add(load(p0, k0)", "sub(load(p0, k0)", 0),
        ("cast(v0, float64)", "cast(neg(v0), float64)", 0),
        ("store(p1, c * n0 + k0, float32(0.0))", "store(p1, c * n0 + k0, float32(1.0))", 0),
    ],
)
def test_other_loops_stay(old: str, new: str, left: int) -> None:
    assert old in KERNEL
    assert len(found(KERNEL.replace(old, new, 1))) == left


def test_kernels_of_sums_call_them() -> None:
    x = sa.placeholder((None, None), "float32")
    source = sa.compile(sa.exp(x).sum(axis=0), [x]).source()
    assert COLUMN_SUMS in shared_symbols(jit.compile_source(source[: source.index("\n# ")]))
