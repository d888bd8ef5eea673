"""Derivatives that users give: values, first and second derivatives in both modes, bodies, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, GradientError, GraphError, ShapeError
from staticad.ir.graph import Tensor

X = np.array([0.3, -1.2, 0.7])


@sa.custom_jvp
def exp_jvp(x: Tensor) -> Tensor:
    return sa.exp(x)


@exp_jvp.defjvp
def _exp_rule(primals: Any, tangents: Any) -> Any:
    y = exp_jvp(*primals)  # its own function: exp is its derivative
    return y, y * tangents[0]


@sa.custom_vjp
def exp_vjp(x: Tensor) -> Tensor:
    return sa.exp(x)


def _exp_fwd(x: Tensor) -> Any:
    y = exp_vjp(x)
    return y, y


exp_vjp.defvjp(_exp_fwd, lambda y, g: (g * y,))


@sa.custom_gradient
def exp_gradient(x: Tensor) -> Any:
    y = sa.exp(x)
    return y, lambda g: g * exp_gradient(x)


EXPONENTIALS = pytest.mark.parametrize("function", [exp_jvp, exp_vjp, exp_gradient], ids=lambda f: f.kind)


def run(outputs: Any, x: Tensor, value: Any = X) -> list[np.ndarray]:
    return sa.compile(list(outputs), inputs=[x])(value)  # type: ignore[no-any-return]


@EXPONENTIALS
def test_values_and_derivatives_of_three_orders_in_both_modes(function: Callable[..., Tensor]) -> None:
    x = sa.placeholder((3,))
    y = function(2.0 * x)
    (first,) = sa.gradients(y.sum(), [x])
    (second,) = sa.hvp(y.sum(), [x], np.ones(3))
    (tangent,) = sa.jvp(y, x, np.ones(3))
    (third,) = sa.gradients(sa.gradients(first.sum(), [x])[0].sum(), [x])
    for order, found in enumerate(run([y, first, second, third], x)):
        np.testing.assert_allclose(found, 2.0**order * np.exp(2 * X), rtol=1e-14)
    np.testing.assert_allclose(run([tangent], x)[0], 2 * np.exp(2 * X), rtol=1e-14)


@EXPONENTIALS
def test_in_loops_and_branches(function: Callable[..., Tensor]) -> None:
    x = sa.placeholder((3,))

    def body(i: Tensor, s: Tensor) -> Tensor:
        return sa.cond(i > 0, lambda a: function(a * 0.3), lambda a: a * 2.0, s)  # type: ignore[no-any-return]

    y = sa.fori_loop(0, 3, body, x)
    (first,) = sa.gradients(y.sum(), [x])
    (tangent,) = sa.jvp(y, x, np.ones(3))
    inner = np.exp(0.6 * X)
    expected = np.exp(0.3 * inner)
    value, gradient, pushed = run([y, first, tangent], x)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    np.testing.assert_allclose(gradient, expected * 0.3 * inner * 0.6, rtol=1e-13)
    np.testing.assert_allclose(pushed, gradient, rtol=1e-13)


def test_the_rule_is_taken_and_not_the_derivative() -> None:
    @sa.custom_gradient
    def clipped(x: Tensor) -> Any:
        return x, lambda g: sa.clip(g, -0.5, 0.5)

    x = sa.placeholder((3,))
    (gradient,) = sa.gradients((clipped(x) ** 2).sum(), [x])
    np.testing.assert_array_equal(run([gradient], x)[0], np.clip(2 * X, -0.5, 0.5))
    with pytest.raises(GradientError, match="not linear in its cotangents.*custom_jvp"):
        sa.jvp(clipped(x), x, np.ones(3))


def test_several_arguments_and_results_nests_and_fixed_arguments() -> None:
    def f(power: int, pair: Any, scale: Any) -> Any:
        return {"power": pair[0] ** power * scale, "sum": pair[0] + pair[1]}

    def fwd(power: int, pair: Any, scale: Any) -> Any:
        return f(power, pair, scale), (pair, scale)

    def bwd(power: int, residuals: Any, g: Any) -> Any:
        (a, _), scale = residuals
        return (g["power"] * power * a ** (power - 1) * scale + g["sum"], g["sum"] * 10.0), None

    function = sa.custom_vjp(f, nondiff_argnums=(0,))
    function.defvjp(fwd, bwd)
    x = sa.placeholder((3,))
    made = function(3, (x, 2.0 * x), scale=0.5)
    (both,) = sa.gradients([made["power"].sum(), made["sum"].sum()], [x])
    (one,) = sa.gradients(made["sum"].sum(), [x])
    found = run([made["power"], both, one, sa.jvp(made["sum"], x, np.ones(3))[0]], x)
    np.testing.assert_allclose(found[0], X**3 / 2)
    np.testing.assert_allclose(found[1], 1.5 * X**2 + 21)
    np.testing.assert_allclose(found[2], np.full(3, 21.0))
    np.testing.assert_allclose(found[3], np.full(3, 21.0))

    product = sa.custom_jvp(lambda a, b: a * b)
    product.defjvps(lambda t, y, a, b: t * b, None)  # of a alone
    np.testing.assert_allclose(run(sa.gradients(product(x, x).sum(), [x]), x)[0], X)


def test_complex_numbers() -> None:
    z = sa.placeholder((2,), "complex128")
    y = exp_vjp(z)
    (gradient,) = sa.gradients(sa.real(y).sum(), [z])
    value = np.array([0.3 + 1j, -0.2j])
    found = sa.compile([y, gradient], inputs=[z])(value)
    np.testing.assert_allclose(found[0], np.exp(value), rtol=1e-14)
    np.testing.assert_allclose(found[1], np.exp(value), rtol=1e-14)


def test_what_a_function_reads_beside_its_arguments_has_no_derivative() -> None:
    x, w = sa.placeholder((3,)), sa.placeholder((3,))
    function = sa.custom_jvp(lambda a: a * w)
    function.defjvp(lambda primals, tangents: (function(*primals), tangents[0] * w))
    y = function(x)
    np.testing.assert_array_equal(sa.compile(sa.gradients(y.sum(), [x])[0], inputs=[w])(X), X)
    with pytest.raises(GradientError, match=r"reads placeholder.*not among its arguments.*test_custom.py"):
        sa.gradients(y.sum(), [w])
    fixed = sa.custom_jvp(lambda a: a * sa.stop_gradient(w))
    fixed.defjvp(lambda primals, tangents: (fixed(*primals), tangents[0] * w))
    assert sa.gradients(fixed(x).sum(), [w], unconnected="none") == [None]


def _with_rule(bwd: Callable[..., Any]) -> Callable[..., Any]:
    function = sa.custom_vjp(lambda x: 2.0 * x)
    function.defvjp(lambda x: (2.0 * x, x), bwd)
    return function


def returns_another_shape(x: Tensor, g: Tensor) -> Any:
    return (sa.sum(g),)


def returns_another_dtype(x: Tensor, g: Tensor) -> Any:
    return (g.astype("float32"),)


def returns_too_many(x: Tensor, g: Tensor) -> Any:
    return g, g


def returns_a_nest(x: Tensor, g: Tensor) -> Any:
    return ([g],)


@pytest.mark.parametrize(
    ("bwd", "error", "text"),
    [
        (returns_another_shape, ShapeError, r"shapes differ.*sum over axes"),
        (returns_another_dtype, DTypeError, r"dtypes differ; use astype"),
        (returns_too_many, GradientError, r"returns 2 cotangents for 1 argument"),
        (returns_a_nest, GradientError, r"a nest of another form"),
    ],
)
def test_rules_that_do_not_fit_are_refused_where_the_function_is_called(
    bwd: Any, error: type[Exception], text: str
) -> None:
    line = bwd.__code__.co_firstlineno
    with pytest.raises(error, match=rf"custom_vjp <lambda>: {bwd.__name__} \(.*test_custom.py:{line}\) .*{text}"):
        _with_rule(bwd)(sa.placeholder((3,)))


def test_other_refusals() -> None:
    x = sa.placeholder((3,))
    with pytest.raises(GradientError, match=r"custom_jvp exp has no rule; give one with exp.defjvp"):
        sa.custom_jvp(sa.exp)(x)
    with pytest.raises(GradientError, match=r"custom_vjp exp has no rule"):
        sa.custom_vjp(sa.exp)(x)
    with pytest.raises(GradientError, match=r"custom_gradient exp has to return the result and a function"):
        sa.custom_gradient(sa.exp)(x)
    with pytest.raises(GraphError, match=r"decorates a function, not the int 3"):
        sa.custom_jvp(3)  # type: ignore[arg-type]
    wrong = sa.custom_jvp(lambda a: a)
    wrong.defjvp(lambda primals, tangents: tangents[0])
    with pytest.raises(GradientError, match="has to return the result and its tangent"):
        wrong(x)
    endless = sa.custom_vjp(lambda a: a * 2.0)
    endless.defvjp(lambda a: (a, a), lambda a, g: (sa.gradients(endless(a).sum(), [a])[0],))
    with pytest.raises(GraphError, match="without an end"):
        endless(x)


def test_without_tensors_it_is_the_function() -> None:
    assert sa.custom_jvp(lambda a: a + 1)(2) == 3
