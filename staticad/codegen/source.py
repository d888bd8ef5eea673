"""Kernel IR as Python source for Numba. Pure: equal kernels give equal text, which is what the caches are keyed by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from staticad.ir.dtypes import BOOL, DType
from staticad.ir.expressions import Arithmetic, Call, Cast, Constant, Expression, Index, Name, Number, Slot
from staticad.lower.kernel.language import (
    Branch,
    Break,
    Compute,
    Kernel,
    Load,
    Loop,
    MatrixProduct,
    Statement,
    Store,
    Update,
)

_PRECEDENCE = {"+": 2, "-": 2, "*": 3, "//": 3}  # comparisons: 1


def render(kernel: Kernel) -> str:
    """The source of a kernel: ``def kernel(args, lo, hi)`` in the names of `staticad.codegen.kernel_names`."""
    return _Renderer(kernel.status_slot).kernel(kernel)


class _Renderer:
    def __init__(self, status_slot: int) -> None:
        self.status_slot = status_slot

    def kernel(self, kernel: Kernel) -> str:
        lines = ["def kernel(args, lo, hi):"]
        for slot, p in enumerate(kernel.pointers):
            dtype = dtype_name(p.dtype)
            lines.append(f"    {p.name} = pointer(args, {slot}, {dtype}, {p.scope}, {kernel.scopes})")
        for slot, name in enumerate(kernel.sizes, start=len(kernel.pointers)):
            lines.append(f"    {name} = size(args, {slot})")
        if kernel.body or len(lines) == 1:
            lines += self.statements(kernel.body, 1)
        return "\n".join(lines) + "\n"

    def statements(self, statements: Iterable[Statement], depth: int) -> list[str]:
        text, lines = self.expression, []
        indent = "    " * depth
        for s in statements:
            if isinstance(s, Load) and s.mask is not None:
                lines.append(f"{indent}{s.name} = load_where({text(s.mask)}, {s.pointer}, {index_text(s.index)})")
            elif isinstance(s, Load):
                lines.append(f"{indent}{s.name} = load({s.pointer}, {index_text(s.index)})")
            elif isinstance(s, Compute):
                lines.append(f"{indent}{s.name} = {text(s.value)}")
            elif isinstance(s, Store):
                lines.append(f"{indent}store({s.pointer}, {index_text(s.index)}, {text(s.value)})")
            elif isinstance(s, Update):
                at = f"{s.pointer}, {index_text(s.index)}"
                lines.append(f"{indent}store({at}, {s.combine}(load({at}), {text(s.value)}))")
            elif isinstance(s, Branch):
                lines += [f"{indent}if {text(s.condition)}:", *self.statements(s.body, depth + 1)]
            elif isinstance(s, Break):
                lines += [f"{indent}if {text(s.condition)}:", f"{indent}    break"]
            elif isinstance(s, MatrixProduct):
                lines.append(indent + self.product(s))
            else:
                lines += [*(indent + line for line in self.loop(s)), *self.statements(s.body, depth + 1)]
        return lines or [f"{indent}pass"]

    def loop(self, s: Loop) -> list[str]:
        """How a loop begins."""
        start = None if s.start is None else self.expression(s.start)
        if s.stop is None:
            return [f"{s.variable} = {start or 0} - 1", "while True:", f"    {s.variable} += 1"]
        stop = self.expression(s.stop)
        bounds = stop if start is None else f"{start}, {stop}"
        return [f"for {s.variable} in range({bounds}):", *([f"    {s.hint}_loop()"] if s.hint else [])]

    def product(self, s: MatrixProduct) -> str:
        starts = [f"{m.pointer}, {index_text(m.index)}, {m.row}" for m in (s.c, s.a, s.b)]
        starts[1] += f", {s.a.column}"
        starts[2] += f", {s.b.column}"
        name = "matrix_product" if s.alpha is None else "matrix_product_add"
        numbers = [s.rows, s.columns, s.depth, *([] if s.alpha is None else [s.alpha])]
        return f"{name}({', '.join([*starts, *map(self.expression, numbers)])})"

    def expression(self, e: Expression) -> str:
        if isinstance(e, Name):
            return e.name
        if isinstance(e, Call):
            return f"{e.function}({', '.join(map(self.expression, e.operands))})"
        if isinstance(e, Constant):
            return literal(e.value, e.dtype)
        if isinstance(e, Cast):
            return f"cast({self.expression(e.operand)}, {dtype_name(e.dtype)})"
        if isinstance(e, Arithmetic):
            return f"{self.operand(e.left, e.operator)} {e.operator} {self.operand(e.right, e.operator, right=True)}"
        if isinstance(e, Index):
            return index_text(e)
        if isinstance(e, Slot):
            return f"args, {self.status_slot if e.number is None else e.number}"
        assert isinstance(e, Number)
        return str(e.value)

    def operand(self, e: Expression, operator: str, right: bool = False) -> str:
        """An operand of index arithmetic, in parentheses where it would fall apart."""
        text = self.expression(e)
        if not isinstance(e, Arithmetic):
            return text
        own, around = _PRECEDENCE.get(e.operator, 1), _PRECEDENCE.get(operator, 1)
        return f"({text})" if own < around or (own == around and right) else text


# ---- numbers, dtypes and indices -------------------------------------------------------------------------------------


def dtype_name(dtype: DType) -> str:
    """The dtype's name in kernel source."""
    return "bool_" if dtype == BOOL else dtype.name


def literal(value: Any, dtype: DType) -> str:
    """A number as kernel source of exactly that dtype."""
    if dtype == BOOL:
        return f"bool_({bool(value)})"
    if dtype.kind == "f":
        number = float(np.asarray(value).astype(dtype))
        text = (
            repr(number) if math.isfinite(number) else "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
        )
        return f"{dtype.name}({text})"
    number = int(np.asarray(value).astype(dtype))
    if number == np.iinfo(np.int64).min:
        return f"int64({number + 1} - 1)"
    return f"{dtype.name}({number})"


def index_text(index: Index) -> str:
    """An index as kernel source."""
    parts = []
    for name, coefficient in index.terms:
        if coefficient == 1:
            parts.append(name)
        elif coefficient == -1:
            parts.append(f"-{name}")
        else:
            parts.append(f"{name} * {coefficient}")
    if index.constant != 0 or not parts:
        parts.append(str(index.constant))
    return " + ".join(parts).replace("+ -", "- ")
