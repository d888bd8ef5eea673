"""What notebooks show."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import staticad as sa


def test_a_tensor_is_shown_as_its_graph() -> None:
    x = sa.placeholder((None, 3), name="pixels")
    assert "pixels" in "".join(ElementTree.fromstring(sa.tanh(x)._repr_svg_().encode()).itertext())


def test_a_session_is_shown_as_a_table_and_a_picture() -> None:
    x, w = sa.placeholder(("n", 3), name="<x>"), sa.variable(np.ones(3), name="w")
    shown = sa.compile({"y": x * w}, [x], updates={w: w * 2}, name="step")._repr_html_()
    tree = ElementTree.fromstring(f"<div>{shown}</div>")
    cells = ["".join(cell.itertext()) for cell in tree.iter("td")]
    assert cells == [
        "input",
        "<x>",
        "float64[n,3]",
        "fetch",
        "",
        "float64[n,3]",
        "updated variable",
        "w",
        "float64[3]",
    ]
    assert "step" in "".join(tree.itertext()) and "<svg" in shown


def test_without_pygraphviz_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    x = sa.placeholder((3,), name="x")
    assert sa.exp(x)._repr_svg_() is None
    assert "<svg" not in sa.compile(sa.exp(x), [x])._repr_html_()
