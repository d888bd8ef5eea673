"""Which part of a program a node belongs to, and where the order of its inputs matters."""

from __future__ import annotations

import staticad as sa
from staticad.autodiff.reverse import gradients
from staticad.export.attributes import attributes, lines, number_nodes, ordered_inputs, parts
from staticad.ops.sources import CONSTANT


def test_constants_stand_with_their_users() -> None:
    x = sa.placeholder((), name="x")
    y = 3.0 * sa.tanh(x)
    (g,) = gradients(y, [x])
    found = parts(number_nodes([("", y), ("", g)]))
    constants = {float(node.attrs["value"].array): part for node, part in found.items() if node.op is CONSTANT}
    assert constants == {3.0: "forward", 1.0: "gradient"}


def test_second_derivatives_belong_to_the_gradient_part() -> None:
    x = sa.placeholder((), name="x")
    (g,) = gradients(sa.exp(x * x), [x])
    (h,) = gradients(g, [x])
    found = parts(number_nodes([("", h)]))
    assert found[h.node] == "gradient" and found[x.node] == "forward"


def test_order_matters_unless_the_op_commutes() -> None:
    x, y = sa.placeholder(()), sa.placeholder(())
    assert not ordered_inputs((x + y).node) and not ordered_inputs((x * y).node)
    assert ordered_inputs((x - y).node) and ordered_inputs(sa.where(x > y, x, y).node)
    assert not ordered_inputs(sa.exp(x).node)


def test_attributes_are_not_repeated_where_the_type_shows_them() -> None:
    x = sa.placeholder((2, 3), name="x")
    assert attributes(x.astype("float32").node) == attributes(x.reshape((3, 2)).node) == attributes(x.node) == ""
    assert attributes(sa.full((2,), 0.1, "float32").node).endswith("value=0.1")
    assert lines(x[:, 1:].node) == ["slice(sizes=(2, 2), starts=(0, 1), steps=(1, 1))", "float64[2,2]"]
