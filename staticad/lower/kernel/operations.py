"""How much a step computes and moves: arithmetic on floats, and bytes of memory, for known sizes.

A function such as exp counts as one operation, copies and comparisons as none. Every buffer counts once and as a whole.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping

from staticad.ir.dims import Size, product
from staticad.ir.dtypes import is_inexact
from staticad.ir.expressions import Arithmetic, Call, Cast, Expression, Name, Number
from staticad.lower.kernel.language import (
    HI,
    LO,
    Branch,
    Compute,
    Kernel,
    Loop,
    MatrixProduct,
    Statement,
    Store,
    Update,
)
from staticad.lower.kernel.plan import Buffer, Plan, Step, Symbolic
from staticad.lower.kernel.routine import Routine
from staticad.records import dataclass

_CHOICES = ("where", "stride")  # kernel functions that compute nothing
_LESSER = "minimum"  # the kernel function that ends tiles
_PRODUCTS = ("contract", "convolution")  # kinds of routines whose work is a quarter of their multiplications

Evaluate = Callable[[Size], int]  # raises KeyError for what is known only inside of a loop


def operations(step: Step, evaluate: Evaluate) -> int | None:
    """The arithmetic on floats of one call; None where it is not known: for loops, branches, and library routines of
    other kinds than products."""
    kernel = step.kernel
    try:
        if isinstance(kernel, Routine) and kernel.kind in _PRODUCTS:
            return 8 * evaluate(step.work)
        if not isinstance(kernel, Kernel) or step.inlined is not None:
            return None
        sizes = [a.size for a in step.arguments if isinstance(a, Symbolic)]
        known = dict(zip(kernel.sizes, map(evaluate, sizes), strict=False))
        return round(_all(kernel.body, {**known, LO.name: 0, HI.name: evaluate(step.extent)}, {}))
    except KeyError:
        return None


def moved_bytes(step: Step, plan: Plan, evaluate: Evaluate) -> int | None:
    """The bytes of the buffers that a call reads and writes; None where sizes are known only inside of a loop."""
    try:
        buffers = [plan.buffers[number] for number in (*dict.fromkeys(step.reads), *dict.fromkeys(step.writes))]
        return sum(evaluate(product(b.shape)) * b.dtype.itemsize for b in buffers)
    except KeyError:
        return None


def type_text(buffer: Buffer, evaluate: Evaluate) -> str:
    """The type of a buffer with its sizes, as far as they are known."""

    def size(s: Size) -> str:
        try:
            return str(evaluate(s))
        except KeyError:
            return str(s)

    return f"{buffer.dtype.name}[{','.join(map(size, buffer.shape))}]"


@dataclass(frozen=True)
class _Tile:
    """Where a tile begins, or ends: a loop of so many ``rounds`` cuts what has ``extent`` elements into tiles."""

    rounds: float
    extent: float

    @property
    def length(self) -> float:
        """Elements of a tile, on average."""
        return self.extent / self.rounds if self.rounds else 0.0


def _all(body: Iterable[Statement], known: Mapping[str, float | _Tile], rounds: Mapping[str, float]) -> float:
    """The operations of statements; those of a branch as if it were taken. ``rounds`` are those of the loops around."""
    names = dict(known)
    total = 0.0
    for s in body:
        if isinstance(s, Loop):
            count = _rounds(s, names)
            if count is not None:
                total += count * _all(s.body, names, {**rounds, s.variable: count})
            elif _all(s.body, names, rounds):
                raise KeyError(s.variable)
        elif isinstance(s, Branch):
            total += _all(s.body, names, rounds)
        elif isinstance(s, MatrixProduct):
            total += 2.0 * math.prod(_value(size, names) for size in (s.rows, s.columns, s.depth))
        elif isinstance(s, Compute):
            total += _count(s.value)
            tile = _tile(s.value, names, rounds)
            if tile is not None:
                names[s.name] = tile
        elif isinstance(s, Store | Update):
            total += _count(s.value) + (isinstance(s, Update) and is_inexact(s.value.dtype))
    return total


def _rounds(loop: Loop, names: Mapping[str, float | _Tile]) -> float | None:
    """How often a loop goes round, on average; None where that is not known before the run."""
    end = names.get(loop.stop.name) if isinstance(loop.stop, Name) else None
    if isinstance(end, _Tile):
        return end.length
    try:
        start = 0 if loop.start is None else _value(loop.start, names)
        return max(0.0, _value(loop.stop, names) - start)
    except KeyError:
        return None


def _tile(value: Expression, names: Mapping[str, float | _Tile], rounds: Mapping[str, float]) -> _Tile | None:
    """What ``tile * length`` is, the beginning of a tile, and ``minimum(beginning + length, all)``, its end."""
    try:
        if isinstance(value, Arithmetic) and value.operator == "*" and isinstance(value.left, Name):
            count = rounds[value.left.name]
            return _Tile(count, count * _value(value.right, names))
        if isinstance(value, Call) and value.function == _LESSER and isinstance(value.operands[0], Arithmetic):
            begin = value.operands[0].left
            tile = names[begin.name] if isinstance(begin, Name) else None
            if isinstance(tile, _Tile):
                return _Tile(tile.rounds, min(tile.extent, _value(value.operands[1], names)))
    except KeyError:
        pass
    return None


def _count(value: Expression) -> int:
    if isinstance(value, Cast):
        return _count(value.operand)
    if not isinstance(value, Call):
        return 0
    own = value.function not in _CHOICES and is_inexact(value.dtype)
    return own + sum(map(_count, value.operands))


def _value(e: Expression | None, names: Mapping[str, float | _Tile]) -> float:
    """The value of a bound. Raises KeyError where it is not known before the run."""
    value = names[e.name] if isinstance(e, Name) else e.value if isinstance(e, Number) else None
    if isinstance(e, Arithmetic) and e.operator in _ARITHMETIC:
        value = _ARITHMETIC[e.operator](_value(e.left, names), _value(e.right, names))
    if value is None or isinstance(value, _Tile):
        raise KeyError(e)
    return value


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
}
