"""The passes together: outputs keep their number, order and types, sources their identity, values their bits."""

from __future__ import annotations

import numpy as np
import pytest

from staticad import config
from staticad.autodiff.reverse import gradients
from staticad.errors import VerifyError
from staticad.functional import elementwise as f
from staticad.functional import reductions
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.printer import print_graph
from staticad.ir.verify import verify
from staticad.nn.classification import cross_entropy
from staticad.ops.arithmetic import ADD, NEG
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.ops.sources import constant, placeholder
from staticad.ops.transcendental import EXP, SIGMOID, SIN
from staticad.reference import evaluate
from staticad.rewrite.pipeline import PASSES, SIMPLE_RULES, SIMPLIFY, Options, optimize, rules_that_fire, run_pass
from staticad.rewrite.quotients import DISTRIBUTION_RULES
from staticad.rewrite.stability import STABILITY_RULES
from staticad.runtime.variables import variable


def test_outputs_keep_number_order_and_types() -> None:
    x, y = placeholder((None, 3)), placeholder((3,), "float32")
    outputs = [x, apply(NEG, apply(NEG, y)), apply(EXP, x), x, constant(2.0)]
    new = optimize(outputs)
    assert new[0] is x and new[1] is y and new[3] is x
    assert [t.type for t in new] == [t.type for t in outputs]


def test_placeholders_and_variables_stay_the_same_objects() -> None:
    x, v = placeholder((2, 3), name="x"), variable(np.ones((3, 4)), name="v")
    new = optimize([f.log(1 + f.exp(x)) @ v * 1.0])
    sources = {node.out for node in sort_nodes(new) if not node.inputs}
    assert {x, v} <= sources


def network() -> tuple[list[Tensor], dict[Tensor, np.ndarray]]:
    """A network with its loss and gradients, and feeds for it."""
    rng = np.random.default_rng(0)
    x, t = placeholder((None, 8), name="x"), placeholder((None,), "int64", name="t")
    shapes = [(8, 16), (16,), (16, 5), (5,)]
    weights = [placeholder(s, name=f"w{i}") for i, s in enumerate(shapes)]
    hidden = f.sigmoid(x @ weights[0] + weights[1])
    logits = hidden @ weights[2] + weights[3]
    loss = reductions.mean(cross_entropy(logits, t))
    outputs = [loss, *gradients(loss, weights)]
    feeds = {w: rng.normal(size=s) for w, s in zip(weights, shapes, strict=True)}
    return outputs, {**feeds, x: rng.normal(size=(7, 8)), t: rng.integers(0, 5, 7)}


def test_a_network_keeps_its_values_and_shrinks() -> None:
    outputs, feeds = network()
    with config.override(verify=True):
        new = optimize(outputs)
    for a, b in zip(evaluate(outputs, feeds), evaluate(new, feeds), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    assert len(sort_nodes(new)) < len(sort_nodes(outputs))
    assert sum(node.op is MATMUL for node in sort_nodes(new)) == 5


def test_optimizing_again_changes_nothing() -> None:
    outputs, _ = network()
    once = optimize(outputs)
    assert print_graph(optimize(once)) == print_graph(once)


def test_every_node_knows_a_line_of_the_user() -> None:
    outputs, _ = network()
    assert {node.where.file for node in sort_nodes(optimize(outputs))} == {__file__}


def test_rules_that_fire_are_counted_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    x = placeholder((3,))
    tensor = f.log(1 + apply(NEG, apply(NEG, x)))
    counts = rules_that_fire([tensor])
    assert counts["-(-x) = x"] == 1 and counts["log(1 + x) = log1p(x)"] == 1
    with config.override(debug=2):
        optimize([tensor])
    printed = capsys.readouterr().err
    assert "rewrite: simplify: 6 -> 4 nodes" in printed and "1 x -(-x) = x" in printed


def test_unsound_rules_only_on_request() -> None:
    x = placeholder((3,))
    tensor = apply(ADD, x, constant(0.0))
    assert optimize([tensor])[0].op is ADD
    assert optimize([tensor], Options(unsound=True))[0] is x


def test_verification_names_the_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    x = placeholder((3,))
    broken = apply(EXP, x)
    broken.type = placeholder((4,)).type
    broken.node.types = (broken.type,)
    with config.override(verify=True), pytest.raises(VerifyError, match=r"exp float64\[4\].*after construction"):
        optimize([broken])
    with config.override(verify=True), pytest.raises(VerifyError, match="after the pass simplify"):
        run_pass(SIMPLIFY, [broken], Options())


def test_names_of_rules_are_unique() -> None:
    rules = [*SIMPLE_RULES, *STABILITY_RULES, *DISTRIBUTION_RULES]
    listed = [rule.name for rule in rules]
    assert len(listed) == len(set(listed))
    assert all(rule.ops or rule.kind for rule in rules)
    assert all(set(step.rules([])) for step in PASSES)


def test_deep_graphs() -> None:
    x = placeholder((3,))
    tensor = x
    for i in range(5_000):
        tensor = apply(SIN, apply(ADD, tensor, x)) if i % 2 else apply(SIGMOID, apply(NEG, apply(NEG, tensor)))
    (new,) = optimize([tensor])
    verify([new])
    assert len(sort_nodes([new])) == 7_501
