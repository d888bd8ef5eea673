"""Fourier transforms: of a long array, of a prime length, of many rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.cliffs import Arrays, Mapped


@dataclass(frozen=True)
class Transform(Mapped):
    """fft(z) of rows of so many complex numbers."""

    length: int = 1
    tolerance = 1e-12

    @cached_property
    def inputs(self) -> Arrays:
        parts = self.normal(self.length, 2)
        return [parts[..., 0] + 1j * parts[..., 1]]

    def result(self, numpy: Any, *inputs: Any) -> Any:
        return numpy.fft.fft(inputs[0])
