"""The syntax tree of a function, found by its code object: with the lines and columns of the user's file."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from staticad.errors import GraphError
from staticad.user_lines import place_text

Definition = ast.FunctionDef | ast.Lambda


def find_definition(function: FunctionType) -> Definition:
    """The definition of a function or lambda, a copy that may be changed.

    Raises GraphError where the source is not available, for generators and coroutines.
    """
    code = function.__code__
    place = place_text(code.co_filename, code.co_firstlineno)
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise GraphError(f"sa.function: {code.co_name} at {place} is a generator or coroutine: not rewritten")
    for make_tree in (_whole_file, _block):
        tree = make_tree(function)
        found = _matching(tree, code) if tree is not None else []
        if len(found) == 1:
            return deepcopy(found[0])
        if found:
            raise GraphError(f"sa.function: several lambdas at {place} look alike; write them on lines of their own")
    raise GraphError(f"sa.function: the source of {code.co_name} at {place} is not available")


def _whole_file(function: FunctionType) -> ast.Module | None:
    lines = linecache.getlines(function.__code__.co_filename, function.__globals__)
    return _parse("".join(lines)) if lines else None


def _block(function: FunctionType) -> ast.Module | None:
    """The lines of the definition alone: its file may be more than Python code."""
    try:
        lines, first = inspect.getsourcelines(function.__code__)
    except (OSError, TypeError):
        return None
    indented = lines[0][:1].isspace()
    tree = _parse(("if 1:\n" if indented else "") + "".join(lines))
    if tree is None:
        return None
    return ast.increment_lineno(deepcopy(tree), first - 1 - int(indented))


@lru_cache(maxsize=64)
def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


def _matching(tree: ast.Module, code: CodeType) -> list[Definition]:
    if code.co_name == "<lambda>":
        return _lambdas(tree, code)
    found: list[Definition] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                found.append(node)
    return found


def _lambdas(tree: ast.Module, code: CodeType) -> list[Definition]:
    """The lambdas whose bodies hold all instructions of the code, the smallest such."""
    places = [p for p in code.co_positions() if None not in p and p[2] != p[3]]
    arguments = code.co_varnames[: code.co_argcount]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args)) == arguments
        and all(_inside(place, node.body) for place in places)
    ]
    return [n for n in found if not any(other is not n and _within(other, n) for other in found)]


def _inside(place: tuple[Any, ...], node: ast.expr) -> bool:
    line, end_line, column, end_column = place
    start = (node.lineno, node.col_offset)
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return start <= (line, column) and (end_line, end_column) <= end


def _within(inner: ast.AST, outer: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def code_objects(code: CodeType) -> Iterator[CodeType]:
    """The code objects that a code object contains directly."""
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


Function = Callable[..., Any]
