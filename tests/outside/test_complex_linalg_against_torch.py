"""Decompositions of complex matrices, and eigenvalues, against torch's and JAX's: values, first and second derivatives.

torch's gradients are the conjugates of these (docs/complex.md); JAX's are the same ones. What is compared does not
depend on phases, nor on the order of eigenvalues of matrices that are not hermitian.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 4, 3)) + 1j * RNG.normal(size=(2, 4, 3)) + 2 * np.eye(4, 3)[::-1]
Functions = list[tuple[Callable[..., Any], Callable[..., Any]]]


def near_enough(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-9 * np.abs(wanted).max())


def number(y: Any, real: Any, imag: Any) -> Any:
    """A real number that depends on all of y."""
    return (real(y) ** 3 + imag(y) ** 2).sum()


def gram(x: Any) -> Any:
    return sa.conj(sa.swapaxes(x, 1, 2)) @ x


def derived(y: sa.Tensor, x: sa.Tensor) -> list[sa.Tensor]:
    (first,) = sa.gradients(number(sa.astype(y, "complex128"), sa.real, sa.imag), [x])
    (second,) = sa.gradients((first * sa.sin(x)).sum().real, [x])
    return [first, second]


@pytest.mark.extras("torch")
def test_as_torch_has_it() -> None:
    import torch

    ours, theirs = sa.linalg, torch.linalg
    pairs: Functions = [
        (ours.svdvals, theirs.svdvals),
        (lambda x: abs(ours.svd(x, False).U) ** 2, lambda x: theirs.svd(x, False)[0].abs() ** 2),
        (lambda x: abs(ours.svd(sa.swapaxes(x, 1, 2), False).Vh), lambda x: theirs.svd(x.mT, False)[2].abs()),
        (lambda x: abs(ours.eigh(gram(x)).eigenvectors) ** 2, lambda x: theirs.eigh(x.mH @ x)[1].abs() ** 2),
        (lambda x: ours.eigvalsh(gram(x)), lambda x: theirs.eigvalsh(x.mH @ x)),
        (lambda x: abs(ours.qr(x).R), lambda x: theirs.qr(x)[1].abs()),
        (lambda x: abs(ours.qr(sa.swapaxes(x, 1, 2)).Q), lambda x: theirs.qr(x.mT)[0].abs()),
        (lambda x: ours.lu(x)[1], lambda x: theirs.lu(x)[1]),
        (ours.pinv, theirs.pinv),
        (lambda x: ours.expm(gram(x) / 9), lambda x: theirs.matrix_exp(x.mH @ x / 9)),
        (lambda x: ours.matrix_norm(x, ord="nuc"), lambda x: theirs.matrix_norm(x, "nuc")),
        (lambda x: (ours.eigvals(x[:, :3]) ** 2).sum(-1), lambda x: (theirs.eigvals(x[:, :3]) ** 2).sum(-1)),
        (lambda x: abs(ours.eig(x[:, 1:]).eigenvectors).sum(-1), lambda x: theirs.eig(x[:, 1:])[1].abs().sum(-1)),
        (lambda x: abs(ours.eig(x[:, 1:].real).eigenvectors).sum(-1),
         lambda x: theirs.eig(x[:, 1:].real)[1].abs().sum(-1)),
    ]  # fmt: skip
    x, fetches, expected = sa.placeholder(X.shape, "complex128"), [], []
    for mine, other in pairs:
        y, tensor = mine(x), torch.tensor(X, requires_grad=True)
        value = other(tensor)
        wide = value.to(torch.complex128)
        (one,) = torch.autograd.grad(number(wide, torch.real, torch.imag), tensor, create_graph=True)
        (two,) = torch.autograd.grad((one.conj() * torch.sin(tensor)).sum().real, tensor)
        fetches += [y, *derived(y, x)]
        expected += [value, one.conj(), two.conj()]
    for found, wanted in zip(sa.compile(fetches, [x])(X), expected, strict=True):
        near_enough(found, wanted.detach().resolve_conj().numpy())


@pytest.mark.extras("jax")
def test_as_jax_has_it() -> None:
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = importlib.import_module("jax.numpy")
    theirs, ours = jnp.linalg, sa.linalg
    pairs: Functions = [
        # The phases are chosen alike, so that these agree without absolute values but for those of LAPACK's vectors.
        (lambda x: ours.svd(x, False).U @ ours.svd(x, False).Vh,
         lambda x: theirs.svd(x, full_matrices=False)[0] @ theirs.svd(x, full_matrices=False)[2]),
        (lambda x: abs(ours.eigh(gram(x)).eigenvectors), lambda x: abs(theirs.eigh(x.conj().mT @ x)[1])),
        (lambda x: ours.qr(x).Q @ ours.qr(x).R ** 2, lambda x: theirs.qr(x)[0] @ theirs.qr(x)[1] ** 2),
    ]  # fmt: skip

    def loss(other: Any) -> Any:
        return lambda z: number(other(z).astype("complex128"), jnp.real, jnp.imag)

    x, fetches, expected = sa.placeholder(X.shape, "complex128"), [], []
    for mine, other in pairs:
        y, first = mine(x), jax.grad(loss(other))
        second = jax.grad(lambda z, first=first: (first(z) * jnp.sin(z)).sum().real)
        fetches += [y, *derived(y, x)]
        expected += [other(X), first(X), second(X)]
    eigenvalues = (ours.eigvals(x[:, :3]) ** 2).sum(-1)
    fetches += [eigenvalues, derived(eigenvalues, x)[0]]
    squares = lambda z: (theirs.eigvals(z[:, :3]) ** 2).sum(-1)  # noqa: E731
    expected += [squares(X), jax.grad(loss(squares))(X)]
    for found, wanted in zip(sa.compile(fetches, [x])(X), expected, strict=True):
        near_enough(found, np.asarray(wanted))
