"""Kernels that many programs have: fills, copies, parts, transposes, matrix products, and steps along a gradient. An
installed package brings them along (`staticad.codegen.prebuilt`)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from staticad.codegen.source import render
from staticad.functional import creation, linalg, movement
from staticad.ir.dtypes import FLOATS, INT64, DType
from staticad.ir.graph import Tensor, sort_nodes
from staticad.lower.kernel.language import Kernel
from staticad.lower.lower import lower
from staticad.ops.arithmetic import ADD, MUL, SUB
from staticad.ops.base import apply
from staticad.ops.sources import PLACEHOLDER, placeholder
from staticad.rewrite.pipeline import optimize
from staticad.runtime.variables import variable

_ROWS, _COLUMNS, _INNER = 24, 48, 96  # known sizes: a text has none of them, but says which are equal


def common_kernels() -> list[str]:
    """Their texts."""
    found = [text for dtype in (*FLOATS, INT64) for text in _moves(dtype)]
    return list(dict.fromkeys([*found, *(text for dtype in FLOATS for text in _products(dtype))]))


def _moves(dtype: DType) -> Iterator[str]:
    number, row, matrix = placeholder((), dtype), placeholder((None,), dtype), placeholder((_ROWS, _COLUMNS), dtype)
    square = placeholder((_ROWS, _ROWS), dtype)
    for shape in ((), row.shape):
        for value in (0, 1):
            yield from _texts(creation.full(shape, value, dtype))
    for x in (number, row, movement.transpose(matrix), movement.transpose(square)):
        yield from _texts(x)
    yield from _texts(matrix[:, : _COLUMNS // 2])
    yield from _texts(matrix[:, _COLUMNS // 2 :])


def _products(dtype: DType) -> Iterator[str]:
    """Of matrices of known sizes, and of many rows."""
    for rows in (_ROWS, None):
        a, b = placeholder((rows, _INNER), dtype), placeholder((_INNER, _COLUMNS), dtype)
        c, d = placeholder((rows, _COLUMNS), dtype), placeholder((_COLUMNS, _INNER), dtype)
        number, sums = placeholder((), dtype), variable(np.zeros((_INNER, _COLUMNS), dtype))
        product = linalg.matmul(movement.transpose(a), c)
        yield from _texts(linalg.matmul(a, b))
        yield from _texts(linalg.matmul(a, movement.transpose(d)))
        yield from _texts(product)
        yield from _texts(apply(ADD, sums, product), sums)
        yield from _texts(apply(SUB, sums, apply(MUL, movement.broadcast_to(number, sums.shape), product)), sums)


def _texts(result: Tensor, updated: Tensor | None = None) -> Iterator[str]:
    """The kernels of a result, or of a new value of what is updated."""
    (made,) = optimize([result])
    fetches, updates = ([made], []) if updated is None else ([], [(updated, made)])
    inputs = [node.out for node in sort_nodes([result]) if node.op is PLACEHOLDER]
    yield from (render(s.kernel) for s in lower(inputs, fetches, updates, [], []).steps if isinstance(s.kernel, Kernel))
