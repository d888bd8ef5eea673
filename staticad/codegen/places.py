"""Which names of a kernel's text are values, and which are places in memory that hold one value after another."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from staticad.codegen.syntax import nodes


def places(function: ast.FunctionDef) -> set[str]:
    """The names of a kernel that are more than one value: assigned again, or read outside of their block.

    Each block has a path, and a name the path of its first assignment."""
    first: dict[str, tuple[int, ...]] = {}
    found: set[str] = set()
    blocks = iter(range(1 << 30))

    def read(expression: ast.expr, path: tuple[int, ...]) -> None:
        for node in nodes(expression):
            if isinstance(node, ast.Name) and node.id in first and path[: len(first[node.id])] != first[node.id]:
                found.add(node.id)

    def assign(name: str, path: tuple[int, ...]) -> None:
        if name in first:
            found.add(name)
        first.setdefault(name, path)

    def walk(statements: Sequence[ast.stmt], path: tuple[int, ...]) -> None:
        for s in statements:
            inner = (*path, next(blocks))
            match s:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    read(value, path)
                    assign(name, path)
                case ast.AugAssign(target=ast.Name(id=name), value=value):
                    read(value, path)
                    found.add(name)
                case ast.Expr(value=value):
                    read(value, path)
                case ast.For(target=ast.Name(id=name), iter=span, body=body):
                    read(span, path)
                    if name in first and path[: len(first[name])] == first[name]:
                        found.add(name)
                    first[name] = inner
                    walk(body, inner)
                case ast.While(body=body):
                    walk(body, inner)
                case ast.If(test=test, body=body):
                    read(test, path)
                    walk(body, inner)

    walk(function.body, ())
    return found
