"""Ways to run updates: node by node with the reference, and compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.reference import evaluate
from staticad.runtime.variables import Variable

Updates = Mapping[Variable, Tensor]
Runner = Callable[[Updates, Sequence[Tensor]], Callable[..., Any]]


def reference(updates: Updates, inputs: Sequence[Tensor]) -> Callable[..., None]:
    """A step evaluated with NumPy: all right-hand sides see the old values."""

    def step(*arrays: np.ndarray) -> None:
        values = evaluate(list(updates.values()), dict(zip(inputs, arrays, strict=True)))
        for v, value in zip(updates, values, strict=True):
            v.assign(value)

    return step


def compiled(updates: Updates, inputs: Sequence[Tensor]) -> Callable[..., Any]:
    """A step of a session."""
    return sa.compile([], inputs=inputs, updates=updates)


def runners() -> list[Runner]:
    """Every way to run updates that a test should hold for."""
    return [reference, compiled]
