"""Runs in which a free size is 0: single numbers are still computed, and nothing unwritten is read."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.reference import evaluate
from tests.harness.poison import poisoned_memory


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_numbers_that_a_cut_reduction_leaves_for_later_kernels(count: int) -> None:
    """A reduction in chunks has no chunk without elements; what its kernel stores besides has to be there anyway."""
    chosen, v = sa.placeholder((None,), "bool"), sa.placeholder((), "float32")
    e = sa.expm1(sa.tanh(v) * 1.5)
    t = sa.square(sa.tanh(sa.where(chosen, sa.erf(e), 1.2)) * 1.5)
    y = sa.tanh(sa.sum(t * t)) + sa.erf(e) * 0.5
    gradient = sa.gradients(y, v)
    feeds = {chosen: np.arange(count) % 3 == 0, v: np.asarray(0.3, np.float32)}
    with poisoned_memory():
        session = sa.compile([y, *gradient], [chosen, v])
        assert "if lo == 0:" in session.source()
        found = session.run(feeds)
    np.testing.assert_allclose(found, evaluate([y, *gradient], feeds), rtol=1e-5)
