"""Convolutions, pools and resizing: values, first and second derivatives as torch has them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("torch")

Shapes = tuple[tuple[int, ...], ...]


def compare(ours: Any, theirs: Any, shapes: Shapes, free: bool, **options: Any) -> None:
    """The function itself, the gradients of a function of it, and the gradients of a function of those."""
    import torch

    rng = np.random.default_rng(7)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    operands = [sa.placeholder((None,) * len(s) if free and i == 0 else s, "float64") for i, s in enumerate(shapes)]
    y = ours(*operands, **options)
    first = sa.gradients(sa.sum(sa.sin(y)), operands)
    second = sa.gradients(sum(sa.sum(sa.sin(g)) for g in first), operands)
    found = sa.compile([y, *first, *second], inputs=operands)(*arrays)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        t = theirs(*tensors, **options)
        by_first = torch.autograd.grad(t.sin().sum(), tensors, create_graph=True)
        by_second = torch.autograd.grad(sum(g.sin().sum() for g in by_first), tensors)
    for a, b in zip(found, (t, *by_first, *by_second), strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-8, atol=1e-8)


CONVOLUTIONS: list[tuple[str, Shapes, dict[str, Any]]] = [
    ("conv1d", ((2, 4, 11), (6, 2, 3), (6,)), {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}),
    ("conv2d", ((2, 3, 7, 8), (4, 3, 3, 2), (4,)), {"padding": "same", "dilation": (2, 1)}),
    ("conv2d", ((3, 7, 8), (4, 3, 3, 2), (4,)), {"stride": (2, 1), "padding": (1, 0)}),
    ("conv2d", ((2, 70, 9, 17), (5, 70, 3, 3)), {"padding": 1}),
    ("conv3d", ((2, 2, 5, 6, 4), (4, 2, 2, 3, 2)), {"padding": (1, 0, 1), "stride": (1, 2, 1)}),
    (
        "conv_transpose1d", ((2, 4, 5), (4, 3, 3), (6,)),
        {"stride": 3, "padding": 1, "output_padding": 2, "groups": 2, "dilation": 2},
    ),
    (
        "conv_transpose2d", ((2, 4, 5, 4), (4, 3, 3, 2), (3,)),
        {"stride": (2, 1), "padding": (1, 0), "output_padding": (1, 0), "dilation": (1, 2)},
    ),
    ("conv_transpose2d", ((4, 5, 4), (4, 3, 3, 2)), {"padding": 1, "output_padding": (1, 1), "dilation": (2, 3)}),
    ("conv_transpose3d", ((1, 2, 3, 4, 3), (2, 2, 2, 2, 2), (2,)), {"stride": 2}),
]  # fmt: skip


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize(("name", "shapes", "options"), CONVOLUTIONS)
def test_convolutions(name: str, shapes: Shapes, options: dict[str, Any], free: bool) -> None:
    from torch.nn import functional

    compare(getattr(sa.nn, name), getattr(functional, name), shapes, free, **options)
