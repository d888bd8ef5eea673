"""Convolutions: what is refused, and results that do not depend on how the work is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.reference import evaluate


def x(*shape: Any) -> sa.Tensor:
    return sa.placeholder(shape, "float32", name="x")


W = np.zeros((4, 3, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: sa.nn.conv2d(x(2, 5, 8, 8), W), "channels"),
        (lambda: sa.nn.conv2d(x(2, 3, 2, 8), W), "does not fit axis 0"),
        (lambda: sa.nn.conv2d(x(2, 3, 8), x(4, 3, 3)), "weight has to have 4 axes"),
        (lambda: sa.nn.conv2d(x(2, 8), W), r"conv2d: the input has to be"),
        (lambda: sa.nn.conv2d(x(2, 3, 8, 8), W, stride=0), "stride=0 has to be at least 1"),
        (lambda: sa.nn.conv2d(x(2, 3, 8, 8), W, padding=(1, 2, 3)), "has to be an int, or 2 of them"),
        (lambda: sa.nn.conv2d(x(2, 3, 8, 8), W, padding="full"), "'same', 'valid' or numbers"),
        (lambda: sa.nn.conv2d(x(2, 3, 8, 8), W, padding="same", stride=2), "needs stride 1"),
        (lambda: sa.nn.conv2d(x(2, 9, 8, 8), W, groups=3), "filters in 3 groups"),
        (lambda: sa.nn.conv2d(x(2, 3, 8, 8), W, bias=np.zeros((4, 1), np.float32)), "bias has to be a vector"),
        (lambda: sa.nn.conv_transpose2d(x(2, 4, 8, 8), W, output_padding=1), "smaller than stride or dilation"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, text: str) -> None:
    with pytest.raises(sa.ShapeError, match=text) as caught:
        make()
    assert "test_convolution.py" in str(caught.value)


def test_a_window_that_does_not_fit_at_run_time_is_refused() -> None:
    image = x(1, 3, None, 8)
    session = sa.compile(sa.nn.conv2d(image, W), inputs=[image])
    assert session(np.ones((1, 3, 3, 8), np.float32)).shape == (1, 4, 1, 6)
    with pytest.raises(sa.FeedError, match="does not fit axis 0"):
        session(np.ones((1, 3, 2, 8), np.float32))


def test_many_images_and_channels(rng: np.random.Generator) -> None:
    """More than one block of places and of channels, and more than one task."""
    image, weight = sa.placeholder((None, 40, None, None), "float32"), sa.placeholder((7, 20, 3, 3), "float32")
    y = sa.nn.conv2d(image, sa.concatenate([weight, weight], axis=1), padding=1)
    outputs = [y, *sa.gradients(sa.sum(sa.sin(y)), [image, weight])]
    session = sa.compile(outputs, inputs=[image, weight])
    for shape in ((5, 40, 17, 19), (1, 40, 1, 1), (0, 40, 4, 4)):
        arrays = [rng.normal(size=shape).astype(np.float32), rng.normal(size=(7, 20, 3, 3)).astype(np.float32)]
        for a, b in zip(session(*arrays), evaluate(outputs, dict(zip([image, weight], arrays))), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("rank", "filters", "channels", "groups", "kernel", "settings"),
    [
        (1, 2, 1, 2, (5,), {"padding": 2}),
        (2, 3, 1, 3, (3, 3), {"padding": 1}),
        (2, 6, 2, 3, (4, 2), {"padding": ((0, 3), (2, 0)), "dilation": (1, 3)}),
        (2, 4, 3, 1, (1, 7), {"padding": (2, 3)}),
        (3, 4, 1, 4, (2, 3, 2), {"padding": (1, 0, 1), "dilation": (2, 1, 1)}),
        (2, 3, 1, 3, (3, 3), {"padding": 1, "stride": 2}),
    ],
)
def test_few_filters(
    dtype: str, rank: int, filters: int, channels: int, groups: int, kernel: tuple[int, ...], settings: Any,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """They meet an image with its padding as a whole: some rows at a time, or one that is longer than these."""
    image = sa.placeholder((None, channels * groups, *[None] * rank), dtype)
    weight = sa.placeholder((filters, channels, *kernel), dtype)
    y = getattr(sa.nn, f"conv{rank}d")(image, weight, groups=groups, **settings)
    session = sa.compile(y, inputs=[image, weight])
    extents = {1: ((9,), (3000,)), 2: ((9, 11), (7, 2100), (90, 40), (500, 300)), 3: ((5, 6, 7), (3, 40, 70))}[rank]
    for n, sizes in ((2, extents[0]), (0, extents[0]), *((1, more) for more in extents[1:])):
        arrays = [rng.normal(size=s).astype(dtype) for s in ((n, channels * groups, *sizes), weight.shape)]
        arrays[0][..., -1:] = np.inf  # only where it is met
        arrays[0][..., :1] = np.nan
        (expected,) = evaluate([y], dict(zip([image, weight], arrays)))
        error = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(session(*arrays), expected, rtol=error, atol=error)


def test_kernels_of_one_tap_need_no_room() -> None:
    """They are products of the image as it lies, also with few filters, which would frame an image otherwise."""
    image, weight = sa.placeholder((4, 3, 200, 200)), sa.placeholder((2, 3, 1, 1))
    session = sa.compile(sa.nn.conv2d(image, weight), inputs=[image, weight])
    feeds = {image: np.ones((4, 3, 200, 200)), weight: np.ones((2, 3, 1, 1))}
    assert session.memory(feeds) == 0
    np.testing.assert_array_equal(session.run(feeds), np.full((4, 2, 200, 200), 3.0))


def test_no_channels() -> None:
    image, weight = sa.placeholder((None, 0, 5, 5)), sa.placeholder((3, 0, 3, 3))
    for stride in (1, 2):
        session = sa.compile(sa.nn.conv2d(image, weight, stride=stride), inputs=[image, weight])
        assert not session(np.ones((2, 0, 5, 5)), np.ones((3, 0, 3, 3))).any()
