"""Steps of random graphs that draw from all elementwise ops, and from the decompositions of matrices."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import staticad as sa
from staticad.errors import GradientError
from staticad.ir.dtypes import BOOL, INT64
from staticad.ir.graph import Tensor
from staticad.ops.base import Cast, Elementwise, apply
from staticad.ops.catalogue import ELEMENTWISE_OPS
from staticad.ops.halves import HALF_OPS

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

OPS = tuple(op for op in ELEMENTWISE_OPS if not isinstance(op, Cast) and op not in HALF_OPS)  # bits are integers


def _turn(build: Builder, count: int, step: int = 13) -> int:
    """One of so many, by turns over the graphs: drawn by chance, some of them would be missing among hundreds."""
    return (build.seed + step * len(build.tensors)) % count


def elementwise(build: Builder) -> Tensor | None:
    """Any elementwise op, inside its domain; of a float result another one, so that all have their turn."""
    place = _turn(build, len(OPS), 83)
    y = applied(build, OPS[place], None)
    if y is None or y.dtype.kind != "f":
        return y
    other = OPS[(place + len(OPS) // 2) % len(OPS)]
    return applied(build, other, y) if other.accepts(y.dtype) and "f" not in other.valueless else y


def applied(build: Builder, op: Elementwise, x: Tensor | None) -> Tensor | None:
    """An op of a tensor, or of one of the graph's that it takes."""
    if x is None:
        x = build.pick(lambda t: op.accepts(t.dtype) and t.dtype.kind not in op.valueless)
    if x is None and op.accepts(INT64):
        x = build.pick(lambda t: t.dtype.kind == "f")
        x = None if x is None else sa.astype(sa.rint(sa.tanh(x) * 9), INT64)
    if x is None:
        return None
    if x.dtype.kind == "f":
        x = _inside(op, x)  # once, so that operands which are equal stay so under noise
    operands = [x if x.ndim == 0 or build.chance(0.5) else sa.flip(x, -1) for _ in range(op.arity)]
    if op.condition:
        operands[0] = sa.astype(operands[0], BOOL)
    y = apply(op, *operands)
    return y if x.dtype.kind != "f" or _has_derivatives(op) else sa.stop_gradient(y)


@functools.cache
def _has_derivatives(op: Elementwise) -> bool:
    """Whether there are derivatives of the first three orders by all operands."""
    operands = [sa.placeholder((), "float64") for _ in range(op.arity)]
    given = [sa.not_equal(operands[0], 0), *operands[1:]] if op.condition else operands
    total = sa.astype(apply(op, *given), "float64")
    try:
        for _ in range(3):
            total = sa.stack(sa.gradients(total, operands, unconnected="zero")).sum()
    except GradientError:
        return False
    return True


def _inside(op: Elementwise, x: Tensor) -> Tensor:
    low, high = op.domain
    return sa.tanh(x) * ((high - low) / 2) + (high + low) / 2


def decomposing(build: Builder) -> Tensor | None:
    """What is unique of a decomposition of a matrix whose singular values lie apart."""
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim == 1)
    if x is None:
        return None
    n = x.shape[0]
    v = sa.where(sa.isfinite(x), sa.tanh(x), 0.5)
    apart: Any = 4 * sa.arange(1, n + 1, dtype=x.dtype)
    matrix = sa.expand_dims(v, 1) * v + sa.eye(n, dtype=x.dtype) * apart
    linalg = sa.linalg
    tall = sa.stop_gradient(sa.concatenate([matrix, matrix * 0.5]))  # full factors have no derivative
    kind = _turn(build, 10)
    if kind == 0:
        return linalg.svdvals(matrix)
    if kind == 1:
        found = sa.absolute(linalg.eigvals(matrix)).sum() + sa.absolute(linalg.schur(sa.stop_gradient(matrix))[0]).sum()
        return linalg.eigvalsh(matrix) + found
    if kind == 2:
        values, vectors = linalg.eigh(matrix)
        return (vectors * values) @ vectors.T
    if kind == 3:
        left, values, right = linalg.svd(matrix, full_matrices=build.chance(0.5))
        return (left * values) @ right
    if kind == 4:
        q, r = linalg.qr(matrix, mode=build.choose(("reduced", "complete")))
        return q @ r
    if kind == 5:
        return linalg.lstsq(matrix, v)[0]
    if kind == 6:
        permutation, lower, upper = linalg.lu(matrix)
        return permutation @ (lower @ upper)
    if kind == 7:
        return linalg.svd(tall, full_matrices=True)[1] + sa.absolute(linalg.qr(tall, mode="complete")[1]).sum()
    if kind == 8:
        return sa.absolute(linalg.qr(tall, mode="complete")[1])
    root = linalg.sqrtm(linalg.solve_sylvester(matrix, matrix, matrix @ matrix))
    return linalg.matrix_power(matrix * 0.1, 3) + root.real


def finding(build: Builder) -> Tensor | None:
    """Places in ordered vectors, and of what is not 0."""
    x = build.pick(lambda t: t.ndim == 1)
    if x is None:
        return None
    if build.chance(0.5):
        return sa.searchsorted(sa.sort(x), x[:3], build.choose(("left", "right")))
    return sa.nonzero(sa.rint(x) if x.dtype.kind == "f" else x, size=3, fill_value=-1)[0]


def slope_of_windows(build: Builder) -> Tensor | None:
    """The derivative of a convolution by its weights, or the largest elements of windows."""
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim == 2 and build.concrete(t)[1] > 0)
    if x is None:
        return None
    rows = sa.expand_dims(sa.tanh(x), 1)
    if build.chance(0.4) and isinstance(x.shape[1], int) and x.shape[1]:  # of rows that surely have an element
        return sa.nn.max_pool1d(rows, 2, padding=1)[:, 0]
    weight = sa.ones((2, 1, 3), x.dtype) * 0.5
    made = sa.nn.conv1d(rows, weight, padding=2, stride=int(build.rng.integers(1, 3)))
    return sa.gradients((made * made).sum(), [weight])[0][:, 0]


STEPS = (*(elementwise,) * 6, decomposing, decomposing, finding, slope_of_windows)
