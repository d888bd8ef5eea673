"""Derivatives of complex functions: against differences along both axes, both modes against each other, JAX's."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import GradientError, Tensor
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

Z, W = (sa.placeholder((None,), "complex128", name=name) for name in "zw")
X = sa.placeholder((None,), "float64", name="x")

FUNCTIONS: dict[str, Callable[[], Tensor]] = {
    "product": lambda: Z * W / (Z + 3),
    "power": lambda: Z**W + Z**3 + Z**-0.5,
    "exponentials": lambda: np.exp(Z) + np.expm1(W) * np.log(W) + np.log1p(Z),
    "roots": lambda: np.sqrt(Z) * sa.rsqrt(W) + np.reciprocal(Z),
    "trigonometric": lambda: np.sin(Z) * np.cos(W) + np.tan(Z) + np.tanh(W),
    "hyperbolic": lambda: np.sinh(Z) * np.cosh(W) + np.arctan(Z) * np.arctanh(W / 2),
    "logistic": lambda: sa.sigmoid(3 * Z) * sa.softplus(W - 1) + sa.nn.silu(Z * W) + sa.nn.log_sigmoid(Z),
    "inverses": lambda: np.arcsin(Z) * np.arccos(W) + np.arcsinh(Z) * np.arccosh(W),
    "bases": lambda: np.exp2(Z) * np.log2(W) + np.log10(Z) + np.sinc(W) + np.float_power(Z, W),
    "cumulative": lambda: np.cumprod(Z) * np.cumsum(W) + np.sort(Z * W),
    "sampled": lambda: np.interp(X.real, [0.0, 1, 2], Z[:3]) + np.convolve(Z, W, "same") + np.gradient(Z) * Z,
    "parts": lambda: Z.real * W.imag + abs(Z * W) + np.angle(Z),
    "conjugates": lambda: np.conj(Z) * W + np.sign(Z) * X,
    "promoted": lambda: X * Z + X - Z / X,
    "parts of real": lambda: sa.arctan2(X, Z.real) + sa.hypot(X, W.imag) + sa.copysign(X, W.real),
    "made": lambda: sa.complex(X, X * X) * Z + sa.complex(2.0, X),
    "narrow": lambda: (Z * W).astype("complex64").astype("complex128").real * 0 + abs(Z),
    "reduced": lambda: sa.prod(Z) * np.mean(Z * W) + sa.var(Z) + sa.linalg.norm(W),
    "products": lambda: (np.outer(Z, W) @ np.outer(W, Z)) @ X + np.vdot(Z, W),
    "indexed": lambda: Z[1:] * W[:-1] + Z[np.array([0, 0, 1])],
    "scattered": lambda: Z.at[np.array([0, 0, 1])].add(W[:3]) * Z.at[1:2].set(W[:1]),
    "chosen": lambda: np.where(X > 0, Z, W * X) * np.concatenate([Z[:2], W[:2]]),
    "scan": lambda: sa.scan(lambda c, a: (c * a + 1, c * c.real), W[0], Z)[1],
    "counted": lambda: sa.fori_loop(0, 3, lambda i, c: c * Z + W, Z),
    "branch": lambda: sa.cond(X[0] > 0, lambda: Z * W, lambda: Z / W),
    "repeated": lambda: sa.while_loop(lambda c: abs(c[0]) < 9, lambda c: c * Z * 2, Z),
}


def place(rng: np.random.Generator) -> dict[Tensor, np.ndarray]:
    """Numbers beside branch cuts, kinks and zeros."""
    size, turn = rng.uniform(0.5, 1.3, (2, 4)), rng.uniform(0.3, 1.2, (2, 4)) * rng.choice([-1, 1], (2, 4))
    z, w = size * np.exp(1j * turn)
    return {Z: z, W: w, X: rng.uniform(0.5, 1.5, 4) * [1, -1, 1, -1]}


def random_like(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    parts = rng.normal(size=(2, *array.shape))
    return parts[0] + 1j * parts[1] if array.dtype.kind == "c" else parts[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_agree_with_differences(name: str, rng: np.random.Generator) -> None:
    """Of first and second order; differences move complex numbers along both axes."""
    order = 1 if name == "products" else 2
    check_gradients(FUNCTIONS[name](), [Z, W, X], place(rng), order=order, atol=1e-6)


def test_both_modes_are_adjoint_and_compiled_as_the_reference_says(rng: np.random.Generator) -> None:
    """Re(Σ c · Jv) = Re(Σ Jᵀc · v) for all functions; one session computes them."""
    feeds = place(rng)
    tangents = [sa.placeholder(t.shape, t.dtype) for t in (Z, W, X)]
    feeds |= {t: random_like(rng, feeds[x]) for t, x in zip(tangents, (Z, W, X), strict=True)}
    results: list[Tensor] = []
    for build in FUNCTIONS.values():
        y = build()
        c = sa.constant(random_like(rng, evaluate(y, feeds)[0]))
        pulled = sa.gradients(y, [Z, W, X], c, unconnected="zero")
        (pushed,) = sa.jvp(y, [Z, W, X], tangents)
        results += [y, pushed, (c * pushed).sum().astype("complex128").real]
        results.append(sa.stack([(g * t).sum().astype("complex128").real for g, t in zip(pulled, tangents)]).sum())
    found = sa.compile(results, inputs=list(feeds))(*feeds.values())
    for k, (got, expected) in enumerate(zip(found, evaluate(results, feeds), strict=True)):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12, err_msg=[*FUNCTIONS][k // 4])
    for name, forward, backward in zip(FUNCTIONS, found[2::4], found[3::4], strict=True):
        np.testing.assert_allclose(forward, backward, rtol=1e-11, err_msg=name)


def test_the_convention() -> None:
    """d/dx - i d/dy of a real number; the derivative of a holomorphic function."""
    z = np.array([1 + 2j, -0.5j])
    derived = [
        sa.gradients((abs(Z) ** 2).sum(), Z),
        sa.gradients(Z.imag.sum(), Z),
        sa.gradients((Z**3).sum(), Z, grad_ys=1.0),
        sa.gradients(np.angle(Z).sum(), Z),
    ]
    square, imag, cube, angle = sa.compile([g for (g,) in derived])(z)
    np.testing.assert_allclose(square, 2 * np.conj(z), rtol=1e-15)
    np.testing.assert_array_equal(imag, [-1j, -1j])
    np.testing.assert_allclose(cube, 3 * z**2, rtol=1e-15)
    np.testing.assert_allclose(angle, -1j / z, rtol=1e-15)


def test_higher_derivatives_by_a_scalar() -> None:
    """Graphs of scalars go another way, which tells no direction from another: not by complex numbers."""
    z, x = sa.placeholder((), "complex128"), sa.placeholder(())
    (first,) = sa.gradients(np.exp(z).real, z)
    (second,) = sa.gradients(first.imag, z)
    (by_real,) = sa.gradients(abs(np.exp(1j * x) + 2), x)
    (twice,) = sa.gradients(by_real, x)
    at, angle = 0.3 + 0.7j, 0.4
    values = sa.compile([first, second, twice], inputs=[z, x])(at, angle)
    np.testing.assert_allclose(values[0], np.exp(at), rtol=1e-15)
    np.testing.assert_allclose(values[1], -1j * np.exp(at), rtol=1e-15)
    size = np.sqrt(5 + 4 * np.cos(angle))
    np.testing.assert_allclose(values[2], -2 * np.cos(angle) / size - 4 * np.sin(angle) ** 2 / size**3, rtol=1e-13)


def test_what_is_not_chosen_is_absent() -> None:
    """Not zero: the logarithm of 0 has an infinite derivative."""
    safe = sa.where(Z == 0, 0, np.log(Z)) + sa.where(X > 0, np.sqrt(Z * X), 1j)
    (gradient,) = sa.gradients(abs(safe).sum(), Z)
    (by_real,) = sa.gradients(sa.where(X > 0, np.log(X + 0j), 0).real.sum(), X)
    found, real = sa.compile([gradient, by_real], inputs=[Z, X])(np.array([0j, 1 + 1j]), np.array([0.0, 2.0]))
    assert np.isfinite(found).all() and found[1] != 0
    np.testing.assert_allclose(real, [0, 0.5])
    (at_zero,) = sa.gradients(abs(Z).sum() + np.sign(Z).real.sum(), Z)
    assert sa.compile(at_zero)(np.zeros(1, "complex128")) == 0


def test_jacobians() -> None:
    (a, b), z = np.array([[1, 2j], [3, 1 - 1j]]), sa.placeholder((2,), "complex128")
    matrix = sa.jacobian(sa.stack([(z * a).sum().real, (z * b).sum().imag]), z)
    found = sa.compile(matrix, inputs=[z])(np.ones(2, "complex128"))
    np.testing.assert_allclose(found, [a, -1j * b])
    with pytest.raises(GradientError, match=r"Jacobian of mul complex128\[2\].*is complex; take those of its .real"):
        sa.jacobian(z * 2, z)
    with pytest.raises(GradientError, match=r"sum complex128\[\].*is complex, needs grad_ys.*holomorphic"):
        sa.gradients(z.sum(), z)


def test_hessian_products(rng: np.random.Generator) -> None:
    z, v = random_like(rng, np.zeros(3, "complex128")), random_like(rng, np.zeros(3, "complex128"))
    (product,) = sa.hvp((abs(Z) ** 4).sum(), Z, W)
    found = sa.compile(product, inputs=[Z, W])(z, v)
    gradient = sa.compile(sa.gradients((abs(Z) ** 4).sum(), Z)[0], inputs=[Z])
    difference = (gradient(z + 1e-6 * v) - gradient(z - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(found, difference, rtol=1e-7)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_optimizers_descend(name: str) -> None:
    target = np.array([0.5j, 1 - 1j])
    w = sa.variable(np.array([1 + 1j, -2j]))
    loss = (abs(w - target) ** 2).sum()
    make: dict[str, Any] = {
        "SGD": lambda: sa.optim.SGD(0.1, momentum=0.5),
        "Adam": lambda: sa.optim.Adam(0.1),
        "RMSprop": lambda: sa.optim.RMSprop(0.02, momentum=0.5, centered=True),
        "Adagrad": lambda: sa.optim.Adagrad(1.0),
    }
    optimizer = make[name]()
    step = sa.compile(loss, updates=optimizer.minimize(loss))
    losses = [float(step()) for _ in range(150)]
    assert losses[-1] < 1e-2 * losses[0]
    assert all(s.dtype == ("float64" if kind == "square" else "complex128") for kind, s in optimizer.slots[w].items())


@pytest.mark.extras("jax")
def test_gradients_are_those_of_jax(rng: np.random.Generator) -> None:
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = importlib.import_module("jax.numpy")

    def model(np: Any, z: Any, w: Any, x: Any) -> Any:
        y = np.exp(z * x) / (np.sqrt(w) + 2) + np.conj(z) * np.sin(w) + np.tanh(z) ** 3
        return (abs(y) * x + np.angle(w) * y.imag).sum()

    feeds = place(rng)
    gradients = sa.gradients(model(np, Z, W, X), [Z, W, X])
    found = sa.compile(gradients, inputs=[Z, W, X])(*feeds.values())
    expected = jax.grad(lambda *xs: model(jnp, *xs), argnums=(0, 1, 2))(*feeds.values())
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
