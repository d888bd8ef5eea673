"""Reading and writing at integer arrays: gather, scatter and their aligned forms (take_along_axis, put_along_axis).

Where several scatters of one place tie for a maximum or minimum, base and updates share the derivative equally.
A "set" that writes one place several times keeps the last value in row-major order, and only that has a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from staticad.errors import DTypeError, IndexOutOfBounds, ShapeError
from staticad.ir import dims
from staticad.ir.demands import Needed, elements_to_index
from staticad.ir.dims import Shape
from staticad.ir.dtypes import INT64, is_complex
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.types import Demands, TensorType, same_shape, same_size
from staticad.ops.base import Inferred, Op, apply
from staticad.ops.comparison import EQUAL, LESS, LOGICAL_AND, LOGICAL_NOT
from staticad.ops.conversion import CAST
from staticad.ops.creation import EMPTY, FULL, IOTA, size_tensor
from staticad.ops.movement import EXPAND_DIMS, RESHAPE
from staticad.ops.products import product_of_others
from staticad.ops.reduce import ANY
from staticad.ops.selection import WHERE
from staticad.ops.sources import constant

FEW = 16  # writes whose places are compared with each other

Axes = tuple[int, ...]
Tangents = Sequence[Tensor | None]
Place = dict[str, Any]  # the attrs axes, position, aligned, and labels where there are any


def gather_shape(
    x: Shape, indices: tuple[Shape, ...], axes: tuple[int, ...], position: int, aligned: bool, labels: str = ""
) -> Shape:
    """The shape of a gather's result, and so of a scatter's updates. See `Gather`."""
    common = indices[0]
    if aligned:
        return common
    rest = tuple(s for a, s in enumerate(x) if a not in axes)
    return (*rest[:position], *common, *rest[position:])


class Gather(Op):
    """``result[*o, *rest] = x[i0[o], i1[o], …]``: elements (or slices) of input 0 at integer arrays of one shape.

    Inputs: x, then one int64 index tensor per axis in attrs ``axes`` (sorted). The index tensors have one common
    shape (the front broadcasts them), which stands at ``position`` of the result among the axes of x that are not
    indexed. With ``aligned=True`` (take_along_axis) there is one index tensor, of the rank of x and equal to it in
    all axes but ``axes[0]``, and result[…, k, …] = x[…, i[…, k, …], …]; the result has the index's shape.
    Negative indices count from the end; an index outside raises IndexOutOfBounds at run time. Linear in x.
    With the attr ``labels`` the indices are labels: negative ones are outside, and this is the text of the error, with
    the places {index}, {size} and {last}.
    """

    family = "gather"
    title = "Reading at integer arrays"
    about = "Indices are checked in every run; negative ones count from the end."

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        x, *indices = inputs
        with Demands() as demands:
            check_indices(x, indices, attrs, demands)
            shape = gather_shape(x.shape, tuple(i.shape for i in indices), **attrs)
            return (TensorType(shape, x.dtype),), demands.close()

    def needed(self, node: Node) -> list[Needed]:
        return elements_to_index(node, node.inputs[1])


class Scatter(Op):
    """The adjoint of Gather: input 0 is the base, input 1 the updates, the others the indices; attrs as in Gather.

    Attr ``mode`` is "set", "add", "multiply", "min" or "max". The result is a copy of the base with
    ``result[i0[o], i1[o], …] mode= updates[*o, *rest]``. With "set" the last of several writes to one place stays.
    The updates have exactly the shape that the gather with these indices would have (the front broadcasts them).
    """

    family = "scatter"
    title = "Writing at integer arrays"
    about = "A copy of the base, changed at the places that the indices name."
    changes_base = True
    accumulating = ("add", "multiply")  # modes in which errors add up

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        base, updates, *indices = inputs
        if base.dtype != updates.dtype:
            raise DTypeError(f"base and updates of dtypes {base.dtype} and {updates.dtype}; cast them first")
        if is_complex(base.dtype) and attrs["mode"] not in ("set", "add"):
            raise DTypeError(f"{attrs['mode']} at places of {base.dtype} is not supported; set or add there")
        rule = {k: v for k, v in attrs.items() if k != "mode"}
        shape = gather_shape(base.shape, tuple(i.shape for i in indices), **rule)
        with Demands() as demands:
            check_indices(base, indices, attrs, demands)
            if not same_shape(shape, updates.shape, demands):
                raise ShapeError(f"updates {updates} do not have the shape [{','.join(map(str, shape))}] of the places")
            return (base,), demands.close()

    def needed(self, node: Node) -> list[Needed]:
        return elements_to_index(node, node.inputs[2])


def check_indices(x: TensorType, indices: Sequence[TensorType], attrs: Attrs, demands: Demands) -> None:
    """Index tensors are int64 and of one shape, and one that is aligned with x has its other sizes."""
    if attrs["aligned"]:
        (index,), (axis,) = indices, attrs["axes"]
        if index.ndim != x.ndim or any(
            a != axis and same_size(x.shape[a], size, demands) is None for a, size in enumerate(index.shape)
        ):
            raise ShapeError(f"an index tensor {index} for {x}: the sizes of axes other than {axis} differ")
    for i in indices:
        if i.dtype != np.int64:
            raise DTypeError(f"indices have to be int64 here, not {i.dtype}")
        if not same_shape(i.shape, indices[0].shape, demands):
            raise ShapeError(f"index tensors {indices[0]} and {i} differ in shape; broadcast them first")


def _checked(index: np.ndarray, size: int, axis: int, labels: str) -> np.ndarray:
    """The index counted from the start. Raises IndexOutOfBounds."""
    outside = (index < (0 if labels else -size)) | (index >= size)
    if outside.any():
        wrong = index[outside].flat[0]
        if labels:
            raise IndexOutOfBounds(labels.format(index=wrong, size=size, last=size - 1))
        raise IndexOutOfBounds(f"index {wrong} is out of bounds for axis {axis} of size {size}")
    return np.where(index < 0, index + size, index)


def _places(x: np.ndarray, indices: Sequence[np.ndarray], axes: Axes, aligned: bool, labels: str) -> tuple[Any, ...]:
    """A NumPy index of x after `_arranged`, or of x itself where aligned."""
    checked = [_checked(i, x.shape[a], a, labels) for i, a in zip(indices, axes)]
    if not aligned:
        return tuple(checked)
    grid = list(np.ix_(*(range(n) for n in indices[0].shape)))
    grid[axes[0]] = checked[0]
    return tuple(grid)


def _arranged(x: np.ndarray, axes: Axes) -> np.ndarray:
    """A view of x with the indexed axes first."""
    return np.moveaxis(x, axes, range(len(axes)))


def _gather_numpy(
    x: np.ndarray, *indices: np.ndarray, axes: Axes, position: int, aligned: bool, labels: str = ""
) -> np.ndarray:
    places = _places(x, indices, axes, aligned, labels)
    if aligned:
        return x[places]
    common = range(indices[0].ndim)
    return np.moveaxis(_arranged(x, axes)[places], common, [position + a for a in common])


_AT = {
    "add": np.add.at,
    "multiply": np.multiply.at,
    "min": np.minimum.at,
    "max": np.maximum.at,
}


def _set_last(target: np.ndarray, places: tuple[Any, ...], updates: np.ndarray) -> None:
    """An assignment in row-major order, so that the last of several writes stays whatever NumPy does."""
    common = np.broadcast_shapes(*(np.shape(p) for p in places))
    places = np.broadcast_arrays(*places) if places else ()
    for o in np.ndindex(*common):
        target[tuple(p[o] for p in places)] = updates[o]


def _scatter_numpy(
    base: np.ndarray,
    updates: np.ndarray,
    *indices: np.ndarray,
    axes: Axes,
    position: int,
    aligned: bool,
    mode: str,
    labels: str = "",
) -> np.ndarray:
    result = base.copy()
    places = _places(base, indices, axes, aligned, labels)
    target = result
    if not aligned:
        target = _arranged(result, axes)
        common = range(indices[0].ndim)
        updates = np.moveaxis(updates, [position + a for a in common], common)
    if mode == "set":
        _set_last(target, places, updates)
    else:
        _AT[mode](target, places, updates)
    return result


def _gather(x: Tensor, indices: Sequence[Tensor], place: Place) -> Tensor:
    return apply(GATHER_ALONG if place["aligned"] else GATHER, x, *indices, **place)


def _scatter(mode: str, base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place) -> Tensor:
    op = SCATTER_ALONG if place["aligned"] else SCATTER
    return apply(op, base, updates, *indices, mode=mode, **place)


def _like(x: Tensor, value: float) -> Tensor:
    return apply(FULL, shape=x.shape, dtype=x.dtype, value=value)


def _where(condition: Tensor, a: Tensor) -> Tensor:
    """a where the condition holds, else zero."""
    return apply(WHERE, condition, a, apply(FULL, shape=(), dtype=a.dtype, value=0.0))


def _gather_vjp(g: Tensor, y: Tensor, x: Tensor, *indices: Tensor, **place: Any) -> tuple[Tensor | None, ...]:
    return (_scatter("add", _like(x, 0.0), g, indices, place), *(None for _ in indices))


def _gather_jvp(ts: Tangents, y: Tensor, x: Tensor, *indices: Tensor, **place: Any) -> Tensor | None:
    return None if ts[0] is None else _gather(ts[0], indices, place)


def _single(indices: Sequence[Tensor]) -> bool:
    """Whether there is one place, so that no two updates meet, and other places need not be looked at."""
    return dims.product(indices[0].shape) == 1


def _last_of_few(base: Tensor, indices: Sequence[Tensor], place: Place, count: int) -> Tensor:
    """Which of a few writes stay: those that no later one meets. Compared pair by pair, since an array of the base's
    size for a few writes would cost more than they do."""
    met: Tensor | None = None
    for index, axis in zip(indices, place["axes"], strict=True):
        flat = apply(RESHAPE, index, shape=(count,), constraints=())
        negative = apply(LESS, flat, constant(0, INT64))
        counted = apply(WHERE, negative, flat + size_tensor(base.shape[axis]), flat)
        same = apply(EQUAL, apply(EXPAND_DIMS, counted, axes=(1,)), apply(EXPAND_DIMS, counted, axes=(0,)))
        met = same if met is None else apply(LOGICAL_AND, met, same)
    rows, columns = (apply(IOTA, shape=(count, count), dtype=INT64, axis=axis) for axis in (0, 1))
    later = apply(LOGICAL_AND, met, apply(LESS, rows, columns))  # type: ignore[arg-type]
    return apply(RESHAPE, apply(LOGICAL_NOT, apply(ANY, later, axes=(1,))), shape=indices[0].shape, constraints=())


def _last_writes(base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place) -> Tensor:
    """Which updates of a "set" stay, as bool that broadcasts to the updates: each write leaves its number."""
    common = indices[0].shape
    count = dims.product(common)
    numbers = apply(RESHAPE, apply(IOTA, shape=(count,), dtype=INT64, axis=0), shape=common, constraints=())
    if place["aligned"]:
        written = apply(EMPTY, shape=base.shape, dtype=INT64, value=0)
        stays = _gather(_scatter("set", written, numbers, indices, place), indices, place)
        return apply(EQUAL, stays, numbers)
    # One number for a whole slice: the axes that are not indexed don't matter.
    if isinstance(count, int) and count <= FEW:
        last = _last_of_few(base, indices, place, count)
    else:
        plain: Place = {"axes": tuple(range(len(indices))), "position": 0, "aligned": False}
        written = apply(EMPTY, shape=tuple(base.shape[a] for a in place["axes"]), dtype=INT64, value=0)
        stays = _gather(_scatter("set", written, numbers, indices, plain), indices, plain)
        last = apply(EQUAL, stays, numbers)
    behind = updates.ndim - place["position"] - len(common)
    if behind:
        last = apply(EXPAND_DIMS, last, axes=tuple(range(len(common), len(common) + behind)))
    return last


def _others(base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place) -> Tensor:
    """For every update the product of the others at its place."""
    if _single(indices):
        return _like(updates, 1.0)
    return product_of_others(
        updates,
        product=lambda v: _gather(_scatter("multiply", _like(base, 1.0), v, indices, place), indices, place),
        total=lambda v: _gather(_scatter("add", _like(base, 0.0), v, indices, place), indices, place),
    )


def _ties(
    y: Tensor, base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place
) -> tuple[Tensor, Tensor, Tensor]:
    """Whether the base is the extreme, which updates are, and how many of both."""
    kept = apply(EQUAL, base, y)
    tied = apply(EQUAL, updates, _gather(y, indices, place))
    count = _scatter("add", apply(CAST, kept, dtype=y.dtype), apply(CAST, tied, dtype=y.dtype), indices, place)
    return kept, tied, count


def _ties_at_place(
    y: Tensor, base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place
) -> tuple[Tensor, Tensor, Tensor]:
    """The same at a single place, in the shape of the updates."""
    extreme = _gather(y, indices, place)
    kept, tied = apply(EQUAL, _gather(base, indices, place), extreme), apply(EQUAL, updates, extreme)
    return kept, tied, apply(CAST, kept, dtype=y.dtype) + apply(CAST, tied, dtype=y.dtype)


def _scatter_vjp(
    g: Tensor, y: Tensor, base: Tensor, updates: Tensor, *indices: Tensor, mode: str, **place: Any
) -> tuple[Tensor | None, ...]:
    to_base, to_updates = _VJPS[mode](g, y, base, updates, indices, place)
    return (to_base, to_updates, *(None for _ in indices))


def _set_vjp(
    g: Tensor, y: Tensor, base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place
) -> tuple[Tensor, Tensor]:
    untouched = _scatter("set", g, _like(updates, 0.0), indices, place)
    arrived = _gather(g, indices, place)
    if dims.product(indices[0].shape) != 1:  # a single write is the last one
        arrived = _where(_last_writes(base, updates, indices, place), arrived)
    return untouched, arrived


def _add_vjp(
    g: Tensor, y: Tensor, base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place
) -> tuple[Tensor, Tensor]:
    return g, _gather(g, indices, place)


def _multiply_vjp(
    g: Tensor, y: Tensor, base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place
) -> tuple[Tensor, Tensor]:
    to_base = _scatter("multiply", g, updates, indices, place)
    at_places = _gather(g, indices, place) * _gather(base, indices, place)
    return to_base, at_places * _others(base, updates, indices, place)


def _extreme_vjp(
    g: Tensor, y: Tensor, base: Tensor, updates: Tensor, indices: Sequence[Tensor], place: Place
) -> tuple[Tensor, Tensor]:
    if _single(indices):
        kept, tied, count = _ties_at_place(y, base, updates, indices, place)
        share = _gather(g, indices, place) / count
        return _scatter("set", g, _where(kept, share), indices, place), _where(tied, share)
    kept, tied, count = _ties(y, base, updates, indices, place)
    share = g / count
    return _where(kept, share), _where(tied, _gather(share, indices, place))


_VJPS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "set": _set_vjp,
    "add": _add_vjp,
    "multiply": _multiply_vjp,
    "min": _extreme_vjp,
    "max": _extreme_vjp,
}


def _scatter_jvp(
    ts: Tangents, y: Tensor, base: Tensor, updates: Tensor, *indices: Tensor, mode: str, **place: Any
) -> Tensor | None:
    if ts[0] is None and ts[1] is None:
        return None
    of_base = ts[0] if ts[0] is not None else _like(base, 0.0)
    of_updates = ts[1] if ts[1] is not None else _like(updates, 0.0)
    if mode in ("set", "add"):
        return _scatter(mode, of_base, of_updates, indices, place)
    if mode == "multiply":
        from_base = _scatter("multiply", of_base, updates, indices, place)
        pushed = of_updates * _others(base, updates, indices, place) * _gather(base, indices, place)
        return _scatter("add", from_base, pushed, indices, place)
    if _single(indices):
        kept, tied, count = _ties_at_place(y, base, updates, indices, place)
        pushed = (_where(kept, _gather(of_base, indices, place)) + _where(tied, of_updates)) / count
        return _scatter("set", of_base, pushed, indices, place)
    kept, tied, count = _ties(y, base, updates, indices, place)
    return _scatter("add", _where(kept, of_base), _where(tied, of_updates), indices, place) / count


def _gather_op(name: str, notes: str) -> Gather:
    return Gather(name, numpy=_gather_numpy, vjp=_gather_vjp, jvp=_gather_jvp, certain=True, notes=notes)


GATHER = _gather_op("gather", "integer-array indexing, `take`")
GATHER_ALONG = _gather_op("gather_along", "`take_along_axis`")
SCATTER = Scatter(
    "scatter",
    numpy=_scatter_numpy,
    vjp=_scatter_vjp,
    jvp=_scatter_jvp,
    notes="`x.at[i].set`, `add`, `multiply`, `min`, `max`; of several sets of one place the last stays, and only"
    " that has a derivative; tied extremes share the cotangent equally",
)
SCATTER_ALONG = Scatter(
    "scatter_along",
    numpy=_scatter_numpy,
    vjp=_scatter_vjp,
    jvp=_scatter_jvp,
    notes="`put_along_axis`; as scatter",
)
