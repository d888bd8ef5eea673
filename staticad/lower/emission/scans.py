"""Kernels of scans: loops that carry a value along an axis.

Along the last axis the carry is in a register. Along another one it is the slice of the result before, so that the
loop inside runs along rows. Carries of float32 are float64, where something is rounded. A long vector is cut into lanes
of fixed length: their totals are computed first, then what each begins with, and then several lanes at a time, since
each addition waits for the one before. The lanes depend on sizes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from staticad.ir.dims import Shape, Size, floordiv, local_symbols, minimum, product
from staticad.ir.dtypes import FLOAT32, FLOAT64, DType
from staticad.ir.expressions import Call, Cast, Expression, Name, call, constant, map_children
from staticad.ir.graph import Node
from staticad.lower.emission.emit import Emitter
from staticad.lower.index.affine import ZERO, Affine, Context, linear, loop
from staticad.lower.interface import Lowering
from staticad.lower.kernel.hints import grain_of
from staticad.lower.kernel.language import HI, LO, Compute
from staticad.lower.kernel.plan import Buffer, Step
from staticad.ops.cumulative import Cumulative, Form

LANE = 1000  # elements of a lane; no power of two, since lanes that lie such a distance apart share places in the cache
LANES = 4  # that are taken at a time
GROUP = LANE * LANES
STEP_COST = 4  # an addition for which the next one waits
NARROW = ("max_reduce", "min_reduce")  # which round nothing


def is_long(node: Node, shape: Shape) -> bool:
    """True for vectors that may be worth several passes, and are read from memory."""
    length = shape[node.attrs["axis"]]
    if product(shape) != length or any(map(local_symbols, shape)) or (isinstance(length, int) and length < 2 * GROUP):
        return False
    return isinstance(node.op, Cumulative)


def scan_steps(lowering: Lowering, node: Node) -> list[Step]:
    """The steps of a scan."""
    scan = _Scan(lowering, node)
    if scan.inner:
        return [scan.along_rows()]
    return scan.in_lanes() if scan.long and not lowering.in_body else [scan.in_register()]


class _Scan:
    """What the kernels of one scan have in common."""

    def __init__(self, lowering: Lowering, node: Node) -> None:
        self.lowering, self.node, self.op = lowering, node, node.op
        self.axis, self.reverse, self.form = node.attrs["axis"], node.attrs["reverse"], node.attrs["form"]
        self.shape = lowering.fusion.shape(node.outputs[0])
        self.dtype: DType = node.types[0].dtype
        self.length = self.shape[self.axis]
        self.outer = [a for a in range(self.axis) if self.shape[a] != 1]
        self.inner = [a for a in range(self.axis + 1, len(self.shape)) if self.shape[a] != 1]
        self.target = lowering.buffer(node.outputs[0])
        total = self.op.total if isinstance(self.op, Cumulative) else ""
        self.carried = FLOAT64 if self.dtype == FLOAT32 and total not in NARROW else self.dtype
        self.total = total
        self.long = is_long(node, self.shape)

    def emitter(self) -> Emitter:
        """A kernel of the scan, under construction."""
        emitter = Emitter(self.lowering)
        emitter.where[self.node.where] = None
        return emitter

    def at(self, position: Affine) -> Context:
        """The context of the place that the scan comes to at a position."""
        if self.reverse:
            position = Affine(self.length - 1).plus(position.times(-1))
        looped = (*self.outer, *self.inner)
        return tuple(position if a == self.axis else loop(a) if a in looped else ZERO for a in range(len(self.shape)))

    def begin(self) -> Expression:
        """The carry before the first element."""
        return constant(self.op.initial(self.dtype, self.form), self.carried)

    def elements(self, emitter: Emitter, context: Context) -> list[Expression]:
        """The operands' elements, as what carries them."""
        if self.long:
            memory = [self.lowering.buffer(self.lowering.fusion.memory(x)) for x in self.node.inputs]
            values: list[Expression] = [emitter.load(buffer, linear(context, self.shape)) for buffer in memory]
        else:
            values = [emitter.value(x, context) for x in self.node.inputs]
        return [v if v.dtype == self.carried else emitter.compute(Cast(v, self.carried)) for v in values]

    def advance(self, emitter: Emitter, register: Name, context: Context) -> None:
        """One step of the scan: its result is stored, its carry is kept."""
        result, following = self.op.step(register, self.elements(emitter, context), self.form)
        emitter.cost += STEP_COST
        made = register
        if result is not register:
            made = emitter.fresh("v", self.carried)
            emitter.emit(Compute(made.name, _bound(emitter, result)))
        self.leave(emitter, context, made)
        emitter.emit(Compute(register.name, _bound(emitter, _replaced(following, result, made))))

    def leave(self, emitter: Emitter, context: Context, value: Name) -> None:
        """Store a result."""
        narrow: Expression = value
        if self.carried != self.dtype:
            narrow = emitter.fresh("v", self.dtype)
            emitter.emit(Compute(narrow.name, Cast(value, self.dtype)))
        emitter.store(self.target, linear(context, self.shape), narrow)

    # ---- kernels -------------------------------------------------------------------------------------------------

    def in_register(self) -> Step:
        """A loop along the axis inside of those over the others."""
        emitter = self.emitter()
        self.open(emitter, self.outer)
        register = _opened(emitter, self.begin())
        emitter.open("scan", "k", self.length)
        self.advance(emitter, register, self.at(loop("scan")))
        emitter.close("k", None, emitter.size_value(self.length))
        return self.closed(emitter, self.outer)

    def along_rows(self) -> Step:
        """The first slice, then each from the one before."""
        emitter = self.emitter()
        last = self.target
        if self.carried != self.dtype:
            last = self.lowering.scratch(product(n for a, n in enumerate(self.shape) if a != self.axis), self.carried)
        self.open(emitter, self.outer)
        some = minimum(self.length, 1)
        emitter.open("some", "f", some)
        self.open(emitter, self.inner, "j")
        self.slice(emitter, last, None, ZERO)
        self.close(emitter, self.inner, "j")
        emitter.close("f", None, emitter.size_value(some))
        emitter.open("scan", "k", self.length - 1)
        self.open(emitter, self.inner, "j")
        self.slice(emitter, last, loop("scan"), loop("scan").plus(Affine(1)))
        self.close(emitter, self.inner, "j")
        emitter.close("k", None, emitter.size_value(self.length - 1))
        return self.closed(emitter, self.outer)

    def slice(self, emitter: Emitter, last: Buffer, before: Affine | None, position: Affine) -> None:
        """An element of a slice of the result, of that of the slice before, which is kept in the result or apart."""
        here, there = self.at(position), self.at(before or ZERO)
        kept = linear(there, self.shape)
        if last is not self.target:
            kept = linear(_without(here, self.axis), _without(self.shape, self.axis))
        carry: Expression = constant(self.op.initial(self.dtype, self.form), self.carried)
        if before is not None:
            carry = emitter.reload(last, kept)
        if self.form == Form.PLAIN:
            result, _ = self.op.step(carry, self.elements(emitter, here), self.form)
        elif self.form == Form.EXCLUSIVE:
            result = carry
            if before is not None:
                _, result = self.op.step(carry, self.elements(emitter, there), self.form)
        else:
            if before is not None:
                carry = emitter.compute(call("mul", self.elements(emitter, there)[0], carry))
            result = call("add", self.elements(emitter, here)[1], carry)
        emitter.cost += STEP_COST
        found = _computed(emitter, result)
        if last is not self.target:
            emitter.store(last, kept, found)
            found = emitter.compute(Cast(found, self.dtype))
        emitter.store(self.target, linear(here, self.shape), found)

    def in_lanes(self) -> list[Step]:
        """Totals of lanes, what they begin with, whole groups of lanes, and the rest."""
        groups = floordiv(self.length, GROUP)
        count = LANES * groups
        begins = self.lowering.scratch(count + 1, self.carried)
        return [
            self._totals(begins, count),
            self._begins(begins, count),
            self._groups(begins, groups),
            self._rest(begins, groups),
        ]

    def _totals(self, begins: Buffer, count: Size) -> Step:
        emitter = self.emitter()
        emitter.open("lane", "i0", count)
        register = _opened(emitter, constant(self.op.initial(self.dtype, self.form), self.carried))
        emitter.open("scan", "k", LANE)
        (value,) = self.elements(emitter, self.at(loop("lane").times(LANE).plus(loop("scan"))))
        emitter.emit(Compute(register.name, call(self.total, register, value)))
        emitter.close("k", None, emitter.size_value(LANE))
        emitter.store(begins, loop("lane"), register)
        emitter.close("i0", LO, HI)
        return emitter.finish(f"{self.op.name} totals", count, grain_of(1, LANE), count * LANE)

    def _begins(self, begins: Buffer, count: Size) -> Step:
        emitter = self.emitter()
        register = _opened(emitter, self.begin())
        emitter.open("lane", "k", count)
        total = emitter.reload(begins, loop("lane"))
        emitter.store(begins, loop("lane"), register)
        emitter.emit(Compute(register.name, self.op.combine(register, total)))
        emitter.close("k", None, emitter.size_value(count))
        emitter.store(begins, Affine(count), register)
        return emitter.finish(f"{self.op.name} begins", 1, 0, count)

    def _groups(self, begins: Buffer, groups: Size) -> Step:
        emitter = self.emitter()
        emitter.open("group", "i0", groups)
        first = loop("group").times(LANES)
        registers = [_opened(emitter, emitter.load(begins, first.plus(Affine(lane)))) for lane in range(LANES)]
        emitter.open("scan", "k", LANE)
        for lane, register in enumerate(registers):
            place = loop("group").times(GROUP).plus(Affine(lane * LANE)).plus(loop("scan"))
            self.advance(emitter, register, self.at(place))
        emitter.close("k", None, emitter.size_value(LANE))
        emitter.close("i0", LO, HI)
        return emitter.finish(self.op.name, groups, grain_of(2, GROUP), groups * GROUP)

    def _rest(self, begins: Buffer, groups: Size) -> Step:
        emitter, rest = self.emitter(), self.length - groups * GROUP
        register = _opened(emitter, emitter.load(begins, Affine(groups * LANES)))
        emitter.open("scan", "k", rest)
        self.advance(emitter, register, self.at(loop("scan").plus(Affine(groups * GROUP))))
        emitter.close("k", None, emitter.size_value(rest))
        return emitter.finish(f"{self.op.name} rest", 1, 0, rest)

    # ---- loops ---------------------------------------------------------------------------------------------------

    def open(self, emitter: Emitter, axes: Sequence[int], prefix: str = "i") -> None:
        """Begin loops over axes."""
        for position, a in enumerate(axes):
            emitter.open(a, f"{prefix}{position}", self.shape[a])

    def close(self, emitter: Emitter, axes: Sequence[int], prefix: str = "i") -> None:
        """End them."""
        for position, a in reversed(list(enumerate(axes))):
            outermost = prefix == "i" and position == 0
            stop = HI if outermost else emitter.size_value(self.shape[a])
            emitter.close(f"{prefix}{position}", LO if outermost else None, stop)

    def closed(self, emitter: Emitter, axes: Sequence[int]) -> Step:
        """The kernel, cut along its outermost loop."""
        cost = emitter.cost
        self.close(emitter, axes)
        if not axes:
            return emitter.finish(self.op.name, 1, 0, product(self.shape))
        extent = self.shape[axes[0]]
        work = product(s for a, s in enumerate(self.shape) if a != axes[0])
        return emitter.finish(self.op.name, extent, grain_of(cost, work), product(self.shape))


def _without(parts: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
    """All but the part of an axis."""
    return (*parts[:axis], *parts[axis + 1 :])


def _opened(emitter: Emitter, value: Expression) -> Name:
    """A register of the innermost block, which later statements change."""
    register = emitter.fresh("a", value.dtype)
    emitter.emit(Compute(register.name, value))
    return register


def _computed(emitter: Emitter, e: Expression) -> Expression:
    """An expression under a name, and its parts."""
    if not isinstance(e, (Call, Cast)):
        return e
    return emitter.compute(map_children(e, lambda part: _computed(emitter, part)))


def _bound(emitter: Emitter, e: Expression) -> Expression:
    """An expression of one call. Its parts get names in the innermost block, since they change with the registers."""

    def named(part: Expression) -> Expression:
        if not isinstance(part, (Call, Cast)):
            return part
        name = emitter.fresh("v", part.dtype)
        emitter.emit(Compute(name.name, map_children(part, named)))
        return name

    return map_children(e, named) if isinstance(e, (Call, Cast)) else e


def _replaced(e: Expression, part: Expression, name: Name) -> Expression:
    """An expression with a name in the place of a part."""
    return name if e is part else map_children(e, lambda inner: _replaced(inner, part, name))
