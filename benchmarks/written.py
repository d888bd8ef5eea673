"""Loops that change arrays, as they are written in textbooks: one text, run by NumPy and made a graph by `sa.function`.

What is differentiated is the sum of the squares of the result, weighted along its last axis, so that exchanges of
elements count. The answers are checked by the text itself, which NumPy runs step by step, and by differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Arrays = list[np.ndarray]
Text = Callable[..., Any]
STEP = 1e-6


@dataclass(frozen=True)
class Written:
    """The answer is [the value, its slope along `directions`]; without ``gradient`` [the value]."""

    text: Text
    make: Callable[[np.random.Generator, int], Arrays]
    size: int
    gradient: bool = True
    tolerance = 1e-5
    calls = 1

    @cached_property
    def inputs(self) -> Arrays:
        return self.make(np.random.default_rng(1), self.size)

    @cached_property
    def directions(self) -> Arrays:
        rng = np.random.default_rng(2)
        return [rng.standard_normal(x.shape) for x in self.inputs]

    def value(self, *inputs: np.ndarray) -> np.floating:
        """The value; the text changes its arguments."""
        return weighted(self.text(*inputs), np.arange(self.size))

    def answer(self) -> Arrays:
        value = self.value(*(x.copy() for x in self.inputs))
        if not self.gradient:
            return [np.asarray(value)]
        up, down = (
            self.value(*(x + step * v for x, v in zip(self.inputs, self.directions, strict=True)))
            for step in (STEP, -STEP)
        )
        return [np.asarray(value), np.asarray((up - down) / (2 * STEP))]

    def read(self, results: Any) -> Arrays:
        """A value and the gradients by all inputs, in the form of the answer."""
        value, *gradients = (np.asarray(result) for result in results)
        if not self.gradient:
            return [value]
        slopes = (np.sum(g * v) for g, v in zip(gradients, self.directions, strict=True))
        return [value, np.asarray(sum(slopes))]


class Scanned(Written):
    """A text of which JAX has a program of its own, made of scans."""


@dataclass(frozen=True)
class Growing:
    """A text at n, 2n and 4n elements a side. `variants` are in the order of the columns of the table: three times the
    value, three times value and gradients."""

    text: Text
    make: Callable[[np.random.Generator, int], Arrays]
    size: int

    @cached_property
    def variants(self) -> tuple[Written, ...]:
        return tuple(Written(self.text, self.make, k * self.size, slope) for slope in (False, True) for k in (1, 2, 4))


def weighted(result: Any, positions: Any) -> Any:
    """Of an array, or a graph: the sum of the squares with weights that grow along the last axis."""
    return ((positions * 0.01 + 1) * result * result).sum()


def vector(rng: np.random.Generator, n: int) -> Arrays:
    return [rng.uniform(0.3, 1.0, n)]


def matrix(rng: np.random.Generator, n: int) -> Arrays:
    return [rng.uniform(0.3, 1.0, (n, n))]
