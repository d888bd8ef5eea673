"""Values that fill regions of arrays are computed there."""

from __future__ import annotations

from typing import Any

import numpy as np
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


@pytest.mark.parametrize("gathered", [True, False])
def test_what_is_read_as_a_whole_has_memory_of_its_own(gathered: bool) -> None:
    x, z, i = sa.placeholder((6, 6)), sa.placeholder((6,)), sa.placeholder((), "int64")
    column = sa.sin(z)
    changed = sa.exp(x).at[:, 2].set(column)
    computes([changed, column[i + 1] * z if gathered else sa.reshape(column, (2, 3)) * z[:3]])


def test_a_loop_looks_at_an_element_of_the_column_that_it_has_set() -> None:
    def program(a: Any, y: Any, n: int) -> Any:
        for i in range(n):
            a[:, i] = np.sin(a[:, i])
            if a[y[i], i] > 0.5:
                a[0] = a[i] * 0.5
        return a

    a, y = sa.placeholder((4, 4)), sa.placeholder((4,), "int64")
    computes(sa.function(program)(a, y, 4))
