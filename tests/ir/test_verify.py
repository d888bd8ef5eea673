"""The verifier accepts what ops make and names what breaks an invariant."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.errors import VerifyError
from staticad.ir.graph import NO_ATTRS, Attrs, Node, Tensor
from staticad.ir.types import TensorType
from staticad.ir.verify import agree, verify
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply
from staticad.ops.sources import constant, placeholder
from staticad.ops.transcendental import EXP

FLOAT = np.dtype("float64")


def test_graphs_made_by_ops_pass() -> None:
    x, y = placeholder((None, 3)), placeholder((None, 3))
    verify([apply(ADD, apply(EXP, x), y), constant([1, 2])])


def test_a_wrong_type_names_the_node_the_line_and_the_pass() -> None:
    x = placeholder((3,))
    wrong = Node(EXP, (x,), NO_ATTRS, (TensorType((4,), FLOAT),), name="y").out
    with pytest.raises(
        VerifyError, match=r"exp 'y' float64\[4\] .*test_verify.py:\d+.*give the type float64\[3\] after fold"
    ):
        verify([apply(ADD, wrong, wrong)], after="fold")


def test_sizes_that_only_a_run_can_tell_apart_agree() -> None:
    n, m = placeholder((None,)), placeholder((None,))
    node = Node(EXP, (n,), NO_ATTRS, (m.type,))
    verify([node.out])
    assert agree(n.type, m.type)
    (size,) = n.shape
    assert not agree(n.type, TensorType((size + 1,), FLOAT))
    assert not agree(n.type, TensorType((size, 1), FLOAT))
    assert not agree(n.type, TensorType((size,), np.dtype("float32")))


def test_a_cycle_is_found() -> None:
    x = placeholder((3,))
    first = apply(EXP, x)
    second = apply(EXP, first)
    first.node.inputs = (second,)
    with pytest.raises(VerifyError, match="a cycle"):
        verify([second])


def test_a_tensor_that_is_no_output_of_its_node() -> None:
    x = placeholder((3,))
    beyond = Tensor(x.node, 0)
    beyond.index = 1
    for stranger in (Tensor(x.node, 0), beyond):
        with pytest.raises(VerifyError, match="none of the node's 1 outputs"):
            verify([apply(EXP, x), stranger])


def test_an_unsupported_dtype() -> None:
    kind = TensorType((3,), np.dtype("datetime64[s]"))
    node = Node(placeholder(()).op, (), Attrs(type=kind), (kind,))
    with pytest.raises(VerifyError, match=r"dtype datetime64\[s\] is not supported"):
        verify([node.out])


def test_inputs_that_the_op_refuses() -> None:
    x, y = placeholder((3,)), placeholder((3,), "float32")
    node = Node(ADD, (x, y), NO_ATTRS, (x.type,))
    with pytest.raises(VerifyError, match="can't be inferred: operands of several dtypes"):
        verify([node.out])


def test_a_deep_graph() -> None:
    x = placeholder(())
    for _ in range(20_000):
        x = apply(EXP, x)
    verify([x])
