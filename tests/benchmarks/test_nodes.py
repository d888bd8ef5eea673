"""Large graphs have about as many nodes as they are asked for, and the phases of their compilation are told apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.nodes import COLUMNS, FIXED, FORMS, Graph, exponent, measured
from staticad.ir.graph import sort_nodes


@pytest.mark.parametrize("form", FORMS)
def test_a_graph_has_about_as_many_nodes(form: Callable[[int], Graph]) -> None:
    _, differentiate = form(2_000)
    assert 1_400 <= len(sort_nodes(differentiate())) <= 2_800


def test_phases_are_told_apart() -> None:
    found = measured("terms", 100, timeout=300)
    assert found is not None and 80 <= found["nodes"] <= 120
    assert all(found[name] > 0 for name in COLUMNS)
    assert sum(found[name] for name in COLUMNS[:-1]) <= found["total"]


def test_how_time_grows() -> None:
    assert exponent({"nodes": 10, "total": 1}, {"nodes": 1000, "total": 10}) == pytest.approx(0.5)
    assert all(form.__doc__ for form in (*FORMS, *FIXED))
