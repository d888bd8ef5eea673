"""What stands in a kernel's syntax tree. Its nodes are found faster than by `ast.walk`, which looks at all fields:
functions that are called, names that are assigned, contexts and operators are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

_NUMBERS = {"inf": float("inf"), "nan": float("nan")}


def nodes(root: ast.AST) -> list[ast.AST]:
    """A node and what is inside it, in no particular order."""
    found: list[ast.AST] = []
    stack = [root]
    while stack:
        node = stack.pop()
        found.append(node)
        if isinstance(node, ast.Name | ast.Constant):
            continue
        if isinstance(node, ast.Call):
            stack += node.args
        elif isinstance(node, ast.Assign | ast.Expr):
            stack.append(node.value)
        else:
            stack += ast.iter_child_nodes(node)
    return found


def loops(statements: Sequence[ast.stmt]) -> Iterator[ast.For]:
    """The loops over ranges, the outer ones first."""
    for s in statements:
        if isinstance(s, ast.For):
            yield s
        if isinstance(s, ast.For | ast.While | ast.If):
            yield from loops(s.body)


def number_of(e: ast.expr) -> float | None:
    """The value of a literal, None of anything else."""
    match e:
        case ast.Constant(value=bool() | int() | float() as value):
            return value
        case ast.Name(id=name) if name in _NUMBERS:
            return _NUMBERS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = number_of(operand)
            return None if number is None else -number
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            numbers = number_of(left), number_of(right)
            return None if numbers[0] is None or numbers[1] is None else numbers[0] - numbers[1]
    return None
