"""Declarations of the elementwise ops: they agree with each other, with NumPy, and with mathematics."""

from __future__ import annotations

import importlib
import math
import pkgutil
from typing import Any

import numpy as np
import pytest

from staticad import errors, ops
from staticad.autodiff.reverse import gradients
from staticad.ir import expressions
from staticad.ir.dtypes import ALL, BOOL, FLOAT32, FLOAT64
from staticad.ir.expressions import Call, Name, children
from staticad.ir.graph import Tensor
from staticad.ops.angles import ARCCOS, ARCSIN, ARCTAN
from staticad.ops.arithmetic import ABS, ADD, FLOOR_DIVIDE, POW, REMAINDER, RSQRT, SIGN, SQRT
from staticad.ops.base import Elementwise, Op, apply
from staticad.ops.catalogue import ALL_OPS, ELEMENTWISE_OPS
from staticad.ops.complex_linalg import LibraryOfParts
from staticad.ops.conversion import CAST, CEIL, FLOOR, ROUND, TRUNC
from staticad.ops.float_parts import FMOD, FRACTION, LDEXP, NEXTAFTER, SIGNIFICAND
from staticad.ops.hyperbolic import ARCCOSH, ARCSINH, ARCTANH, SINH
from staticad.ops.powers import CBRT, EXP2, LOG2, LOG10, LOGADDEXP, LOGADDEXP2
from staticad.ops.selection import FMAX, FMIN, MAXIMUM, MINIMUM, RELU, WHERE
from staticad.ops.sources import constant, placeholder
from staticad.ops.transcendental import ERF, EXP, EXPM1, LOG, LOG1P, SIGMOID, SOFTPLUS, TANH
from staticad.reference import evaluate


def operands(op: Elementwise, dtype: np.dtype, shape: Any = ()) -> list[Tensor]:
    first = [placeholder(shape, BOOL)] if op.condition else []
    return first + [placeholder(shape, dtype) for _ in range(op.arity - len(first))]


def attributes(op: Elementwise) -> dict[str, Any]:
    return {"dtype": FLOAT64} if op is CAST else {}


def test_all_ops_are_listed_once() -> None:
    names = [op.name for op in ALL_OPS]
    assert len(set(names)) == len(names)
    modules = [importlib.import_module(f"{ops.__name__}.{m.name}") for m in pkgutil.iter_modules(ops.__path__)]
    declared = [(name, value) for module in modules for name, value in vars(module).items() if isinstance(value, Op)]
    derived = {op for op in ALL_OPS if isinstance(op, LibraryOfParts)}  # of declared ones
    assert {value for _, value in declared} == set(ALL_OPS) - derived
    assert {op.of for op in derived} <= set(ALL_OPS)
    assert all(name == value.name.upper() for name, value in declared)


@pytest.mark.parametrize("op", ELEMENTWISE_OPS, ids=str)
def test_code_uses_every_operand(op: Elementwise) -> None:
    names = tuple(Name(f"v{i}", FLOAT64) for i in range(op.arity))
    code = op.expression(names, FLOAT64)
    if op.code is not None:
        assert {*expressions.names(code)} == {name.name for name in names}
        return
    assert children(code) == names
    assert code == (expressions.Cast(names[0], FLOAT64) if op is CAST else Call(op.name, names, FLOAT64))


@pytest.mark.parametrize("op", ELEMENTWISE_OPS, ids=str)
def test_derivative_is_declared(op: Elementwise) -> None:
    assert op.nondifferentiable == (op.vjp is None)
    assert op.cost >= 1
    assert op.domain[0] < op.domain[1]


@pytest.mark.parametrize("op", ELEMENTWISE_OPS, ids=str)
def test_reference_has_the_inferred_type(op: Elementwise) -> None:
    """The evaluator compares shape and dtype of every result with what was inferred."""
    for dtype in ALL:
        if not op.accepts(dtype):
            with pytest.raises(errors.DTypeError, match=f"{op.called}: {dtype} is not supported"):
                apply(op, *operands(op, dtype), **attributes(op))
            continue
        for shape in ((), (2, 3), (0,)):
            xs = operands(op, dtype, shape)
            result = apply(op, *xs, **attributes(op))
            (value,) = evaluate([result], {x: np.ones(shape, x.dtype) for x in xs})
            assert value.shape == shape, dtype


@pytest.mark.parametrize("op", [op for op in ELEMENTWISE_OPS if op.commutative], ids=str)
def test_commutative_ops_are(op: Elementwise, rng: np.random.Generator) -> None:
    for dtype in filter(op.accepts, (FLOAT32, np.dtype(np.int8), BOOL)):
        a, b = (rng.integers(-100, 100, 50).astype(dtype) for _ in range(2))
        np.testing.assert_array_equal(op.numpy(a, b), op.numpy(b, a))


def test_operands_of_two_dtypes_are_refused() -> None:
    with pytest.raises(errors.DTypeError, match="add: operands of several dtypes .float32, float64.*test_elementwise"):
        apply(ADD, placeholder((), FLOAT32), placeholder((), FLOAT64))
    with pytest.raises(errors.DTypeError, match="where: the condition has to be bool, not int64"):
        apply(WHERE, constant(1), constant(1.0), constant(2.0))
    with pytest.raises(errors.ShapeError, match="add: takes 2 inputs, got 1"):
        apply(ADD, constant(1))


def derivative(op: Elementwise, point: tuple[float, ...], which: int, dtype: Any = FLOAT64) -> float:
    xs = [placeholder((), dtype) for _ in point]
    (slope,) = gradients(apply(op, *xs), [xs[which]])
    (value,) = evaluate([slope], dict(zip(xs, np.asarray(point, dtype))))
    return float(value)


UNARY = [op for op in ELEMENTWISE_OPS if op.arity == 1 and op.vjp is not None and op.orders != 0 and op is not CAST]
BINARY = [op for op in ELEMENTWISE_OPS if op.arity == 2 and op.vjp is not None and op.orders != 0]


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
    (ABS, (0.0,), 0, 0.0),
    (ABS, (-0.0,), 0, 0.0),
    (MAXIMUM, (1.0, 1.0), 0, 0.5),
    (MAXIMUM, (1.0, 1.0), 1, 0.5),
    (MINIMUM, (1.0, 1.0), 0, 0.5),
    (MAXIMUM, (0.0, -0.0), 0, 0.5),
    (MAXIMUM, (NAN, 1.0), 0, 0.0),
    (MAXIMUM, (NAN, 1.0), 1, 0.0),
    (MAXIMUM, (INF, 1.0), 0, 1.0),
    (MINIMUM, (INF, 1.0), 0, 0.0),
    (RELU, (0.0,), 0, 0.0),
    (RELU, (INF,), 0, 1.0),
    (RELU, (-INF,), 0, 0.0),
    (SQRT, (0.0,), 0, INF),
    (RSQRT, (0.0,), 0, -INF),
    (LOG, (0.0,), 0, INF),
    (LOG1P, (-1.0,), 0, INF),
    (POW, (0.0, 0.0), 0, 0.0),
    (POW, (3.0, 0.0), 0, 0.0),
    (POW, (0.0, 0.0), 1, 0.0),
    (POW, (0.0, 2.0), 1, 0.0),
    (POW, (0.0, 1.0), 0, 1.0),
    (POW, (0.0, 2.0), 0, 0.0),
    (POW, (0.0, 0.5), 0, INF),
    (POW, (-3.0, 2.0), 0, -6.0),
    (POW, (-2.0, 3.0), 0, 12.0),
    (POW, (-3.0, 2.0), 1, NAN),
    (REMAINDER, (7.0, 2.0), 0, 1.0),
    (REMAINDER, (7.0, 2.0), 1, -3.0),
    (REMAINDER, (-7.0, 2.0), 1, 4.0),
    (REMAINDER, (7.0, -2.0), 1, 4.0),
    (EXP, (-INF,), 0, 0.0),
    (EXP, (1000.0,), 0, INF),
    (SIGMOID, (1000.0,), 0, 0.0),
    (SIGMOID, (-1000.0,), 0, 0.0),
    (SOFTPLUS, (1000.0,), 0, 1.0),
    (SOFTPLUS, (-1000.0,), 0, 0.0),
    (TANH, (1000.0,), 0, 0.0),
    (ERF, (1000.0,), 0, 0.0),
    (EXPM1, (-40.0,), 0, float(np.expm1(-40.0)) + 1),
    (LOG1P, (1e300,), 0, 1e-300),
    (ARCSIN, (1.0,), 0, INF),
    (ARCCOS, (-1.0,), 0, -INF),
    (ARCSIN, (1 - 2.0**-52,), 0, 2.0**25.5),
    (ARCTAN, (INF,), 0, 0.0),
    (ARCSINH, (1e200,), 0, 1e-200),
    (ARCCOSH, (1.0,), 0, INF),
    (ARCCOSH, (1e200,), 0, 1e-200),
    (ARCTANH, (1.0,), 0, INF),
    (SINH, (1000.0,), 0, INF),
    (LOG2, (0.0,), 0, INF),
    (LOG10, (1e-300,), 0, 1e300 / math.log(10)),
    (EXP2, (-INF,), 0, 0.0),
    (CBRT, (0.0,), 0, INF),
    (CBRT, (-8.0,), 0, 1 / 12),
    (LOGADDEXP, (INF, INF), 0, 0.5),
    (LOGADDEXP, (-INF, -INF), 1, 0.5),
    (LOGADDEXP, (-INF, 1.0), 0, 0.0),
    (LOGADDEXP, (INF, 1.0), 0, 1.0),
    (LOGADDEXP, (-1000.0, 1000.0), 1, 1.0),
    (LOGADDEXP2, (1.0, 1.0), 0, 0.5),
    (FMAX, (NAN, 1.0), 1, 1.0),
    (FMAX, (NAN, 1.0), 0, 0.0),
    (FMAX, (2.0, 2.0), 0, 0.5),
    (FMIN, (1.0, NAN), 0, 1.0),
    (FMIN, (1.0, 2.0), 0, 1.0),
    (FMOD, (-7.0, 2.0), 1, 3.0),
    (FMOD, (7.0, 2.0), 0, 1.0),
    (NEXTAFTER, (0.0, 1.0), 0, 1.0),
    (LDEXP, (3.0, -4.0), 0, 0.0625),
    (SIGNIFICAND, (12.0,), 0, 0.0625),
    (FRACTION, (2.0,), 0, 1.0),
]


@pytest.mark.parametrize(("op", "point", "which", "expected"), CONVENTIONS, ids=str)
def test_derivative_conventions(op: Elementwise, point: tuple[float, ...], which: int, expected: float) -> None:
    assert derivative(op, point, which) == pytest.approx(expected, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize("op", [FLOOR_DIVIDE, SIGN, FLOOR, CEIL, TRUNC, ROUND], ids=str)
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
        y = apply(POW, x, constant(float(exponent)))
        for order in range(4):
            (value,) = evaluate([y], {x: points})
            np.testing.assert_array_equal(value, expected, f"derivative {order} of x**{exponent}")
            (y,) = gradients(y, [x], [np.ones(4)], unconnected="zero")
            factor = math.prod(exponent - i for i in range(order + 1))
            expected = factor * points ** max(exponent - order - 1, 0)


def test_where_keeps_nan_of_the_other_branch_out() -> None:
    x = placeholder((3,))
    positive = x > 0
    y = apply(WHERE, positive, apply(LOG, x), x)
    (slope,) = gradients(y.sum(), [x])
    (curvature,) = gradients(slope, [x], [np.ones(3)])
    values = evaluate([slope, curvature], {x: np.array([-1.0, 2.0, INF])})
    np.testing.assert_array_equal(values[0], [1.0, 0.5, 0.0])
    assert np.isfinite(values[1][1:]).all()
    # where alone: the cotangent of the branch that is not taken is 0, even where the cotangent is infinite
    a, b = placeholder(()), placeholder(())
    chosen = apply(WHERE, constant(True), a, b)
    (da, db) = gradients(chosen, [a, b], [INF])
    np.testing.assert_array_equal(evaluate([da, db], {a: 1.0, b: 1.0}), [INF, 0.0])


def test_cotangents_of_maximum_and_relu_are_selected_not_multiplied() -> None:
    x = placeholder((2,))
    feeds = {x: np.array([-1.0, 1.0])}
    for y in (apply(RELU, x), apply(MAXIMUM, x, constant(0.0))):
        (slope,) = gradients(y, [x], [np.array([INF, INF])])
        np.testing.assert_array_equal(evaluate([slope], feeds)[0], [0.0, INF])


def test_cast_hands_cotangents_between_floats_only() -> None:
    x = placeholder((), FLOAT32)
    y = apply(CAST, x, dtype=FLOAT64)
    (slope,) = gradients(y * y, [x])
    assert slope.dtype == FLOAT32
    assert evaluate([slope], {x: np.float32(3)})[0] == 6
    through = apply(CAST, apply(CAST, x, dtype=np.dtype(np.int64)), dtype=FLOAT32)
    with pytest.raises(errors.GradientError):
        gradients(through, [x])


def test_integer_powers_without_a_fraction() -> None:
    a = np.array([0, 1, -1, -1, 2, -2, 2, 7, 0], np.int8)
    b = np.array([-1, -5, -3, -4, -1, -2, 6, 2, 0], np.int8)
    np.testing.assert_array_equal(POW.numpy(a, b), np.array([0, 1, -1, 1, 0, 0, 64, 49, 1], np.int8))
