"""What tests do with convolutions, pools and what resizes images."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import staticad as sa
from staticad.ir.dims import floordiv
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.convolution import CONVOLUTION, CONVOLUTION_IMAGE, CONVOLUTION_WEIGHT
from staticad.ops.windows import WINDOW_ARGMAX
from tests.harness.cases import Case, Input, values
from tests.harness.families import FLOATS
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

PLANE: dict[str, Any] = {"strides": (2, 1), "pads": ((1, 1), (0, 1)), "dilations": (1, 1), "groups": 1}
LINE: dict[str, Any] = {"strides": (2,), "pads": ((2, 1),), "dilations": (2,), "groups": 2}
SOLID: dict[str, Any] = {"strides": (1, 2, 1), "pads": ((0, 1), (1, 0), (-1, 2)), "dilations": (1, 1, 1), "groups": 1}
FLAT: dict[str, Any] = {"strides": (1, 1), "pads": ((0, 0), (0, 0)), "dilations": (1, 1), "groups": 1}


def _case(
    name: str, inputs: tuple[Input, ...], build: Any, nonzero: str, group: str = "convolution", **more: Any
) -> Case:
    return Case(name, inputs, build, group, FLOATS, ulp=None, special=False, nonzero=frozenset(nonzero), **more)


def op_cases() -> Iterator[Case]:
    yield _case("convolution", values("2e3c", "de32"), partial(apply, CONVOLUTION, **PLANE), "bc")
    yield _case("convolution in groups", values("a4b", "622"), partial(apply, CONVOLUTION, **LINE), "bc")
    yield _case("convolution of a solid", values("a2b24", "d2123"), partial(apply, CONVOLUTION, **SOLID), "bc")
    yield _case("convolution of single elements", values("2e3c", "de11"), partial(apply, CONVOLUTION, **FLAT), "bc")
    yield _case(
        "convolution_image", values("2d3c", "de32"),
        lambda g, w: apply(CONVOLUTION_IMAGE, g, w, sizes=(2 * g.shape[2], g.shape[3]), **PLANE), "bc",
    )  # fmt: skip
    yield _case(
        "convolution_weight", values("ae64", "ad34"),
        lambda x, g: apply(CONVOLUTION_WEIGHT, x, g, sizes=(3, 2), **PLANE), "bc",
    )  # fmt: skip

    window: dict[str, Any] = {"kernel": (2, 3), "strides": (2, 1), "pads": (1, 1), "dilations": (1, 1)}
    yield Case(
        "window_argmax", values("a2bc"),
        lambda x: apply(WINDOW_ARGMAX, x, places=(floordiv(x.shape[2], 2) + 1, x.shape[3]), **window),
        "windows", FLOATS, nonzero=frozenset("bc"), smooth=False,
    )  # fmt: skip


def front_cases() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Any, **more: Any) -> Case:
        return _case(name, inputs, build, "bc", "front convolution", **more)

    yield case("conv1d", values("2b", "d23", "d"), partial(sa.nn.conv1d, padding="same", dilation=2))
    yield case("conv2d", values("a2bc", "3232", "3"), partial(sa.nn.conv2d, padding=((1, 1), (0, 1)), stride=(1, 2)))
    yield case("conv3d", values("a2b24", "d2122"), partial(sa.nn.conv3d, padding=(0, 1, 0), stride=2))
    yield case(
        "conv_transpose1d", values("a4b", "433", "6"),
        partial(sa.nn.conv_transpose1d, stride=3, padding=1, output_padding=2, groups=2, dilation=2),
    )  # fmt: skip
    yield case("conv_transpose2d", values("a2bc", "2322", "3"), partial(sa.nn.conv_transpose2d, stride=(2, 1)))
    yield case("conv_transpose3d", values("a1b12", "12212"), partial(sa.nn.conv_transpose3d, padding=(0, 0, 1)))
    nn = sa.nn
    yield case("max_pool1d", values("a2b"), partial(nn.max_pool1d, kernel_size=3, stride=1, padding=1))
    yield case("max_pool2d", values("a2bc"), partial(nn.max_pool2d, kernel_size=(1, 2), padding=(0, 1), ceil_mode=True))
    yield case("max_pool3d", values("a1b46"), partial(nn.max_pool3d, kernel_size=(1, 2, 2)))
    yield case("avg_pool1d", values("2b"), partial(nn.avg_pool1d, kernel_size=3, stride=2, padding=1))
    yield case("avg_pool2d", values("a2bc"), partial(nn.avg_pool2d, kernel_size=1, stride=2, ceil_mode=True))
    yield case("avg_pool3d", values("a2b44"), partial(nn.avg_pool3d, kernel_size=(1, 2, 2)))
    yield case("lp_pool2d", values("a1b4"), partial(nn.lp_pool2d, norm_type=3, kernel_size=(1, 2)), domain=(0.3, 2.0))
    yield case("adaptive_avg_pool2d", values("a2bc"), partial(nn.adaptive_avg_pool2d, output_size=(2, 3)))
    yield case("adaptive_max_pool2d", values("a1bc"), partial(nn.adaptive_max_pool2d, output_size=(2, 3)))
    yield case("interpolate to nearest", values("a2b"), partial(nn.interpolate, scale_factor=2))
    yield case("interpolate", values("a2bc"), partial(nn.interpolate, size=(4, 3), mode="bilinear"))
    yield case("interpolate by cubes", values("a1b4"), partial(nn.interpolate, size=(3, 5), mode="bicubic"))
    yield case("pixels", values("a8bc"), lambda x: nn.pixel_unshuffle(nn.pixel_shuffle(x, 2), 2))
    yield case("unfold", values("a2bc"), partial(nn.unfold, kernel_size=2, padding=1))
    yield case("fold", values("a86"), partial(nn.fold, output_size=(3, 4), kernel_size=2))
    yield case(
        "grid_sample", values("a2bc", "a231"),
        lambda x, t: nn.grid_sample(x, nn.affine_grid(t[..., 0], (1, 1, 3, 2)), padding_mode="border"),
    )  # fmt: skip


def windows(build: Builder) -> Tensor | None:
    """A convolution of the rows of a matrix with fixed numbers."""
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim == 2)
    if x is None:
        return None
    weight = build.rng.normal(size=(2, 1, 3)).astype(x.dtype)
    dilation, stride = int(build.rng.integers(1, 3)), int(build.rng.integers(1, 3))
    rows = sa.expand_dims(sa.tanh(x), 1)
    return sa.nn.conv1d(rows, weight, padding=3, dilation=dilation, stride=stride)[:, 1]


FAMILY = FamilyCases(op_cases=op_cases, front_cases=front_cases, steps=(windows,))
