"""How much a step computes and moves: arithmetic on floats, and bytes of memory, for known sizes.

A function such as exp counts as one operation, copies and comparisons as none. Every buffer counts once and as a whole.
"""

from __future__ import annotations

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

_CHOICES = ("where", "stride")  # kernel functions that compute nothing
_PRODUCTS = ("contract", "convolution")  # kinds of routines whose work is a quarter of their multiplications

Evaluate = Callable[[Size], int]  # raises KeyError for what is known only inside of a loop


def operations(step: Step, evaluate: Evaluate) -> int | None:
    """The arithmetic on floats of one call; None where it is not known: for loops, branches, and library routines of
    other kinds than products."""
    kernel = step.kernel
    try:
        if step.label == "matmul" or (isinstance(kernel, Routine) and kernel.kind in _PRODUCTS):
            return 8 * evaluate(step.work)
        if not isinstance(kernel, Kernel) or step.inlined is not None:
            return None
        sizes = [a.size for a in step.arguments if isinstance(a, Symbolic)]
        known = dict(zip(kernel.sizes, map(evaluate, sizes), strict=False))
        return _all(kernel.body, {**known, LO.name: 0, HI.name: evaluate(step.extent)})
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


def _all(body: Iterable[Statement], known: Mapping[str, int]) -> int:
    """The operations of statements; those of a branch as if it were taken."""
    names = dict(known)
    total = 0
    for s in body:
        if isinstance(s, Loop):
            inner = _all(s.body, names)
            if inner:
                start = 0 if s.start is None else _value(s.start, names)
                total += inner * max(0, _value(s.stop, names) - start)
        elif isinstance(s, Branch):
            total += _all(s.body, names)
        elif isinstance(s, MatrixProduct):
            total += 2 * _value(s.rows, names) * _value(s.columns, names) * _value(s.depth, names)
        elif isinstance(s, Compute):
            total += _count(s.value)
        elif isinstance(s, Store | Update):
            total += _count(s.value) + (isinstance(s, Update) and is_inexact(s.value.dtype))
    return total


def _count(value: Expression) -> int:
    if isinstance(value, Cast):
        return _count(value.operand)
    if not isinstance(value, Call):
        return 0
    own = value.function not in _CHOICES and is_inexact(value.dtype)
    return own + sum(map(_count, value.operands))


def _value(e: Expression | None, names: Mapping[str, int]) -> int:
    """The value of a bound. Raises KeyError where it is not known before the run."""
    if isinstance(e, Number):
        return e.value
    if isinstance(e, Name):
        return names[e.name]
    if isinstance(e, Arithmetic) and e.operator in _ARITHMETIC:
        return _ARITHMETIC[e.operator](_value(e.left, names), _value(e.right, names))
    raise KeyError(e)


_ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
}
