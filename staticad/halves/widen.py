"""A graph with tensors of float16 and bfloat16 as a graph of float32 tensors.

Inputs, variables, results, and what branches and loops are given and return are bits of 16-bit numbers. Everything
between is float32: numbers are rounded where they are kept, and where the user casts to 16 bits, and nowhere else. So a
result does not depend on which operations become one kernel.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from staticad.ir.dims import product
from staticad.ir.dtypes import FLOAT16, FLOAT32, FLOAT64, INT32, INT64, UINT16, UINT32, UINT64, DType, is_half
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.provenance import inherit
from staticad.ir.rebuild import copy_node
from staticad.ir.types import TensorType
from staticad.lower.kernel.plan import Buffer, Plan
from staticad.lower.seen_types import seen_from_outside
from staticad.ops.arithmetic import ADD, MUL
from staticad.ops.base import Creation, Elementwise, apply, apply_all
from staticad.ops.control import COND, Body, Control, parameter
from staticad.ops.conversion import CAST
from staticad.ops.creation import EMPTY, IOTA, Full
from staticad.ops.halves import NARROW_BFLOAT16, NARROW_FLOAT16, WIDEN_BFLOAT16, WIDEN_FLOAT16
from staticad.ops.indexing import GATHER, SCATTER, SCATTER_ALONG
from staticad.ops.movement import RESHAPE
from staticad.ops.selection import MAXIMUM, MINIMUM
from staticad.ops.slicing import REPLACE
from staticad.ops.sources import CONSTANT, PLACEHOLDER, VARIABLE, constant

_MODES = {"add": ADD, "multiply": MUL, "min": MINIMUM, "max": MAXIMUM}
_TO_DOUBLE = (INT32, INT64, UINT32, UINT64)  # which float32 does not hold


class Half:
    """A tensor of a 16-bit dtype: as its bits, as float32, or as both."""

    __slots__ = ("_bits", "_wide", "dtype")

    def __init__(self, dtype: DType, bits: Tensor | None = None, wide: Tensor | None = None) -> None:
        self.dtype, self._bits, self._wide = dtype, bits, wide

    @property
    def is_kept(self) -> bool:
        """Whether there are bits without rounding anything."""
        return self._bits is not None

    @property
    def bits(self) -> Tensor:
        """As it is kept: uint16."""
        if self._bits is None:
            assert self._wide is not None
            self._bits = narrow(self._wide, self.dtype)
        return self._bits

    @property
    def wide(self) -> Tensor:
        """As it is computed with: float32."""
        if self._wide is None:
            assert self._bits is not None
            self._wide = apply(WIDEN_FLOAT16 if self.dtype == FLOAT16 else WIDEN_BFLOAT16, self._bits)
        return self._wide


Value = Half | Tensor


def narrow(x: Tensor, dtype: DType) -> Tensor:
    """The bits of a tensor of float32 or float64 as numbers of 16 bits."""
    op: Elementwise = NARROW_FLOAT16 if dtype == FLOAT16 else NARROW_BFLOAT16
    return apply(op, x)


class Widening:
    """One graph that is made free of 16-bit floats. What depends on none of them stays what it is."""

    def __init__(self) -> None:
        self._found: dict[Tensor, Value] = {}
        self._stored: dict[Node, Tensor] = {}
        self._bodies: dict[Body, Body] = {}

    def stored(self, source: Tensor) -> Tensor:
        """What stands for an input or a variable."""
        if not is_half(source.dtype):
            return source
        found = self._stored.get(source.node)
        if found is None:
            node, kind = source.node, TensorType(source.shape, UINT16)
            made = Node(node.op, (), Attrs(type=kind), (kind,), name=node.name, where=node.where)
            found = self._stored[node] = made.out
        return found

    def outputs(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """What stands for the tensors that are kept outside."""
        values = self._values(tensors)
        found = []
        for tensor, value in zip(tensors, values, strict=True):
            with inherit(tensor.where):
                found.append(_kept(value))
        return found

    def seen(self, plan: Plan, fetches: Sequence[Tensor]) -> Plan:
        """The plan as it looks from outside, where inputs, variables and results are floats."""

        def result(buffer: Buffer, fetch: Tensor) -> Buffer:
            return replace(buffer, dtype=fetch.dtype) if is_half(fetch.dtype) else buffer

        return seen_from_outside(plan, fetches, self._stored, result)

    def _values(self, tensors: Sequence[Tensor]) -> list[Value]:
        for node in sort_nodes(tensors):
            if node.outputs[0] not in self._found:
                with inherit(node.where):
                    values = self._node(node)
                self._found.update(zip(node.outputs, values, strict=True))
        return [self._found[t] for t in tensors]

    def _node(self, node: Node) -> Sequence[Value]:
        inputs = [self._found[t] for t in node.inputs]
        if isinstance(node.op, Control):
            return self._control(node, inputs)
        if not any(is_half(t.dtype) for t in (*node.inputs, *node.outputs)):
            return copy_node(node, tuple(x for x in inputs if isinstance(x, Tensor))).outputs
        if node.op is PLACEHOLDER or node.op is VARIABLE:
            return [Half(node.out.dtype, self.stored(node.out))]
        if node.op is CONSTANT:
            return [_constant(node.attrs["value"].array, node.out.dtype)]
        if node.op is CAST:
            return [_cast(inputs[0], node.out.dtype)]
        if _replaces(node) and isinstance(inputs[0], Half) and inputs[0].is_kept:
            bits = apply(node.op, *map(_kept, inputs), name=node.name, **node.attrs)
            return [Half(node.out.dtype, bits)]
        if node.op is SCATTER and isinstance(inputs[0], Half) and inputs[0].is_kept and not node.attrs["aligned"]:
            return [_changed(node, inputs)]
        return _computed(node, inputs)

    # ---- bodies --------------------------------------------------------------------------------------------------

    def _control(self, node: Node, inputs: Sequence[Value]) -> Sequence[Value]:
        own = node.attrs["branches"] if node.op is COND else (node.attrs["body"],)
        bodies = tuple(map(self._body, own))
        given = tuple(map(_kept, inputs))
        if all(map(operator.is_, bodies, own)):
            return copy_node(node, given).outputs
        if node.op is COND:
            made = apply_all(COND, *given, branches=bodies)
        else:
            made = apply_all(node.op, *given, body=bodies[0], shape=node.attrs["shape"], base=node.attrs["base"])
        return [Half(t.dtype, x) if is_half(t.dtype) else x for t, x in zip(node.outputs, made, strict=True)]

    def _body(self, body: Body) -> Body:
        """The body on bits; the body itself if no tensor in it has 16 bits."""
        found = self._bodies.get(body)
        if found is None:
            found = self._bodies[body] = self._translated_body(body)
        return found

    def _translated_body(self, body: Body) -> Body:
        for own in body.parameters:
            if own not in self._found:
                with inherit(own.where):
                    self._found[own] = _of_parameter(own)
        parameters = tuple(_kept(self._found[own]) for own in body.parameters)
        roots = self._values(body.roots)
        outputs = tuple(map(_kept, roots[: len(body.outputs)]))
        numbers = [x for x in roots[len(body.outputs) :] if isinstance(x, Tensor)]
        if all(map(operator.is_, (*parameters, *outputs), (*body.parameters, *body.outputs))):
            return body
        local = tuple((symbol, x) for (symbol, _), x in zip(body.locals, numbers, strict=True))
        return Body(parameters, outputs, body.demands, local)


def _kept(value: Value) -> Tensor:
    return value.bits if isinstance(value, Half) else value


def _wide(value: Value) -> Tensor:
    return value.wide if isinstance(value, Half) else value


def _of_parameter(own: Tensor) -> Value:
    if not is_half(own.dtype):
        return own
    return Half(own.dtype, parameter(TensorType(own.shape, UINT16), own.name))


def _replaces(node: Node) -> bool:
    """Whether elements are replaced by others, which can be done with their bits: a loop that writes into an array it
    carries then costs what it writes."""
    return node.op is REPLACE or (node.op in (SCATTER, SCATTER_ALONG) and node.attrs["mode"] == "set")


def _changed(node: Node, inputs: Sequence[Value]) -> Half:
    """Numbers that are added (or the like) to elements of an array: these elements are computed, and replace the bits
    that were there. What meets at one place is put together at the last place of the indices that names it."""
    base, updates, *indices = inputs
    bits, wide, position = _kept(base), _wide(updates), node.attrs["position"]
    place = {name: value for name, value in node.attrs.items() if name != "mode"}
    common = indices[0].shape if isinstance(indices[0], Tensor) else ()
    count = product(common)
    shape = (*wide.shape[:position], count, *wide.shape[position + len(common) :])
    flat = [apply(RESHAPE, _kept(index), shape=(count,), constraints=()) for index in indices]
    wide = apply(RESHAPE, wide, shape=shape, constraints=())
    found = Half(node.out.dtype, apply(GATHER, bits, *flat, **place)).wide
    if count == 1:
        found = apply(_MODES[node.attrs["mode"]], found, wide)
    else:
        numbers = apply(IOTA, shape=(count,), dtype=INT64, axis=0)
        places = apply(EMPTY, shape=tuple(bits.shape[axis] for axis in node.attrs["axes"]), dtype=INT64, value=0)
        plain: dict[str, Any] = {"axes": tuple(range(len(flat))), "position": 0, "aligned": False}
        last = apply(GATHER, apply(SCATTER, places, numbers, *flat, mode="set", **plain), *flat, **plain)
        along: dict[str, Any] = {"axes": (position,), "position": position, "aligned": False}
        found = apply(SCATTER, found, wide, last, mode=node.attrs["mode"], **along)
        found = apply(GATHER, found, last, **along)
    changed = narrow(found, node.out.dtype)
    return Half(node.out.dtype, apply(SCATTER, bits, changed, *flat, mode="set", **place))


def _constant(array: np.ndarray, dtype: DType) -> Half:
    bits = constant(array.view(UINT16))
    return Half(dtype, bits, constant(array.astype(FLOAT32)) if array.size == 1 else None)


def _cast(value: Value, target: DType) -> Value:
    """Casts to 16 bits round."""
    x = _wide(value)
    if not is_half(target):
        return x if x.dtype == target else apply(CAST, x, dtype=target)
    if isinstance(value, Half) and value.dtype == target:
        return value
    if x.dtype not in (FLOAT32, FLOAT64):
        x = apply(CAST, x, dtype=FLOAT64 if x.dtype in _TO_DOUBLE else FLOAT32)
    return Half(target, narrow(x, target))


def _computed(node: Node, inputs: Sequence[Value]) -> Sequence[Value]:
    """The node in float32. What is made of sizes alone is rounded, since it may be exact in float32 only."""
    attrs = {name: _with_wide_dtype(value) for name, value in node.attrs.items()}
    if isinstance(node.op, Full):
        attrs["value"] = float(np.asarray(attrs["value"], node.out.dtype))
    made = apply_all(node.op, *map(_wide, inputs), name=node.name, **attrs)
    rounds = isinstance(node.op, Creation) and not isinstance(node.op, Full)
    found: list[Value] = []
    for t, x in zip(node.outputs, made, strict=True):
        if not is_half(t.dtype):
            found.append(x)
        elif rounds:
            found.append(Half(t.dtype, narrow(x, t.dtype)))
        else:
            found.append(Half(t.dtype, wide=x))
    return found


def _with_wide_dtype(value: Any) -> Any:
    return FLOAT32 if isinstance(value, np.dtype) and is_half(value) else value
