"""Margins in all modes, of fixed and of free sizes, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import StaticadError
from staticad.reference import evaluate
from tests.functional.test_rearranging import numbers
from tests.harness.derivatives import check_gradients

WIDTHS: list[Any] = [
    0,
    1,
    4,
    9,
    (0, 3),
    ((1, 2),),
    ((2,), (1,)),
    ((1, 0), (7, 2)),
    {0: 2},
    {-1: (1, 3)},
    [3],
    (1, 2, 3),
    -1,
]
MODES: list[tuple[str, dict[str, Any]]] = [
    ("constant", {"constant_values": (1, 2)}),
    ("constant", {"constant_values": ((1, 2), (3, 4))}),
    ("edge", {}),
    ("reflect", {}),
    ("reflect", {"reflect_type": "odd"}),
    ("symmetric", {}),
    ("symmetric", {"reflect_type": "odd"}),
    ("wrap", {}),
    ("linear_ramp", {"end_values": (1, 5)}),
    ("maximum", {"stat_length": 2}),
    ("minimum", {"stat_length": (1, 2)}),
    ("mean", {}),
    ("median", {"stat_length": (3, 2)}),
]


@pytest.mark.parametrize(("mode", "options"), MODES, ids=str)
def test_like_numpy(mode: str, options: dict[str, Any]) -> None:
    for shape in ((1,), (2,), (5,), (2, 3), (0,), (0, 2)):
        for dtype in ("int32", "float64") if shape == (2, 3) else ("float64",):
            value = numbers(*shape, dtype=dtype)
            for width in WIDTHS:
                try:
                    expected = np.pad(value, width, mode, **options)
                except (ValueError, TypeError):
                    expected = None
                for sizes in (shape, (None,) * len(shape)):
                    x = sa.placeholder(sizes, dtype)
                    if expected is None:
                        with pytest.raises(StaticadError):
                            evaluate(sa.pad(x, width, mode, **options), {x: value})
                        continue
                    (found,) = evaluate(sa.pad(x, width, mode, **options), {x: value})
                    np.testing.assert_allclose(
                        found, expected, rtol=1e-14, atol=1e-14, err_msg=f"{shape} {width}", strict=True
                    )


def test_widths_that_are_sizes() -> None:
    x, y = sa.placeholder(("n",)), sa.placeholder(("m",))
    feeds = {x: np.arange(4.0), y: np.zeros(6)}
    for mode in ("edge", "reflect", "symmetric", "wrap", "linear_ramp"):
        node = sa.pad(x, (y.shape[0], 1), mode)
        np.testing.assert_allclose(evaluate(node, feeds)[0], np.pad(np.arange(4.0), (6, 1), mode), rtol=1e-14)


def test_numbers_of_the_graph_as_constants() -> None:
    x, c = sa.placeholder((2,)), sa.placeholder(())
    node = sa.pad(x, (1, 2), constant_values=(c, 3))
    np.testing.assert_array_equal(evaluate(node, {x: np.ones(2), c: 5.0})[0], [5, 1, 1, 3, 3])
    check_gradients(node, [x, c], {x: np.ones(2), c: 5.0})


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda x: sa.pad(x, 1, "edge", constant_values=1), "mode 'edge' does not take constant_values"),
        (lambda x: sa.pad(x, 1, stat_length=2), "mode 'constant' does not take stat_length"),
        (lambda x: sa.pad(x, 1, "mean", stat_length=0), "stat_length 0"),
        (lambda x: sa.pad(x, 1, "reflect", reflect_type="both"), "reflect_type 'both'"),
        (lambda x: sa.pad(x, {2: 1}), "axis 2"),
        (lambda x: sa.pad(x[:0], 1, "wrap"), "axis 0 has no elements"),
    ],
)
def test_errors(call: Any, what: str) -> None:
    with pytest.raises(sa.ShapeError, match=rf"^pad: .*{what}.*test_padding|^pad: {what}.*test_padding"):
        call(sa.placeholder((3, 2)))


def test_an_axis_without_elements_is_found_by_the_run() -> None:
    x = sa.placeholder((None,))
    with pytest.raises(sa.FeedError, match="test_padding"):
        evaluate(sa.pad(x, 1, "wrap"), {x: np.zeros(0)})
