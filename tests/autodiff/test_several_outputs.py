"""Ops of several outputs: what their rules get and give, in reverse and forward mode, and rewriting of such ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
from staticad.errors import GradientError, ShapeError, VerifyError
from staticad.export.networkx_graph import to_networkx
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Attrs, Tensor, sort_nodes
from staticad.ir.printer import print_graph
from staticad.ir.rebuild import rebuild
from staticad.ir.types import TensorType
from staticad.ops.base import Inferred, Op, apply, apply_all
from staticad.ops.creation import fill
from staticad.ops.sources import CONSTANT
from staticad.reference import evaluate
from staticad.rewrite.engine import apply_rules
from staticad.rewrite.fold import FOLD_RULES
from staticad.rewrite.pattern import Rule
from staticad.rewrite.pipeline import optimize
from tests.harness.derivatives import check_gradients


class Several(Op):
    """The square of the norm of a vector, its outer product with itself, and the place of its largest element."""

    several_outputs = True

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        if x.ndim != 1:
            raise ShapeError(f"{x} is no vector")
        return (TensorType((), x.dtype), TensorType((x.shape[0], x.shape[0]), x.dtype), TensorType((), INT64)), ()


seen: list[Sequence[Tensor | None]] = []


def _numpy(x: np.ndarray) -> Any:
    return (x * x).sum(), x[:, None] * x, np.argmax(x)


def _vjp(gs: Sequence[Tensor | None], ys: Sequence[Tensor], x: Tensor) -> tuple[Tensor]:
    seen.append(gs)
    of_norm, of_outer, of_place = gs
    assert of_place is None and len(ys) == 3
    total: Any = 0.0 if of_norm is None else 2 * of_norm * x
    if of_outer is not None:
        total = total + (of_outer + of_outer.T) @ x
    return (total,)


def _jvp(ts: Sequence[Tensor | None], ys: Sequence[Tensor], x: Tensor) -> tuple[Tensor | None, ...]:
    (t,) = ts
    assert t is not None and len(ys) == 3
    return (2 * (t * x).sum(), t[:, None] * x + x[:, None] * t, None)


PARTS = Several("parts", numpy=_numpy, vjp=_vjp, jvp=_jvp)
X = np.array([1.5, -0.25, 0.5])


def parts(x: Tensor) -> tuple[Tensor, ...]:
    return apply_all(PARTS, x)


def test_the_rule_gets_a_cotangent_or_none_for_every_output() -> None:
    x = sa.placeholder((3,), "float64")
    norm, outer, _ = parts(x)
    for y, missing in ((norm, (1, 2)), (outer.sum(), (0, 2)), (norm * outer[0, 1], (2,))):
        seen.clear()
        gradients(y, x)
        (gs,) = seen
        assert tuple(i for i, g in enumerate(gs) if g is None) == missing


@pytest.mark.parametrize("chosen", ["first", "second", "both"])
def test_derivatives_to_second_order(chosen: str) -> None:
    x = sa.placeholder((3,), "float64")
    norm, outer, _ = parts(sa.tanh(x))
    y = {"first": norm**2, "second": sa.exp(outer), "both": sa.exp(norm) * outer}[chosen]
    check_gradients(y, x, {x: X}, order=2)


@pytest.mark.parametrize("chosen", ["first", "second", "both"])
def test_forward_mode_is_the_adjoint_of_reverse_mode(chosen: str) -> None:
    x, t = sa.placeholder((3,), "float64"), np.array([0.3, -1.0, 2.0])
    norm, outer, _ = parts(x * x)
    y = {"first": norm, "second": outer, "both": norm * outer}[chosen]
    w = np.linspace(-1.0, 2.0, 9).reshape(3, 3)[: y.ndim and 3] if y.ndim else np.asarray(0.7)
    (pushed,), (pulled,) = jvp(y, x, t), gradients(y, x, w)
    pushed_value, pulled_value = evaluate([pushed, pulled], {x: X})
    np.testing.assert_allclose((pushed_value * w).sum(), (pulled_value * t).sum(), rtol=1e-12)


def test_a_stopped_output_is_a_constant_and_the_other_is_not() -> None:
    x = sa.placeholder((3,), "float64")
    norm, outer, _ = parts(x)
    (gradient,) = gradients(norm * outer[0, 0], x, stop_gradients=norm)
    (found,) = evaluate(gradient, {x: X})
    np.testing.assert_allclose(found, [2 * X[0] * (X @ X), 0, 0])
    (gradient,) = gradients(norm * outer[0, 0], x, stop_gradients=outer)
    (found,) = evaluate(gradient, {x: X})
    np.testing.assert_allclose(found, 2 * X * X[0] ** 2)


def test_an_output_itself_may_be_asked_for() -> None:
    x = sa.placeholder((3,), "float64")
    norm, outer, _ = parts(x)
    by_norm, by_outer = gradients(norm * outer.sum(), [norm, outer])
    found = evaluate([by_norm, by_outer], {x: X})
    np.testing.assert_allclose(found[0], X.sum() ** 2)
    np.testing.assert_allclose(found[1], np.full((3, 3), X @ X))


def test_an_integer_output_has_no_derivative_and_says_so() -> None:
    x = sa.placeholder((3,), "float64")
    norm, _, place = parts(x)
    with pytest.raises(GradientError, match=r"parts at .*test_several_outputs\.py:\d+ makes int64"):
        gradients(place.astype("float64"), x)
    (gradient,) = gradients(norm * place.astype("float64"), x)
    (found,) = evaluate(gradient, {x: X[::-1].copy()})
    np.testing.assert_allclose(found, 2 * 2 * X[::-1])
    (tangent,) = jvp(place.astype("float64"), x, np.ones(3))
    assert evaluate(tangent, {x: X})[0] == 0


def test_missing_and_wrong_rules_are_errors() -> None:
    x = sa.placeholder((3,), "float64")
    none = Several("none", numpy=_numpy)
    with pytest.raises(GradientError, match="none has no derivative rule"):
        gradients(apply_all(none, x)[0], x)
    with pytest.raises(GradientError, match="none has no forward derivative rule"):
        jvp(apply_all(none, x)[0], x, np.ones(3))
    wrong = Several("wrong", numpy=_numpy, jvp=lambda ts, ys, x: (ts[0],))
    with pytest.raises(VerifyError, match="the jvp of wrong returned 1 tangents for 3 outputs"):
        jvp(apply_all(wrong, x)[0], x, np.ones(3))
    with pytest.raises(ShapeError, match=r"parts: .*no vector .*\(inputs: .*from .*test_several_outputs"):
        parts(sa.placeholder((2, 2)))


def test_one_output_is_asked_for_by_apply_all_alone() -> None:
    with pytest.raises(ValueError, match="unpack"):
        apply(PARTS, sa.placeholder((3,), "float64"))


def test_equal_nodes_are_one_and_dead_outputs_stay_with_their_node() -> None:
    x = sa.placeholder((3,), "float64")
    first, second = parts(x)[0], parts(x)[1]
    merged = rebuild([first, second])
    assert merged[0].node is merged[1].node
    assert [t.index for t in merged] == [0, 1]


def test_constants_are_folded_all_outputs_at_once() -> None:
    rule = next(r for r in FOLD_RULES if r.name == "f(constants) = constant")
    folding = Rule(rule.name, (PARTS,), rule.build)
    norm, outer, place = apply_rules(list(parts(sa.constant(X))), [folding])
    assert norm.op is outer.op is place.op is CONSTANT
    np.testing.assert_array_equal(outer.node.attrs["value"].array, X[:, None] * X)
    assert place.dtype == np.int64
    (alone,) = apply_rules([parts(sa.constant(X))[1]], [folding])
    assert alone.op is CONSTANT


def test_a_rule_replaces_all_outputs() -> None:
    def ones(tensor: Tensor) -> list[Tensor]:
        return [fill(t.shape, 1, t.dtype) for t in tensor.node.outputs]

    x = sa.placeholder((3,), "float64")
    found = apply_rules(list(parts(x)[::-1]), [Rule("parts = ones", (PARTS,), ones)])
    assert [t.op.name for t in found] == ["full"] * 3 and [t.ndim for t in found] == [0, 2, 0]
    with pytest.raises(VerifyError, match="gave 1 tensors for parts"):
        apply_rules(list(parts(x)), [Rule("too few", (PARTS,), lambda t: fill((), 1, t.dtype))])
    with pytest.raises(VerifyError, match="changed the type of parts"):
        apply_rules(list(parts(x)), [Rule("types", (PARTS,), lambda t: ones(t)[::-1])])


def test_the_pipeline_keeps_what_it_does_not_know() -> None:
    x = sa.placeholder((3,), "float64")
    norm, outer, place = parts(x + 0)
    found = optimize([norm, outer, place])
    assert len({t.node for t in found}) == 1
    for a, b in zip(evaluate(found, {x: X}), _numpy(X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_they_print_and_export_with_the_number_of_the_output() -> None:
    x = sa.placeholder((3,), "float64", name="x")
    _, outer, _ = parts(x)
    text = print_graph([outer.sum()])
    assert "%1 = parts(%0) : float64[], float64[3,3], int64[]" in text and "sum[axes=(0, 1)](%1.1)" in text
    graph = to_networkx(outer.sum())
    assert [data["output"] for _, _, data in graph.edges(data=True)] == [0, 1]
    assert "float64[3,3]" in sa.to_dot(outer)
    assert len(sort_nodes([outer])) == 2
