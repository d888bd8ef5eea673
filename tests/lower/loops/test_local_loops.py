"""Random loops with arrays of sizes that only a step knows: as NumPy has them, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from tests.harness.local_loops import LocalLoops
from tests.stress.loops import check


@pytest.mark.parametrize("seed", range(8))
def test_random_programs(seed: int) -> None:
    rng = np.random.default_rng([7, seed])
    assert check(LocalLoops(rng, long=6), rng, twice=False)
