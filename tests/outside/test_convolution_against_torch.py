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
    y = y[0] if isinstance(y, tuple) else y
    first = sa.gradients(sa.sum(sa.sin(y)), operands, unconnected="zero")
    second = sa.gradients(sum(sa.sum(sa.sin(g)) for g in first), operands, unconnected="zero")
    found = sa.compile([y, *first, *second], inputs=operands)(*arrays)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        t = theirs(*tensors, **options)
        t = t[0] if isinstance(t, tuple) else t
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


def test_complex_convolutions() -> None:
    """torch's gradients are the conjugates of ours."""
    import torch
    from torch.nn import functional

    rng = np.random.default_rng(3)
    x, w, v = (rng.normal(size=s) + 1j * rng.normal(size=s) for s in ((2, 4, 5, 3), (6, 2, 3, 2), (4, 3, 3, 2)))
    inputs = [sa.placeholder(a.shape, a.dtype) for a in (x, w, v)]
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, w, v)]
    options: dict[str, Any] = {"stride": (2, 1), "padding": 1, "groups": 2}
    ys = [f(inputs[0], w, **options) for f, w in zip((sa.nn.conv2d, sa.nn.conv_transpose2d), inputs[1:])]
    ts = [f(tensors[0], w, **options) for f, w in zip((functional.conv2d, functional.conv_transpose2d), tensors[1:])]
    gradients = sa.gradients(sum(sa.sum(sa.abs(y) ** 4) for y in ys), inputs)
    found = sa.compile([*ys, *gradients], inputs=inputs)(x, w, v)
    expected = torch.autograd.grad(sum((t.abs() ** 4).sum() for t in ts), tensors)
    for a, b in zip(found, (*ts, *(g.conj() for g in expected)), strict=True):
        np.testing.assert_allclose(a, b.detach().resolve_conj().numpy(), rtol=1e-10, atol=1e-8)


OTHERS: list[tuple[str, Shapes, dict[str, Any]]] = [
    ("max_pool1d", ((3, 11),), {"kernel_size": 3, "dilation": 2, "padding": 1, "stride": 1}),
    ("max_pool2d", ((2, 3, 7, 8),), {"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True}),
    ("max_pool3d", ((1, 2, 5, 6, 4),), {"kernel_size": 2}),
    ("avg_pool1d", ((3, 11),), {"kernel_size": 4, "stride": 3, "padding": 2}),
    (
        "avg_pool2d", ((2, 3, 7, 8),),
        {"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
    ),
    ("avg_pool2d", ((2, 3, 7, 8),), {"kernel_size": (3, 2), "stride": (3, 2), "padding": 1, "ceil_mode": True}),
    ("avg_pool3d", ((1, 2, 5, 6, 4),), {"kernel_size": 2, "padding": 1, "divisor_override": 3}),
    ("adaptive_avg_pool1d", ((3, 11),), {"output_size": 4}),
    ("adaptive_avg_pool2d", ((2, 3, 7, 8),), {"output_size": (3, 4)}),
    ("adaptive_avg_pool3d", ((1, 2, 5, 6, 4),), {"output_size": 2}),
    ("adaptive_max_pool1d", ((3, 11),), {"output_size": 4}),
    ("adaptive_max_pool3d", ((1, 2, 5, 6, 4),), {"output_size": 2}),
    ("lp_pool1d", ((3, 11),), {"norm_type": 2.0, "kernel_size": 3}),
    ("lp_pool2d", ((2, 3, 7, 8),), {"norm_type": 2.0, "kernel_size": (3, 2)}),
    ("lp_pool3d", ((1, 2, 5, 6, 4),), {"norm_type": 4.0, "kernel_size": 2}),
    ("affine_grid", ((2, 2, 3),), {"size": (2, 3, 4, 5), "align_corners": True}),
    ("pixel_unshuffle", ((2, 3, 4, 6),), {"downscale_factor": 2}),
    ("adaptive_max_pool2d", ((2, 3, 7, 8),), {"output_size": (3, None)}),
    ("interpolate", ((2, 2, 5, 7),), {"size": (8, 3)}),
    ("interpolate", ((2, 2, 5, 8),), {"scale_factor": 1.75, "mode": "nearest-exact"}),
    ("interpolate", ((2, 2, 5, 7),), {"scale_factor": (1.75, 0.5), "mode": "bilinear"}),
    ("interpolate", ((2, 2, 5, 7),), {"size": (8, 1), "mode": "bicubic", "align_corners": True}),
    ("interpolate", ((1, 2, 3, 4, 3),), {"size": (4, 5, 2), "mode": "trilinear"}),
    ("pixel_shuffle", ((2, 8, 3, 2),), {"upscale_factor": 2}),
    ("unfold", ((2, 3, 7, 6),), {"kernel_size": (3, 2), "dilation": (1, 2), "padding": (1, 0), "stride": (2, 1)}),
    ("fold", ((2, 18, 12),), {"output_size": 5, "kernel_size": (3, 2), "padding": (1, 0), "stride": (2, 1)}),
    ("grid_sample", ((2, 3, 5, 4), (2, 3, 4, 2)), {"align_corners": False}),
    ("grid_sample", ((2, 3, 5, 4), (2, 3, 4, 2)), {"mode": "bicubic", "padding_mode": "border", "align_corners": True}),
    ("grid_sample", ((1, 2, 5, 4, 3), (1, 3, 4, 2, 3)), {"padding_mode": "reflection", "align_corners": False}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "options"), OTHERS)
def test_pools_and_resizing(name: str, shapes: Shapes, options: dict[str, Any]) -> None:
    from torch.nn import functional

    free = name not in ("fold", "grid_sample")
    compare(getattr(sa.nn, name), getattr(functional, name), shapes, free, **options)


def test_positions_of_maxima(rng: np.random.Generator) -> None:
    """With ties and NaN."""
    import torch

    array = rng.integers(0, 3, (2, 3, 7, 8)).astype(np.float64)
    array[0, 0, 2:4, 3] = np.nan
    x = sa.placeholder((2, 3, None, None), "float64")
    for name, options in (("max_pool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1}),):
        found = sa.compile(list(getattr(sa.nn, name)(x, return_indices=True, **options)), inputs=[x])(array)
        expected = getattr(torch.nn.functional, name)(torch.tensor(array), return_indices=True, **options)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b.numpy())
