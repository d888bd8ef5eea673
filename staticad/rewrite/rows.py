"""Steps along gradients that are zero but for a few rows: the rows are changed, not the table.

The gradient by a table of which rows were picked is a scatter into zeros, and ``table - rate * gradient`` leaves all
other rows as they are. So the new value is the table with these rows set to what they are in the sum, which is the
table's own memory where it is a variable or the state of a loop. Rows that are named several times first get the sum of
their terms, in the order in which a scatter adds them, so that the result has the same bits: the numbers of the terms
are written to a vector that is as long as the table, of which nothing else is read, and of each row the last one stays.

A table of 16-bit floats is kept as bits: its new value is the rounded sum of what it is in float32. Then the rows that
are named are rounded, and the bits of the others stay.

Two things differ from the whole sum, in rows that are not named: -0.0 stays -0.0, and a factor that only a run knows (a
learning rate, or a divisor) does not make NaN of them where it is infinite, NaN, or a divisor of 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from staticad.ir.dims import Dim, Size, at_least, is_runtime, local_symbols, product
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.provenance import inherit
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, SUB
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply
from staticad.ops.conversion import CAST
from staticad.ops.creation import EMPTY, FULL, IOTA
from staticad.ops.halves import NARROW_BFLOAT16, NARROW_FLOAT16, WIDEN_BFLOAT16, WIDEN_FLOAT16
from staticad.ops.indexing import GATHER, SCATTER
from staticad.ops.movement import RESHAPE
from staticad.records import dataclass
from staticad.rewrite.match import is_constant, scalar_value
from staticad.rewrite.movement import squeezed

FEWER = 2  # times as many rows as are named
LARGE = 1 << 10  # elements of a table of which several rows are worth the steps that sum those of one name
MANY = 1 << 14  # rows of a table of which a number that is not known may be named
DEPTH = 12  # operations from a state to its new value

KEPT, ZERO, NUMBER = "kept", "zero", "number"  # of a part of the sum: what it is in rows that are not named
_SUMS: dict[tuple[Any, ...], str] = {(ADD, KEPT, ZERO): KEPT, (ADD, ZERO, KEPT): KEPT, (SUB, KEPT, ZERO): KEPT}
_SUMS |= {(op, ZERO, ZERO): ZERO for op in (ADD, SUB, MUL)}
_SUMS |= {(MUL, ZERO, NUMBER): ZERO, (MUL, NUMBER, ZERO): ZERO, (DIV, ZERO, NUMBER): ZERO}
_SUMS |= {(op, ZERO): ZERO for op in (NEG, CAST)}

_ROUNDINGS, _READINGS = (NARROW_FLOAT16, NARROW_BFLOAT16), (WIDEN_FLOAT16, WIDEN_BFLOAT16)


@dataclass(frozen=True)
class Rows:
    """What is scattered into zeros: an index for each of the first axes, and the terms, along one axis."""

    indices: tuple[Tensor, ...]
    terms: Tensor
    place: dict[str, Any]

    @property
    def count(self) -> Size:
        return self.terms.shape[0]


def change_rows(outputs: Sequence[Tensor], states: Sequence[Tensor]) -> list[Tensor]:
    """The outputs, of which the last are new values of states (variables, or the carry of a loop)."""
    first = len(outputs) - len(states)
    if all(_sum(value).op not in (ADD, SUB) for value in outputs[first:]):
        return list(outputs)
    nodes = sort_nodes(outputs)
    if all(node.op is not SCATTER for node in nodes):
        return list(outputs)
    readers = Counter(outputs)
    for node in nodes:
        readers.update(node.inputs)
    changed = [_changed(state, value, readers) for state, value in zip(states, outputs[first:], strict=True)]
    pairs = zip(changed, outputs[first:], strict=True)
    return [*outputs[:first], *(value if new is None else new for new, value in pairs)]


def _changed(state: Tensor, value: Tensor, readers: Counter[Tensor]) -> Tensor | None:
    """The new value by rows; None where that is not what it is, or not cheaper."""
    total = _sum(value)
    if total.op not in (ADD, SUB) or readers[value] != 1 or readers[total] != 1:
        return None
    kinds: dict[Tensor, str | None] = {}
    if _kind(total, state, kinds, DEPTH) != KEPT:
        return None
    found = [t for t, kind in kinds.items() if kind == ZERO and t.op is SCATTER]
    leaves = [t for t in kinds if _is_state(t, state)]
    within = [t for t, kind in kinds.items() if not _is_state(t, state) and t.op is not SCATTER and kind != NUMBER]
    inside = Counter(x for t in within for x in t.node.inputs)
    if len(found) != 1 or any(readers[t] != inside[t] for t, kind in kinds.items() if kind == ZERO):
        return None  # others need the whole gradient
    (gradient,) = found
    with inherit(gradient.node.where):
        rows = _rows(gradient)
        if rows is None or not _pays(rows, state):
            return None
        before = apply(GATHER, state, *rows.indices, **rows.place)
        picked = {t: before if t is state else apply(t.op, before) for t in leaves}
        picked[gradient] = _totals(rows, state)
    with inherit(value.node.where):
        new = _at_rows(total, picked, kinds)
        if total is not value:
            new = apply(value.op, new)
    with inherit(gradient.node.where):
        return apply(SCATTER, state, new, *rows.indices, mode="set", **rows.place)


def _sum(value: Tensor) -> Tensor:
    """What is rounded to a new value, or the value itself."""
    return value.inputs[0] if value.op in _ROUNDINGS else value


def _is_state(tensor: Tensor, state: Tensor) -> bool:
    """The state, or its numbers where it is kept as bits."""
    return tensor is state or (tensor.op in _READINGS and tensor.inputs[0] is state)


def _kind(tensor: Tensor, state: Tensor, kinds: dict[Tensor, str | None], depth: int) -> str | None:
    """What a part of the sum is where no row is named; the kinds of all its parts."""
    if tensor not in kinds:
        found: str | None = None
        if _is_state(tensor, state):
            found = KEPT
        elif product(tensor.shape) == 1 and product(state.shape) != 1:
            known = scalar_value(tensor)
            found = NUMBER if known is None or (known != 0 and math.isfinite(known)) else None
        elif tensor.shape == state.shape and tensor.op is SCATTER:
            found = ZERO
        elif tensor.shape == state.shape and tensor.op in (ADD, SUB, MUL, DIV, NEG, CAST) and depth:
            parts = [_kind(x, state, kinds, depth - 1) for x in tensor.inputs]
            found = _SUMS.get((tensor.op, *parts))
        kinds[tensor] = found
    return kinds[tensor]


def _rows(gradient: Tensor) -> Rows | None:
    """A scatter, or a chain of them, into zeros as one along a single axis; None for those of another form."""
    chain: list[Node] = []
    base = gradient
    while base.op is SCATTER:
        chain.append(base.node)
        base = base.inputs[0]
    attrs = chain[0].attrs
    wanted = {"mode": "add", "axes": tuple(range(len(attrs["axes"]))), "position": 0, "aligned": False}
    if any(node.attrs != attrs for node in chain) or any(attrs[key] != value for key, value in wanted.items()):
        return None
    if not is_constant(base, 0.0) and not is_constant(base, 0):
        return None
    parts: list[list[Tensor]] = []
    for node in reversed(chain):
        _, terms, *indices = node.inputs
        count, rank = product(indices[0].shape), indices[0].ndim
        parts.append([_reshaped(x, (count, *x.shape[rank:])) for x in (terms, *indices)])
    terms, *found = (apply(CONCATENATE, *same, axis=0) if len(same) > 1 else same[0] for same in zip(*parts))
    place = {key: value for key, value in attrs.items() if key != "mode"}
    return Rows(tuple(found), terms, place)


def _reshaped(x: Tensor, shape: tuple[Size, ...]) -> Tensor:
    return x if x.shape == shape else apply(RESHAPE, x, shape=shape, constraints=())


def _pays(rows: Rows, state: Tensor) -> bool:
    """Whether fewer rows are named than there are, as far as that is known."""
    whole, count = product(state.shape[: len(rows.indices)]), rows.count
    if not isinstance(whole, int):
        return False
    if isinstance(count, Dim):
        return whole >= MANY and not is_runtime(count) and not local_symbols(count)
    return FEWER * count <= whole and (count == 1 or at_least(product(state.shape) - LARGE, 0))


def _totals(rows: Rows, state: Tensor) -> Tensor:
    """For every term the sum of all terms of its row."""
    if rows.count == 1:
        return rows.terms
    numbers = apply(IOTA, shape=(rows.count,), dtype=INT64, axis=0)
    unread = apply(EMPTY, shape=state.shape[: len(rows.indices)], dtype=INT64, value=0)
    written = apply(SCATTER, unread, numbers, *rows.indices, mode="set", **rows.place)
    last = apply(GATHER, written, *rows.indices, **rows.place)
    place: dict[str, Any] = {"axes": (0,), "position": 0, "aligned": False}
    zeros = apply(FULL, shape=rows.terms.shape, dtype=rows.terms.dtype, value=0)
    return apply(GATHER, apply(SCATTER, zeros, rows.terms, last, mode="add", **place), last, **place)


def _at_rows(tensor: Tensor, picked: dict[Tensor, Tensor], kinds: dict[Tensor, str | None]) -> Tensor:
    """The sum in the rows that are named."""
    if tensor not in picked:
        if kinds[tensor] == NUMBER:
            picked[tensor] = squeezed(tensor, tuple(range(tensor.ndim)))
        else:
            operands = [_at_rows(x, picked, kinds) for x in tensor.inputs]
            picked[tensor] = apply(tensor.op, *operands, **tensor.node.attrs)
    return picked[tensor]
