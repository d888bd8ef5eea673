"""Elementwise functions and activations against torch's: values, first and second derivatives, in one session."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import nn

pytestmark = pytest.mark.extras("torch")
RNG = np.random.default_rng(0)
ALL, POSITIVE, INSIDE = RNG.normal(size=40) * 3, RNG.uniform(0.01, 9, 40), RNG.uniform(-0.99, 0.99, 40)
SECOND = RNG.normal(size=40)

UNARY = {
    **dict.fromkeys(("sinh", "cosh", "arctan", "arcsinh", "exp2", "sinc", "deg2rad", "rad2deg", "fabs"), ALL),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), INSIDE),
    **dict.fromkeys(("log2", "log10"), POSITIVE),
    "arccosh": POSITIVE + 1.01,
}
TORCH = {"fabs": "abs"}
BINARY = ("arctan2", "hypot", "logaddexp", "logaddexp2", "fmax", "fmin", "fmod", "copysign")
ACTIVATIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "gelu": ({}, {"approximate": "tanh"}),
    "elu": ({}, {"alpha": 0.7}),
    "celu": ({}, {"alpha": 0.5}),
    "leaky_relu": ({}, {"negative_slope": 0.2}),
    "hardtanh": ({}, {"min_val": -2.0, "max_val": 0.5}),
    "softshrink": ({}, {"lambd": 1.0}),
    "hardshrink": ({}, {"lambd": 1.0}),
    "threshold": ({"threshold": 0.1, "value": 3.0},),
    **dict.fromkeys(
        ("silu", "selu", "mish", "relu6", "hardswish", "hardsigmoid", "softsign", "log_sigmoid", "tanhshrink"), ({},)
    ),
}
VALUE_ALONE = "hardsigmoid"  # torch has its slope in float32, and no second derivative
Both = tuple[str, Callable[..., Any], Callable[..., Any], tuple[np.ndarray, ...]]


def pairs() -> list[Both]:
    import torch

    functional = torch.nn.functional
    found: list[Both] = []
    for name, array in UNARY.items():
        found.append((name, getattr(sa, name), getattr(torch, TORCH.get(name, name)), (array,)))
    for name in BINARY:
        found.append((name, getattr(sa, name), getattr(torch, name), (ALL, SECOND)))
    for name, flags in ACTIVATIONS.items():
        ours, theirs = getattr(nn, name), getattr(functional, name.replace("log_sigmoid", "logsigmoid"))
        for given in flags:
            found.append((f"{name}{given}", partial(ours, **given), partial(theirs, **given), (ALL,)))
    found.append(("glu", nn.glu, functional.glu, (ALL,)))
    found.append(("prelu", nn.prelu, lambda x, w: functional.prelu(x, w[:1]), (ALL, SECOND[:1])))
    found.append(("softmin", nn.softmin, lambda x: functional.softmin(x, -1), (ALL,)))
    return found


def test_values_and_derivatives() -> None:
    import torch

    inputs: dict[str, Any] = {}
    fetches: list[Any] = []
    expected: list[tuple[str, np.ndarray]] = []
    feeds: dict[Any, np.ndarray] = {}
    for name, ours, theirs, arrays in pairs():
        xs = []
        for array in arrays:
            key = f"x{array.__array_interface__['data'][0]}_{array.size}"
            xs.append(inputs.setdefault(key, sa.placeholder(array.shape, name=key)))
            feeds[xs[-1]] = array
        tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
        y, value = ours(*xs), theirs(*tensors)
        factor = np.cos(np.arange(value.numel()))
        total, other = (y * factor).sum(), (value * torch.tensor(factor)).sum()
        fetches.append(y)
        expected.append((name, value.numpy(force=True)))
        for order in () if name.startswith(VALUE_ALONE) else (1, 2):
            slopes = sa.gradients(total, xs, unconnected="zero")
            found = torch.autograd.grad(other, tensors, create_graph=True, allow_unused=True, materialize_grads=True)
            fetches += slopes
            expected += [(f"{name}, order {order}", s.numpy(force=True)) for s in found]
            total = sum(((s * s).sum() for s in slopes), sa.constant(0.0))
            other = sum((s * s).sum() for s in found)
            if not other.requires_grad:
                break
    found = sa.compile(fetches, inputs=list(feeds)).run(feeds)
    wrong = [name for (name, w), v in zip(expected, found, strict=True) if not np.allclose(v, w, 1e-9, 1e-11)]
    assert not wrong
