"""Functions that change an argument and return nothing: their caller does not see it where the argument is a tensor."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from staticad.errors import GraphError
from staticad.functional.autograph.build import assign, at, call, load
from staticad.functional.autograph.names import walk_scope, written
from staticad.functional.autograph.undefined import INTERNAL
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here


def with_written_arguments(body: list[ast.stmt], parameters: Sequence[str], function: str) -> list[ast.stmt]:
    """The statements of a function, with a look at its end at the arguments into which it writes, if it returns
    nothing."""
    if any(isinstance(node, ast.Return) and not _is_nothing(node.value) for node in walk_scope(body)):
        return body
    names = written(body)
    changed = [name for name in parameters if name in names]
    if not changed:
        return body
    before = [at(assign(_given(name), load(name)), body[0]) for name in changed]
    after = [
        at(ast.Expr(call("kept", ast.Constant(function), ast.Constant(name), load(_given(name)), load(name))), body[-1])
        for name in changed
    ]
    return [*before, *body, *after]


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


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


def kept_outer(name: str, held: Any, now: Any) -> None:
    """Raises GraphError where a function writes into a tensor of the code around it, where that would be lost. Python's
    containers have been changed in place."""
    if now is not held:
        raise GraphError(
            f"a function writes into {name!r}, which belongs to the code around it, at {here()}: a tensor does not "
            f"change, so that what was written would be lost; make {name!r} an argument of the function, end it with "
            f"'return {name}', and write '{name} = ...' where it is called"
        )
