"""Conditions on free sizes that ops imply: what needs an element, and when it does not."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from staticad.lower.families import FAMILIES
from staticad.lower.kernel.plan import Requirement
from staticad.lower.requirements import size_requirements


def of(*tensors: sa.Tensor) -> list[Requirement]:
    return size_requirements(sort_nodes(tensors), FAMILIES)


def test_sums_need_nothing() -> None:
    x = sa.placeholder((None, 3))
    assert of(sa.sum(x), sa.prod(x), sa.any(x > 0), sa.all(x > 0)) == []


@pytest.mark.parametrize("reduce", [sa.max, sa.min, sa.argmax, sa.argmin])
def test_extremes_need_an_element_of_each_free_axis(reduce: object) -> None:
    x = sa.placeholder(("n", 3))
    (found,) = of(reduce(x, axis=0))  # type: ignore[operator]
    assert (found.size, found.bound, found.error) == (x.shape[0], 1, sa.FeedError)
    assert found.where.file == __file__
    assert of(reduce(x, axis=1)) == []  # type: ignore[operator]


def test_reductions_of_nothing_are_errors_as_in_numpy_even_without_a_result() -> None:
    x = sa.placeholder(("n", "m"))
    session = sa.compile(sa.max(x, axis=1), [x])
    assert session(np.zeros((0, 2))).shape == (0,)
    for shape in ((0, 0), (2, 0)):
        with pytest.raises(ValueError, match="zero-size"):
            np.max(np.zeros(shape), axis=1)
        with pytest.raises(sa.FeedError, match="max over axis 1 .* needs at least one element"):
            session(np.zeros(shape))


def test_indexing_needs_something_to_index() -> None:
    x, index = sa.placeholder(("n", 2)), sa.placeholder(("m",), "int64")
    (found,) = of(x[index])
    assert (found.size, found.error, found.unless_empty) == (x.shape[0], sa.IndexOutOfBounds, index.shape[0])
    session = sa.compile(x[index], [x, index])
    assert session(np.zeros((0, 2)), np.zeros(0, "int64")).shape == (0, 2)
    with pytest.raises(sa.IndexOutOfBounds, match="axis 0 .* is empty"):
        session(np.zeros((0, 2)), np.zeros(1, "int64"))


def test_scatters_into_nothing() -> None:
    x, index = sa.placeholder(("n",)), sa.placeholder(("m",), "int64")
    (found,) = of(x.at[index].add(1.0))
    assert (found.size, found.error, found.unless_empty) == (x.shape[0], sa.IndexOutOfBounds, index.shape[0])
