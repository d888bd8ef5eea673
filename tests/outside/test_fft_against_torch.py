"""Fourier transforms against torch's: values, first and second derivatives of real operands, with lengths and norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("torch")
X = np.random.default_rng(0).normal(size=(5, 6, 7))
Z = np.random.default_rng(1).normal(size=(5, 6, 7))


def calls() -> list[Callable[[Any, Any], Any]]:
    """Functions of a module and a complex array, and for those of real ones its real part."""
    found: list[Callable[[Any, Any], Any]] = []
    for norm in ("ortho", "forward"):
        for name in ("fft", "ifft", "irfft", "hfft"):
            found += [lambda m, z, f=name, n=n, norm=norm: getattr(m, f)(z, n, 1, norm) for n in (None, 9)]
        for name in ("rfft", "ihfft"):
            found += [lambda m, z, f=name, n=n, norm=norm: getattr(m, f)(z.real, n, 1, norm) for n in (None, 5)]
    for name in ("fftn", "ifftn", "irfftn"):
        found.append(lambda m, z, f=name: getattr(m, f)(z, (4, 8), (0, 2)))
    found += [lambda m, z: m.rfftn(z.real), lambda m, z: m.rfft2(z.real), lambda m, z: m.irfft2(z)]
    found += [lambda m, z: m.fftshift(m.fft2(z), (1,)), lambda m, z: m.ifftshift(m.ifft2(z))]
    return found


def test_values_and_derivatives() -> None:
    import torch

    x, y = sa.placeholder(X.shape), sa.placeholder(Z.shape)
    fetches, expected = [], []
    for call in calls():
        made = call(sa.fft, sa.complex(x, y))
        a, b = (torch.tensor(value, requires_grad=True) for value in (X, Z))
        value = call(torch.fft, torch.complex(a, b))
        firsts = sa.gradients((sa.abs(made) ** 4).sum(), [x, y], unconnected="zero")
        (second,) = sa.gradients((firsts[0] * sa.sin(x)).sum() + (firsts[1] * x).sum(), [x])
        ones = torch.autograd.grad((abs(value) ** 4).sum(), (a, b), create_graph=True, materialize_grads=True)
        (two,) = torch.autograd.grad((ones[0] * torch.sin(a)).sum() + (ones[1] * a).sum(), a)
        fetches += [made, *firsts, second]
        expected += [value, *ones, two]
    for found, wanted in zip(sa.compile(fetches, [x, y])(X, Z), expected, strict=True):
        desired = wanted.detach().resolve_neg().resolve_conj().numpy()
        np.testing.assert_allclose(found, desired, rtol=0, atol=1e-13 * np.abs(desired).max(initial=1))
