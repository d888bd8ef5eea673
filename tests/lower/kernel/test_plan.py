"""Plans are plain data, and print."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Node, Tensor
from staticad.lower.kernel import plan as plan_module
from staticad.lower.kernel.plan import Plan
from tests.lower.planning import plan_for

X = sa.placeholder((None, 3), name="x")
Y = sa.placeholder(("m", 3), name="y")
N = sa.placeholder((), "int64", name="n")
W = sa.variable(np.ones((3, 3)), name="w")


def plan_of_everything() -> Plan:
    """Loops, branches, products, gathers, updates, sizes that have to be equal and others that must not be negative."""
    hidden = X @ W
    (gradient,) = sa.gradients(sa.sum(sa.exp(hidden)), [W])
    last = sa.while_loop(lambda s: s.sum() < 100.0, lambda s: sa.exp(s @ W), hidden)
    either = sa.cond(N > 3, lambda: hidden * 2.0, lambda: hidden + Y)
    scanned = sa.scan(lambda s, v: (s + v.sum(), s * v), sa.constant(0.5), X)[1]
    rest = sa.zeros((X.shape[0] - 2,)) + 1.0
    (recorded,) = sa.gradients(sa.sum(last), [X])
    return plan_for([last, either, scanned, rest, recorded, X[N], sa.max(X, axis=0)], {W: W - gradient})


def parts(value: Any) -> Iterator[Any]:
    """Everything that a plan holds, at any depth."""
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, (tuple, list, set, frozenset)):
        for item in value:
            yield from parts(item)
    elif isinstance(value, dict):
        yield from parts((*value.keys(), *value.values()))


def test_the_module_knows_nothing_of_graphs() -> None:
    assert plan_module.__file__ is not None
    with open(plan_module.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {"staticad.ir.graph", "staticad.ir.types"} & imported
    assert not any(str(module).startswith("staticad.ops") for module in imported)


def test_a_plan_holds_no_node_and_no_tensor() -> None:
    found = list(parts(plan_of_everything()))
    assert sum(isinstance(part, Plan) for part in found) > 3
    assert not any(isinstance(part, (Node, Tensor)) for part in found)


def test_inputs_and_variables_are_told_by_their_keys() -> None:
    plan = plan_for(X @ W, inputs=[Y, X])
    assert [(spec.name, spec.key) for spec in plan.inputs] == [("y", Y.node.serial), ("x", X.node.serial)]
    assert [(spec.name, spec.key, spec.shape) for spec in plan.variables] == [("w", W.node.serial, (3, 3))]


def test_a_plan_prints() -> None:
    text = str(plan_of_everything())
    lines = text.splitlines()
    assert lines[0].startswith("arena of ") and lines[0].endswith(" bytes")
    for pattern in (
        r"  b\d+:feed:float64\[m,3\] 'y'",
        r"  b\d+:variable:float64\[3,3\] 'w'",
        r"  b\d+:temporary:.* at .*",
        r"  b\d+:fetch:float64\[3\]",
        r"compute",
        r"  matmul by gemm:float64: b\d+ b\d+ -> b\d+ b\d+; 1 times",
        r"  k\d+ .*: b\d+ -> b\d+; .* times, .* at a time",
        r"    while b\d+, carries .*; fetches .*:",
        r"    where b\d+ is 1, feeds b\d+; fetches b\d+:",
        r"      arena of .* bytes",
        r"commit",
        r" +.* = m: add, at .*",
        r"  .* - 2 >= 0: .*, at .*",
        r"  .* >= 1: max over axis 0 .* needs at least one element there, at .*",
        r"checks",
        r"  0: .*, at .*",
    ):
        assert any(re.fullmatch(pattern, line) for line in lines), f"{pattern} in\n{text}"


def test_equal_kernels_have_one_name() -> None:
    plan = plan_for([sa.exp(X).sum(), sa.exp(Y).sum()], inputs=[X, Y])
    names = re.findall(r"^  (k\d+) ", str(plan), re.MULTILINE)
    assert len(names) == len(plan.steps) > len(set(names))
