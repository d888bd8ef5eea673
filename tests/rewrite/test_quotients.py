"""Softmax forms against arithmetic of a thousand digits, and products of exponentials that find each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from staticad.autodiff.reverse import gradients
from staticad.functional import elementwise as f
from staticad.functional import reductions, special
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, RECIPROCAL
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.reduce import MAX_OR_LOWEST, SUM
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP, SIGMOID
from staticad.reference import evaluate
from staticad.rewrite.pattern import Rule
from staticad.rewrite.pipeline import SIMPLE_RULES, optimize
from staticad.rewrite.quotients import DISTRIBUTION_RULES, QUOTIENT_RULES, one_plus_exp, opposite
from tests.rewrite.support import only, rewritten
from tests.rewrite.truth import MP, number

PRODUCTS = [only(QUOTIENT_RULES, "products and quotients of exponentials"), *DISTRIBUTION_RULES]
SUMS = [only(QUOTIENT_RULES, "sum(x / s) = sum(x) / s")]

ROWS = np.array(
    [
        [1000.0, 1000.5, 999.0, 1001.0],
        [-1000.0, -1000.5, -999.0, -1001.0],
        [-1000.0, 0.0, 500.0, 1000.0],
        [1.0, 2.0, 3.0, -4.0],
        [0.0, 0.0, 0.0, 0.0],
    ]
)
WEIGHTS = np.random.default_rng(1).normal(size=ROWS.shape)


def true_softmax(row: np.ndarray) -> list[object]:
    exponentials = [MP.exp(number(v)) for v in row]
    return [e / sum(exponentials) for e in exponentials]


def close(got: np.ndarray, expected: list[object], tolerance: float = 4e-16, floor: float = 0.0) -> None:
    """Relative error of each element; ``floor`` is the size of the terms whose rounding an element inherits."""
    for value, true in zip(got, expected, strict=True):
        scale = max(abs(true), number(floor), number(1e-300))
        assert abs(number(value) - true) <= number(tolerance) * scale, f"{value} instead of {float(true)}"


def test_the_logarithm_of_a_sum_of_exponentials() -> None:
    x, w = placeholder((None, 4)), placeholder((None, 4))
    y = f.log(reductions.sum(f.exp(x), axis=1))
    (slope,) = gradients(reductions.sum(y), [x])
    (second,) = gradients(reductions.sum(slope * w), [x])
    values, slopes, seconds = evaluate(optimize([y, slope, second]), {x: ROWS, w: WEIGHTS})
    for row, weight, value, first, curved in zip(ROWS, WEIGHTS, values, slopes, seconds, strict=True):
        p = true_softmax(row)
        close([value], [MP.log(sum(MP.exp(number(v)) for v in row))])
        close(first, p, tolerance=1e-15)
        mean = sum(number(v) * q for v, q in zip(weight, p, strict=True))
        close(curved, [q * (number(v) - mean) for v, q in zip(weight, p, strict=True)], tolerance=1e-15, floor=1.0)


@pytest.mark.parametrize("axis", [0, 1, (0, 2), None])
@pytest.mark.parametrize("mean", [False, True])
def test_logsumexp_over_any_axes(axis: object, mean: bool) -> None:
    x = placeholder((3, 4, 2))
    values = np.random.default_rng(0).normal(size=(3, 4, 2)) * 3
    total = (reductions.mean if mean else reductions.sum)(f.exp(x), axis=axis)
    y = f.log(total)
    (slope,) = gradients(reductions.sum(y), [x])
    new = optimize([y, slope])
    for a, b in zip(evaluate(new, {x: values}), evaluate([y, slope], {x: values}), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-15)
    shifted = evaluate(new, {x: values + 1000})
    np.testing.assert_allclose(shifted[0], evaluate(y, {x: values})[0] + 1000, rtol=1e-15)
    np.testing.assert_allclose(shifted[1], evaluate(slope, {x: values})[0], rtol=2e-13)


SOFTMAXES: dict[str, Callable[[Tensor], Tensor]] = {
    "written out": lambda x: f.exp(x) / reductions.sum(f.exp(x), axis=1, keepdims=True),
    "shifted": lambda x: special.softmax(x, axis=1),
    "by a reciprocal": lambda x: f.exp(x) * (1 / reductions.sum(f.exp(x), axis=1, keepdims=True)),
}


@pytest.mark.parametrize("form", SOFTMAXES)
def test_softmax_and_its_gradient(form: str) -> None:
    x, w = placeholder((None, 4)), placeholder((None, 4))
    y = SOFTMAXES[form](x)
    (slope,) = gradients(reductions.sum(y * w), [x])
    values, slopes = evaluate(optimize([y, slope]), {x: ROWS, w: WEIGHTS})
    for row, weight, value, first in zip(ROWS, WEIGHTS, values, slopes, strict=True):
        p = true_softmax(row)
        close(value, p, tolerance=1e-15)
        mean = sum(number(v) * q for v, q in zip(weight, p, strict=True))
        close(first, [q * (number(v) - mean) for v, q in zip(weight, p, strict=True)], tolerance=1e-15, floor=1.0)


@pytest.mark.parametrize("form", SOFTMAXES)
def test_the_logarithm_of_softmax_and_its_gradient(form: str) -> None:
    x, w = placeholder((None, 4)), placeholder((None, 4))
    y = f.log(SOFTMAXES[form](x))
    (slope,) = gradients(reductions.sum(y * w), [x])
    values, slopes = evaluate(optimize([y, slope]), {x: ROWS, w: WEIGHTS})
    for row, weight, value, first in zip(ROWS, WEIGHTS, values, slopes, strict=True):
        p = true_softmax(row)
        close(value, [MP.log(q) for q in p], tolerance=1e-15, floor=1.0)
        total = sum(number(v) for v in weight)
        close(first, [number(v) - q * total for v, q in zip(weight, p, strict=True)], tolerance=2e-15, floor=1.0)


def test_the_second_derivative_of_a_log_softmax() -> None:
    x, w = placeholder((None, 4)), placeholder((None, 4))
    (slope,) = gradients(reductions.sum(f.log(special.softmax(x, axis=1)) * w), [x])
    (second,) = gradients(reductions.sum(slope * w), [x])
    (seconds,) = evaluate(optimize([second]), {x: ROWS, w: WEIGHTS})
    for row, weight, curved in zip(ROWS, WEIGHTS, seconds, strict=True):
        p = true_softmax(row)
        v = [number(a) for a in weight]
        mean = sum(a * q for a, q in zip(v, p, strict=True))
        close(curved, [-sum(v) * q * (a - mean) for a, q in zip(v, p, strict=True)], tolerance=4e-15, floor=1.0)


def test_the_cross_entropy_of_the_textbooks() -> None:
    x, t = placeholder((None, 4)), placeholder((None, 4))
    p = f.exp(x) / reductions.sum(f.exp(x), axis=1, keepdims=True)
    loss = -reductions.sum(t * f.log(p), axis=1)
    (slope,) = gradients(reductions.mean(loss), [x])
    targets = np.eye(4)[[3, 0, 0, 1, 2]]
    losses, slopes = evaluate(optimize([loss, slope]), {x: ROWS, t: targets})
    for row, target, value, first in zip(ROWS, targets, losses, slopes, strict=True):
        q = true_softmax(row)
        close([value], [-MP.log(q[int(np.argmax(target))])], tolerance=1e-15)
        close(first, [(a - number(b)) / 5 for a, b in zip(q, target, strict=True)], tolerance=1e-15, floor=0.2)


def test_a_sum_along_another_axis_is_not_the_same() -> None:
    x = placeholder((4, 4))
    e = f.exp(x)
    along_rows = reductions.sum(e, axis=1)
    # Without keepdims the sum of row i divides column i.
    rewritten([e / along_rows], PRODUCTS, fires=False)
    y = placeholder((4, 4))
    rewritten([f.exp(y) / reductions.sum(e, axis=1, keepdims=True)], PRODUCTS, fires=False)
    (new,) = rewritten([e / reductions.sum(e, axis=0)], PRODUCTS)
    assert MAX_OR_LOWEST in {node.op for node in sort_nodes([new])}


def test_partners_are_found_across_views_and_signs() -> None:
    x, a, g = placeholder((3, 4)), placeholder((3, 4)), placeholder((3,))
    e = f.exp(x)
    share = apply(BROADCAST_TO, apply(EXPAND_DIMS, g / reductions.sum(e, axis=1), axes=(1,)), shape=(3, 4))
    (new,) = rewritten([apply(MUL, apply(NEG, apply(MUL, share, a)), e)], PRODUCTS)
    assert MAX_OR_LOWEST in {node.op for node in sort_nodes([new])}
    values = {t: np.random.default_rng(0).normal(size=t.shape) for t in (x, a, g)}
    old = -(share * a) * e
    np.testing.assert_allclose(*evaluate([old, new], values), rtol=1e-14)


@pytest.mark.parametrize(
    "build",
    [
        lambda x, a, b: f.exp(x) * a / f.exp(x),
        lambda x, a, b: (a / f.sigmoid(x)) * b * f.sigmoid(x),
        lambda x, a, b: (a / f.exp(x) + b) * f.exp(x),
        lambda x, a, b: f.exp(x) * (a - (b - b / f.exp(x))),
        lambda x, a, b: (a + f.exp(-x) * b) / (1 + f.exp(-x)),
        lambda x, a, b: f.sigmoid(x) / f.exp(x) * a,
        lambda x, a, b: f.exp(-x) * f.square(f.sigmoid(x)),
        lambda x, a, b: 1 / (1 + f.exp(x)),
        lambda x, a, b: a / (f.exp(-x) + 1) * b,
    ],
)
def test_products_keep_their_value(build: Callable[..., Tensor]) -> None:
    x, a, b = (placeholder((None,)) for _ in range(3))
    tensor = build(x, a, b)
    (new,) = rewritten([tensor], PRODUCTS)
    rng = np.random.default_rng(0)
    feeds = {t: rng.normal(size=50) for t in (x, a, b)}
    np.testing.assert_allclose(*evaluate([tensor, new], feeds), rtol=1e-12)
    # Where exp(-x) overflows or underflows.
    far = {x: np.array([-1000.0, 1000.0]), a: np.zeros(2), b: np.ones(2)}
    assert np.isfinite(evaluate(optimize([tensor]), far)[0][0])


@pytest.mark.parametrize(
    "build",
    [
        lambda x, a: a / x * x,
        lambda x, a: f.exp(x) / f.exp(a),
        lambda x, a: f.exp(x) * f.sigmoid(x),
        lambda x, a: f.exp(x) * f.sigmoid(-a),
        lambda x, a: a / (2 + f.exp(x)),
        lambda x, a: (a + x) * f.exp(x),
        lambda x, a: (a + f.exp(a)) * f.exp(x),
        lambda x, a: x * x / (x * x),
        lambda x, a: f.exp(x - x) / f.exp(x - x) * a,
    ],
)
def test_other_products_stay(build: Callable[..., Tensor]) -> None:
    x, a = placeholder((3,)), placeholder((3,))
    rewritten([build(x, a)], PRODUCTS, fires=False)


def test_a_common_divisor_leaves_a_sum() -> None:
    x, a, b = placeholder((3, 4)), placeholder((3, 4)), placeholder((3, 4))
    s = reductions.sum(f.exp(x), axis=1, keepdims=True)
    tensors = [
        apply(SUM, a / s, axes=(1,)),
        apply(SUM, -(a / s), axes=(1,)),
        apply(SUM, a / s - b * a / s, axes=(1,)),
        apply(SUM, apply(RECIPROCAL, apply(BROADCAST_TO, s, shape=(3, 4))), axes=(1,)),
    ]
    rng = np.random.default_rng(0)
    values = {t: rng.normal(size=t.shape) for t in (x, a, b)}
    for tensor in tensors[:3]:
        (new,) = rewritten([tensor], SUMS)
        np.testing.assert_allclose(*evaluate([tensor, new], values), rtol=1e-13)
        assert all(node.types[0].shape != (3, 4) for node in sort_nodes([new]) if node.op is DIV)
    rewritten([tensors[3]], SUMS, fires=False)


def test_divisors_that_vary_or_may_be_negative_stay() -> None:
    x, a, b = placeholder((3, 4)), placeholder((3, 4)), placeholder((3, 4))
    s = reductions.sum(f.exp(x), axis=1, keepdims=True)
    anything = reductions.sum(x, axis=1, keepdims=True)
    tensors = [
        apply(SUM, a / s, axes=(0,)),
        apply(SUM, a / anything, axes=(1,)),
        apply(SUM, a / s + b, axes=(1,)),
        apply(SUM, a * s, axes=(1,)),
    ]
    rewritten(tensors, SUMS, fires=False)


def test_what_one_plus_exp_is() -> None:
    x = placeholder((3,))
    assert one_plus_exp(1 + f.exp(x)) is x and one_plus_exp(f.exp(x) + 1) is x
    assert one_plus_exp(2 + f.exp(x)) is None and one_plus_exp(f.exp(x)) is None
    wide = apply(ADD, apply(BROADCAST_TO, placeholder(()), shape=(3,)), f.exp(x))
    assert one_plus_exp(wide) is None
    assert opposite(x, apply(NEG, x)) and opposite(apply(NEG, x), x) and not opposite(x, x)


def test_float32_keeps_its_dtype() -> None:
    x = placeholder((2, 3), "float32")
    y = f.exp(x) / reductions.sum(f.exp(x), axis=1, keepdims=True)
    (new,) = optimize([y])
    assert {node.types[0].dtype.name for node in sort_nodes([new])} <= {"float32", "bool"}
    values = np.array([[200, 201, 199], [-200, -201, -199]], "float32")
    np.testing.assert_allclose(evaluate(new, {x: values})[0].sum(1), [1, 1], rtol=1e-6)


def test_a_sigmoid_network_is_not_slowed_down() -> None:
    x, w = placeholder((None, 4)), placeholder((4, 3))
    hidden = special.softmax(f.tanh(x @ w), axis=1)
    (slope,) = gradients(reductions.sum(f.square(hidden)), [w])
    new = optimize([slope])
    count = {op: sum(node.op is op for node in sort_nodes(new)) for op in (EXP, SIGMOID)}
    assert count == {EXP: 1, SIGMOID: 0}


def test_rules_are_the_ones_of_the_pipeline() -> None:
    assert not set(QUOTIENT_RULES) & set(SIMPLE_RULES)
    assert all(isinstance(rule, Rule) and not rule.unsound for rule in QUOTIENT_RULES)


def test_nan_survives_what_cancels() -> None:
    x, a = placeholder((3,)), placeholder((3,))
    exponential = apply(EXP, x)
    total = apply(SUM, exponential, axes=(0,))
    numbers = {x: np.array([800.0, np.nan, 1.0]), a: np.array([2.0, 3.0, 4.0])}
    alone = apply(DIV, apply(MUL, a, exponential), exponential)
    (kept,) = rewritten([alone], QUOTIENT_RULES)
    np.testing.assert_array_equal(evaluate(kept, numbers)[0], [2.0, np.nan, 4.0])
    summed = apply(DIV, apply(MUL, a, total), total)
    (kept,) = rewritten([summed], QUOTIENT_RULES)
    np.testing.assert_array_equal(evaluate(kept, numbers)[0], [np.nan] * 3)
    finite = {**numbers, x: np.array([800.0, 1.0, -np.inf])}
    np.testing.assert_array_equal(evaluate(kept, finite)[0], [2.0, 3.0, 4.0])


def test_a_guard_is_there_unless_everything_is_finite() -> None:
    x, a = placeholder((3,)), placeholder((3,))
    (kept,) = rewritten([apply(DIV, apply(MUL, x, apply(EXP, x)), apply(EXP, x))], QUOTIENT_RULES)
    np.testing.assert_array_equal(evaluate(kept, {x: np.array([np.inf, -np.inf, 2.0])})[0], [np.nan, np.nan, 2.0])
    whole = apply(EXP, placeholder((3,), "int8").astype("float64"))
    (kept,) = rewritten([apply(DIV, apply(MUL, a, whole), whole)], QUOTIENT_RULES)
    assert kept is a
