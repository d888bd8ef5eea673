"""Decompositions against torch's: values, first and second derivatives, of what does not depend on signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("torch")
X = np.random.default_rng(0).normal(size=(2, 4, 3)) + 2 * np.eye(4, 3)[::-1]


def pairs() -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    import torch

    ours, theirs = sa.linalg, torch.linalg
    return [
        (ours.svdvals, theirs.svdvals),
        (lambda x: ours.svd(x, False).U ** 2, lambda x: theirs.svd(x, False)[0] ** 2),
        (lambda x: ours.svd(x, False).Vh ** 2, lambda x: theirs.svd(x, False)[2] ** 2),
        (lambda x: ours.eigh(sa.swapaxes(x, 1, 2) @ x).eigenvectors ** 2,
         lambda x: theirs.eigh(x.mT @ x)[1] ** 2),
        (lambda x: ours.qr(x).R, lambda x: theirs.qr(x)[1]),
        (lambda x: ours.qr(sa.swapaxes(x, 1, 2)).Q, lambda x: theirs.qr(x.mT)[0]),
        (lambda x: ours.lu(x)[1], lambda x: theirs.lu(x)[1]),
        (lambda x: ours.lu(sa.swapaxes(x, 1, 2))[2], lambda x: theirs.lu(x.mT)[2]),
        (ours.pinv, theirs.pinv),
        (lambda x: ours.expm(sa.swapaxes(x, 1, 2) @ x / 9), lambda x: theirs.matrix_exp(x.mT @ x / 9)),
        (lambda x: ours.matrix_norm(x, ord="nuc"), lambda x: theirs.matrix_norm(x, "nuc")),
        (lambda x: ours.lstsq(x, x[:, :, :1] ** 2).x, lambda x: theirs.lstsq(x, x[:, :, :1] ** 2)[0]),
    ]  # fmt: skip


def test_values_and_derivatives() -> None:
    import torch

    x, fetches, expected = sa.placeholder(X.shape), [], []
    for ours, theirs in pairs():
        y, tensor = ours(x), torch.tensor(X, requires_grad=True)
        value = theirs(tensor)
        (first,) = sa.gradients((y**3).sum(), [x])
        (second,) = sa.gradients((first * sa.sin(x)).sum(), [x])
        (one,) = torch.autograd.grad((value**3).sum(), tensor, create_graph=True)
        (two,) = torch.autograd.grad((one * torch.sin(tensor)).sum(), tensor)
        fetches += [y, first, second]
        expected += [value, one, two]
    for found, wanted in zip(sa.compile(fetches, [x])(X), expected, strict=True):
        desired = wanted.detach().numpy()
        np.testing.assert_allclose(found, desired, rtol=1e-8, atol=1e-9 * np.abs(desired).max())
