"""Arrays put together from regions: only what no operand covers is filled."""

from __future__ import annotations

import pytest

import staticad as sa
from tests.lower.checking import computes
from tests.lower.planning import labels


@pytest.mark.parametrize(
    ("shape", "widths", "fills"),
    [
        ((200, 200), ((1, 2), (0, 0)), 2),
        ((200, 200), ((0, 2), (3, 0)), 2),
        ((200, 200), ((1, 1), (2, 2)), 4),
        ((None, 200), ((1, 1), (2, 2)), 4),
        ((20, 200, 10), ((0, 0), (1, 0), (0, 0)), 1),
        ((3, 4), ((1, 1), (2, 2)), 1),  # small: one fill is less than four
        ((200, 200), ((0, 0), (0, 0)), 0),
    ],
)
def test_padding_fills_around_the_array(
    shape: tuple[int | None, ...], widths: tuple[tuple[int, int], ...], fills: int
) -> None:
    for value in (0.0, 2.5):
        plan = computes(sa.pad(sa.exp(sa.placeholder(shape)), widths, constant_values=value), [70])
        assert sum(label.startswith("fill") for label in labels(plan)) == fills


def test_gaps_are_filled_as_a_whole() -> None:
    x = sa.placeholder((300, 200))
    plan = computes(sa.gradients((x[::2] ** 2).sum(), [x]))
    assert sum(label.startswith("fill") for label in labels(plan)) == 1
