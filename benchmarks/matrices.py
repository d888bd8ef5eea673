"""Linear algebra: many small systems, where a call of a library takes longer than its work, and one large factor."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.cliffs import Arrays, Mapped


class SmallMatrices(Mapped):
    """Symmetric positive definite matrices of 4 rows."""

    tolerance = 1e-9

    @cached_property
    def inputs(self) -> Arrays:
        factors = self.normal(4, 4)
        return [factors @ factors.transpose(0, 2, 1) + np.eye(4)]


class SmallSolve(SmallMatrices):
    """A system with one right side for each."""

    @cached_property
    def inputs(self) -> Arrays:
        return [*super().inputs, self.normal(4, 1)]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.linalg.solve(*inputs)


class SmallInverse(SmallMatrices):
    """Their inverses."""

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.linalg.inv(inputs[0])


class SmallDeterminant(SmallMatrices):
    """Their determinants."""

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.linalg.det(inputs[0])


class SmallCholesky(SmallMatrices):
    """Their Cholesky factors."""

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.linalg.cholesky(inputs[0])


class Cholesky(Mapped):
    """The Cholesky factor of one matrix."""

    tolerance = 1e-9

    @cached_property
    def inputs(self) -> Arrays:
        factor = self.normal(self.size)
        return [factor @ factor.T + self.size * np.eye(self.size)]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.linalg.cholesky(inputs[0])
