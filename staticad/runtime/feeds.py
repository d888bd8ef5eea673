"""From what the user feeds to arrays that fit the inputs, and the values of the free sizes. The slow path of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, FeedDTypeError, FeedError, GraphError, IndexOutOfBounds, typed_memory
from staticad.ir.arrays import as_numbers, is_masked_array, read_array
from staticad.ir.demands import unmet
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Dim, Size, Symbol, as_symbol, symbols
from staticad.ir.dtypes import DType, is_lossless, is_supported, kind_of
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.provenance import Where, here
from staticad.late import later
from staticad.ops.sources import default_of
from staticad.runtime.machine import ArraySpec
from staticad.runtime.memory import room_for

if TYPE_CHECKING:
    from staticad.lower.kernel import plan as plans
    from staticad.lower.kernel.plan import Requirement, SizeCheck
else:
    plans = later("staticad.lower.kernel.plan")


def named_feeds(inputs: Sequence[Tensor], arrays: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
    """The fed values in the order of the inputs: those by position first, the others by name."""
    feeds = dict(zip(inputs, arrays))
    if len(arrays) > len(inputs):
        raise wrong_number(inputs, arrays)
    return order_feeds(inputs, {**feeds, **named})


def completed(inputs: Sequence[Tensor], arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays and, for inputs at the end that are not fed, their defaults. Raises FeedError where one has none."""
    defaults = [default_of(tensor) for tensor in inputs[len(arrays) :]]
    if len(arrays) > len(inputs) or any(default is None for default in defaults):
        raise wrong_number(inputs, arrays)
    return (*arrays, *defaults)


def wrong_number(inputs: Sequence[Tensor], arrays: Sequence[Any]) -> FeedError:
    """The error for a call with too many arrays, or too few."""
    listed = ", ".join(describe(t) for t in inputs) or "it has no inputs"
    return FeedError(f"this session takes {len(inputs)} arrays ({listed}), not {len(arrays)} (at {here()})")


def order_feeds(inputs: Sequence[Tensor], feeds: Mapping[Any, Any]) -> tuple[Any, ...]:
    """The fed values in the order of the inputs. Keys are the input tensors, or their names. What is not fed has its
    default.

    Raises FeedError for a missing, unknown or repeated input.
    """
    if not isinstance(feeds, Mapping):
        raise FeedError(
            f"feeds are a mapping from inputs (tensors or names) to arrays, not {type(feeds).__name__}; "
            f"for positional arrays call the session itself: session(a, b) (at {here()})"
        )
    by_name: dict[str, list[Tensor]] = {}
    for tensor in inputs:
        if tensor.name is not None:
            by_name.setdefault(tensor.name, []).append(tensor)
    found: dict[Node, Any] = {}
    known = {t.node for t in inputs}
    for key, value in feeds.items():
        if isinstance(key, str):
            named = by_name.get(key, [])
            if len(named) > 1:
                raise FeedError(f"{len(named)} inputs are named {key!r}; feed them by tensor (at {here()})")
            if not named:
                raise FeedError(f"no input is named {key!r}; the inputs are {_list(inputs)} (at {here()})")
            node = named[0].node
        elif isinstance(key, Tensor):
            node = key.node
            if node not in known:
                raise FeedError(f"{describe(key)} is no input of this session; the inputs are {_list(inputs)}")
        else:
            raise FeedError(f"the key {key!r} of the feeds is neither a tensor nor a name (at {here()})")
        if node in found:
            raise FeedError(f"{describe(node.out)} is fed twice, once by name; leave one out (at {here()})")
        found[node] = value
    for tensor in inputs:
        default = default_of(tensor)
        if default is not None:
            found.setdefault(tensor.node, default)
    missing = [t for t in inputs if t.node not in found]
    if missing:
        listed = ", ".join(describe(t) for t in missing)
        raise FeedError(f"missing feed for {listed}; add it to the mapping of feeds (at {here()})")
    return tuple(found[t.node] for t in inputs)


def _list(inputs: Sequence[Tensor]) -> str:
    return ", ".join(repr(t.name) if t.name else str(t.type) for t in inputs) or "none"


def convert(tensor: Tensor, value: Any, widen: bool = True) -> np.ndarray:
    """The value as a C-contiguous array of exactly the input's dtype and rank.

    Arrays have the dtype, or with ``widen`` one whose every number it holds; Python numbers and nested lists of them
    take it if their kind and size fit.
    Raises FeedError (wrong rank or no array), DTypeError, or OutOfMemory where a copy would not fit.
    """
    if widen and type(value) is np.ndarray and value.ndim == tensor.ndim and _is_narrower(value.dtype, tensor.dtype):
        return _widened(tensor, value)  # the usual case, without the texts of errors
    if isinstance(value, Tensor):
        raise FeedError(f"feed for {describe(tensor)} is a symbolic tensor, {describe(value)}; feeds are arrays")
    array = read_array(value, f"feed for {describe(tensor)}", FeedError, FeedError)
    if isinstance(value, (np.ndarray, np.generic)):
        same = array.dtype.newbyteorder("=") == tensor.dtype
        if not (same or (widen and _is_narrower(array.dtype, tensor.dtype))):
            raise FeedDTypeError(
                f"feed for {describe(tensor)} has dtype {array.dtype}, not {tensor.dtype}; "
                f"convert it with .astype({tensor.dtype.name!r})"
            )
    else:
        array = _from_python(tensor, value, array, widen)
    if array.ndim != tensor.ndim:
        raise FeedError(
            f"feed for {describe(tensor)} has {array.ndim} axes (shape {array.shape}), not {tensor.ndim}; "
            "reshape it, or give the placeholder that rank"
        )
    if array.dtype.newbyteorder("=") != tensor.dtype:
        array = _widened(tensor, array)
    if not (array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative):
        room_for(array.nbytes, f"a contiguous copy of the feed for {describe(tensor)}")
        array = np.require(array, tensor.dtype, ["C", "A"])
    return array.view(tensor.dtype, np.ndarray)


def _is_narrower(dtype: DType, wide: DType) -> bool:
    native = dtype.newbyteorder("=")
    return native != wide and is_supported(native) and is_lossless(native, wide)


@typed_memory("a copy of a feed")  # NumPy limits the sizes of arrays without elements, too
def _widened(tensor: Tensor, array: np.ndarray) -> np.ndarray:
    room_for(array.size * tensor.dtype.itemsize, lambda: f"a copy of the feed for {describe(tensor)} in {tensor.dtype}")
    with np.errstate(all="ignore"):
        return array.astype(tensor.dtype, order="C")


def _from_python(tensor: Tensor, value: Any, array: np.ndarray, widen: bool) -> np.ndarray:
    if kind_of(array.dtype) not in "biufc":
        kind = type(value).__name__
        if type(value) is int:
            raise FeedError(f"feed for {describe(tensor)} is an integer of more than 64 bits; feed a float")
        raise FeedError(
            f"feed for {describe(tensor)} is {kind}, not an array of numbers (NumPy makes it one of {array.dtype}); "
            "use np.asarray on your data"
        )
    if array.size == 0:
        return _widened(tensor, array)
    rank = "biufc"
    kind, target = (kind_of(dtype).replace("u", "i") for dtype in (array.dtype, tensor.dtype))
    known = hasattr(value, "dtype") and array.dtype != tensor.dtype
    if known and not (widen and _is_narrower(array.dtype, tensor.dtype)):
        raise FeedDTypeError(
            f"feed for {describe(tensor)} has dtype {array.dtype}, not {tensor.dtype}; convert it first"
        )
    if rank.index(kind) > rank.index(target):
        raise FeedDTypeError(
            f"feed for {describe(tensor)} holds {array.dtype.name} numbers, which {tensor.dtype} can't hold; "
            "convert them first, or give the placeholder another dtype"
        )
    try:
        return as_numbers(array, tensor.dtype)
    except DTypeError as error:
        raise FeedDTypeError(
            f"feed for {describe(tensor)} holds numbers outside the range of {tensor.dtype}: {error}, "
            "and give the placeholder that dtype"
        ) from None


def bind_sizes(inputs: Sequence[Tensor], arrays: Sequence[np.ndarray]) -> dict[Symbol, int]:
    """The value of every free size. Raises FeedError for a fixed or computed size that differs, or two values of one
    size."""
    values: dict[Symbol, int] = {}
    origin: dict[Symbol, tuple[Tensor, int]] = {}
    computed: list[tuple[Tensor, int, Dim, int]] = []
    for tensor, array in zip(inputs, arrays, strict=True):
        for axis, (size, actual) in enumerate(zip(tensor.shape, array.shape, strict=True)):
            symbol = as_symbol(size)
            if isinstance(size, int):
                if size != actual:
                    raise FeedError(
                        f"feed for {describe(tensor)} has shape {array.shape}: the size of axis {axis} is {actual}, "
                        f"not {size}; feed that shape, or leave the size open with None"
                    )
            elif symbol is None:
                computed.append((tensor, axis, size, actual))
            elif symbol not in values:
                values[symbol], origin[symbol] = actual, (tensor, axis)
            elif values[symbol] != actual:
                other, other_axis = origin[symbol]
                raise FeedError(
                    f"the size {symbol} is {values[symbol]} by axis {other_axis} of {describe(other)}, "
                    f"but {actual} by axis {axis} of {describe(tensor)}; a size has one value in a run"
                )
    for tensor, axis, size, actual in computed:
        known = {s: values[s] for s in symbols(size) if s in values}
        wanted = evaluate(size, known) if len(known) == len(symbols(size)) else None
        if wanted != actual:
            listed = ", ".join(f"{s} = {n}" for s, n in sorted(known.items(), key=lambda item: item[0].key))
            raise FeedError(
                f"feed for {describe(tensor)}: the size of axis {axis} is {actual}, not {size}, which is {wanted} "
                f"where {listed}; feed that shape, or leave the size open with None"
                if wanted is not None
                else f"feed for {describe(tensor)}: no other feed determines {size}, the size of axis {axis}; feed a "
                "placeholder that has a size of its own there"
            )
    return values


def check_sizes(checks: Sequence[SizeCheck], requirements: Sequence[Requirement], values: Mapping[Symbol, int]) -> None:
    """Raises FeedError where sizes that an op needs equal are not, or an op has nothing to work on."""
    conditions: tuple[SizeCheck | Requirement, ...] = (*checks, *requirements)
    for condition in conditions:
        try:
            _check(condition, values)
        except KeyError:
            pass  # carried by a derivative: of a size that nothing here has


def _check(condition: SizeCheck | Requirement, values: Mapping[Symbol, int]) -> None:
    if isinstance(condition, plans.Requirement):
        size, unless = evaluate(condition.size, values), evaluate(condition.unless_empty, values)
        if size < condition.bound and unless:
            raise condition.error(f"{condition.text}, at {condition.where}")
        return
    left = size_value(condition.left, values, condition.op, condition.where)
    if condition.right is None:
        if left < 0:
            message = f"{condition.op}: size {condition.left} is negative, at {condition.where}; feed larger arrays"
            raise FeedError(message)
    elif left != size_value(condition.right, values, condition.op, condition.where):
        where = f"at {condition.where} (operands: {condition.operands})"
        raise FeedError(unmet(condition.op, (condition.left, condition.right), values, where, condition.region_of))


def sizes_fit(checks: Sequence[SizeCheck], requirements: Sequence[Requirement], values: Mapping[Symbol, int]) -> bool:
    """Whether `check_sizes` finds nothing wrong."""
    try:
        check_sizes(checks, requirements, values)
    except (FeedError, IndexOutOfBounds):
        return False
    return True


def check_updates(updates: Sequence[tuple[Tensor, Tensor]], values: Mapping[Symbol, int]) -> None:
    """Raises FeedError where the new value of a variable would not have the variable's shape."""
    for variable, value in updates:
        if value.shape == variable.shape:
            continue
        shape = tuple(size_value(size, values, value.op.name, value.where) for size in value.shape)
        if shape != variable.shape:
            raise FeedError(
                f"the update of {describe(variable)} has the shape {shape} with these feeds, not {variable.shape}: "
                f"{describe(value)}"
            )


def check_out(out: Sequence[Any], specs: Sequence[ArraySpec], held: Sequence[np.ndarray]) -> None:
    """Raises FeedError where the arrays for results are not what the results are, or share memory with one another or
    with what the run holds."""
    if len(out) != len(specs):
        raise FeedError(f"out has {len(out)} arrays for {len(specs)} results (at {here()})")
    for number, (array, spec) in enumerate(zip(out, specs, strict=True)):
        where = f"out[{number}], given at {here()},"
        if is_masked_array(array):
            raise FeedError(f"{where} is a masked array, whose mask would be ignored; give its .data")
        if not isinstance(array, np.ndarray) or array.dtype != spec.dtype or array.shape != spec.shape:
            raise FeedError(f"{where} has to be an array of {spec.dtype} and the shape {spec.shape}")
        if not (array.flags.c_contiguous and array.flags.aligned and array.flags.writeable):
            raise FeedError(f"{where} has to be C-contiguous, aligned and writable")
        if any(np.may_share_memory(array, other) for other in (*held, *out[:number])):
            raise FeedError(f"{where} shares memory with a feed or with another result; give it memory of its own")


def size_value(size: Size, values: Mapping[Symbol, int], op: str, where: Where) -> int:
    """The value of a size of an op's. Raises FeedError where it divides by zero."""
    try:
        return evaluate(size, values)
    except ZeroDivisionError:
        raise FeedError(f"{op}: the size {size} divides by zero, at {where}; feed arrays that are not empty") from None


def free_symbols(inputs: Sequence[Tensor]) -> set[Symbol]:
    """The free sizes that feeding the inputs determines."""
    found = set()
    for tensor in inputs:
        for size in tensor.shape:
            symbol = as_symbol(size)
            if symbol is not None:
                found.add(symbol)
    return found


def unknown_size(node: Node, size: Size) -> GraphError:
    """The error for a size that no input determines."""
    return GraphError(
        f"{node.op.name} at {node.where} uses the size {size}, which no input of the session determines; "
        "add the placeholder that it belongs to to the inputs"
    )
