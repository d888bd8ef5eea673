"""The engine reaches a fixpoint in one sweep, keeps places and names, and names rules that misbehave."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from staticad.errors import VerifyError
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ops.arithmetic import ADD, MUL, NEG, SQUARE
from staticad.ops.base import apply
from staticad.ops.conversion import CAST
from staticad.ops.sources import constant, placeholder
from staticad.ops.transcendental import COS, EXP, LOG, LOG1P, SIN
from staticad.rewrite.engine import _Index, apply_rules
from staticad.rewrite.pattern import Rule, Variable, call, equation, every

x = Variable("x")
DOUBLE_NEGATION = equation(call(NEG, -x), x)
TO_LOG1P = equation(call(LOG, 1 + x), call(LOG1P, x))
TO_SQUARE = equation(x * x, call(SQUARE, x))
A = placeholder((3,), name="a")


def log_of_one_plus(tensor: Tensor) -> Tensor:
    return apply(LOG, apply(ADD, constant(1.0), tensor))


def test_a_chain_of_rules_in_one_sweep() -> None:
    counts: Counter[str] = Counter()
    tensor = apply(NEG, apply(NEG, log_of_one_plus(apply(NEG, apply(NEG, A)))))
    (new,) = apply_rules([tensor], [DOUBLE_NEGATION, TO_LOG1P], counts)
    assert new.op is LOG1P and new.inputs == (A,)
    assert counts == {DOUBLE_NEGATION.name: 2, TO_LOG1P.name: 1}


def test_rules_apply_to_what_rules_make() -> None:
    exp_to_product = Rule("exp(x) = x * x", (EXP,), lambda t: apply(MUL, t.inputs[0], t.inputs[0]))
    (new,) = apply_rules([apply(EXP, A)], [exp_to_product, TO_SQUARE])
    assert new.op is SQUARE


def test_a_replacement_keeps_place_and_name() -> None:
    plain = log_of_one_plus(A)
    old = Node(LOG, plain.inputs, plain.node.attrs, plain.node.types, name="loss").out
    (new,) = apply_rules([old], [TO_LOG1P])
    assert new.name == "loss"
    assert (new.where.file, new.where.line) == (old.where.file, old.where.line)
    assert new.where.notes == ("rewritten from log",)


def test_a_tensor_of_the_user_is_never_renamed() -> None:
    inner = apply(EXP, A)
    negative = apply(NEG, inner)
    old = Node(NEG, (negative,), negative.node.attrs, negative.node.types, name="y").out
    (new,) = apply_rules([old], [DOUBLE_NEGATION])
    assert new is inner and inner.name is None


def test_a_rule_that_changes_a_type_is_named() -> None:
    for change in (lambda t: apply(CAST, t.inputs[0], dtype=np.dtype("float32")), lambda t: placeholder((4,))):
        with pytest.raises(VerifyError, match=r"the rule 'bad' changed the type of exp float64\[3\] .*test_engine.py"):
            apply_rules([apply(EXP, A)], [Rule("bad", (EXP,), change)])


def test_a_rule_may_give_another_name_to_a_size() -> None:
    n, m = placeholder((None,)), placeholder((None,))
    old = apply(EXP, n)
    (new,) = apply_rules([old], [Rule("other size", (EXP,), lambda t: apply(NEG, m))])
    assert new.type == old.type


def test_rules_that_lead_back_are_named() -> None:
    there = Rule("sin to cos", (SIN,), lambda t: apply(COS, *t.inputs))
    back = Rule("cos to sin", (COS,), lambda t: apply(SIN, *t.inputs))
    with pytest.raises(VerifyError, match="the last rules were: cos to sin; sin to cos"):
        apply_rules([apply(SIN, A)], [there, back])


def test_rules_without_an_end_are_named() -> None:
    grow = Rule("grow", (EXP,), lambda t: apply(EXP, apply(NEG, t.inputs[0])))
    with pytest.raises(VerifyError, match=r"no fixpoint after \d+ rewrites; the rule 'grow' fired \d+ times"):
        apply_rules([apply(EXP, A)], [grow])


def test_settled_rules_are_tried_on_new_nodes_only() -> None:
    old = apply(MUL, A, A)
    exp_to_product = Rule("exp(x) = x * x", (EXP,), lambda t: apply(MUL, t.inputs[0], t.inputs[0]))
    other = apply(EXP, apply(SIN, A))
    kept, new = apply_rules([old, other], [exp_to_product], settled=[TO_SQUARE])
    assert kept is old
    assert new.op is SQUARE


def test_rules_are_tried_where_they_may_fire() -> None:
    tried = []
    rule = Rule("product of exponentials", (MUL,), lambda t: tried.append(t) or None, fits=every((EXP,)))
    apply_rules([apply(MUL, A, A), apply(MUL, apply(EXP, A), A)], [rule])
    assert len(tried) == 2  # by the fixture that tries them all
    tried.clear()
    assert [r.name for r in _Index([rule, TO_SQUARE]).of(apply(MUL, A, A).node)] == [TO_SQUARE.name]
    assert [r.name for r in _Index([TO_LOG1P]).of(apply(LOG, A).node)] == []
    assert [r.name for r in _Index([TO_SQUARE]).of(apply(MUL, A, apply(EXP, A)).node)] == []


def test_old_nodes_are_tried_once() -> None:
    tried: Counter[Tensor] = Counter()
    rule = Rule("exp(sin(x)) = cos(x)", (EXP,), lambda t: tried.update([t]) or _cosine(t))
    tensor = A
    for _ in range(50):
        tensor = apply(EXP, tensor)
    (kept,) = apply_rules([tensor], [rule], settled=[TO_SQUARE])
    assert kept is tensor and set(tried.values()) == {1}
    tried.clear()
    (new,) = apply_rules([apply(MUL, tensor, apply(EXP, apply(SIN, A)))], [rule], settled=[TO_SQUARE])
    assert new.inputs[0] is tensor and new.inputs[1].op is COS
    assert sorted(tried.values()) == [*[1] * 50, 2]  # the last one, where it was found that rules fire


def _cosine(tensor: Tensor) -> Tensor | None:
    inner = tensor.inputs[0]
    return apply(COS, *inner.inputs) if inner.op is SIN else None


def test_the_order_of_rules_is_kept() -> None:
    first, last = (Rule(name, (EXP, LOG), lambda t: None) for name in ("first", "last"))
    middle = Rule("middle", (), lambda t: None, kind=lambda op: op is not LOG)
    index = _Index([first, middle, last])
    chosen = [index.of(apply(op, A).node) for op in (EXP, LOG, SIN)]
    assert chosen == [(first, middle, last), (first, last), (middle,)]


def test_a_long_chain() -> None:
    tensor = A
    for _ in range(3_000):
        tensor = apply(SIN, apply(NEG, apply(NEG, tensor)))
    (new,) = apply_rules([tensor], [DOUBLE_NEGATION])
    assert len(sort_nodes([new])) == 3_001
