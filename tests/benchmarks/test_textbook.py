"""The adjoints that are written by hand, and the small loops, against differences. Nothing is compiled but one sum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.growing import GROWING
from benchmarks.problems import differences
from benchmarks.runtimes.numba_textbook import ADJOINTS
from benchmarks.textbook import TEXTBOOK


@pytest.mark.parametrize("name", TEXTBOOK)
def test_adjoints(name: str) -> None:
    problem = replace(TEXTBOOK[name][1], size=5)
    results = ADJOINTS[problem.text].py_func(*(x.copy() for x in problem.inputs))
    assert differences(problem.read(results), problem.answer(), 1e-7) is None


@pytest.mark.parametrize("name", GROWING)
def test_small_loops_have_values_at_all_sizes(name: str) -> None:
    variants = replace(GROWING[name][1], size=3).variants
    assert [(v.size, v.gradient) for v in variants] == [(k, g) for g in (False, True) for k in (3, 6, 12)]
    for value, both in zip(variants[:3], variants[3:], strict=True):
        assert both.answer()[0] == value.answer()[0]
