"""Declarations of the elementwise ops: they agree with each other, with NumPy, and with mathematics."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from staticad import errors
from staticad.autodiff.reverse import gradients
from staticad.ir.dtypes import ALL, BOOL, FLOAT32, FLOAT64
from staticad.ir.graph import Tensor
from staticad.ops import ALL_OPS
from staticad.ops import elementwise as ops
from staticad.ops.base import Elementwise, apply
from staticad.ops.elementwise import ELEMENTWISE_OPS
from staticad.ops.sources import constant, placeholder
from staticad.reference import evaluate


def operands(op: Elementwise, dtype: np.dtype, shape: Any = ()) -> list[Tensor]:
    first = [placeholder(shape, BOOL)] if op.condition else []
    return first + [placeholder(shape, dtype) for _ in range(op.arity - len(first))]


def attributes(op: Elementwise) -> dict[str, Any]:
    return {"dtype": FLOAT64} if op is ops.CAST else {}


def test_all_ops_are_listed_once() -> None:
    names = [op.name for op in ALL_OPS]
    assert len(set(names)) == len(names)
    assert set(ELEMENTWISE_OPS) <= set(ALL_OPS)
    declared = {value for value in vars(ops).values() if isinstance(value, Elementwise)}
    assert declared == set(ELEMENTWISE_OPS)
    for constant_name, value in vars(ops).items():
        if isinstance(value, Elementwise):
            assert constant_name == value.name.upper()


@pytest.mark.parametrize("op", ELEMENTWISE_OPS, ids=str)
def test_code_uses_every_operand_once(op: Elementwise) -> None:
    assert sorted(re.findall(r"\{(\d)\}", op.code)) == [str(i) for i in range(op.arity)]
    assert op.code.startswith(op.name + "(")
    assert op.code.endswith(")")


@pytest.mark.parametrize("op", ELEMENTWISE_OPS, ids=str)
def test_derivative_is_declared(op: Elementwise) -> None:
    assert op.nondifferentiable == (op.vjp is None)
    assert op.cost >= 1
    assert op.domain[0] < op.domain[1]


@pytest.mark.parametrize("dtype", ALL, ids=str)
@pytest.mark.parametrize("op", ELEMENTWISE_OPS, ids=str)
def test_reference_has_the_inferred_type(op: Elementwise, dtype: np.dtype) -> None:
    """The evaluator compares shape and dtype of every result with what was inferred."""
    if not op.accepts(dtype):
        with pytest.raises(errors.DTypeError, match=f"{op.name}: {dtype} is not supported"):
            apply(op, *operands(op, dtype), **attributes(op))
        return
    for shape in ((), (2, 3), (0,)):
        xs = operands(op, dtype, shape)
        result = apply(op, *xs, **attributes(op))
        (value,) = evaluate([result], {x: np.ones(shape, x.dtype) for x in xs})
        assert value.shape == shape


@pytest.mark.parametrize("op", [op for op in ELEMENTWISE_OPS if op.commutative], ids=str)
def test_commutative_ops_are(op: Elementwise, rng: np.random.Generator) -> None:
    for dtype in filter(op.accepts, (FLOAT32, np.dtype(np.int8), BOOL)):
        a, b = (rng.integers(-100, 100, 50).astype(dtype) for _ in range(2))
        np.testing.assert_array_equal(op.numpy(a, b), op.numpy(b, a))


def test_operands_of_two_dtypes_are_refused() -> None:
    with pytest.raises(errors.DTypeError, match="add: operands of several dtypes .float32, float64.*test_elementwise"):
        apply(ops.ADD, placeholder((), FLOAT32), placeholder((), FLOAT64))
    with pytest.raises(errors.DTypeError, match="where: the condition has to be bool, not int64"):
        apply(ops.WHERE, constant(1), constant(1.0), constant(2.0))
    with pytest.raises(errors.ShapeError, match="add: takes 2 inputs, got 1"):
        apply(ops.ADD, constant(1))


def derivative(op: Elementwise, point: tuple[float, ...], which: int, dtype: Any = FLOAT64) -> float:
    xs = [placeholder((), dtype) for _ in point]
    (slope,) = gradients(apply(op, *xs), [xs[which]])
    (value,) = evaluate([slope], dict(zip(xs, np.asarray(point, dtype))))
    return float(value)


UNARY = [op for op in ELEMENTWISE_OPS if op.arity == 1 and op.vjp is not None and op is not ops.CAST]
BINARY = [op for op in ELEMENTWISE_OPS if op.arity == 2 and op.vjp is not None]


@pytest.mark.parametrize("op", UNARY + BINARY, ids=str)
def test_derivative_agrees_with_differences(op: Elementwise, rng: np.random.Generator) -> None:
    low, high = op.domain
    for _ in range(5):
        point = list(rng.uniform(low, high, op.arity))
        for which in range(op.arity):
            values = []
            for step in (1e-6, -1e-6):
                moved = list(point)
                moved[which] += step
                values.append(float(op.numpy(*(np.asarray(v) for v in moved))))
            numeric = (values[0] - values[1]) / 2e-6
            assert derivative(op, tuple(point), which) == pytest.approx(numeric, rel=1e-6, abs=1e-8)


INF, NAN = math.inf, math.nan

# op, point, operand, derivative there
CONVENTIONS: list[tuple[Elementwise, tuple[float, ...], int, float]] = [
    (ops.ABS, (0.0,), 0, 0.0),
    (ops.ABS, (-0.0,), 0, 0.0),
    (ops.MAXIMUM, (1.0, 1.0), 0, 0.5),
    (ops.MAXIMUM, (1.0, 1.0), 1, 0.5),
    (ops.MINIMUM, (1.0, 1.0), 0, 0.5),
    (ops.MAXIMUM, (0.0, -0.0), 0, 0.5),
    (ops.MAXIMUM, (NAN, 1.0), 0, 0.0),
    (ops.MAXIMUM, (NAN, 1.0), 1, 0.0),
    (ops.MAXIMUM, (INF, 1.0), 0, 1.0),
    (ops.MINIMUM, (INF, 1.0), 0, 0.0),
    (ops.RELU, (0.0,), 0, 0.0),
    (ops.RELU, (INF,), 0, 1.0),
    (ops.RELU, (-INF,), 0, 0.0),
    (ops.SQRT, (0.0,), 0, INF),
    (ops.RSQRT, (0.0,), 0, -INF),
    (ops.LOG, (0.0,), 0, INF),
    (ops.LOG1P, (-1.0,), 0, INF),
    (ops.POW, (0.0, 0.0), 0, 0.0),
    (ops.POW, (3.0, 0.0), 0, 0.0),
    (ops.POW, (0.0, 0.0), 1, 0.0),
    (ops.POW, (0.0, 2.0), 1, 0.0),
    (ops.POW, (0.0, 1.0), 0, 1.0),
    (ops.POW, (0.0, 2.0), 0, 0.0),
    (ops.POW, (0.0, 0.5), 0, INF),
    (ops.POW, (-3.0, 2.0), 0, -6.0),
    (ops.POW, (-2.0, 3.0), 0, 12.0),
    (ops.POW, (-3.0, 2.0), 1, NAN),
    (ops.REMAINDER, (7.0, 2.0), 0, 1.0),
    (ops.REMAINDER, (7.0, 2.0), 1, -3.0),
    (ops.REMAINDER, (-7.0, 2.0), 1, 4.0),
    (ops.REMAINDER, (7.0, -2.0), 1, 4.0),
    (ops.EXP, (-INF,), 0, 0.0),
    (ops.EXP, (1000.0,), 0, INF),
    (ops.SIGMOID, (1000.0,), 0, 0.0),
    (ops.SIGMOID, (-1000.0,), 0, 0.0),
    (ops.SOFTPLUS, (1000.0,), 0, 1.0),
    (ops.SOFTPLUS, (-1000.0,), 0, 0.0),
    (ops.TANH, (1000.0,), 0, 0.0),
    (ops.ERF, (1000.0,), 0, 0.0),
    (ops.EXPM1, (-40.0,), 0, float(np.expm1(-40.0)) + 1),
    (ops.LOG1P, (1e300,), 0, 1e-300),
]


@pytest.mark.parametrize(("op", "point", "which", "expected"), CONVENTIONS, ids=str)
def test_derivative_conventions(op: Elementwise, point: tuple[float, ...], which: int, expected: float) -> None:
    assert derivative(op, point, which) == pytest.approx(expected, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize("op", [ops.FLOOR_DIVIDE, ops.SIGN, ops.FLOOR, ops.CEIL, ops.TRUNC, ops.ROUND], ids=str)
def test_steps_have_no_derivative(op: Elementwise) -> None:
    xs = operands(op, FLOAT64)
    (slope,) = gradients(apply(op, *xs), [xs[0]], unconnected="zero")
    (value,) = evaluate([slope], {x: np.asarray(1.5) for x in xs})
    assert value == 0.0


def test_pow_with_a_constant_exponent_differentiates_at_zero_and_below() -> None:
    x = placeholder((4,))
    points = np.array([-2.0, -0.0, 0.0, 3.0])
    for exponent in (0, 1, 2, 3, 4):
        expected = points**exponent
        y = apply(ops.POW, x, constant(float(exponent)))
        for order in range(4):
            (value,) = evaluate([y], {x: points})
            np.testing.assert_array_equal(value, expected, f"derivative {order} of x**{exponent}")
            (y,) = gradients(y, [x], [np.ones(4)], unconnected="zero")
            factor = math.prod(exponent - i for i in range(order + 1))
            expected = factor * points ** max(exponent - order - 1, 0)


def test_where_keeps_nan_of_the_other_branch_out() -> None:
    x = placeholder((3,))
    positive = x > 0
    y = apply(ops.WHERE, positive, apply(ops.LOG, x), x)
    (slope,) = gradients(y.sum(), [x])
    (curvature,) = gradients(slope, [x], [np.ones(3)])
    values = evaluate([slope, curvature], {x: np.array([-1.0, 2.0, INF])})
    np.testing.assert_array_equal(values[0], [1.0, 0.5, 0.0])
    assert np.isfinite(values[1][1:]).all()
    # where alone: the cotangent of the branch that is not taken is 0, even where the cotangent is infinite
    a, b = placeholder(()), placeholder(())
    chosen = apply(ops.WHERE, constant(True), a, b)
    (da, db) = gradients(chosen, [a, b], [INF])
    np.testing.assert_array_equal(evaluate([da, db], {a: 1.0, b: 1.0}), [INF, 0.0])


def test_cotangents_of_maximum_and_relu_are_selected_not_multiplied() -> None:
    x = placeholder((2,))
    feeds = {x: np.array([-1.0, 1.0])}
    for y in (apply(ops.RELU, x), apply(ops.MAXIMUM, x, constant(0.0))):
        (slope,) = gradients(y, [x], [np.array([INF, INF])])
        np.testing.assert_array_equal(evaluate([slope], feeds)[0], [0.0, INF])


def test_cast_hands_cotangents_between_floats_only() -> None:
    x = placeholder((), FLOAT32)
    y = apply(ops.CAST, x, dtype=FLOAT64)
    (slope,) = gradients(y * y, [x])
    assert slope.dtype == FLOAT32
    assert evaluate([slope], {x: np.float32(3)})[0] == 6
    through = apply(ops.CAST, apply(ops.CAST, x, dtype=np.dtype(np.int64)), dtype=FLOAT32)
    with pytest.raises(errors.GradientError):
        gradients(through, [x])


def test_integer_powers_without_a_fraction() -> None:
    a = np.array([0, 1, -1, -1, 2, -2, 2, 7, 0], np.int8)
    b = np.array([-1, -5, -3, -4, -1, -2, 6, 2, 0], np.int8)
    np.testing.assert_array_equal(ops.POW.numpy(a, b), np.array([0, 1, -1, 1, 0, 0, 64, 49, 1], np.int8))
