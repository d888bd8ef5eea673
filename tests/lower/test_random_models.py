"""Random graphs with updates: plans interpreted with every access checked, and compared with the reference."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pytest

from tests.harness.condition import mismatches
from tests.harness.random_builder import random_graph
from tests.lower.checking import computes, values_of_variables
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for
from tests.lower.random_models import random_model
from tests.lower.tiny import tiny_thresholds

Thresholds = Callable[[], AbstractContextManager[None]]

BLOCKS = 8
PER_BLOCK = 12


@pytest.mark.parametrize("fixed", [False, True], ids=["free", "fixed"])
@pytest.mark.parametrize("thresholds", [nullcontext, tiny_thresholds], ids=["usual", "tiny"])
@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_models(block: int, thresholds: Thresholds, fixed: bool) -> None:
    with thresholds():
        for seed in range(block * PER_BLOCK, (block + 1) * PER_BLOCK):
            model = random_model(seed, fixed)
            try:
                computes(model.fetches, feeds=model.feeds, updates=model.updates)
            except Exception as error:
                raise AssertionError(f"seed {seed}, {'fixed' if fixed else 'free'} sizes: {error}") from error


@pytest.mark.parametrize("thresholds", [nullcontext, tiny_thresholds], ids=["usual", "tiny"])
def test_random_graphs_of_all_ops(thresholds: Thresholds) -> None:
    """Every load and store is checked, and values where little arrays are cut like large ones."""
    with thresholds():
        for seed in range(40):
            graph = random_graph(seed)
            plan = plan_for(graph.outputs, inputs=graph.inputs)
            held = values_of_variables(graph.outputs)
            for feeds in (graph.feeds, graph.more_feeds):
                arrays = {t: np.ascontiguousarray(a, t.dtype).reshape(a.shape) for t, a in feeds.items()}
                results, _ = interpret(plan, arrays, held)
                found = mismatches(graph.outputs, [np.asarray(result) for result in results], arrays)
                assert not any(found), f"seed {seed}: {found}"
