"""Values that fill regions of arrays are computed there."""

from __future__ import annotations

from typing import Any

import pytest

import staticad as sa
from staticad.lower.lower import GraphLowering
from tests.lower.checking import computes
from tests.lower.planning import labels


def test_a_kernel_is_tried_once_for_all_the_regions_that_it_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    trial = GraphLowering._trial

    def counted(self: GraphLowering, cluster: Any, placed: Any) -> Any:
        tried.append(cluster.number)
        return trial(self, cluster, placed)

    monkeypatch.setattr(GraphLowering, "_trial", counted)
    x, z = sa.placeholder((2, 6)), sa.placeholder((2, 4))
    arrays = [sa.exp(x * k) for k in range(1, 9)]
    changed = [y.at[:, 1:-1].set(sa.sin(z * k)) for k, y in enumerate(arrays, 1)]
    plan = computes([*changed, sa.cos(changed[3]), sum(changed)])
    assert labels(plan).count("replace") == 0
    assert len(tried) == 2  # with all regions, and with those that were placed
