"""Sorting and counting against torch's: values, first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("torch")
RNG = np.random.default_rng(0)
X = RNG.permutation(np.arange(30.0)).reshape(2, 5, 3) / 7
V = RNG.normal(size=(2, 5, 4))


def differentiable() -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    import torch

    return [
        (lambda x: sa.sort(x, axis=-2), lambda x: torch.sort(x, -2)[0]),
        (lambda x: sa.sort(x, axis=0, descending=True), lambda x: torch.sort(x, 0, True)[0]),
        (lambda x: sa.sort(x, axis=None), lambda x: torch.sort(x.reshape(-1))[0]),
        (lambda x: sa.top_k(x, 2, axis=1).values, lambda x: torch.topk(x, 2, 1)[0]),
        (lambda x: sa.topk(x, 3, -1, largest=False).values, lambda x: torch.topk(x, 3, -1, largest=False)[0]),
    ]


def test_values_and_derivatives() -> None:
    import torch

    x, fetches, expected = sa.placeholder((2, "n", 3)), [], []
    for ours, theirs in differentiable():
        y, tensor = ours(x), torch.tensor(X, requires_grad=True)
        value = theirs(tensor)
        (first,) = sa.gradients((y**3).sum(), [x])
        (second,) = sa.gradients((first * sa.sin(x)).sum(), [x])
        (one,) = torch.autograd.grad((value**3).sum(), tensor, create_graph=True)
        (two,) = torch.autograd.grad((one * torch.sin(tensor)).sum(), tensor)
        fetches += [y, first, second]
        expected += [value, one, two]
    for found, wanted in zip(sa.compile(fetches, [x])(X), expected, strict=True):
        np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_places_and_counts() -> None:
    import torch

    x, v, i = sa.placeholder((2, "n", 3)), sa.placeholder((2, 5, "k")), sa.placeholder(("m",), "int64")
    columns = sa.swapaxes(x, 1, 2)[:, :, :5]
    rows = sa.sort(sa.reshape(columns, (2, 3, -1)), axis=-1)
    session = sa.compile(
        [
            sa.argsort(x, axis=1, descending=True), sa.top_k(x, 2, axis=1).indices,
            sa.searchsorted(rows, v[:, :3], side="right"), sa.bincount(i, minlength=6), sa.isin(i, [1, 4]),
        ],
        [x, v, i],
    )  # fmt: skip
    counted = RNG.integers(0, 6, 20)
    tensor, sought, numbers = torch.tensor(X), torch.tensor(V), torch.tensor(counted)
    ordered = torch.sort(tensor.swapaxes(1, 2).contiguous(), -1)[0]
    expected = [
        torch.argsort(tensor, 1, True), torch.topk(tensor, 2, 1)[1],
        torch.searchsorted(ordered, sought[:, :3].contiguous(), right=True), torch.bincount(numbers, minlength=6),
        torch.isin(numbers, torch.tensor([1, 4])),
    ]  # fmt: skip
    for found, wanted in zip(session(X, V, counted), expected, strict=True):
        np.testing.assert_array_equal(found, wanted.numpy())
