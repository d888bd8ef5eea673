"""Functions that change an argument and return nothing: their caller does not see it where the argument is a tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from staticad.errors import GraphError
from staticad.functional.autograph.build import assign, at, call, load
from staticad.functional.autograph.names import walk_scope
from staticad.functional.autograph.undefined import INTERNAL
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here


def with_written_arguments(body: list[ast.stmt], parameters: Sequence[str], function: str) -> list[ast.stmt]:
    """The statements of a function, with a look at its end at the arguments into which it writes, if it returns
    nothing."""
    nodes = list(walk_scope(body))
    if any(isinstance(node, ast.Return) and not _is_nothing(node.value) for node in nodes):
        return body
    written = [name for name in parameters if name in set(_written(nodes))]
    if not written:
        return body
    before = [at(assign(_given(name), load(name)), body[0]) for name in written]
    after = [
        at(ast.Expr(call("kept", ast.Constant(function), ast.Constant(name), load(_given(name)), load(name))), body[-1])
        for name in written
    ]
    return [*before, *body, *after]


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _written(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            yield node.value.id


def _given(name: str) -> str:
    return f"{INTERNAL}given_{name}"


def kept(function: str, name: str, given: Any, now: Any) -> None:
    """Raises GraphError where a tensor has replaced an argument, and is lost."""
    if isinstance(now, Tensor) and now is not given:
        raise GraphError(
            f"{function} writes into its argument {name!r} and returns nothing, at {here()}: a tensor does not change, "
            f"so that what was written would be lost; end the function with 'return {name}', and write "
            f"'{name} = {function}(...)' where it is called"
        )
