"""Kernels that many programs have: fills, copies, parts, transposes, matrix products, dense layers with their
gradients, and steps along a gradient. An installed package brings them along (`staticad.codegen.prebuilt`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from staticad.autodiff.reverse import gradients
from staticad.codegen.source import render
from staticad.functional import creation, elementwise, linalg, movement
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
_MANY_ROWS = 80  # columns of these are summed in several runs
_RATE = 0.1  # no number that stands in a text


def common_kernels() -> list[str]:
    """Their texts."""
    found = [text for dtype in (*FLOATS, INT64) for text in _moves(dtype)]
    found += [text for dtype in FLOATS for texts in (_products, _layers) for text in texts(dtype)]
    return list(dict.fromkeys(found))


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


def _layers(dtype: DType) -> Iterator[str]:
    """Of dense layers, with and without relu between them, and of their gradients and steps for squared errors. They
    are sums of columns, which take the same terms in the same order on every CPU."""
    shapes = ((_INNER, _COLUMNS), (_COLUMNS,), (_COLUMNS, _INNER), (_INNER,), (_INNER, _COLUMNS), (_COLUMNS,))
    for rows in (_ROWS, _MANY_ROWS, None):
        x, target = placeholder((rows, _INNER), dtype), placeholder((rows, _COLUMNS), dtype)
        w1, b1, w2, b2, w3, b3 = parameters = [variable(np.zeros(shape, dtype)) for shape in shapes]
        for activation in (elementwise.relu, elementwise.positive):
            h = activation(linalg.matmul(activation(linalg.matmul(x, w1) + b1), w2) + b2)
            y = linalg.matmul(h, w3) + b3
            slopes = gradients(y, parameters, y - target)
            yield from _kernels([y, *slopes], {})
            yield from _kernels([y], {p: p - _RATE * slope for p, slope in zip(parameters, slopes, strict=True)})


def _texts(result: Tensor, updated: Tensor | None = None) -> Iterator[str]:
    """The kernels of a result, or of a new value of what is updated."""
    yield from _kernels([result], {}) if updated is None else _kernels([], {updated: result})


def _kernels(fetches: Sequence[Tensor], updates: Mapping[Tensor, Tensor]) -> Iterator[str]:
    results = [*fetches, *updates.values()]
    made = optimize(results)
    inputs = [node.out for node in sort_nodes(results) if node.op is PLACEHOLDER]
    changed = list(zip(updates, made[len(fetches) :], strict=True))
    plan = lower(inputs, made[: len(fetches)], changed, [], [])
    yield from (render(step.kernel) for step in plan.steps if isinstance(step.kernel, Kernel))
