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
