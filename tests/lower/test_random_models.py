"""Random graphs with updates: plans interpreted with every access checked, and compared with the reference."""

from __future__ import annotations

import pytest

from staticad.lower import clusters
from tests.lower.checking import computes
from tests.lower.random_models import random_model

BLOCKS = 8
PER_BLOCK = 12


@pytest.mark.parametrize("fixed", [False, True], ids=["free", "fixed"])
@pytest.mark.parametrize("chunk", [clusters.CHUNK, 8])
@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_models(block: int, chunk: int, fixed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CHUNK", chunk)
    monkeypatch.setattr(clusters, "SMALL", chunk)
    for seed in range(block * PER_BLOCK, (block + 1) * PER_BLOCK):
        model = random_model(seed, fixed)
        try:
            computes(model.fetches, feeds=model.feeds, updates=model.updates)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {'fixed' if fixed else 'free'} sizes: {error}") from error
