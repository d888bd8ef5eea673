"""What the debug setting prints, level by level."""

from __future__ import annotations

import pytest

import staticad as sa
from staticad import config

X = sa.placeholder((None,), name="x")


def printed(level: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with config.override(debug=level):
        session = sa.compile(-(-sa.exp(X)).sum(), [X], name="sums")
        session([1.0, 2.0])
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


PLAN = "staticad: plan of <Session 'sums': 1 inputs, "
REWRITES = "staticad: rewrite: simplify"
KERNELS = "staticad: kernels of <Session 'sums'"
TIMINGS = ("rewrite the graph: ", "lower it to a plan: ", "compile or load its kernels: ", "bind sizes: ")


@pytest.mark.parametrize("level", range(5))
def test_each_level_adds_what_it_is_for(level: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(level, capsys)
    assert (text == "") == (level == 0)
    for lowest, found in (
        (1, PLAN in text and "compute\n  k0 " in text),
        (2, REWRITES in text),
        (3, KERNELS in text and "def kernel(args, lo, hi):" in text),
        (3, "staticad: clusters\ncluster 0: loops over [" in text and "\n  exp float64[" in text),
        (4, all(f"staticad: {what}" in text for what in TIMINGS)),
    ):
        assert found == (level >= lowest), text


def test_nothing_is_made_that_is_not_printed() -> None:
    def never() -> str:
        raise AssertionError("made for nobody")

    with config.override(debug=2):
        config.note(3, never)
