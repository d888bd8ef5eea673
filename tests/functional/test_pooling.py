"""Pools and resizing: what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa

X = sa.placeholder((2, 4, 6, 5), "float32", name="x")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: sa.nn.max_pool2d(X, 3, padding=2), "more than half"),
        (lambda: sa.nn.max_pool2d(X, 7), "max_pool2d: a window of 7 elements does not fit"),
        (lambda: sa.nn.avg_pool2d(X, 2, divisor_override=0), "divisor_override has to be a number, and not 0"),
        (lambda: sa.nn.avg_pool1d(X, 2), "avg_pool1d: the input has to be"),
        (lambda: sa.nn.adaptive_avg_pool2d(X, (1, 2, 3)), "output_size"),
        (lambda: sa.nn.interpolate(X, 3, mode="linear"), "mode='linear' is not there for 2 sizes"),
        (lambda: sa.nn.interpolate(X), "either size or scale_factor"),
        (lambda: sa.nn.interpolate(X, 3, align_corners=True), "align_corners= means nothing"),
        (lambda: sa.nn.pixel_shuffle(X, 3), "no squares of 3 x 3"),
        (lambda: sa.nn.pixel_unshuffle(X, 3), "no multiples of 3"),
        (lambda: sa.nn.unfold(X, 9), "unfold: a window of 9 elements does not fit"),
        (lambda: sa.nn.fold(sa.ones((2, 7, 3)), 4, 2), "no windows of 4 elements"),
        (lambda: sa.nn.grid_sample(X, sa.ones((2, 3, 3, 3), "float32")), "coordinates"),
        (lambda: sa.nn.affine_grid(sa.ones((2, 2, 2)), (2, 1, 3, 3)), "theta has to be"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, text: str) -> None:
    with pytest.raises(sa.ShapeError, match=text) as caught:
        make()
    assert "test_pooling.py" in str(caught.value)


def test_a_window_that_does_not_fit_at_run_time_is_refused() -> None:
    x = sa.placeholder((1, 1, None), "float32")
    session = sa.compile(sa.nn.max_pool1d(x, 3), inputs=[x])
    np.testing.assert_array_equal(session(np.array([[[1, 3, 2]]], np.float32)), [[[3]]])
    with pytest.raises(sa.FeedError, match="max_pool"):
        session(np.ones((1, 1, 2), np.float32))


def test_integers_have_maxima() -> None:
    x = sa.placeholder((1, 1, 4), "int32")
    (found,) = sa.compile([sa.nn.max_pool1d(x, 2)], inputs=[x])(np.array([[[1, 7, -3, -2]]], np.int32))
    assert found.dtype == np.int32 and found.tolist() == [[[7, -2]]]
