"""Helpers that build syntax trees with the line and column of a place in the user's file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from staticad.functional.autograph.undefined import INTERNAL

OPERATORS = INTERNAL  # the variable through which rewritten code reaches its operators

Place = TypeVar("Place", bound=ast.AST)


def at(node: Place, place: ast.AST) -> Place:
    """The tree with the place of another one where it has none of its own; of a statement, its first line."""
    line, column = place.lineno, place.col_offset  # type: ignore[attr-defined]
    short = place.end_lineno == line  # type: ignore[attr-defined]
    end = place.end_col_offset if short else column  # type: ignore[attr-defined]
    for child in ast.walk(node):
        if "lineno" in child._attributes and not hasattr(child, "lineno"):
            made: Any = child
            made.lineno = made.end_lineno = line
            made.col_offset, made.end_col_offset = column, end
    return node


def load(name: str) -> ast.Name:
    """A variable read."""
    return ast.Name(name, ast.Load())


def assign(name: str, value: ast.expr) -> ast.Assign:
    """``name = value``."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def call(operator: str, *arguments: ast.expr) -> ast.Call:
    """A call of one of the operators."""
    return ast.Call(ast.Attribute(load(OPERATORS), operator, ast.Load()), list(arguments), [])


def is_operator(node: ast.expr) -> bool:
    """True for one of the operators, as in ``ag__.read``."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == OPERATORS


def thunk(value: ast.expr) -> ast.Lambda:
    """``lambda: value``."""
    return ast.Lambda(arguments([]), value)


def arguments(names: Iterable[str]) -> ast.arguments:
    """Parameters without defaults."""
    return ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])


def function(name: str, names: Sequence[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    """``def name(names): body``."""
    made: Any = ast.FunctionDef(name, arguments(names), list(body) or [ast.Pass()], [], None)
    made.type_params = []  # read by Python 3.12 and later
    return made


def conjunction(values: Sequence[ast.expr]) -> ast.expr:
    """``a and b and …``."""
    return values[0] if len(values) == 1 else ast.BoolOp(ast.And(), list(values))


def negation(name: str) -> ast.expr:
    """``not name``."""
    return ast.UnaryOp(ast.Not(), load(name))


def strings(values: Iterable[str]) -> ast.expr:
    """A tuple of strings."""
    return ast.Tuple([ast.Constant(v) for v in values], ast.Load())
