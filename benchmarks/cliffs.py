"""Programs that are easy to compile badly: elements that lie apart, narrow rows, short axes, gradients by columns;
and sorting.

Each is written once, with functions that all runtimes have under NumPy's names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.compiled import Differentiated, Functions

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


@dataclass(frozen=True)
class Bundle(Differentiated):
    """Bundle adjustment: what cameras see of points, against where the points were seen. A camera has a rotation, a
    place, a focal length, a principal point and two coefficients of radial distortion; each observation has a weight.
    Doubles."""

    cameras: int = 50
    points: int = 5000
    observations: int = 30_000
    tolerance = 1e-6

    @cached_property
    def data(self) -> Arrays:
        rng, count = np.random.default_rng(1), self.observations
        return [
            rng.standard_normal((count, 2)), rng.integers(0, self.cameras, count), rng.integers(0, self.points, count)
        ]  # fmt: skip

    @cached_property
    def parameters(self) -> Arrays:
        rng = np.random.default_rng(2)
        cameras = 0.1 * rng.standard_normal((self.cameras, 11)) + np.r_[np.ones(3), np.zeros(3), 2, np.zeros(4)]
        points = rng.standard_normal((self.points, 3)) + np.ones(3) * 8
        return [cameras, points, rng.uniform(0.5, 1.0, self.observations)]

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        (cameras, points, weights), (seen, camera, point) = parameters, data
        errors = weights[:, None] * (projected(f.numpy, cameras[camera], points[point]) - seen)
        return (errors**2).sum() + ((1 - weights**2) ** 2).sum()


def projected(numpy: Any, camera: Any, point: Any) -> Any:
    """Where each point is seen by its camera: turned by Rodrigues' formula, projected, distorted."""
    turn, place, focal, principal, radial = (camera[:, i:j] for i, j in ((0, 3), (3, 6), (6, 7), (7, 9), (9, 11)))
    x = point - place
    angle = numpy.sqrt((turn * turn).sum(-1))[:, None]
    axis = turn / angle
    (a, b, c), (u, v, w) = ([t[:, i] for i in range(3)] for t in (axis, x))
    across = numpy.stack([b * w - c * v, c * u - a * w, a * v - b * u], -1)
    cosine = numpy.cos(angle)
    turned = x * cosine + across * numpy.sin(angle) + axis * ((axis * x).sum(-1)[:, None] * (1 - cosine))
    flat = turned[:, :2] / turned[:, 2:]
    square = (flat * flat).sum(-1)[:, None]
    return flat * (focal * (1 + radial[:, :1] * square + radial[:, 1:] * square**2)) + principal


CLIFFS: tuple[type, ...] = (Mapped, Columns)
BY_HAND: tuple[type, ...] = (Stack, Normalize, Rotate, Matrices)  # what needs no function but the square root
