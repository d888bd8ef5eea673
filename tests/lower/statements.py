"""The statements of a kernel as Python functions: what each means, without the text that is compiled."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from staticad.ir.expressions import Arithmetic, Call, Cast, Constant, Expression, Index, Name, Number, Slot
from staticad.lower.kernel.language import (
    Branch,
    Break,
    Compute,
    Kernel,
    Load,
    Loop,
    MatrixProduct,
    Statement,
    Store,
    Update,
)
from staticad.ops.base import Elementwise
from staticad.ops.catalogue import ALL_OPS

Values = dict[str, Any]  # of the names of a kernel, and the arguments under ARGUMENTS
ARGUMENTS = "args"
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_OF_OPS: dict[str, Callable[..., Any]] = {op.name: op.numpy for op in ALL_OPS if isinstance(op, Elementwise)}


class Memory(Protocol):
    """What loads and stores go to."""

    def load(self, pointer: Any, index: Any) -> Any: ...

    def store(self, pointer: Any, index: Any, value: Any) -> None: ...

    def product(self, *arguments: Any) -> None: ...

    def check_index(self, status: Any, index: Any, size: int, code: int) -> int: ...


def _short_of(away: float) -> Callable[[Any], Any]:
    """The next float that is less extreme than a maximum, or minimum."""
    return lambda v: type(v)(-away if np.isnan(v) else np.nan if v == away else np.nextafter(v, type(v)(away)))


def _functions(memory: Memory) -> dict[str, Callable[..., Any]]:
    found = _OF_OPS.copy()
    found |= {"add_reduce": np.add, "mul_reduce": np.multiply, "max_reduce": np.maximum, "min_reduce": np.minimum}
    found |= {name: lambda value: value for name in ("max_key", "min_key", "key_value")}  # floats are their own keys
    found |= {"short_of_max": _short_of(-np.inf), "short_of_min": _short_of(np.inf)}
    found |= {"or_reduce": np.logical_or, "and_reduce": np.logical_and, "int64": np.int64}
    found["where"] = lambda condition, one, other: one if condition else other
    found["check_index"] = memory.check_index
    found["stride"] = lambda distance: distance
    found["safe_index"] = lambda index, size: index % size if -size <= index < size else 0
    found["stray_index"] = lambda kept, index, size: max(kept, _place(index, size))
    found["strayed_index"] = lambda kept, size: int(kept) + 2**63 - int(size)
    found["failure"] = lambda status: 0  # a failure has ended the run
    return found


def _place(index: int, size: int) -> int:
    """How far an index lies behind the first one that is right, in the order of int64."""
    return (int(index) + int(size)) % 2**64 - 2**63


class Runner:
    """A kernel that can be called with arguments and a range."""

    def __init__(self, kernel: Kernel, memory: Memory) -> None:
        self.kernel, self.memory = kernel, memory
        self.functions = _functions(memory)
        self.body = self.block(kernel.body)

    def __call__(self, arguments: list[Any], lo: int, hi: int) -> None:
        values: Values = {"lo": lo, "hi": hi, ARGUMENTS: arguments}
        pointers, sizes = self.kernel.pointers, self.kernel.sizes
        for p, argument in zip(pointers, arguments, strict=False):
            assert argument.dtype == p.dtype, (argument, p)
            values[p.name] = argument
        values |= dict(zip(sizes, arguments[len(pointers) :], strict=False))
        self.body(values)

    # ---- statements: functions that return True for a break ------------------------------------------------------

    def block(self, statements: Iterable[Statement]) -> Callable[[Values], bool]:
        made = [self.statement(s) for s in statements]

        def run(values: Values) -> bool:
            for each in made:
                if each(values):
                    return True
            return False

        return made[0] if len(made) == 1 else run

    def statement(self, s: Statement) -> Callable[[Values], Any]:
        if isinstance(s, Compute):
            return self.bind(s.name, self.expression(s.value))
        if isinstance(s, Load):
            return self.bind(s.name, self.load(s))
        if isinstance(s, Store):
            return self.store(s.pointer, self.expression(s.index), self.expression(s.value))
        if isinstance(s, Update):
            old, new = self.load(Load("", s.pointer, s.index)), self.expression(s.value)
            combine = self.functions[s.combine]
            return self.store(s.pointer, self.expression(s.index), lambda v: combine(old(v), new(v)))
        if isinstance(s, Branch):
            condition, body = self.expression(s.condition), self.block(s.body)
            return lambda v: bool(condition(v)) and body(v)
        if isinstance(s, Break):
            condition = self.expression(s.condition)
            return lambda v: bool(condition(v))
        return self.product(s) if isinstance(s, MatrixProduct) else self.loop(s)

    def bind(self, name: str, value: Callable[[Values], Any]) -> Callable[[Values], None]:
        def run(v: Values) -> None:
            v[name] = value(v)

        return run

    def load(self, s: Load) -> Callable[[Values], Any]:
        index, pointer, load = self.expression(s.index), s.pointer, self.memory.load
        if s.mask is None:
            return lambda v: load(v[pointer], index(v))
        mask = self.expression(s.mask)
        return lambda v: load(v[pointer], index(v)) if mask(v) else v[pointer].dtype.type(0)

    def store(
        self, pointer: str, index: Callable[[Values], Any], value: Callable[[Values], Any]
    ) -> Callable[[Values], None]:
        return lambda v: self.memory.store(v[pointer], index(v), value(v))

    def loop(self, s: Loop) -> Callable[[Values], None]:
        start = self.expression(Number(0) if s.start is None else s.start)
        stop = None if s.stop is None else self.expression(s.stop)
        body, variable = self.block(s.body), s.variable

        def run(v: Values) -> None:
            at, end = start(v), None if stop is None else stop(v)
            while end is None or at < end:
                v[variable] = at
                if body(v):
                    return
                at += 1

        return run

    def product(self, s: MatrixProduct) -> Callable[[Values], None]:
        places = [
            (m.pointer, [self.expression(m.index), *(self.word(step) for step in steps)])
            for m, steps in ((s.c, [s.c.row]), (s.a, [s.a.row, s.a.column]), (s.b, [s.b.row, s.b.column]))
        ]
        numbers = [self.expression(e) for e in (s.rows, s.columns, s.depth, s.alpha) if e is not None]

        def run(v: Values) -> None:
            matrices = [argument for name, words in places for argument in (v[name], *(word(v) for word in words))]
            self.memory.product(*matrices, *(number(v) for number in numbers))

        return run

    # ---- expressions ---------------------------------------------------------------------------------------------

    def word(self, value: int | str) -> Callable[[Values], Any]:
        return self.expression(Number(value) if isinstance(value, int) else Name(value))

    def expression(self, e: Expression) -> Callable[[Values], Any]:
        if isinstance(e, Name):
            return operator.itemgetter(e.name)
        if isinstance(e, Constant):
            constant = e.dtype.type(e.value)
            return lambda v: constant
        if isinstance(e, Number):
            return lambda v: e.value
        if isinstance(e, Slot):
            slot = self.kernel.status_slot if e.number is None else e.number
            return lambda v: v[ARGUMENTS][slot]
        if isinstance(e, Index):
            return self.index(e)
        if isinstance(e, Cast):
            operand = self.expression(e.operand)
            return lambda v: np.asarray(operand(v)).astype(e.dtype)[()]
        if isinstance(e, Arithmetic):
            left, right, combine = self.expression(e.left), self.expression(e.right), OPERATORS[e.operator]
            return lambda v: combine(left(v), right(v))
        assert isinstance(e, Call)
        function, operands = self.functions[e.function], [self.expression(operand) for operand in e.operands]
        if len(operands) == 1:
            (only,) = operands
            return lambda v: function(only(v))
        if len(operands) == 2:
            one, other = operands
            return lambda v: function(one(v), other(v))
        return lambda v: function(*[operand(v) for operand in operands])

    def index(self, e: Index) -> Callable[[Values], Any]:
        first = self.word(e.constant)
        terms = [(self.word(name), self.word(coefficient)) for name, coefficient in e.terms]
        if len(terms) == 1:
            ((name, coefficient),) = terms
            if e.constant == 0:
                return name if e.terms[0][1] == 1 else lambda v: name(v) * coefficient(v)
            return lambda v: first(v) + name(v) * coefficient(v)

        def place(v: Values) -> Any:
            found = first(v)
            for name, coefficient in terms:
                found += name(v) * coefficient(v)
            return found

        return place if terms else first
