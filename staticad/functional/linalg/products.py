"""Products of vectors, matrices and tensors, and parts of matrices, with NumPy's names.

Operands are promoted to a common dtype, which sums of products keep. Sizes that are known to differ raise ShapeError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.axes import as_index, normalize_axes, normalize_axis
from staticad.functional.front import implements
from staticad.functional.movement import expand_dims, ravel, squeeze
from staticad.ir.dims import Shape
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ir.making import new_node
from staticad.ir.types import Demands, same_size
from staticad.late import later
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL, LESS_EQUAL, LOGICAL_NOT
from staticad.ops.complex import CONJ
from staticad.ops.contract import MATMUL
from staticad.ops.creation import fill, indices
from staticad.ops.movement import BROADCAST_TO, DIAGONAL
from staticad.ops.promotion import Operand, as_operands, to_tensor, usual_operands
from staticad.ops.selection import WHERE
from staticad.ops.slicing import EMBED

if TYPE_CHECKING:
    from staticad.functional import einsum
else:  # of products over other axes than matrices have
    einsum = later("staticad.functional.einsum")


@implements(np.matmul, np.linalg.matmul)
def matmul(x1: Operand, x2: Operand) -> Tensor:
    """The matrix product of the last two axes; the others broadcast. A vector is a row on the left, a column on the
    right, and leaves no axis behind. Numbers without axes raise ShapeError."""
    a, b = usual_operands(x1, x2) or as_operands("matmul", x1, x2)
    rows, columns = a.ndim, b.ndim
    if rows > 1 and columns > 1:
        return new_node(MATMUL, (a, b), {}).outputs[0]
    if rows == 0 or columns == 0:
        raise ShapeError(f"matmul: both operands need an axis; use * for numbers ({describe(a)}, {describe(b)})")
    if rows == columns:
        return _sum_of_products("matmul", a, b, (0,), (0,))
    if rows == 1:
        return squeeze(apply(MATMUL, expand_dims(a, 0), b), -2)
    return squeeze(apply(MATMUL, a, expand_dims(b, 1)), -1)


def _sum_of_products(op: str, a: Tensor, b: Tensor, a_axes: tuple[int, ...], b_axes: tuple[int, ...]) -> Tensor:
    """Contracts pairs of axes; the result has the other axes of a, then those of b."""
    a_labels: list[Any] = [("a", i) for i in range(a.ndim)]
    b_labels: list[Any] = [("b", i) for i in range(b.ndim)]
    a_shape = list(a.shape)
    b_shape = list(b.shape)
    with Demands() as demands:
        for i, j in zip(a_axes, b_axes):
            size = same_size(a.shape[i], b.shape[j], demands)
            if size is None:
                raise ShapeError(
                    f"{op}: sizes {a.shape[i]} and {b.shape[j]} of the summed axes differ "
                    f"({describe(a)}, {describe(b)})"
                )
            a_shape[i] = b_shape[j] = size
            a_labels[i] = b_labels[j] = ("sum", i)
        left = einsum.Term(_checked(a, tuple(a_shape)), tuple(a_labels))
        right = einsum.Term(_checked(b, tuple(b_shape)), tuple(b_labels))
        demands.met_by(left.tensor.node.constraints, right.tensor.node.constraints)
    kept = [k for k in (*a_labels, *b_labels) if k[0] != "sum"]
    return einsum.contract(left, right, kept).tensor


def _checked(x: Tensor, shape: Shape) -> Tensor:
    """x with free sizes replaced by what they have to equal; never stretched."""
    return x if x.shape == shape else apply(BROADCAST_TO, x, shape=shape)


@implements(np.dot)
def dot(x1: Operand, x2: Operand) -> Tensor:
    """The sum of products over the last axis of x1 and the second to last (or only) axis of x2; the plain product if
    one has no axes."""
    a, b = as_operands("dot", x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise.multiply(a, b)
    return _sum_of_products("dot", a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),))


@implements(np.inner)
def inner(x1: Operand, x2: Operand) -> Tensor:
    """The sum of products over the last axes; the plain product if one has no axes."""
    a, b = as_operands("inner", x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise.multiply(a, b)
    return _sum_of_products("inner", a, b, (a.ndim - 1,), (b.ndim - 1,))


@implements(np.vdot)
def vdot(x1: Operand, x2: Operand) -> Tensor:
    """The sum of all products of corresponding elements; those of x1 are conjugated where they are complex."""
    a, b = as_operands("vdot", x1, x2)
    a = apply(CONJ, a) if is_complex(a.dtype) else a
    return _sum_of_products("vdot", ravel(a), ravel(b), (0,), (0,))


@implements(np.outer, np.linalg.outer)
def outer(x1: Operand, x2: Operand) -> Tensor:
    """All products of an element of x1 with an element of x2, both flattened."""
    a, b = as_operands("outer", x1, x2)
    return elementwise.multiply(expand_dims(ravel(a), 1), expand_dims(ravel(b), 0))


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(x1: Operand, x2: Operand, axes: Any = 2) -> Tensor:
    """The sum of products over the last ``axes`` axes of x1 and the first of x2, or over two lists of axes."""
    a, b = as_operands("tensordot", x1, x2)
    if isinstance(axes, (list, tuple)):
        if len(axes) != 2:
            raise ShapeError(f"tensordot: axes are a number or two lists, not {axes!r} ({describe(a)}, {describe(b)})")
        a_axes, b_axes = normalize_axes("tensordot", axes[0], a), normalize_axes("tensordot", axes[1], b)
        if len(a_axes) != len(b_axes):
            raise ShapeError(f"tensordot: {len(a_axes)} and {len(b_axes)} axes ({describe(a)}, {describe(b)})")
    else:
        count = as_index("tensordot", axes, "the number of axes", a)
        if not 0 <= count <= min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot: there are no {count} axes to sum ({describe(a)}, {describe(b)})")
        a_axes, b_axes = tuple(range(a.ndim - count, a.ndim)), tuple(range(count))
    return _sum_of_products("tensordot", a, b, a_axes, b_axes)


@implements(np.diagonal)
def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements whose index of axis2 is larger by ``offset`` than that of axis1, along a new last axis."""
    a = to_tensor(x)
    first, second = (normalize_axis("diagonal", axis, a) for axis in (axis1, axis2))
    if first == second:
        raise ShapeError(f"diagonal: axis1 and axis2 have to differ ({describe(a)})")
    return apply(DIAGONAL, a, offset=as_index("diagonal", offset, "offset", a), axis1=first, axis2=second)


@implements(np.trace)
def trace(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Tensor:
    """The sum of a diagonal, in the dtype of `sum`."""
    return reductions.sum(diagonal(x, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements(np.diag)
def diag(x: Operand, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix, or a matrix with that diagonal and zeros elsewhere made from a vector."""
    a = to_tensor(x)
    offset = as_index("diag", k, "k", a)
    if a.ndim == 2:
        return diagonal(a, offset)
    if a.ndim != 1:
        raise ShapeError(f"diag: needs one or two axes ({describe(a)})")
    n = a.shape[0] + abs(offset)
    zero = fill((), 0, a.dtype)
    by_row = apply(EMBED, a, shape=(n,), starts=(max(-offset, 0),), steps=(1,), fill=zero.node.attrs["value"])
    row, column = indices((n, 1), 0), indices((1, n), 1)
    on_it = apply(EQUAL, column, elementwise.add(row, offset))
    return apply(WHERE, on_it, expand_dims(by_row, 1), zero)


def _below(name: str, x: Tensor, k: Any) -> Tensor:
    """Where column - row <= k."""
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs at least two axes ({describe(x)})")
    n, m = x.shape[-2:]
    row, column = indices((n, 1), 0), indices((1, m), 1)
    return apply(LESS_EQUAL, column, elementwise.add(row, as_index(name, k, "k", x)))


@implements(np.tril)
def tril(x: Operand, k: int = 0) -> Tensor:
    """The matrices with zeros above the k-th diagonal."""
    a = to_tensor(x)
    return apply(WHERE, _below("tril", a, k), a, fill((), 0, a.dtype))


@implements(np.triu)
def triu(x: Operand, k: int = 0) -> Tensor:
    """The matrices with zeros below the k-th diagonal."""
    a = to_tensor(x)
    above = apply(LOGICAL_NOT, _below("triu", a, as_index("triu", k, "k", a) - 1))
    return apply(WHERE, above, a, fill((), 0, a.dtype))
