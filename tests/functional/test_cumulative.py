"""Cumulative functions: long vectors, accuracy, loops, derivatives at zeros and ties; what the family refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, ShapeError
from staticad.ops.base import apply
from staticad.ops.cumulative import CUMMAX, CUMMIN, CUMPROD, CUMSUM, Form
from staticad.reference import evaluate


def test_long_vectors_of_any_size(rng: np.random.Generator) -> None:
    """Whole groups of lanes and a rest, also without one of them; in both directions."""
    x = sa.placeholder((None,))
    nodes = [apply(op, x, axis=0, reverse=op is CUMMIN, form=Form.PLAIN) for op in (CUMSUM, CUMPROD, CUMMAX, CUMMIN)]
    nodes.append(apply(CUMSUM, x, axis=0, reverse=True, form=Form.EXCLUSIVE))
    run = sa.compile(nodes, inputs=[x])
    for n in (0, 1, 3999, 4000, 8000, 20_011):
        value = rng.choice([-1.0, 1.0], n) * np.exp(0.01 * rng.uniform(-1, 1, n))
        for node, found in zip(nodes, run(value)):
            np.testing.assert_allclose(found, node.op.numpy(value, **node.node.attrs), rtol=1e-10, atol=1e-10)


def test_sums_of_float32_keep_their_digits(rng: np.random.Generator) -> None:
    """Of a long vector, along rows, and along columns."""
    value = rng.uniform(0, 1, 60_000).astype("float32")
    x, rows = sa.placeholder((None,), "float32"), sa.placeholder((None, None), "float32")
    run = sa.compile([sa.cumsum(x), sa.cumsum(rows, axis=1), sa.cumsum(rows, axis=0)], inputs=[x, rows])
    matrix = value.reshape(-1, 3)
    for found, (operand, axis) in zip(run(value, matrix), ((value, 0), (matrix, 1), (matrix, 0))):
        exact = np.cumsum(operand, axis=axis, dtype=np.float64)
        np.testing.assert_array_less(np.abs(found - exact), 1.01 * np.spacing(exact.astype("float32")))


def test_bits_do_not_depend_on_threads(rng: np.random.Generator) -> None:
    x = sa.placeholder((None,))
    session = sa.compile(sa.cumsum(x), inputs=[x])
    value = rng.normal(size=200_000)
    found = session(value)
    for _ in range(3):
        assert session(value).tobytes() == found.tobytes()


def test_in_loops_and_of_sizes_that_a_step_determines(rng: np.random.Generator) -> None:
    x = sa.placeholder((None,))
    smooth = sa.fori_loop(0, 3, lambda i, s: sa.cumsum(s) / (1.0 + sa.cummax(sa.abs(s))), x)

    @sa.function
    def partial(x: Any) -> Any:
        total = x[0] * 0.0
        for i in range(x.shape[0]):
            total = total + np.cumsum(x[: i + 1])[i] * x[i]
        return total

    run = sa.compile([smooth, partial(x), *sa.gradients(partial(x), x)], inputs=[x])
    value = rng.normal(size=7)
    wanted = value
    for _ in range(3):
        wanted = np.cumsum(wanted) / (1.0 + np.maximum.accumulate(np.abs(wanted)))
    found, total, gradient = run(value)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(total, np.cumsum(value) @ value, rtol=1e-12)
    np.testing.assert_allclose(gradient, value.sum() + value, rtol=1e-12)


def test_products_with_zeros_have_their_derivatives() -> None:
    """The third derivative of all mixed ones is compared with that of the plain product."""
    x, value = sa.placeholder((4,)), np.array([2.0, 0.0, 3.0, 0.0])
    orders = []
    for y in (sa.cumprod(x)[3], x[0] * x[1] * x[2] * x[3]):
        (first,) = sa.gradients(y, x)
        (second,) = sa.gradients(first[1], x)
        orders.append([first, second, *sa.gradients(second[3], x)])
    for found, wanted in zip(*(evaluate(nodes, {x: value}) for nodes in orders)):
        np.testing.assert_allclose(found, wanted, atol=1e-13)


def test_the_last_of_equal_extremes_has_the_derivative() -> None:
    x = sa.placeholder((6,))
    weights = np.arange(1.0, 7.0)
    (found,) = evaluate(sa.gradients(sa.sum(sa.cummax(x) * weights), x), {x: np.array([1.0, 3.0, 3.0, 2.0, 5.0, 4.0])})
    np.testing.assert_array_equal(found, [1, 2, 3 + 4, 0, 5 + 6, 0])


def test_logarithms_of_sums_do_not_overflow() -> None:
    x = sa.placeholder((5,))
    y = sa.logcumsumexp(x)
    value = np.array([-np.inf, 1000.0, 1000.0, -2000.0, 1001.0])
    found, gradient = evaluate([y, *sa.gradients(sa.sum(y), x)], {x: value})
    np.testing.assert_allclose(found, np.logaddexp.accumulate(value), rtol=1e-15)
    assert np.isfinite(gradient).all() and abs(gradient.sum() - 4) < 1e-12


def test_gradients_of_logarithms_of_sums_in_float32(rng: np.random.Generator) -> None:
    """Sums of quotients, none of which are differences (torch's lose half of the digits)."""
    value, weights = 3 * rng.normal(size=(5, 5, 5)), np.cos(np.arange(125.0)).reshape(5, 5, 5)
    found = []
    for dtype in ("float32", "float64"):
        x = sa.placeholder((5, 5, 5), dtype)
        total = sa.sum(sa.logcumsumexp(x, axis=0) * weights.astype(dtype))
        found += evaluate(sa.gradients(total, x), {x: value.astype("float32").astype(dtype)})
    np.testing.assert_allclose(*found, rtol=2e-5, atol=2e-6)


def test_an_associative_scan_of_several_tensors(rng: np.random.Generator) -> None:
    """A linear recurrence h = a h + b, in both directions."""
    a, b = rng.normal(size=(2, 3, 6))

    def combine(first: Any, second: Any) -> Any:
        return first[0] * second[0], second[0] * first[1] + second[1]

    for reverse in (False, True):
        nodes = sa.associative_scan(combine, (sa.constant(a), sa.constant(b)), reverse=reverse, axis=1)
        h, wanted, order = np.zeros(3), np.zeros((3, 6)), range(6)
        for k in reversed(order) if reverse else order:
            h = a[:, k] * h + b[:, k]
            wanted[:, k] = h
        np.testing.assert_allclose(evaluate(list(nodes), {})[1], wanted, rtol=1e-12)


REFUSED: tuple[tuple[type[Exception], str, Callable[[Any], Any]], ...] = (
    (ShapeError, "cumsum: axis 2 is out of bounds", lambda x: sa.cumsum(x, axis=2)),
    (ShapeError, "cumulative_sum: give the axis", sa.cumulative_sum),
    (ShapeError, "associative_scan: the sizes along axis 1 have", lambda x: sa.associative_scan(max, x, axis=1)),
    (ShapeError, "max: where= needs initial=", lambda x: sa.max(x, where=x > 0)),
    (ShapeError, "sum: the mask has more axes", lambda x: sa.sum(x[0], where=x > 0)),
    (ShapeError, "var: ddof has to be a number", lambda x: sa.var(x, ddof="1")),
    (ShapeError, "var: ddof and correction", lambda x: sa.var(x, ddof=1, correction=1)),
    (ShapeError, "average: weights need", lambda x: sa.average(x, weights=[1.0, 2.0])),
    (ShapeError, "cov: aweights has to hold", lambda x: sa.cov(x, aweights=x)),
    (DTypeError, "cov: fweights .* whole numbers", lambda x: sa.cov(x.reshape(-1, 2), fweights=[1.5, 1.0])),
    (ShapeError, "cov: fweights are negative", lambda x: sa.cov(x.reshape(-1, 2), fweights=[-1, 1])),
    (ShapeError, "isin: kind 'hash' is neither", lambda x: sa.isin(x, [1], kind="hash")),
    (DTypeError, "ediff1d: an end of float64 does not fit .* int64",
     lambda x: np.ediff1d(x.astype("int64"), to_end=0.5)),
    (DTypeError, "ediff1d: an end of complex64 does not fit .* float64",
     lambda x: sa.ediff1d(x, to_begin=np.ones(2, "complex64"))),
    (ShapeError, "diff: n has to be at least 0", lambda x: sa.diff(x, -1)),
    (ShapeError, "trapezoid: x needs one axis", lambda x: sa.trapezoid(x, x[None])),
    (ShapeError, "gradient: axis 0 needs at least 3 elements", lambda x: sa.gradient(x, axis=0, edge_order=2)),
    (ShapeError, "gradient: edge_order has to be 1 or 2", lambda x: sa.gradient(x, edge_order=3)),
    (ShapeError, "convolve: mode has to be", lambda x: sa.convolve(x[0], x[1], "all")),
    (ShapeError, "correlate: takes vectors", lambda x: sa.correlate(x, x[0])),
    (ShapeError, "interp: xp and fp have to be vectors", lambda x: sa.interp(1.0, x, x)),
    (ShapeError, "quantile: q has to be between 0 and 1", lambda x: sa.quantile(x, 1.5)),
    (ShapeError, "percentile: method 'some' is none of inverted_cdf", lambda x: sa.percentile(x, 50, method="some")),
)  # fmt: skip


ENDLESS: list[tuple[list[Any], list[Any], list[Any]]] = [
    ([1, 2, 2.5, 3, 4, np.nan, 0, 9], [1, 2, 3, 4], [1, 2, np.inf, 4]),
    ([1, 2.5, 4], [1, 2, 3, 4], [-np.inf, 2, 2, np.inf]),
    ([0.5, -np.inf], [-np.inf, np.inf], [10, 10]),
    ([-np.inf, -1, 0, 1, np.inf], [-np.inf, 0, np.inf], [1, 2, 3]),
    ([1, 2, 2.5, 3, 4], [1, 2, 3, 4], [1, 2 + 1j, np.inf, 4]),
]


@pytest.mark.parametrize(("x", "points", "values"), ENDLESS)
def test_interpolation_between_infinities(x: list[Any], points: list[Any], values: list[Any]) -> None:
    at = sa.placeholder((len(x),))
    (found,) = evaluate([sa.interp(at, points, values)], {at: np.array(x, float)})
    np.testing.assert_array_equal(found, np.interp(x, points, values))


@pytest.mark.parametrize(("kind", "message", "call"), REFUSED, ids=[message for _, message, _ in REFUSED])
def test_what_is_refused_names_the_tensor_and_its_line(kind: Any, message: str, call: Callable[[Any], Any]) -> None:
    x = sa.placeholder((2, None), name="x")
    with pytest.raises(kind, match=message) as caught:
        call(x)
    assert "test_cumulative.py:" in str(caught.value)
