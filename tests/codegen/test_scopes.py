"""Which buffers of a kernel LLVM tells apart."""

from __future__ import annotations

import ast

import pytest

from staticad.codegen.scopes import shared_scopes

HEAD = "".join(f"    p{i} = pointer(args, {i}, float64, {scope}, 3)\n" for i, scope in enumerate((0, 1, 2, 2)))


@pytest.mark.parametrize(
    ("body", "numbers", "count"),
    [
        ("store(p1, lo, add(load(p0, lo), load(p2, lo)))", {0: 0, 1: 1, 2: 0}, 2),
        ("store(p3, lo, load_where(flag, p2, lo))", {0: 0, 1: 0, 2: 1}, 2),  # another name of what is written
        ("matrix_product(p0, 0, n, p1, 0, n, 1, p2, 0, n, 1, n, n, n)", {0: 0, 1: 1, 2: 2}, 3),
        ("store(pointer(args, 4, float64, 1, 3), lo, load(p0, lo))", {0: 0, 1: 1, 2: 0}, 2),
    ],
)
def test_what_is_only_read_shares_a_scope(body: str, numbers: dict[int, int], count: int) -> None:
    function = ast.parse(f"def kernel(args, lo, hi):\n{HEAD}    for i in range(hi):\n        {body}\n").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert shared_scopes(function) == (numbers, count)
