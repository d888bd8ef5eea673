"""Updated copies of a tensor: ``x.at[key].set(v)`` and its like, put_along_axis, put."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from staticad.boundary import boundaries
from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.axes import normalize_axis
from staticad.functional.control import fori_loop
from staticad.functional.indexing import aligned, index_tensor, moved_inside, read
from staticad.functional.joining import concatenate
from staticad.functional.movement import broadcast_to, expand_dims, ravel, reshape, squeeze
from staticad.functional.subscripts import Key, fitted, parse
from staticad.ir.dims import Shape, product
from staticad.ir.dtypes import BOOL, INT64, is_inexact
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.ops.base import apply
from staticad.ops.creation import fill, indices, size_tensor
from staticad.ops.indexing import GATHER, SCATTER, SCATTER_ALONG, gather_shape
from staticad.ops.promotion import Operand, cast, common_dtype, to_tensor, weak_kind
from staticad.ops.slicing import REPLACE, reverse
from staticad.ops.sources import constant_array


class At:
    """``x.at``: indexed like x itself, it gives functions that return a changed copy."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def __getitem__(self, key: Any) -> Updates:
        if isinstance(key, Tensor) and key.dtype == BOOL and constant_array(key) is None:
            return MaskedPlace(self._tensor, key)
        x = fitted(self._tensor, key)
        return Place(x, parse(x, key))


@boundaries()
class Updates:
    """``x.at[key]``. The values broadcast to the shape of ``x[key]`` and are cast to x's dtype within their kind.

    Where an integer array names a place several times, `set` keeps the last value in row-major order, `apply` applies
    its function as often, and the others combine all values.
    """

    __slots__ = ()

    def get(self) -> Tensor:
        """``x[key]``."""
        raise NotImplementedError

    def set(self, values: Operand) -> Tensor:
        """A copy of x with the values at the key."""
        return self._update("set", values)

    def add(self, values: Operand) -> Tensor:
        """A copy of x with the values added at the key; repeated places add up."""
        return self._update("add", values)

    def subtract(self, values: Operand) -> Tensor:
        """A copy of x less the values at the key; all of those of a repeated place are subtracted."""
        return self._update("subtract", values)

    def multiply(self, values: Operand) -> Tensor:
        """A copy of x multiplied by the values at the key."""
        return self._update("multiply", values)

    def divide(self, values: Operand) -> Tensor:
        """A copy of x, which are floats, divided at the key by the values, or by the product of those of a repeated
        place."""
        return self._update("divide", values)

    def power(self, values: Operand) -> Tensor:
        """A copy of x with its elements at the key raised to the values, or, as in JAX, to the product of those of a
        repeated place."""
        return self._update("power", values)

    def min(self, values: Operand) -> Tensor:
        """A copy of x with the smaller of its elements and the values at the key."""
        return self._update("min", values)

    def max(self, values: Operand) -> Tensor:
        """A copy of x with the larger of its elements and the values at the key."""
        return self._update("max", values)

    def apply(self, function: Callable[[Tensor], Any]) -> Tensor:
        """A copy of x with an elementwise function of its elements at the key, applied as often as a place is named, as
        by ``ufunc.at``."""
        raise NotImplementedError

    def _update(self, mode: str, values: Operand) -> Tensor:
        raise NotImplementedError


@boundaries()
class Place(Updates):
    """The places of a key that is known up to its index tensors."""

    __slots__ = ("_key", "_tensor")

    def __init__(self, tensor: Tensor, key: Key) -> None:
        self._tensor, self._key = tensor, key

    def get(self) -> Tensor:
        return read(self._tensor, self._key)

    def apply(self, function: Callable[[Tensor], Any]) -> Tensor:
        x, key = self._tensor, self._key
        if not key.indices:
            return self._with_region(key, _applied(function, key.view(x), x))
        key, _ = key.turned()  # one by one, whichever way the axes of the result run
        view, rule = key.view(x), _rule(key)
        value = _applied(function, apply(GATHER, view, *key.indices, **rule), x)
        if not _are_distinct(view, key):
            value = _repeated(function, value, view, key, x)
        return self._with_region(key, apply(SCATTER, view, value, *key.indices, mode="set", **rule))

    def _update(self, mode: str, values: Operand) -> Tensor:
        x, key = self._tensor, self._key
        new = _fitting(mode, x, values)
        if not key.indices:
            view = key.view(x)
            new = _broadcast(mode, new, view.shape, x)
            return self._with_region(key, new if mode == "set" else _COMBINE[mode](view, new))
        key, backward = key.turned()
        view, rule = key.view(x), _rule(key)
        new = _broadcast(mode, new, gather_shape(view.shape, tuple(i.shape for i in key.indices), **rule), x)
        new = reverse(new, backward) if backward else new
        if mode == "subtract":
            mode, new = "add", elementwise.negative(new)
        if x.dtype == BOOL:  # bools add by or, multiply by and
            mode = {"add": "max", "multiply": "min"}.get(mode, mode)
        if mode in ("divide", "power"):
            if not _are_distinct(view, key):
                ones = fill(view.shape, 1, x.dtype)
                all_of_them = apply(SCATTER, ones, new, *key.indices, mode="multiply", **rule)
                new = apply(GATHER, all_of_them, *key.indices, **rule)
            new = _COMBINE[mode](apply(GATHER, view, *key.indices, **rule), new)
            mode = "set"
        return self._with_region(key, apply(SCATTER, view, new, *key.indices, mode=mode, **rule))

    def _with_region(self, key: Key, changed: Tensor) -> Tensor:
        changed = key.as_region(changed)
        return changed if key.covers(self._tensor) else apply(REPLACE, self._tensor, changed, **key.forward())


def _rule(key: Key) -> dict[str, Any]:
    return {"axes": key.axes, "position": key.position, "aligned": False}


def _are_distinct(view: Tensor, key: Key) -> bool:
    """Whether no place is named twice, as far as that is known."""
    if product(key.indices[0].shape) == 1:
        return True
    flat = np.zeros((), np.int64)
    for index, axis in zip(key.indices, key.axes, strict=True):
        array, size = constant_array(index), view.shape[axis]
        if array is None or not isinstance(size, int):
            return False
        flat = flat * size + np.where(array < 0, array + size, array)
    return bool(np.unique(flat).size == flat.size)


def _applied(function: Callable[[Tensor], Any], x: Tensor, whole: Tensor) -> Tensor:
    """What an elementwise function makes of x, in its dtype."""
    result = _fitting("apply", whole, function(x))
    if result.ndim and not may_be_same(result.shape, x.shape):
        raise ShapeError(f"at[].apply: the function changes the shape ({describe(result)}, {describe(whole)})")
    return _broadcast("apply", result, x.shape, whole)


def _repeated(function: Callable[[Tensor], Any], once: Tensor, view: Tensor, key: Key, whole: Tensor) -> Tensor:
    """The function applied as often as each place is named: every entry of a place gets all of them."""
    common: Shape = key.indices[0].shape
    plain: dict[str, Any] = {"axes": tuple(range(len(key.axes))), "position": 0, "aligned": False}
    none = fill(tuple(view.shape[axis] for axis in key.axes), 0, INT64)
    counted = apply(SCATTER, none, fill(common, 1, INT64), *key.indices, mode="add", **plain)
    times = apply(GATHER, counted, *key.indices, **plain)
    most = reductions.max(concatenate([ravel(times), [1]]))
    behind = once.ndim - key.position - len(common)
    times = expand_dims(times, tuple(range(len(common), len(common) + behind)))

    def again(step: Tensor, value: Tensor) -> Tensor:
        return elementwise.where(times > step, _applied(function, value, whole), value)

    result: Tensor = fori_loop(1, most, again, once)
    return result


@boundaries()
class MaskedPlace(Updates):
    """``x.at[mask]`` with a boolean tensor of x's shape, or of that of its first axes. The values are those of one
    place: a number, or what broadcasts to the axes behind the mask's."""

    __slots__ = ("_mask", "_rest", "_tensor")

    def __init__(self, tensor: Tensor, mask: Tensor) -> None:
        missing = tensor.ndim - mask.ndim
        try:
            if missing < 0:
                raise ShapeError(f"it has {mask.ndim} axes")
            self._mask = broadcast_to(reshape(mask, (*mask.shape, *(1,) * missing)), tensor.shape)
        except ShapeError as error:
            raise ShapeError(f"at[]: the mask does not fit: {error} ({describe(tensor)}, {describe(mask)})") from None
        self._tensor, self._rest = tensor, missing

    def get(self) -> NoReturn:
        raise GraphError(
            f"at[mask].get: how many elements a mask takes depends on data; use sa.where(mask, x, other) "
            f"({describe(self._tensor)})"
        )

    def apply(self, function: Callable[[Tensor], Any]) -> Tensor:
        x = self._tensor
        return elementwise.where(self._mask, _applied(function, x, x), x)

    def _update(self, mode: str, values: Operand) -> Tensor:
        x = self._tensor
        new = _fitting(mode, x, values)
        if new.ndim == self._rest + 1 and new.shape[0] == 1:
            new = squeeze(new, 0)
        if new.ndim > self._rest:
            raise ShapeError(
                f"at[mask].{mode}: how many values a mask takes depends on data; give one number, or use "
                f"sa.where(mask, values, x) ({describe(x)}, {describe(new)})"
            )
        if new.ndim:
            new = _broadcast(mode, new, x.shape, x)
        return elementwise.where(self._mask, new if mode == "set" else _COMBINE[mode](x, new), x)


_COMBINE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": elementwise.add,
    "subtract": elementwise.subtract,
    "multiply": elementwise.multiply,
    "divide": elementwise.divide,
    "power": elementwise.power,
    "min": elementwise.minimum,
    "max": elementwise.maximum,
}


def _fitting(mode: str, x: Tensor, values: Operand) -> Tensor:
    """The values in x's dtype. Raises DTypeError where that would change their kind."""
    if x.dtype == BOOL and mode in ("subtract", "power") or mode == "divide" and not is_inexact(x.dtype):
        raise DTypeError(f"at[].{mode}: {x.dtype} is not supported; use astype ({describe(x)})")
    if weak_kind(values) is not None:
        if common_dtype(x, values) == x.dtype:
            return to_tensor(values, x.dtype)
    else:
        new = to_tensor(values)
        if np.can_cast(new.dtype, x.dtype, "same_kind"):
            return cast(new, x.dtype)
    kind = values if weak_kind(values) is not None else to_tensor(values).dtype
    raise DTypeError(f"at[].{mode}: {kind} does not go into {x.dtype}; use astype ({describe(x)})")


def _broadcast(mode: str, new: Tensor, shape: Any, x: Tensor) -> Tensor:
    try:
        return broadcast_to(new, shape)
    except ShapeError as error:
        raise ShapeError(f"at[].{mode}: the values do not fit the places: {error} ({describe(x)})") from None


def put_along_axis(x: Operand, indices: Operand, values: Operand, axis: int | None) -> Tensor:
    """A copy of x with ``result[…, indices[…, k, …], …] = values[…, k, …]`` along one axis, as NumPy's function of
    that name leaves its argument. Values broadcast to the shape of the indices, and these along the other axes.

    x and indices have equally many axes; where ``axis`` is None x is flattened for it. Of several values for one place
    the last stays. An index outside raises IndexOutOfBounds in the run.
    """
    whole = to_tensor(x)
    index = index_tensor("put_along_axis", indices, whole)
    if axis is None:
        if index.ndim != 1:
            raise ShapeError(f"put_along_axis: the indices of a flattened array are a vector ({describe(index)})")
        flat = ravel(whole)
        return reshape(put_along_axis(flat, index, values, 0), whole.shape)
    place = normalize_axis("put_along_axis", axis, whole)
    base, index = aligned("put_along_axis", whole, index, place)
    if base.shape != whole.shape and any(isinstance(n, int) for n in base.shape):
        known = [n == m or not isinstance(n, int) for n, m in zip(whole.shape, base.shape)]
        if not all(known):
            raise ShapeError(
                f"put_along_axis: indices that broadcast x name places of it several times "
                f"({describe(whole)}, {describe(index)})"
            )
    new = _broadcast("set", _fitting("set", whole, values), index.shape, whole)
    return apply(SCATTER_ALONG, base, new, index, mode="set", axes=(place,), position=0, aligned=True)


def put(x: Operand, ind: Operand, v: Operand, mode: str = "raise") -> Tensor:
    """A copy of x with the values at places of the flattened x, as NumPy's function of that name leaves its argument:
    values are repeated from the first if there are fewer. ``mode`` as in `take`."""
    a = to_tensor(x)
    flat = ravel(a)
    index = moved_inside("put", ravel(index_tensor("put", ind, a)), flat, 0, mode)
    new = ravel(_fitting("set", a, v))
    count = index.shape[0]
    if new.shape[0] == 0 and count != 0:
        raise ShapeError(f"put: there are no values ({describe(a)}, {describe(new)})")
    if new.shape[0] == 1:
        new = broadcast_to(new, (count,))
    elif new.shape[0] != count:
        position = elementwise.remainder(indices((count,), 0), size_tensor(new.shape[0]))
        new = apply(GATHER, new, position, axes=(0,), position=0, aligned=False)
    return reshape(At(flat)[index].set(new), a.shape)
