"""NumPy's arguments, by position and by name, in its own functions on tensors: values as on arrays.

`tests/functional/test_numpy_protocol.py` has one call of every function; here are those parameters that have another
place or name than ours, and those that choose among results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.reference import evaluate

RNG = np.random.default_rng(0)
X, Y, V = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=4)
ARRAYS: dict[str, np.ndarray] = {
    "X": X, "Y": Y, "V": V, "I": RNG.integers(0, 3, (3, 4)), "S": np.sort(V), "P": RNG.uniform(0.1, 0.9, (3, 4)),
    "B": X > 0, "Q": RNG.normal(size=(3, 3)), "C": X + 1j * Y, "K": RNG.normal(size=(2, 3, 3)),
}  # fmt: skip

CALLS = """
sum(X, 0, None, None, True); sum(X, 0, "float32"); sum(X, where=B); sum(X, 0, initial=2.0, where=B)
sum(I, dtype="int8"); prod(X, 0, None, None, True); mean(X, 0, None, None, True); mean(X, 0, where=B)
std(X, 0, None, None, 1, True); var(X, ddof=0.5); var(X, mean=np.mean(X)); std(X, correction=1); var(C)
max(X, 0, None, True); max(X, 0, None, True, 5.0); max(X, initial=-1, where=B); ptp(X, 0, None, True)
argmax(X, 0, None, keepdims=True); all(B, 0, None, True); any(X, where=B); count_nonzero(X, 0, keepdims=True)
median(X, 0, None, False, True); median(X * 1, overwrite_input=True); quantile(X, 0.3, 0, None, False, "lower", True)
quantile(X, [0.1, 0.5], method="hazen"); percentile(X, 30, 1); average(X, 0, [1, 2, 3]); average(X, 1, V, True)
average(X, weights=P, keepdims=True); average(X, (0, 1), P); cumsum(X, 0, "float32"); diff(X, 1, 0, X[:1])
ediff1d(X, [1.0], [2.0]); trapezoid(X, None, 0.5, 0); gradient(X, 2.0, axis=0); gradient(X, [0, 1, 3], S)
gradient(X, edge_order=2); trace(X, 1, dtype="float32"); linspace(X, Y, 5, False); linspace(X, Y, 5, True, True)
linspace(0, V, 5, retstep=True, axis=1); linspace(V[0], 1, 1, True, True); full_like(X, 2, "float32")
ones_like(X, shape=(2,)); clip(X, None, V); clip(X, a_min=0, a_max=1); clip(X, min=0); nan_to_num(X, True, 0.0)
nan_to_num(X, nan=1.0, posinf=3.0); choose(I, [X, Y], mode="wrap"); choose(I, [X, Y], None, "clip")
take(X, I, None, None, "wrap"); take_along_axis(X, I, 1); repeat(X, [1, 2, 0], 0); roll(X, (1, 2), (0, 1))
reshape(X, (4, 3), "F"); reshape(X, (2, -1, 2), order="F"); reshape(X, (4, 3), copy=True); reshape(X, -1, "A")
ravel(X, "F"); ravel(X, order="K"); ravel(K, order="F"); pad(X, ((1, 2), (0, 1)), "constant", constant_values=3)
pad(X, 1, "linear_ramp", end_values=2); pad(X, 1, "maximum", stat_length=2); concatenate([X, Y], dtype="float32")
concatenate((X, Y), None); concatenate([X, I], casting="same_kind", dtype="float32"); stack([X, Y], 2)
einsum("ij,ij", X, Y, optimize=True); einsum(X, [0, 1], Y, [0, 1], [0]); einsum(X, [1, 0]); einsum(K, [..., 0, 0])
einsum(X, [0, 27], Y, [1, 27], [1, 0]); einsum(K, [..., 3, 2], [..., 2, 3]); cross(X[:, :3], Y[:, :3], 0, 0, 0)
linalg.norm(X, -np.inf, 0); linalg.norm(X, 2, (0, 1), True); linalg.norm(V, 0.5); linalg.pinv(X, 1e-3)
linalg.pinv(X, rtol=1e-3); linalg.matrix_rank(X, 1e-3); linalg.matrix_rank(Q, None, True); linalg.eigvalsh(Q, "U")
linalg.trace(K); linalg.trace(K, offset=1, dtype="float32"); linalg.diagonal(K); linalg.diagonal(K, offset=-1)
linalg.svd(X, compute_uv=False); linalg.matrix_norm(X, ord=1); linalg.vector_norm(X, axis=1, ord=3)
fft.fft(X, 6, 0, "ortho"); fft.fftn(X, (2, 2), (0, 1)); fft.irfft(C, 5, norm="forward"); fft.fftshift(X, 1)
sort(X, 0, "stable"); sort(X, stable=True); argsort(X, None); partition(V, [0, 2])
searchsorted(V, X, "right", np.argsort(V)); digitize(X, S[::-1], True); bincount(I.ravel(), X.ravel(), 5)
histogram(X, 5, (0, 1)); histogram(X, weights=P); isin(I, [1], invert=True); interp(X, S, V, 0.0, 1.0, None)
interp(X, S, V, period=2.0); cov(X, Y, False, True); cov(X, aweights=V * V)
ravel_multi_index((I, I), (3, 4), "wrap", "F"); unravel_index(I, (3, 4), "F")
meshgrid(V, V, indexing="ij", sparse=True); array_equal(X, X, equal_nan=True); angle(C, True)
nanstd(X, 0, None, None, 1); nanmax(X, 0, None, True); cumulative_sum(V, include_initial=True)
add.reduce(X, 1, keepdims=True); maximum.reduce(X, None); add.reduce(X, initial=1.0, where=B); logaddexp.reduce(X)
logaddexp.reduce(X, (0, 1), keepdims=True); logaddexp.accumulate(X, 1); add.reduce(X, dtype="float32")
"""


def calls() -> list[str]:
    return [call.strip() for line in CALLS.strip().splitlines() for call in line.split(";")]


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def test_arguments_by_position_and_by_name() -> None:
    tensors = {name: sa.placeholder(a.shape, a.dtype) for name, a in ARRAYS.items()}
    found: list[Any] = []
    wanted: list[tuple[str, np.ndarray]] = []
    for call in calls():
        code = compile(f"np.{call}", call, "eval")
        results = list(leaves(eval(code, {"np": np, **tensors})))
        arrays = [np.asarray(leaf) for leaf in leaves(eval(code, {"np": np, **ARRAYS}))]
        assert len(results) == len(arrays), call
        found += [r if isinstance(r, sa.Tensor) else sa.constant(r) for r in results]
        wanted += [(call, a) for a in arrays]
    values = evaluate(found, {tensors[name]: a for name, a in ARRAYS.items()})
    for value, (call, a) in zip(values, wanted, strict=True):
        assert value.shape == a.shape and value.dtype == a.dtype, call
        tolerance = 1e-5 if a.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(value, a, rtol=tolerance, atol=tolerance, err_msg=call)


def test_methods_take_orders_too() -> None:
    x = sa.placeholder((3, 4))
    found = evaluate(
        [x.reshape(4, 3, order="F"), x.reshape((2, 6), order="C"), x.ravel("F"), x.flatten(order="F")], {x: X}
    )
    for value, wanted in zip(
        found, (X.reshape(4, 3, order="F"), X.reshape(2, 6), X.ravel("F"), X.ravel("F")), strict=True
    ):
        np.testing.assert_array_equal(value, wanted)
    for call in (lambda: x.reshape(4, 3, order="K"), lambda: x.ravel("row"), lambda: x.ravel(1)):
        with pytest.raises(sa.ShapeError, match=r"order .* is none of 'C', 'F'.*test_numpy_arguments"):
            call()


def test_subscripts_as_lists_that_are_none() -> None:
    x = sa.placeholder((3, 4))
    for arguments in ((x, x), (x, [0, 1], x), (x, [0, 52]), (x, [0, "i"]), (x, [-1, 0]), (x, [0.0, 1])):
        with pytest.raises(sa.ShapeError, match=r"einsum: subscripts are a string .* or behind each operand a list"):
            sa.einsum(*arguments)
    with pytest.raises(sa.ShapeError, match="does not have one label per axis"):
        sa.einsum(x, [0])


def test_derivatives_of_unwrapped_phases_are_those_of_the_phases() -> None:
    x = sa.placeholder((None,))
    y = sa.unwrap(x)
    (slope,), (bend,) = sa.jvp([y], [x], [x]), sa.gradients((y * y).sum(), x)
    steps = np.cumsum(RNG.uniform(-9, 9, 20))
    wrapped = (steps + np.pi) % (2 * np.pi) - np.pi
    value, along, gradient = evaluate([y, slope, bend], {x: wrapped})
    np.testing.assert_allclose(value, np.unwrap(wrapped), rtol=1e-12)
    np.testing.assert_array_equal(along, wrapped)
    np.testing.assert_allclose(gradient, 2 * value)
    with pytest.raises(sa.DTypeError, match="unwrap: bools have no difference"):
        sa.unwrap(x > 0)


def test_polynomials_by_coefficients_and_by_place() -> None:
    p, x = sa.placeholder((3,)), sa.placeholder((None,))
    y = sa.polyval(p, x)
    by_p, by_x = sa.gradients(y.sum(), [p, x])
    (second,) = sa.gradients(by_x.sum(), [x])
    at = np.array([0.5, -2.0, 3.0])
    c = np.array([2.0, -1.0, 4.0])
    found = evaluate([y, by_p, by_x, second], {p: c, x: at})
    wanted = (np.polyval(c, at), [(at**2).sum(), at.sum(), 3], np.polyval(np.polyder(c), at), np.full(3, 4.0))
    for value, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value, other)
    assert evaluate(sa.polyval([1, 0, 1], sa.constant(3)))[0] == 10
    with pytest.raises(sa.ShapeError, match="polyval: coefficients have to be one vector"):
        sa.polyval(sa.placeholder((2, 2)), 1.0)
    with pytest.raises(sa.ShapeError, match="polyval: the number of coefficients has to be known"):
        sa.polyval(x, 1.0)
