"""The one answer that is worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cliffs import Columns


def test_the_gradient_by_columns() -> None:
    problem = Columns(4)
    (gradient,) = problem.answer()
    for index in np.ndindex(problem.x.shape):
        moved = problem.x.astype("complex128")
        moved[index] += 1e-20j  # complex step: exact to rounding
        assert gradient[index] == pytest.approx(problem.loss(np, moved).imag / 1e-20, rel=1e-12, abs=1e-14)
