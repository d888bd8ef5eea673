"""The types that nodes get. What an op has inferred of types and small attributes is remembered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from staticad.ir.types import Constraint, TensorType

Inferred = tuple[tuple[TensorType, ...], tuple[Constraint, ...]]
REMEMBERED = 8192  # of all ops together


def infer(op: Any, inputs: tuple[TensorType, ...], attrs: Any) -> Inferred:
    """The types of the outputs of an op and what a run has to check. Raises what ``op.infer`` raises."""
    found: Inferred = _remembered(op, inputs, attrs) if op.remembered else op.infer(inputs, attrs)
    return found


@lru_cache(maxsize=REMEMBERED)
def _remembered(op: Any, inputs: tuple[TensorType, ...], attrs: Any) -> Inferred:
    found: Inferred = op.infer(inputs, attrs)
    return found
