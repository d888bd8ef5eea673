"""Which alias scopes of a kernel LLVM is told of: buffers that are only read share one.

What is only read needs to be told apart from what is written, and from nothing else. LLVM goes through the lists of
scopes of any two accesses that it compares, so kernels of many arrays are compiled faster if these are short.
"""

from __future__ import annotations

import ast

from staticad.codegen.syntax import nodes

_READING = ("load", "load_where")


def shared_scopes(function: ast.FunctionDef) -> tuple[dict[int, int], int]:
    """For each scope of a kernel's text the number of that which stands for it, first of all 0 for what is only read;
    and how many those are."""
    found = nodes(function)
    calls = [(n, n.func.id) for n in found if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    scopes = {id(call): scope for call, name in calls if name == "pointer" and (scope := _scope(call)) is not None}
    names: dict[str, int] = {}
    nameless = dict(scopes)
    for node in found:
        if isinstance(node, ast.Assign) and id(node.value) in scopes and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = nameless.pop(id(node.value))
    written = {*nameless.values()}
    for call, name in calls:
        if name not in _READING:
            written |= {names[a.id] for a in call.args if isinstance(a, ast.Name) and a.id in names}
    read = sorted({*scopes.values()} - written)
    numbers = {scope: number for number, scope in enumerate(sorted(written), start=bool(read))}
    return numbers | dict.fromkeys(read, 0), len(written) + bool(read)


def _scope(call: ast.Call) -> int | None:
    """The scope of the buffer that a call of `pointer` makes."""
    match call:
        case ast.Call(args=[_, _, _, ast.Constant(value=int() as scope), _]):
            return scope
    return None
