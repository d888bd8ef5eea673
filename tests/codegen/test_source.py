"""Kernel IR as source: statement by statement, and whole kernels against the texts in ``golden``."""

from __future__ import annotations

import ast

import pytest

from staticad.codegen.kernel_names import KERNEL_NAMES
from staticad.codegen.source import render
from staticad.ir.dtypes import as_dtype
from staticad.ir.expressions import Index, Name, arithmetic, call
from staticad.lower.kernel.language import (
    HI,
    LO,
    Branch,
    Break,
    Compute,
    Kernel,
    Load,
    Loop,
    Pointer,
    Store,
    Update,
)
from tests.codegen.golden_kernels import DIRECTORY, GOLDEN

F8, B1 = as_dtype("float64"), as_dtype("bool")
V0, V1 = Name("v0", F8), Name("v1", F8)


def body_of(*body: object) -> list[str]:
    kernel = Kernel((Pointer("p0", F8, 0),), ("n0",), body)  # type: ignore[arg-type]
    head = ["def kernel(args, lo, hi):", "    p0 = pointer(args, 0, float64, 0, 1)", "    n0 = size(args, 1)"]
    lines = render(kernel).splitlines()
    assert lines[:3] == head
    return [line.removeprefix("    ") for line in lines[3:]]


def test_statements() -> None:
    index = Index((("i0", "n0"), ("i1", 1)))
    assert body_of(Load("v0", "p0", index)) == ["v0 = load(p0, i0 * n0 + i1)"]
    assert body_of(Compute("v1", call("exp", V0))) == ["v1 = exp(v0)"]
    assert body_of(Store("p0", index, V1)) == ["store(p0, i0 * n0 + i1, v1)"]
    assert body_of(Update("p0", Index(()), "add_reduce", V1)) == ["store(p0, 0, add_reduce(load(p0, 0), v1))"]


def test_indices() -> None:
    def text(*terms: tuple[str, int | str], constant: int | str = 0) -> str:
        return body_of(Load("v", "p0", Index(terms, constant)))[0].removeprefix("v = load(p0, ")[:-1]

    assert text() == "0"
    assert text(("i0", -1), constant="n0") == "-i0 + n0"
    assert text(("i0", 1), ("i1", -1)) == "i0 - i1"
    assert text(("i0", 1), constant=-1) == "i0 - 1"
    assert text(("v3", "n0"), constant=1) == "v3 * n0 + 1"


def test_blocks() -> None:
    inner = Loop("i1", None, Name("n0"), (Compute("v0", Name("i1")),))
    assert body_of(Loop("i0", LO, HI, (inner, Branch(Name("v9", B1), (Compute("v1", Name("i0")),))))) == [
        "for i0 in range(lo, hi):",
        "    for i1 in range(n0):",
        "        v0 = i1",
        "    if v9:",
        "        v1 = i0",
    ]


def test_a_loop_without_stop_ends_by_a_break_only() -> None:
    loop = Loop("t", None, None, (Compute("v0", arithmetic("t", "+", 1)), Break(arithmetic("v0", ">", 3))))
    assert body_of(loop) == [
        "t = 0 - 1",
        "while True:",
        "    t += 1",
        "    v0 = t + 1",
        "    if v0 > 3:",
        "        break",
    ]


def test_pointers_name_their_alias_scopes() -> None:
    pointers = (Pointer("p0", F8, 0), Pointer("p1", B1, 1), Pointer("p2", F8, 1))
    assert render(Kernel(pointers, (), ())).splitlines()[1:] == [
        "    p0 = pointer(args, 0, float64, 0, 2)",
        "    p1 = pointer(args, 1, bool_, 1, 2)",
        "    p2 = pointer(args, 2, float64, 1, 2)",
    ]


def test_labels_do_not_make_kernels_differ() -> None:
    one, other = Kernel((), ("n0",), (), label="a"), Kernel((), ("n0",), (), label="b")
    assert one == other and render(one) == render(other)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_kernels(name: str) -> None:
    """Write them again with: python -m tests.codegen.golden_kernels"""
    assert GOLDEN[name]() == (DIRECTORY / f"{name}.txt").read_text("utf-8")


def test_every_golden_text_has_its_kernel() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.txt")} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_kernels_use_kernel_names_only(name: str) -> None:
    tree = ast.parse(GOLDEN[name]())
    for function in tree.body:
        assert isinstance(function, ast.FunctionDef)
        used = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        made = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert used - made - {"args", "lo", "hi", "range"} <= set(KERNEL_NAMES)
        assert {"load", "store", "matrix_product"} & used
