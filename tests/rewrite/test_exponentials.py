"""Sums of exponentials are recognized unless they are shifted already."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.functional import comparison, elementwise, reductions, special
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.reduce import SUM
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from staticad.rewrite.barriers import BARRIER_RULES
from staticad.rewrite.engine import apply_rules
from staticad.rewrite.exponentials import is_shifted, log_sum_exp, shifted_exponentials, sum_of_exponentials

X = placeholder((2, 3), name="x")


def found(tensor: Tensor) -> tuple[Tensor, tuple[int, ...]] | None:
    return sum_of_exponentials(tensor)


def test_a_sum_of_exponentials() -> None:
    assert found(reductions.sum(elementwise.exp(X), axis=1)) == (X, (1,))
    assert found(reductions.sum(elementwise.exp(X))) == (X, (0, 1))
    assert found(reductions.sum(X, axis=1)) is None
    assert found(elementwise.exp(X)) is None
    assert found(reductions.sum(elementwise.exp(X) * 2, axis=1)) is None


@pytest.mark.parametrize("shape", [(2, 0), (2, None)])
def test_the_logarithm_of_a_sum_of_nothing(shape: tuple[int | None, ...]) -> None:
    empty = placeholder(shape)
    found_in = found(reductions.sum(elementwise.exp(empty), axis=1))
    assert found_in == (empty, (1,))
    np.testing.assert_array_equal(evaluate(log_sum_exp(*found_in), {empty: np.zeros((2, 0))})[0], [-np.inf] * 2)


def test_shifted_sums_are_recognized() -> None:
    top = reductions.max(X, axis=1, keepdims=True)
    assert is_shifted(X - top)
    assert is_shifted(X - elementwise.where(comparison.isfinite(top), top, 0))
    assert not is_shifted(X - reductions.max(X + 1, axis=1, keepdims=True))
    assert not is_shifted(X + top) and not is_shifted(X)
    assert found(reductions.sum(elementwise.exp(X - top), axis=1)) is None


@pytest.mark.parametrize("composite", [special.logsumexp, special.softmax, special.log_softmax])
def test_the_composites_are_shifted(composite: object) -> None:
    (plain,) = apply_rules([composite(X, axis=1)], BARRIER_RULES)
    sums = [node.out for node in sort_nodes([plain]) if node.op is SUM]
    assert sums and all(found(t) is None for t in sums)
    assert not any(node.op is STOP_GRADIENT for node in sort_nodes([plain]))


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_logsumexp_is_stable(axes: tuple[int, ...]) -> None:
    values = np.array([[1000.0, -1000.0, 1.0], [999.0, -1001.0, 2.0]])
    (result,) = evaluate(log_sum_exp(X, axes), {X: values})
    np.testing.assert_allclose(
        result,
        np.logaddexp.reduce(values.reshape(-1) if len(axes) == 2 else values, axis=0 if len(axes) == 2 else axes[0]),
        rtol=1e-15,
    )


def test_rows_with_infinities() -> None:
    x = placeholder((4, 2))
    values = np.array([[-np.inf, -np.inf], [-np.inf, 3.0], [np.inf, 0.0], [np.nan, 0.0]])
    (result,) = evaluate(log_sum_exp(x, (1,)), {x: values})
    np.testing.assert_array_equal(result, [-np.inf, 3.0, np.inf, np.nan])


def test_the_exponentials_share_their_shift() -> None:
    exponentials, total, shift = shifted_exponentials(X, (1,))
    assert total.inputs[0] is exponentials
    values = np.array([[1000.0, 1001.0, 999.0], [-5.0, -5.0, -5.0]])
    e, s, m = evaluate([exponentials, total, shift], {X: values})
    assert e.max() == 1 and m.tolist() == [1001.0, -5.0]
    np.testing.assert_allclose(s, e.sum(1))
