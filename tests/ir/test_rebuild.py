"""The graph editor: interning, replacement, provenance, deep graphs."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.errors import VerifyError
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import rebuild
from staticad.ops.arithmetic import ADD, MUL, NEG, SUB
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.sources import constant, placeholder
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate
from staticad.runtime.variables import variable


def test_nothing_to_merge_keeps_every_node() -> None:
    x = placeholder((3,), name="x")
    y = apply(EXP, apply(NEG, x))
    (new,) = rebuild([y])
    assert new is y


def test_equal_nodes_become_the_first_one() -> None:
    x = placeholder((3,))
    first, second = apply(EXP, x), apply(EXP, x)
    (new,) = rebuild([apply(MUL, first, second)])
    assert new.inputs[0] is first and new.inputs[1] is first


def test_operands_of_commutative_ops_merge_in_either_order() -> None:
    x, y = placeholder((3,)), placeholder((3,))
    a, b = rebuild([apply(ADD, x, y), apply(ADD, y, x)])
    assert a is b
    c, d = rebuild([apply(SUB, x, y), apply(SUB, y, x)])
    assert c is not d


def test_commutative_ops_of_differently_named_sizes_keep_their_types() -> None:
    x, y = placeholder((None,)), placeholder((None,))
    tensors = [apply(ADD, x, y), apply(ADD, y, x)]
    assert [t.type for t in rebuild(tensors)] == [t.type for t in tensors]


def test_constants_merge_by_value_and_zeros_by_sign() -> None:
    merged = rebuild([constant(0.0), constant(0.0), constant(-0.0), constant(np.float32(0))])
    assert merged[0] is merged[1]
    assert len(set(merged)) == 3


def test_fills_merge_by_attributes_and_zeros_by_sign() -> None:
    merged = rebuild([fill((2,), v, np.dtype("float64")) for v in (0.0, 0.0, -0.0, np.nan, np.nan)])
    assert merged[0] is merged[1] and merged[3] is merged[4]
    assert len(set(merged)) == 3


def test_placeholders_and_variables_are_never_merged() -> None:
    x, y = placeholder((3,), name="x"), placeholder((3,), name="x")
    v, w = variable(np.zeros(3)), variable(np.zeros(3))
    assert all(a is b for a, b in zip(rebuild([x, y, v, w]), [x, y, v, w], strict=True))


def test_copies_keep_name_place_and_detachment() -> None:
    x = placeholder((3,))
    old = Node(EXP, (x,), apply(EXP, x).node.attrs, (x.type,), name="activation").out
    old.node.detached = True
    (new,) = rebuild([old], lambda node, inputs: placeholder((3,)) if node is x.node else None)
    assert new is not old
    assert (new.name, new.where, new.node.detached) == ("activation", old.where, True)


def test_an_edit_sees_every_old_node_once_with_its_new_inputs() -> None:
    x = placeholder((3,))
    y = apply(EXP, x)
    z = apply(ADD, y, y)
    seen: list[tuple[Node, tuple[Tensor, ...]]] = []

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Tensor | None:
        seen.append((node, inputs))
        return apply(NEG, *inputs) if node.op is EXP else None

    (new,) = rebuild([z], edit)
    assert [node for node, _ in seen] == [x.node, y.node, z.node]
    assert new.op is ADD and new.inputs[0].op is NEG and new.inputs[0] is new.inputs[1]
    assert all(a is b for a, b in zip(seen[2][1], new.inputs, strict=True))


def test_a_replacement_may_contain_what_it_replaces() -> None:
    x = placeholder((3,))
    (new,) = rebuild([apply(EXP, x)], lambda node, inputs: apply(ADD, x, x) if node is x.node else None)
    value = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(evaluate(new, {x: value})[0], np.exp(2 * value))


def test_replacements_are_interned_too() -> None:
    x, y = placeholder((3,)), placeholder((3,))
    tensors = [apply(EXP, x), apply(EXP, y)]
    a, b = rebuild(tensors, lambda node, inputs: apply(NEG, x) if node.op is EXP else None)
    assert a is b


def test_simplify_sees_what_it_made_until_it_is_content() -> None:
    x = placeholder((3,))

    def simplify(node: Node) -> Tensor | None:
        if node.op is EXP:
            return apply(NEG, node.inputs[0])
        if node.op is NEG and node.inputs[0].op is NEG:
            return node.inputs[0].inputs[0]
        return None

    (new,) = rebuild([apply(EXP, apply(EXP, x))], simplify=simplify)
    assert new is x


def test_a_replacement_that_leads_back_is_an_error() -> None:
    x = placeholder((3,))
    with pytest.raises(VerifyError, match=r"exp float64\[3\].*depends on that node itself"):
        rebuild([apply(EXP, x)], simplify=lambda n: apply(NEG, n.out) if n.op is EXP else None)
    swaps = {EXP: NEG, NEG: EXP}
    with pytest.raises(VerifyError, match="depends on that node itself"):
        rebuild([apply(EXP, x)], simplify=lambda n: apply(swaps[n.op], *n.inputs) if n.op in swaps else None)


def test_a_replacement_needs_a_tensor_for_every_output() -> None:
    x = placeholder((3,))
    with pytest.raises(VerifyError, match="2 tensors replace the 1 outputs of exp"):
        rebuild([apply(EXP, x)], lambda node, inputs: (x, x) if node.op is EXP else None)


def test_types_follow_a_replacement_of_another_type() -> None:
    x, narrow = placeholder((3,)), placeholder((3,), "float32")
    (new,) = rebuild([apply(EXP, x)], lambda node, inputs: narrow if node is x.node else None)
    assert new.type == narrow.type


def test_a_chain_of_twenty_thousand_nodes() -> None:
    x = placeholder(())
    y = z = x
    for _ in range(10_000):
        y, z = apply(NEG, y), apply(NEG, z)
    (new,) = rebuild([apply(ADD, y, z)])
    assert len(sort_nodes([new])) == 10_002
    (gone,) = rebuild([y], simplify=lambda n: n.inputs[0].inputs[0] if _double(n) else None)
    assert gone is x


def _double(node: Node) -> bool:
    return node.op is NEG and node.inputs[0].op is NEG
