"""Numbers inside loops and branches as sizes: the counter i in ``x[:i]``, in ``range(i)``, in ``p[i]:p[i + 1]``.

While a body is built, an integer scalar may be read as a `Dim`: counters, and sums, products, minima and maxima of
them, sizes and ints, are the same expressions of sizes. Any other number is clipped to the axis that it is a bound of,
and stands for a size of its own. The body keeps which tensor each of these local sizes is the value of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from staticad.functional.elementwise import clip, maximum, where
from staticad.ir import dims
from staticad.ir.dims import Dim, Size, Symbol
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor
from staticad.ir.local_sizes import fresh_local
from staticad.ir.proofs import follows
from staticad.ops.arithmetic import ADD, FLOOR_DIVIDE, MUL, NEG, SUB
from staticad.ops.control import Locals, spoken_of
from staticad.ops.creation import IOTA, SIZE
from staticad.ops.effects import Effect
from staticad.ops.promotion import to_tensor
from staticad.ops.selection import MAXIMUM, MINIMUM
from staticad.ops.sources import CONSTANT, constant_array

DEPTH = 16  # of expressions that are read as sizes


class _Building(threading.local):
    """``depth``: bodies inside one another that are being built. ``counters``: parameters that are counters, as sizes.
    ``values``: what each local size in use is the value of; ``clipped``: the sizes of other numbers, by form and axis.
    ``forms``: what `_form` has found, and ``numbers``: the structures that it numbers."""

    depth = 0

    def __init__(self) -> None:
        self.counters: dict[Node, Dim] = {}
        self.values: dict[Symbol, Tensor] = {}
        self.clipped: dict[tuple[int, Size], Dim] = {}
        self.forms: dict[tuple[Tensor, int], int] = {}
        self.numbers: dict[Any, int] = {}


_building = _Building()
_ARITHMETIC: dict[Any, Callable[[Any, Any], Size]] = {
    ADD: lambda a, b: a + b,
    SUB: lambda a, b: a - b,
    MUL: lambda a, b: a * b,
    MAXIMUM: dims.maximum,
    MINIMUM: dims.minimum,
}


def inside(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns that makes a body."""
    _building.depth += 1
    try:
        return function(*arguments)
    finally:
        _building.depth -= 1


def nested() -> int:
    """How many bodies are being built inside one another."""
    return _building.depth


def forget() -> None:
    """Let go of what was known while bodies were built, if none is being built any more."""
    if not _building.depth:
        _building.counters, _building.values, _building.clipped = {}, {}, {}
        _building.forms, _building.numbers = {}, {}


def count(sequence: Tensor, parameter: Tensor) -> None:
    """A parameter takes the elements of a sequence: if that counts from 0, the parameter is a counter."""
    if sequence.op is not IOTA or sequence.ndim != 1 or sequence.dtype != INT64:
        return
    _building.counters[parameter.node] = fresh_local("i", 0, sequence.shape[0] - 1)


def _register(size: Dim, value: Tensor) -> None:
    (symbol,) = size.locals
    _building.values[symbol] = value


def as_size(tensor: Tensor) -> Size | None:
    """An integer scalar as a size, or as a difference of sizes; None if it is no arithmetic of counters, sizes and
    constants."""
    if tensor.ndim or tensor.dtype != INT64:
        return None
    used: set[Node] = set()
    size = _size(tensor, DEPTH, used)
    if size is not None:
        for node in used:
            _register(_building.counters[node], node.out)
    return size


def _size(tensor: Tensor, depth: int, used: set[Node]) -> Size | None:
    node = tensor.node
    counter = _building.counters.get(node)
    if counter is not None:
        used.add(node)
        return counter
    array = constant_array(tensor)
    if array is not None:
        return int(array)
    if node.op is SIZE:
        size: Size = node.attrs["size"]
        return size
    if depth == 0:
        return None
    if node.op is NEG:
        operand = _size(node.inputs[0], depth - 1, used)
        return None if operand is None else operand * -1
    if node.op not in _ARITHMETIC and node.op is not FLOOR_DIVIDE:
        return None
    left, right = (_size(x, depth - 1, used) for x in node.inputs)
    if left is None or right is None:
        return None
    if node.op is FLOOR_DIVIDE:
        return dims.floordiv(left, right) if isinstance(right, int) and right > 0 and follows(left, ()) else None
    return _ARITHMETIC[node.op](left, right)


def as_bound(tensor: Tensor, n: Size) -> Size | None:
    """An integer scalar as a bound of a slice of an axis of size n, not negative; None outside of bodies."""
    if not _building.depth:
        return None
    size = as_size(tensor)
    if size is not None:
        return size
    key = (_form(tensor, DEPTH), n)  # k + 1 is the same place wherever it is written
    found = _building.clipped.get(key)
    if found is None:
        length = to_tensor(n, INT64)
        place = clip(where(tensor < 0, maximum(tensor + length, 0), tensor), 0, length)
        found = _building.clipped[key] = fresh_local("k", 0, n)
        _register(found, place)
    return found


def _form(tensor: Tensor, depth: int) -> int:
    """A number that is equal for tensors that are the same operations on the same tensors and constants."""
    memo = (tensor, depth)
    if memo not in _building.forms:
        node = tensor.node
        structure: Any = tensor
        if node.op is CONSTANT or node.op is SIZE:
            structure = node.op, node.attrs
        elif node.inputs and depth and not isinstance(node.op, Effect):
            structure = (node.op, node.attrs, tensor.index, *(_form(x, depth - 1) for x in node.inputs))
        _building.forms[memo] = _building.numbers.setdefault(structure, len(_building.numbers))
    return _building.forms[memo]


def locals_of(outputs: Sequence[Tensor]) -> Locals:
    """The local sizes of which nodes below the tensors speak, with their values."""
    return spoken_of(outputs, tuple(_building.values.items()))


def values() -> dict[Symbol, Tensor]:
    """What the local sizes of the bodies that are being built are the values of."""
    return _building.values
