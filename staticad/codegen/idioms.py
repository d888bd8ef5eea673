"""Loops that stand in many kernels and are the same in all of them: the text says them, the machine code calls them.

Sums down columns are kept in two arrays, float32 for a run of rows and float64 for all (`staticad.lower.emission`). To
set these to zero, to add a run to the rest and to round the result are loops that take a small part of a kernel's time,
and took up to a third of the time that LLVM needs for it. So the assembler puts calls in their place, of one function
that is compiled ahead. The same numbers are added in the same order.
"""

from __future__ import annotations

import ast
from enum import IntEnum

from staticad.codegen.recipes import COLUMN_SUMS
from staticad.codegen.syntax import loops
from staticad.records import dataclass

DECLARED = f"declare void @{COLUMN_SUMS}(ptr, ptr, i64, i64) nounwind willreturn memory(argmem: readwrite)"


class What(IntEnum):
    """What is done."""

    ADD = 0  # a run to the sums; then it is zero
    ROUND = 1  # the sums into the run
    CLEAR_RUN = 2
    CLEAR_SUMS = 3


@dataclass(frozen=True)
class Idiom:
    """What a loop does with ``count`` elements that follow each other, from a place in each of its buffers on: those
    of the sums and of the run, or one of them, with the dtypes that they have to have."""

    what: What
    buffers: tuple[tuple[str, ast.expr, str], ...]
    count: ast.expr


def idioms(function: ast.FunctionDef) -> dict[ast.For, Idiom]:
    """The loops of a kernel that are called, if it adds runs to sums."""
    found = {loop: idiom for loop in loops(function.body) if (idiom := _idiom(loop)) is not None}
    return found if any(idiom.what == What.ADD for idiom in found.values()) else {}


def _idiom(loop: ast.For) -> Idiom | None:
    match loop:
        case ast.For(target=ast.Name(id=variable), iter=ast.Call(args=[*first, ast.Name() as end]), body=body):
            found = _clear(body) or _add(body) or _round(body)
        case _:
            return None
    if found is None:
        return None
    what, places = found
    match first:
        case []:
            start: ast.expr = ast.Constant(0)
            count: ast.expr = end
        case [ast.Name() as start]:  # of the columns that a chunk has
            count = ast.BinOp(end, ast.Sub(), start)
        case _:
            return None
    buffers = [(name, _begin(index, variable, start), dtype) for name, index, dtype in places]
    if any(begin is None for _, begin, _ in buffers):
        return None
    return Idiom(what, tuple((name, begin, dtype) for name, begin, dtype in buffers if begin is not None), count)


_Found = tuple[What, list[tuple[str, ast.expr, str]]] | None


def _clear(body: list[ast.stmt]) -> _Found:
    match body:
        case [ast.Expr(ast.Call(ast.Name("store"), [ast.Name(name), index, value]))]:
            dtype = _zero(value)
            if dtype is not None:
                return (What.CLEAR_RUN if dtype == "float32" else What.CLEAR_SUMS), [(name, index, dtype)]
    return None


def _add(body: list[ast.stmt]) -> _Found:
    match body:
        case [
            ast.Assign([ast.Name(part)], ast.Call(ast.Name("load"), [ast.Name(run), here])),
            ast.Expr(
                ast.Call(
                    ast.Name("store"),
                    [
                        ast.Name(wide),
                        there,
                        ast.Call(
                            ast.Name("add"),
                            [
                                ast.Call(ast.Name("load"), [ast.Name(again), there_again]),
                                ast.Call(ast.Name("cast"), [ast.Name(added), ast.Name("float64")]),
                            ],
                        ),
                    ],
                )
            ),
            ast.Expr(ast.Call(ast.Name("store"), [ast.Name(emptied), here_again, zero])),
        ]:
            same = part == added and wide == again and run == emptied
            if same and _same(here, here_again) and _same(there, there_again) and _zero(zero) == "float32":
                return What.ADD, [(wide, there, "float64"), (run, here, "float32")]
    return None


def _round(body: list[ast.stmt]) -> _Found:
    match body:
        case [
            ast.Assign([ast.Name(total)], ast.Call(ast.Name("load"), [ast.Name(wide), there])),
            ast.Assign([ast.Name(result)], ast.Call(ast.Name("cast"), [ast.Name(rounded), ast.Name("float32")])),
            ast.Expr(ast.Call(ast.Name("store"), [ast.Name(run), here, ast.Name(stored)])),
        ]:
            if total == rounded and result == stored:
                return What.ROUND, [(wide, there, "float64"), (run, here, "float32")]
    return None


def _zero(value: ast.expr) -> str | None:
    """The dtype of a positive zero."""
    match value:
        case ast.Call(ast.Name("float32" | "float64" as dtype), [ast.Constant(float() as number)]):
            return dtype if repr(number) == "0.0" else None
    return None


def _same(one: ast.expr, other: ast.expr) -> bool:
    return ast.dump(one) == ast.dump(other)


def _begin(index: ast.expr, variable: str, start: ast.expr) -> ast.expr | None:
    """The index where the loop's variable has its first value; None where that is not added to the rest."""
    match index:
        case ast.Name(id=name) if name == variable:
            return start
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            if not _reads(right, variable):
                begin = _begin(left, variable, start)
                return None if begin is None else ast.BinOp(begin, op, right)
            if isinstance(op, ast.Add) and not _reads(left, variable):
                begin = _begin(right, variable, start)
                return None if begin is None else ast.BinOp(left, op, begin)
    return None


def _reads(expression: ast.expr, variable: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == variable for node in ast.walk(expression))


def _loop(what: What, *lines: str) -> str:
    name = what.name.lower()
    return "\n".join([
        f"{name}:",
        f"  %{name}.i = phi i64 [ 0, %begin ], [ %{name}.next, %{name} ]",
        f"  %{name}.wide = getelementptr double, ptr %wide, i64 %{name}.i",
        f"  %{name}.run = getelementptr float, ptr %run, i64 %{name}.i",
        *(f"  {line}" for line in lines),
        f"  %{name}.next = add nuw nsw i64 %{name}.i, 1",
        f"  %{name}.more = icmp slt i64 %{name}.next, %count",
        f"  br i1 %{name}.more, label %{name}, label %done",
    ])  # fmt: skip


COLUMN_SUMS_TEXT = "\n".join([
    f"define void @{COLUMN_SUMS}(ptr noalias %wide, ptr noalias %run, i64 %count, i64 %what) nounwind {{",
    "entry:",
    "  %some = icmp sgt i64 %count, 0",
    "  br i1 %some, label %begin, label %done",
    "begin:",
    f"  switch i64 %what, label %done [ {' '.join(f'i64 {what}, label %{what.name.lower()}' for what in What)} ]",
    _loop(
        What.ADD,
        "%total = load double, ptr %add.wide",
        "%part = load float, ptr %add.run",
        "%wider = fpext float %part to double",
        "%sum = fadd double %total, %wider",
        "store double %sum, ptr %add.wide",
        "store float 0.0, ptr %add.run",
    ),
    _loop(
        What.ROUND,
        "%all = load double, ptr %round.wide",
        "%result = fptrunc double %all to float",
        "store float %result, ptr %round.run",
    ),
    _loop(What.CLEAR_RUN, "store float 0.0, ptr %clear_run.run"),
    _loop(What.CLEAR_SUMS, "store double 0.0, ptr %clear_sums.wide"),
    "done:",
    "  ret void",
    "}",
])  # fmt: skip
