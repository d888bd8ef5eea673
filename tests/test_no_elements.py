"""Runs in which a free size is 0: single numbers are still computed, and nothing unwritten is read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.reference import evaluate
from tests.harness.poison import poisoned_memory


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_numbers_that_a_cut_reduction_leaves_for_later_kernels(count: int) -> None:
    """A reduction in chunks has no chunk without elements; what its kernel stores besides has to be there anyway."""
    chosen, v = sa.placeholder((None,), "bool"), sa.placeholder((), "float32")
    e = sa.expm1(sa.tanh(v) * 1.5)
    t = sa.square(sa.tanh(sa.where(chosen, sa.erf(e), 1.2)) * 1.5)
    y = sa.tanh(sa.sum(t * t)) + sa.erf(e) * 0.5
    gradient = sa.gradients(y, v)
    feeds = {chosen: np.arange(count) % 3 == 0, v: np.asarray(0.3, np.float32)}
    with poisoned_memory():
        session = sa.compile([y, *gradient], [chosen, v])
        assert "if lo == 0:" in session.source()
        found = session.run(feeds)
    np.testing.assert_allclose(found, evaluate([y, *gradient], feeds), rtol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 100])
def test_an_empty_region_outside_of_what_it_is_put_into(count: int) -> None:
    """The start of an empty slice means nothing; its gradient fills the whole array all the same."""
    x = sa.placeholder((None,))
    outputs = [g for key in (slice(1, 1), slice(3, 3), slice(1, None)) for g in _gradient(x, x[::-2][key])]
    feeds = {x: np.linspace(-1, 1, count)}
    with poisoned_memory():
        found = sa.compile(outputs, [x]).run(feeds)
    for result, expected in zip(found, evaluate(outputs, feeds), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-14)


def _gradient(x: sa.Tensor, part: sa.Tensor) -> list[sa.Tensor]:
    return sa.gradients(sa.sum(sa.tanh(part)), x)


@pytest.mark.parametrize("count", [0, 2])
def test_an_index_that_a_loop_over_nothing_shares_with_a_single_element(count: int) -> None:
    """Its check must not fail for the loop, which does not run, and has to be made for the element."""
    x, y = sa.placeholder((4,), name="x"), sa.placeholder((2, None), name="y")
    place = sa.placeholder((), "int64", name="place")
    element = sa.cos(x[place])
    session = sa.compile([sa.sigmoid(element), sa.sum(y / element), y / element], [x, y, place])
    only = sa.compile(y / element, [x, y, place])
    values, ones = np.array([0.5, 1.2, 0.4, 0.3]), np.ones((2, count))
    with poisoned_memory():
        one, total, whole = session(values, ones, 1)
        np.testing.assert_allclose(one, 1 / (1 + np.exp(-np.cos(1.2))), rtol=1e-14)
        np.testing.assert_allclose(total, 2 * count / np.cos(1.2), rtol=1e-14)
        np.testing.assert_allclose(whole, ones / np.cos(1.2), rtol=1e-14)
        with pytest.raises(sa.IndexOutOfBounds):
            session(values, ones, 4)
        if count:
            with pytest.raises(sa.IndexOutOfBounds):
                only(values, ones, 4)
        else:
            assert only(values, ones, 4).shape == (2, 0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: sa.exp(x.T) + x.T,
        lambda x, y: sa.exp(x) + y,
        lambda x, y: x / (1 + sa.exp(x).sum(axis=1, keepdims=True)),
        lambda x, y: sa.concatenate([sa.exp(x), x], axis=1),
        lambda x, y: sa.stack([x, sa.exp(x)]),
        lambda x, y: sa.exp(y)[:, None] * y,
        lambda x, y: x.at[0:1].set(y[None]),
        lambda x, y: sa.scan(lambda s, row: (s + row, sa.exp(row)), y, x)[1],
    ],
)
def test_rows_of_nothing(function: Callable[[sa.Tensor, sa.Tensor], sa.Tensor]) -> None:
    """How many iterations a thread takes depends on their length, which may be 0."""
    x, y = sa.placeholder(("rows", "columns")), sa.placeholder(("columns",))
    result = function(x, y)
    outputs = [result, *sa.gradients(sa.sum(sa.exp(result)), [x, y], unconnected="zero")]
    session = sa.compile(outputs, [x, y])
    for rows, columns in ((3, 0), (0, 3), (0, 0), (3, 2)):
        arrays = np.full((rows, columns), 0.3), np.full(columns, 0.2)
        for found, expected in zip(session(*arrays), evaluate(outputs, dict(zip((x, y), arrays))), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)
