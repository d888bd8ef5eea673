"""Kernel IR as Python source for Numba. Pure: equal kernels give equal text, which is what the caches are keyed by."""

from __future__ import annotations

from collections.abc import Iterable

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
from staticad.lower.kernel.text import dtype_name, index_text


def render(kernel: Kernel) -> str:
    """The source of a kernel: ``def kernel(args, lo, hi)`` in the names of `staticad.codegen.kernel_names`."""
    lines = ["def kernel(args, lo, hi):"]
    for slot, p in enumerate(kernel.pointers):
        dtype = dtype_name(p.dtype)
        lines.append(f"    {p.name} = pointer(args, {slot}, {dtype}, {p.scope}, {kernel.scopes})")
    for slot, name in enumerate(kernel.sizes, start=len(kernel.pointers)):
        lines.append(f"    {name} = size(args, {slot})")
    if kernel.body or len(lines) == 1:
        lines += _render(kernel.body, 1)
    return "\n".join(lines) + "\n"


def _render(statements: Iterable[Statement], depth: int) -> list[str]:
    lines: list[str] = []
    indent = "    " * depth
    for s in statements:
        if isinstance(s, Load) and s.mask:
            lines.append(f"{indent}{s.name} = load_where({s.mask}, {s.pointer}, {index_text(s.index)})")
        elif isinstance(s, Load):
            lines.append(f"{indent}{s.name} = load({s.pointer}, {index_text(s.index)})")
        elif isinstance(s, Compute):
            lines.append(f"{indent}{s.name} = {s.text}")
        elif isinstance(s, Store):
            lines.append(f"{indent}store({s.pointer}, {index_text(s.index)}, {s.value})")
        elif isinstance(s, Update):
            index = index_text(s.index)
            lines.append(f"{indent}store({s.pointer}, {index}, {s.combine}(load({s.pointer}, {index}), {s.value}))")
        elif isinstance(s, Branch):
            lines += [f"{indent}if {s.condition}:", *_render(s.body, depth + 1)]
        elif isinstance(s, Break):
            lines += [f"{indent}if {s.condition}:", f"{indent}    break"]
        elif isinstance(s, MatrixProduct):
            lines.append(indent + _product(s))
        elif isinstance(s, Loop) and s.stop is None:
            lines += [f"{indent}{s.variable} = {s.start} - 1", f"{indent}while True:", f"{indent}    {s.variable} += 1"]
            lines += _render(s.body, depth + 1)
        elif isinstance(s, Loop):
            bounds = str(s.stop) if s.start == 0 else f"{s.start}, {s.stop}"
            hint = [f"{indent}    {s.hint}_loop()"] if s.hint else []
            lines += [f"{indent}for {s.variable} in range({bounds}):", *hint, *_render(s.body, depth + 1)]
    return lines or [f"{indent}pass"]


def _product(s: MatrixProduct) -> str:
    starts = [f"{m.pointer}, {index_text(m.index)}, {m.row}" for m in (s.c, s.a, s.b)]
    starts[1] += f", {s.a.column}"
    starts[2] += f", {s.b.column}"
    name = "matrix_product_add" if s.alpha else "matrix_product"
    alpha = f", {s.alpha}" if s.alpha else ""
    return f"{name}({', '.join(starts)}, {s.rows}, {s.columns}, {s.depth}{alpha})"
