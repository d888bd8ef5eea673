"""The nodes of a kernel's syntax tree, found faster than by `ast.walk`, which looks at all fields.

Functions that are called, names that are assigned, contexts and operators are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence


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
