"""Kernel IR as source: statement by statement, and whole kernels against the texts in ``golden``."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from staticad.codegen.kernel_names import KERNEL_NAMES
from staticad.codegen.source import dtype_name, literal, render
from staticad.ir.dtypes import as_dtype
from staticad.ir.expressions import (
    SERIAL,
    STATUS,
    Cast,
    Expression,
    Index,
    Name,
    Number,
    Slot,
    arithmetic,
    call,
    constant,
)
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
from staticad.ops.catalogue import ELEMENTWISE_OPS
from tests.codegen.golden_kernels import DIRECTORY, GOLDEN

F8, B1 = as_dtype("float64"), as_dtype("bool")
V0, V1 = Name("v0", F8), Name("v1", F8)


def body_of(*body: object) -> list[str]:
    kernel = Kernel((Pointer("p0", F8, 0),), ("n0",), body)  # type: ignore[arg-type]
    head = ["def kernel(args, lo, hi):", "    p0 = pointer(args, 0, float64, 0, 1)", "    n0 = size(args, 1)"]
    lines = render(kernel).splitlines()
    assert lines[:3] == head
    return [line.removeprefix("    ") for line in lines[3:]]


NAMES = {name: np.dtype(name).type for name in ("int8", "int64", "uint64", "float32", "float64")}


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (0, "int8"),
        (-128, "int8"),
        (2**63 - 1, "int64"),
        (-(2**63), "int64"),
        (2**64 - 1, "uint64"),
        (0.1, "float64"),
        (0.1, "float32"),
        (-0.0, "float64"),
        (1e308, "float64"),
        (5e-324, "float64"),
        (np.inf, "float32"),
        (-np.inf, "float64"),
        (np.nan, "float64"),
    ],
)
def test_literals_are_exact(value: float, dtype: str) -> None:
    text = literal(value, as_dtype(dtype))
    number = eval(text, {**NAMES, "inf": np.inf, "nan": np.nan})
    want = np.asarray(value).astype(dtype)
    assert np.asarray(number).astype(dtype).tobytes() == want.tobytes(), text


def test_bools() -> None:
    assert literal(True, as_dtype("bool")) == "bool_(True)"
    assert literal(0, as_dtype("bool")) == "bool_(False)"
    assert dtype_name(as_dtype("bool")) == "bool_" and dtype_name(as_dtype("uint8")) == "uint8"


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


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (arithmetic(arithmetic("a", "-", "b"), "-", "c"), "a - b - c"),
        (arithmetic("a", "-", arithmetic("b", "-", "c")), "a - (b - c)"),
        (arithmetic("a", "-", arithmetic("b", "*", 3)), "a - b * 3"),
        (arithmetic(arithmetic("a", "+", 511), "//", 512), "(a + 511) // 512"),
        (arithmetic("a", "<", arithmetic("b", "+", 1)), "a < b + 1"),
        (Cast(call("less", V0, V1), as_dtype("int8")), "cast(less(v0, v1), int8)"),
        (
            call("check_index", STATUS, Name("i"), Name("n0"), constant(3, as_dtype("int64"))),
            "check_index(args, 2, i, n0, int64(3))",
        ),
        (call("look", Slot(7), Number(1)), "look(args, 7, 1)"),
        (Index((("i", "n0"), ("j", -1)), "n1"), "i * n0 - j + n1"),
    ],
)
def test_expressions(expression: Expression, text: str) -> None:
    assert body_of(Compute("x", expression)) == [f"x = {text}"]


def test_what_is_said_of_kernel_functions_is_said_of_known_ones() -> None:
    assert set(KERNEL_NAMES) >= SERIAL
    assert {op.name for op in ELEMENTWISE_OPS if op.code is None} <= set(KERNEL_NAMES)
    x = Name("x", F8)
    for op in ELEMENTWISE_OPS:
        result = op.result_dtype(F8, {"dtype": F8})  # type: ignore[arg-type]
        assert (call(op.name, x).dtype == B1) == (result == B1), op


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
