"""The types that nodes get. What an op has inferred of types and small attributes is remembered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from staticad.ir.graph import NO_ATTRS, Attrs
from staticad.ir.types import Constraint, TensorType

Inferred = tuple[tuple[TensorType, ...], tuple[Constraint, ...]]
REMEMBERED = 8192  # of all ops together


def infer(op: Any, inputs: tuple[TensorType, ...], attrs: Any) -> Inferred:
    """The types of the outputs of an op and what a run has to check. Raises what ``op.infer`` raises."""
    found: Inferred = _remembered(op, inputs, attrs) if op.remembered else op.infer(inputs, attrs)
    return found


def infer_new(op: Any, inputs: tuple[TensorType, ...], values: dict[str, Any]) -> tuple[Attrs, Inferred]:
    """The attributes of a new node as well: one object for all nodes that are remembered together."""
    if not values:
        return NO_ATTRS, _remembered(op, inputs, NO_ATTRS) if op.remembered else op.infer(inputs, NO_ATTRS)
    if op.remembered and float not in map(type, values.values()):  # as a key, 0.0 and -0.0 are one
        return _remembered_new(op, inputs, **values)
    attrs = Attrs(**values)
    return attrs, infer(op, inputs, attrs)


@lru_cache(maxsize=REMEMBERED, typed=True)
def _remembered_new(op: Any, inputs: tuple[TensorType, ...], /, **values: Any) -> tuple[Attrs, Inferred]:
    attrs = Attrs(**values)
    return attrs, infer(op, inputs, attrs)


@lru_cache(maxsize=REMEMBERED)
def _remembered(op: Any, inputs: tuple[TensorType, ...], attrs: Any) -> Inferred:
    found: Inferred = op.infer(inputs, attrs)
    return found
