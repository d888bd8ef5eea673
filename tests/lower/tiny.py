"""Thresholds of lowering made so small that little arrays have chunks, blocks, tiles and runs of their own."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from staticad import config

THRESHOLDS = {
    "CHUNK": 8,
    "SMALL": 8,
    "SHARE": 2,
    "BLOCK": 2,
    "TILE": 2,
    "RUN": 4,
    "LEAST_RUN": 2,
    "COLUMN_RUN": 2,
    "LONG": 3,
    "FEW": 1,
    "OFTEN": 1,
    "LANE": 3,
    "GROUP": 12,  # four lanes
}
MODULES = (
    "fusion.clusters",
    "fusion.joining",
    "fusion.reductions",
    "emission.nest",
    "emission.regions",
    "emission.reductions",
    "emission.scans",
    "fusion.settle",
    "fusion.split",
)


@contextmanager
def tiny_thresholds() -> Iterator[None]:
    """Plans that are made inside are cut into many small pieces."""
    found = set()
    with pytest.MonkeyPatch.context() as patch, config.override(programs=False):
        for module in (importlib.import_module(f"staticad.lower.{name}") for name in MODULES):
            for name, value in THRESHOLDS.items():
                if hasattr(module, name):
                    patch.setattr(module, name, value)
                    found.add(name)
        assert found == set(THRESHOLDS), "a threshold has another name now"
        yield
