"""Reductions and cumulative functions against those of PyTorch: values, first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("torch")

RNG = np.random.default_rng(0)
PLAIN = RNG.normal(size=(3, 5))
ZEROS = np.where(RNG.uniform(size=(3, 5)) < 0.4, 0.0, PLAIN)
LARGE = 300 * PLAIN

# (function of NumPy's names, function of torch and a tensor, array)
Function = Callable[..., Any]
CALLS: dict[str, tuple[Function, Function, np.ndarray]] = {
    "cumsum": (lambda x: sa.cumsum(x, 1), lambda t, x: t.cumsum(x, 1), PLAIN),
    "cumprod": (lambda x: sa.cumprod(x, 0), lambda t, x: t.cumprod(x, 0), PLAIN),
    "cumprod with zeros": (lambda x: sa.cumprod(x, 1), lambda t, x: t.cumprod(x, 1), ZEROS),
    "cummax": (lambda x: sa.cummax(x, -1), lambda t, x: t.cummax(x, -1)[0], PLAIN),
    "cummax with ties": (lambda x: sa.cummax(x, 1), lambda t, x: t.cummax(x, 1)[0], ZEROS),
    "cummin": (lambda x: sa.cummin(x, 0), lambda t, x: t.cummin(x, 0)[0], PLAIN),
    "logcumsumexp": (lambda x: sa.logcumsumexp(x, 1), lambda t, x: t.logcumsumexp(x, 1), PLAIN),
    "logcumsumexp of large numbers": (lambda x: sa.logcumsumexp(x, 1), lambda t, x: t.logcumsumexp(x, 1), LARGE),
    "var": (lambda x: sa.var(x, (0, 1), correction=2.5), lambda t, x: t.var(x, (0, 1), correction=2.5), PLAIN),
    "std": (lambda x: sa.std(x, 1, ddof=1), lambda t, x: t.std(x, 1), PLAIN),
    "quantile": (
        lambda x: sa.quantile(x, [0.1, 0.6], 1),
        lambda t, x: t.quantile(x, t.tensor([0.1, 0.6], dtype=x.dtype), 1),
        PLAIN,
    ),
    "cov": (lambda x: sa.cov(x, ddof=0), lambda t, x: t.cov(x, correction=0), PLAIN),
    "corrcoef": (lambda x: sa.corrcoef(x)[0, 1:], lambda t, x: t.corrcoef(x)[0, 1:], PLAIN),
    "diff": (lambda x: sa.diff(x, 2, 0), lambda t, x: t.diff(x, 2, 0), PLAIN),
    "trapezoid": (lambda x: sa.trapezoid(x, dx=0.3), lambda t, x: t.trapezoid(x, dx=0.3), PLAIN),
    "cumulative_trapezoid": (sa.cumulative_trapezoid, lambda t, x: t.cumulative_trapezoid(x), PLAIN),
    "gradient": (
        lambda x: sa.gradient(x, 0.5, axis=1, edge_order=2),
        lambda t, x: t.gradient(x, spacing=0.5, dim=1, edge_order=2)[0],
        PLAIN,
    ),
}


def test_values_and_derivatives() -> None:
    """One session computes for every function its values, a gradient of them, and the gradient of that."""
    import torch

    x = sa.placeholder((3, 5))
    weights: dict[str, np.ndarray] = {}
    run: dict[str, list[sa.Tensor]] = {}
    wanted: dict[str, list[np.ndarray]] = {}
    for name, (ours, theirs, value) in CALLS.items():
        y = ours(x)
        weights[name] = RNG.normal(size=y.shape)
        (first,) = sa.gradients(sa.sum(y * weights[name] + 0.5 * y * y), x)
        (second,) = sa.gradients(sa.sum(first * PLAIN), x)
        run[name] = [y, first, second]
        t = torch.tensor(value, requires_grad=True)
        z = theirs(torch, t)
        (g,) = torch.autograd.grad((z * torch.tensor(weights[name]) + 0.5 * z * z).sum(), t, create_graph=True)
        (h,) = torch.autograd.grad((g * torch.tensor(PLAIN)).sum(), t)
        wanted[name] = [part.detach().numpy() for part in (z, g, h)]
    for name, nodes in run.items():
        for order, (found, expected) in enumerate(zip(sa.evaluate(nodes, {x: CALLS[name][2]}), wanted[name])):
            scale = 1 + np.abs(expected).max()
            np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10 * scale, err_msg=f"{name}, {order}")
