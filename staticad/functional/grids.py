"""Grids and places of arrays with NumPy's names: meshgrid, ix_, indices, fromfunction, tri, triangles, diagonals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import GraphError, ShapeError, typed_memory
from staticad.functional.axes import as_offset
from staticad.functional.comparison import less_equal
from staticad.functional.front import implements, public_names
from staticad.functional.joining import stack
from staticad.functional.movement import broadcast_to, ravel
from staticad.functional.reshaping import reshape_known
from staticad.functional.shapes import as_shape, as_size
from staticad.ir.dims import Dim, Shape, Size
from staticad.ir.dtypes import BOOL, FLOAT64, INT64, as_dtype
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import may_be_equal
from staticad.ops import creation as ops
from staticad.ops.barrier import demanding
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant, constant_array


@implements(np.meshgrid)
def meshgrid(*xs: Operand, sparse: bool = False, indexing: str = "xy") -> tuple[Tensor, ...]:
    """One array per vector (arrays of more axes are flattened): it has as many axes as there are vectors, and the
    vector along its own one.

    ``indexing`` "ij" takes the axes in the order of the vectors, "xy" exchanges the first two. ``sparse`` leaves the
    other axes at size 1.
    """
    if indexing not in ("xy", "ij"):
        raise GraphError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r} (at {here()})")
    vectors = [ravel(x) for x in xs]
    places = list(range(len(vectors)))
    if indexing == "xy":
        places[:2] = places[:2][::-1]
    shape = [0] * len(vectors)  # type: list[Size]
    for place, v in zip(places, vectors):
        shape[place] = v.shape[0]
    grids = [reshape_known(v, _alone(v.shape[0], place, len(vectors))) for place, v in zip(places, vectors)]
    return tuple(grids if sparse else [broadcast_to(grid, tuple(shape)) for grid in grids])


def _alone(size: Size, axis: int, ndim: int) -> Shape:
    """The shape of what has that size along one axis, and 1 along the others."""
    return tuple(size if a == axis else 1 for a in range(ndim))


@implements(np.ix_)
def ix_(*xs: Operand) -> tuple[Tensor, ...]:
    """Index arrays that together name all combinations: ``x[sa.ix_(rows, columns)]``. Constant bools name their True
    places."""
    found = []
    for axis, x in enumerate(xs):
        v = to_tensor(np.zeros(0, np.int64) if isinstance(x, (list, tuple, range)) and not len(x) else x)
        if v.ndim != 1:
            raise ShapeError(f"ix_: needs vectors ({describe(v)})")
        if v.dtype == BOOL:
            known = constant_array(v)
            if known is None:
                raise GraphError(
                    f"ix_: a boolean mask that is known only at run time names a number of places that depends on data "
                    f"({describe(v)})"
                )
            v = constant(known.nonzero()[0])
        found.append(reshape_known(v, _alone(v.shape[0], axis, len(xs))))
    return tuple(found)


def indices(dimensions: Any, dtype: Any = INT64, sparse: bool = False) -> Any:
    """For every axis of an array of that shape the own index along it: stacked in a new first axis, or with ``sparse``
    as a tuple of arrays that broadcast."""
    shape, kind = as_shape(dimensions), as_dtype(dtype)
    if sparse:
        return tuple(ops.indices(_alone(n, axis, len(shape)), axis, kind) for axis, n in enumerate(shape))
    if not shape:
        return ops.fill((0,), 0, kind)
    return stack([ops.indices(shape, axis, kind) for axis in range(len(shape))])


def fromfunction(function: Callable[..., Any], shape: Any, *, dtype: Any = FLOAT64, **kwargs: Any) -> Any:
    """What a function makes of the indices along every axis, each an array of that shape."""
    sizes, kind = as_shape(shape), as_dtype(dtype)
    return function(*(ops.indices(sizes, axis, kind) for axis in range(len(sizes))), **kwargs)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = FLOAT64) -> Tensor:
    """N rows and M (default: N) columns: 1 at and below the k-th diagonal, else 0."""
    rows = as_size(N)
    columns = rows if M is None else as_size(M)
    return cast(_below(rows, columns, as_offset("tri", k)), as_dtype(dtype))


def _below(rows: Size, columns: Size, k: int) -> Tensor:
    return less_equal(ops.indices((1, columns), 1), ops.indices((rows, 1), 0) + k)


def _known(op: str, *sizes: Any) -> list[int]:
    for size in sizes:
        if isinstance(size, Dim):
            raise ShapeError(
                f"{op}: how many places there are of the free size {size} is no polynomial of it; use sa.tril and "
                f"sa.triu, or sa.where with sa.tri (at {here()})"
            )
    return [int(as_size(size)) for size in sizes]


def tril_indices(n: Any, k: int = 0, m: Any = None) -> tuple[Tensor, Tensor]:
    """Rows and columns of the places at and below the k-th diagonal of n rows and m (default: n) columns, which are
    ints."""
    rows, columns = _known("tril_indices", n, n if m is None else m)
    return _constants(np.tril_indices, rows, as_offset("tril_indices", k), columns)


def triu_indices(n: Any, k: int = 0, m: Any = None) -> tuple[Tensor, Tensor]:
    """Rows and columns of the places at and above the k-th diagonal of n rows and m (default: n) columns, which are
    ints."""
    rows, columns = _known("triu_indices", n, n if m is None else m)
    return _constants(np.triu_indices, rows, as_offset("triu_indices", k), columns)


@typed_memory("the indices of a triangle")
def _constants(indices: Callable[..., Any], rows: int, k: int, columns: int) -> tuple[Tensor, Tensor]:
    first, second = indices(rows, max(-rows - 1, min(k, columns + 1)), columns)
    return constant(first), constant(second)


@implements(np.tril_indices_from)
def tril_indices_from(x: Operand, k: int = 0) -> tuple[Tensor, Tensor]:
    """`tril_indices` of the shape of a matrix."""
    rows, columns = _matrix("tril_indices_from", x).shape
    return tril_indices(rows, k, columns)


@implements(np.triu_indices_from)
def triu_indices_from(x: Operand, k: int = 0) -> tuple[Tensor, Tensor]:
    """`triu_indices` of the shape of a matrix."""
    rows, columns = _matrix("triu_indices_from", x).shape
    return triu_indices(rows, k, columns)


def _matrix(op: str, x: Operand) -> Tensor:
    a = to_tensor(x)
    if a.ndim != 2:
        raise ShapeError(f"{op}: needs a matrix ({describe(a)})")
    return a


def diag_indices(n: Any, ndim: int = 2) -> tuple[Tensor, ...]:
    """The places of the main diagonal of an array with ``ndim`` axes of size n."""
    count = as_offset("diag_indices", ndim)
    if not 0 <= count <= 64:
        raise ShapeError(f"diag_indices: ndim has to be between 0 and 64, not {ndim} (at {here()})")
    return (ops.indices((as_size(n),), 0),) * count


@implements(np.diag_indices_from)
def diag_indices_from(x: Operand) -> tuple[Tensor, ...]:
    """The places of the main diagonal of x, whose axes are of one size; a run checks free ones."""
    a = to_tensor(x)
    if a.ndim < 2 or not all(may_be_equal(a.shape[0], n) for n in a.shape):
        raise ShapeError(f"diag_indices_from: needs at least two axes, all of one size ({describe(a)})")
    place = ops.indices((a.shape[0],), 0)
    return (demanding(place, [(n, a.shape[0]) for n in a.shape[1:] if n != a.shape[0]]),) * a.ndim


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
