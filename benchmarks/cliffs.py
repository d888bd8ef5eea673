"""Programs that are easy to compile badly: elements that lie apart, narrow rows, short axes, gradients by columns;
and sorting.

Each is written once, with functions that all runtimes have under NumPy's names.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Mapped:
    """A function of arrays of doubles and indices. The answer is [its result]."""

    size: int
    tolerance = 1e-13
    calls = 1

    @cached_property
    def inputs(self) -> Arrays:
        """The first axis has any size, the others are known to the compiler."""
        raise NotImplementedError

    def result(self, numpy: Any, *inputs: Any) -> Any:
        """The function, by the functions of ``numpy``."""
        raise NotImplementedError

    def answer(self) -> Arrays:
        return [self.result(np, *self.inputs)]

    def normal(self, *shape: int) -> np.ndarray:
        return np.random.default_rng(1).standard_normal((self.size, *shape))


class Column(Mapped):
    """sin(a[:, 0])."""

    @cached_property
    def inputs(self) -> Arrays:
        return [self.normal(8)]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.sin(inputs[0][:, 0])


class Sort(Mapped):
    """sort(x)."""

    @cached_property
    def inputs(self) -> Arrays:
        return [self.normal()]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.sort(inputs[0])


class Argsort(Sort):
    """argsort(x)."""

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.argsort(inputs[0])


class Gather(Mapped):
    """sin(t[i]) of a table of 1000."""

    @cached_property
    def inputs(self) -> Arrays:
        rng = np.random.default_rng(1)
        return [rng.standard_normal(1000), rng.integers(0, 1000, self.size)]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        table, places = inputs
        return numpy.sin(table[places])


class GatherRows(Gather):
    """sin(t[i]) of a table of 1000 points in space."""

    @cached_property
    def inputs(self) -> Arrays:
        rng = np.random.default_rng(1)
        return [rng.standard_normal((1000, 3)), rng.integers(0, 1000, self.size)]


class Stack(Mapped):
    """Thirty arrays as the columns of one."""

    @cached_property
    def inputs(self) -> Arrays:
        return list(self.normal(30).T.copy())

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.stack(inputs, axis=1)


class Normalize(Mapped):
    """Points in space, divided by their distances."""

    @cached_property
    def inputs(self) -> Arrays:
        return [self.normal(3)]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        (x,) = inputs
        return x / numpy.sqrt(numpy.sum(x * x, axis=1, keepdims=True))


class Rotate(Mapped):
    """Points in space, each multiplied by a matrix of its own."""

    @cached_property
    def inputs(self) -> Arrays:
        return [self.normal(3, 3), self.normal(3)]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.einsum("pij,pj->pi", *inputs)


class Matrices(Mapped):
    """Products of two times as many matrices of four rows and columns."""

    @cached_property
    def inputs(self) -> Arrays:
        return [self.normal(4, 4), self.normal(4, 4)[::-1].copy()]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.matmul(*inputs)


@dataclass(frozen=True)
class Columns:
    """y = sum over i of sin(|(c0, c1, c2)|) cos(ci) for the eleven columns of x. The answer is [dy/dx]."""

    size: int
    tolerance = 1e-12
    calls = 1

    @cached_property
    def x(self) -> np.ndarray:
        return np.random.default_rng(1).standard_normal((self.size, 11))

    def loss(self, numpy: Any, x: Any) -> Any:
        columns = [x[:, i] for i in range(11)]
        length = numpy.sqrt(columns[0] ** 2 + columns[1] ** 2 + columns[2] ** 2)
        return sum((numpy.sin(length) * numpy.cos(c)).sum() for c in columns)

    def answer(self) -> Arrays:
        x = self.x
        length = np.sqrt((x[:, :3] ** 2).sum(axis=1))
        gradient = -np.sin(length)[:, None] * np.sin(x)
        gradient[:, :3] += (np.cos(length) * np.cos(x).sum(axis=1) / length)[:, None] * x[:, :3]
        return [gradient]


CLIFFS: tuple[type, ...] = (Mapped, Columns)
BY_HAND: tuple[type, ...] = (Stack, Normalize, Rotate, Matrices)  # what needs no function but the square root
