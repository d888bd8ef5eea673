"""The kernel language: traversal of statements, and what a mask may cover."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import staticad.lower
from staticad.ir.dtypes import BOOL, FLOAT64, INT64
from staticad.ir.expressions import STATUS, Cast, Index, Name, Number, call
from staticad.lower.kernel.language import (
    HI,
    LO,
    Branch,
    Break,
    Compute,
    Load,
    Loop,
    Statement,
    Store,
    Update,
    is_maskable,
    map_body,
    statements_of,
)

V, INDEX, N = Name("v", FLOAT64), Name("i", INT64), Name("n")
LOAD, STORE = Load("v", "p", Index((("i", 1),))), Store("p", Index((("i", 1),)), V)
INNER = Loop("j", None, N, (LOAD,))
LOOP = Loop("i", LO, HI, (INNER, Branch(Name("m", BOOL), (STORE,))), counts_steps=True)


def test_statements_at_any_depth() -> None:
    assert list(statements_of((LOOP, STORE))) == [LOOP, INNER, LOAD, LOOP.body[1], STORE, STORE]


def test_a_changed_body_leaves_the_rest_of_its_statement() -> None:
    changed = map_body(LOOP, lambda body: body[1:])
    assert changed == Loop("i", LO, HI, LOOP.body[1:], counts_steps=True)
    assert map_body(LOAD, lambda body: ()) is LOAD


@pytest.mark.parametrize(
    ("statement", "maskable"),
    [
        (LOAD, True),
        (STORE, True),
        (Update("p", Index(()), "add", V), True),
        (Compute("w", call("exp", V)), True),
        (Compute("w", call("pow", V, V)), False),
        (Compute("w", Cast(call("floor_divide", INDEX, INDEX), FLOAT64)), False),
        (Compute("w", call("check_index", STATUS, INDEX, N, Number(0))), False),
        (INNER, False),
        (Break(Name("m", BOOL)), False),
    ],
)
def test_what_a_mask_may_cover(statement: Statement, maskable: bool) -> None:
    assert is_maskable(statement) is maskable


def test_nothing_in_lowering_looks_into_text() -> None:
    """Names and expressions are data: no pass needs a regular expression."""
    root = Path(staticad.lower.__file__).parent
    imported = {
        alias.name
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "numpy" in imported and "re" not in imported
