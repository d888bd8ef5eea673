"""Powers and exponentials of matrices, chains of products, and products over single axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.errors import GraphError, ShapeError
from staticad.functional import elementwise
from staticad.functional.axes import as_index, normalize_axis
from staticad.functional.complex import conjugate
from staticad.functional.front import implements
from staticad.functional.joining import stack
from staticad.functional.linalg.operands import matrices, spread
from staticad.functional.linalg.products import matmul
from staticad.functional.linalg.systems import inv
from staticad.functional.movement import expand_dims, moveaxis, squeeze
from staticad.ir import dims
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import may_be_equal
from staticad.ops.base import apply
from staticad.ops.matrices import eye
from staticad.ops.matrix_exponential import EXPM
from staticad.ops.promotion import Operand, as_operands, to_tensor


@implements(np.linalg.matrix_power)
def matrix_power(a: Operand, n: int) -> Tensor:
    """The n-th power of square matrices by repeated squares; that of the inverse if n is negative."""
    x = to_tensor(a)
    power = as_index("matrix_power", n, "the exponent", x)
    if x.ndim < 2 or not may_be_equal(*x.shape[-2:]):
        raise ShapeError(f"matrix_power: needs a square matrix in the last two axes ({describe(x)})")
    if power < 0:
        x, power = inv(x), -power
    if power == 0:
        return spread(eye(x), 2, x.shape[:-2])
    result: Tensor | None = None
    while power:
        if power % 2:
            result = x if result is None else matmul(result, x)
        power //= 2
        x = matmul(x, x) if power else x
    assert result is not None
    return result


def expm(A: Operand) -> Tensor:
    """The exponential of square matrices, by scaling and squaring (N. Higham, The scaling and squaring method for the
    matrix exponential revisited, 2005), as in SciPy and JAX. NaN if an element is not finite. Its derivative is a part
    of the exponential of a matrix of twice the size (R. Mathias, A chain rule for matrix functions, 1996)."""
    (x,) = matrices("expm", A)
    return apply(EXPM, x)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Operand]) -> Tensor:
    """The product of two or more matrices in the order that takes the fewest operations (T. Cormen et al., Introduction
    to algorithms, 15.2); the first and last one may be vectors. Free sizes count as 64."""
    if len(arrays) < 2:
        raise GraphError(f"multi_dot: needs at least two arrays, not {len(arrays)} (at {here()})")
    tensors = as_operands("multi_dot", *arrays)
    first, last = tensors[0].ndim == 1, tensors[-1].ndim == 1
    if first:
        tensors[0] = expand_dims(tensors[0], 0)
    if last:
        tensors[-1] = expand_dims(tensors[-1], 1)
    for x in tensors:
        if x.ndim != 2:
            raise ShapeError(f"multi_dot: takes matrices; the first and the last may be vectors ({describe(x)})")
    result = _in_best_order(tensors)
    dropped = tuple(axis for axis, vector in ((0, first), (1, last)) if vector)
    return squeeze(result, dropped) if dropped else result


def _estimate(size: Size) -> int:
    return evaluate(size, dict.fromkeys(dims.symbols(size), 64))


def _in_best_order(tensors: list[Tensor]) -> Tensor:
    sizes = [_estimate(x.shape[0]) for x in tensors] + [_estimate(tensors[-1].shape[1])]
    count = len(tensors)
    cost = [[0] * count for _ in tensors]
    cut = [[0] * count for _ in tensors]
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            choices = [(cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i][j], cut[i][j] = min(choices)

    def multiplied(i: int, j: int) -> Tensor:
        if i == j:
            return tensors[i]
        return matmul(multiplied(i, cut[i][j]), multiplied(cut[i][j] + 1, j))

    return multiplied(0, count - 1)


@implements(*(getattr(np, name) for name in ("vecdot",) if hasattr(np, name)), np.linalg.vecdot)
def vecdot(x1: Operand, x2: Operand, axis: int = -1) -> Tensor:
    """The sums of products along an axis of both operands, whose other axes broadcast. The first is conjugated."""
    a, b = as_operands("vecdot", x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(f"vecdot: both operands need an axis ({describe(a)}, {describe(b)})")
    a = moveaxis(a, normalize_axis("vecdot", axis, a), -1)
    b = moveaxis(b, normalize_axis("vecdot", axis, b), -1)
    if not may_be_equal(a.shape[-1], b.shape[-1]):
        raise ShapeError(f"vecdot: sizes of the summed axes differ ({describe(a)}, {describe(b)})")
    product = matmul(expand_dims(conjugate(a), -2), expand_dims(b, -1))
    return squeeze(product, (-2, -1))


@implements(*(getattr(np, name) for name in ("matvec",) if hasattr(np, name)))
def matvec(x1: Operand, x2: Operand) -> Tensor:
    """Matrices times vectors, in the last axes; the others broadcast."""
    a, b = as_operands("matvec", x1, x2)
    if a.ndim < 2 or b.ndim < 1:
        raise ShapeError(f"matvec: needs a matrix and a vector ({describe(a)}, {describe(b)})")
    return squeeze(matmul(a, expand_dims(b, -1)), -1)


@implements(*(getattr(np, name) for name in ("vecmat",) if hasattr(np, name)))
def vecmat(x1: Operand, x2: Operand) -> Tensor:
    """Vectors, conjugated, times matrices, in the last axes; the others broadcast."""
    a, b = as_operands("vecmat", x1, x2)
    if a.ndim < 1 or b.ndim < 2:
        raise ShapeError(f"vecmat: needs a vector and a matrix ({describe(a)}, {describe(b)})")
    return squeeze(matmul(expand_dims(conjugate(a), -2), b), -2)


def matrix_transpose(x: Operand) -> Tensor:
    """The matrices in the last two axes, transposed."""
    a = to_tensor(x)
    if a.ndim < 2:
        raise ShapeError(f"matrix_transpose: needs a matrix in the last two axes ({describe(a)})")
    return moveaxis(a, -1, -2)


@implements(np.cross, np.linalg.cross)
def cross(a: Operand, b: Operand, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The vector product of vectors of three elements along axes of the operands; the other axes broadcast. Vectors of
    two elements have a third one of 0; of two such the result is the third element alone, as in NumPy."""
    x, y = as_operands("cross", a, b)
    if axis is not None:
        axisa = axisb = axisc = axis
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(f"cross: both operands need an axis ({describe(x)}, {describe(y)})")
    x = moveaxis(x, normalize_axis("cross", axisa, x), -1)
    y = moveaxis(y, normalize_axis("cross", axisb, y), -1)
    for t in (x, y):
        if t.shape[-1] not in (2, 3):
            raise ShapeError(
                f"cross: vectors have two or three elements, known while the graph is built ({describe(t)})"
            )
    p, q = ([t[..., k] for k in range(int(t.shape[-1]))] for t in (x, y))
    third = elementwise.subtract(elementwise.multiply(p[0], q[1]), elementwise.multiply(p[1], q[0]))
    if len(p) == len(q) == 2:
        return third
    first = _minor(p, q, 1, 2)
    second = _minor(p, q, 2, 0)
    made = stack([first, second, third], axis=-1)
    return moveaxis(made, -1, normalize_axis("cross", axisc, made))


def _minor(p: list[Tensor], q: list[Tensor], i: int, j: int) -> Tensor:
    """p[i] q[j] - p[j] q[i], where a third element may be missing."""
    terms = [(p, i, q, j, False), (p, j, q, i, True)]
    found: Tensor | None = None
    for left, at, right, place, less in terms:
        if at < len(left) and place < len(right):
            product = elementwise.multiply(left[at], right[place])
            signed = elementwise.negative(product) if less else product
            found = signed if found is None else elementwise.add(found, signed)
    assert found is not None
    return found
