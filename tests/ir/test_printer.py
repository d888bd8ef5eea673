"""The text form of a graph."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.ir.graph import NO_ATTRS, Attrs, Node
from staticad.ir.printer import format_attrs, format_value, print_graph
from staticad.ops.transcendental import EXP
from tests.ir.test_graph import DEPTH, Two, chain


def test_one_line_a_node() -> None:
    x = sa.placeholder(("n", 3), "float32", name="x")
    y = sa.where(x > 0, x, -x)
    assert print_graph([y, x]) == (
        "%0 = placeholder[type=float32[n,3]] 'x' : float32[n,3]\n"
        "%1 = constant[type=float32[], value=0.] : float32[]\n"
        "%2 = greater(%0, %1) : bool[n,3]\n"
        "%3 = neg(%0) : float32[n,3]\n"
        "%4 = where(%2, %0, %3) : float32[n,3]\n"
        "return %4, %0"
    )
    assert print_graph([]) == "return "


def test_the_users_lines_on_request() -> None:
    x = sa.placeholder(())
    text = print_graph([x], where=True)
    assert text.splitlines()[0] == f"%0 = placeholder[type=float64[]] : float64[]  # {__file__}:{x.where.line}"


def test_outputs_of_a_node_with_several_are_told_apart() -> None:
    x = sa.placeholder(())
    node = Node(Two("two", numpy=lambda v: (v, v)), (x,), NO_ATTRS, (x.type, x.type))
    text = print_graph([node.outputs[1] + node.outputs[0]])
    assert "%1 = two(%0) : float64[], float64[]" in text
    assert "%2 = add(%1.1, %1.0) : float64[]" in text


def test_attributes_are_short() -> None:
    assert format_attrs(NO_ATTRS) == ""
    assert format_attrs(Attrs(axes=(0, 1), keep=True)) == "[axes=(0, 1), keep=True]"
    assert format_value(np.arange(1000)) == "[  0,  1,...,998,999]"
    assert format_value(np.float64(2.5)) == "2.5"
    assert format_value("add") == "add"
    assert "\n" not in format_value(np.zeros((100, 100)))
    assert len(print_graph([sa.constant(np.zeros((100, 100)))])) < 200


def test_deep_graphs_print() -> None:
    text = print_graph([chain(sa.placeholder(()))])
    lines = text.splitlines()
    assert len(lines) == DEPTH + 2
    assert lines[-2] == f"%{DEPTH} = {EXP.name}(%{DEPTH - 1}) : float64[]"
