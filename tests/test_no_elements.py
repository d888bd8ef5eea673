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


FREE_OR_NOT = [(2, 0), (2, None)]


@pytest.mark.parametrize("shape", FREE_OR_NOT, ids=["known", "free"])
def test_what_is_composed_of_a_maximum_has_its_value_for_no_elements(shape: tuple[int | None, ...]) -> None:
    x = sa.placeholder(shape)
    total = sa.exp(x).sum(axis=1)
    functions = {
        "softmax": (sa.softmax(x), np.zeros((2, 0))),
        "softmax of all": (sa.softmax(x, axis=(0, 1)), np.zeros((2, 0))),
        "log_softmax": (sa.log_softmax(x), np.zeros((2, 0))),
        "logsumexp": (sa.logsumexp(x, axis=1), np.full(2, -np.inf)),
        "logsumexp of all": (sa.logsumexp(x, keepdims=True), np.full((1, 1), -np.inf)),
        "logsumexp by hand": (sa.log(total), np.full(2, -np.inf)),
        "norms": (sa.linalg.norm(x, ord=np.inf, axis=1), np.zeros(2)),
        "norms kept": (sa.linalg.norm(x, ord=np.inf, axis=1, keepdims=True), np.zeros((2, 1))),
    }
    values = [y for y, _ in functions.values()]
    slopes = [sa.gradients(y.sum(), x)[0] for y in values]
    curvatures = [sa.hvp(y.sum(), x, x)[0] for y in values]
    outputs = [*values, *slopes, *curvatures]
    nothing = np.zeros((2, 0))
    results = sa.compile(outputs, [x])(nothing)
    for (name, (_, expected)), result in zip(functions.items(), results):
        np.testing.assert_array_equal(result, expected, err_msg=name)
    assert all(result.shape == (2, 0) for result in results[len(values) :])
    for result, expected in zip(results, evaluate(outputs, {x: nothing}), strict=True):
        np.testing.assert_array_equal(result, expected)


def test_with_elements_the_same_session_gives_what_scipy_and_numpy_give() -> None:
    x = sa.placeholder((2, None))
    session = sa.compile([sa.softmax(x), sa.logsumexp(x, axis=1), sa.linalg.norm(x, ord=np.inf, axis=1)], [x])
    session(np.zeros((2, 0)))
    rows = np.array([[1.0, -np.inf, 800.0], [-3.0, -4.0, 0.5]])
    softmax, logsumexp, norm = session(rows)
    shifted = np.exp(rows - rows.max(axis=1, keepdims=True))
    np.testing.assert_allclose(softmax, shifted / shifted.sum(axis=1, keepdims=True), rtol=1e-15)
    np.testing.assert_allclose(logsumexp, np.logaddexp.reduce(rows, axis=1), rtol=1e-15)
    np.testing.assert_array_equal(norm, [np.inf, 4.0])


@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (None, 0), (None, None)])
def test_cross_entropy_of_no_rows_or_classes(shape: tuple[int | None, ...]) -> None:
    logits, targets = sa.placeholder(shape), sa.placeholder((None,), "int64")
    loss = sa.cross_entropy(logits, targets)
    session = sa.compile([loss, *sa.gradients(loss.sum(), logits)], [logits, targets])
    classes = 3 if shape == (0, 3) else 0
    losses, slope = session(np.zeros((0, classes)), np.zeros(0, np.int64))
    assert losses.shape == (0,) and slope.shape == (0, classes)
    if shape[0] is None:
        with pytest.raises(sa.IndexOutOfBounds):
            session(np.zeros((2, 0)), np.zeros(2, np.int64))


@pytest.mark.parametrize("shape", FREE_OR_NOT, ids=["known", "free"])
@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_extremes_of_no_elements_stay_errors(name: str, shape: tuple[int | None, ...]) -> None:
    with pytest.raises((sa.FeedError, sa.ShapeError), match=r"no elements|at least one element"):
        x = sa.placeholder(shape)
        sa.compile(getattr(sa, name)(x, axis=1), [x])(np.zeros((2, 0)))
