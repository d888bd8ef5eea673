"""Deep programs: no RecursionError, wherever the depth is. What is worked on by recursion has a limit, which errors
name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, GraphError, ShapeError
from staticad.functional.control import MOST_NESTED
from staticad.functional.nests import DEEPEST
from staticad.ir import dims
from staticad.ir.printer import print_graph
from staticad.rewrite.pipeline import Options, optimize

X, V = sa.placeholder(()), sa.placeholder(("n",))
N: Any = V.shape[0]


@pytest.fixture
def shallow() -> Iterator[None]:
    """Python's limit as a program sees it that has called some hundred functions before."""
    before = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + 800)
    yield
    sys.setrecursionlimit(before)


# ---- sizes -----------------------------------------------------------------------------------------------------------


def halved(times: int) -> Any:
    size = N
    for number in range(times):
        size = (size + number) // 2
    return size


def folded(times: int) -> Any:
    """A nest whose operands are shared: as a tree it has 2 to the power of ``times`` leaves."""
    size = N
    for _ in range(times):
        size = dims.maximum(size // 2 + 1, size // 3 + 2)
    return size


@pytest.mark.parametrize(("size", "value"), [(lambda: halved(10_000), 9_998), (lambda: folded(300), 3)])
def test_nested_sizes(size: Callable[[], Any], value: int) -> None:
    nested = size()
    assert nested == size() and hash(nested) == hash(size())
    assert len(str(nested)) < 5_000
    y = sa.asarray(nested)
    assert sa.compile(y, inputs=[V])(np.zeros(5)) == value == sa.evaluate(y, {V: np.zeros(5)})[0]
    assert print_graph([sa.zeros(nested)]) and sa.to_dot(sa.zeros(nested)) and sa.to_networkx(sa.zeros(nested))
    with pytest.raises(FeedError, match="divides by zero|have to be equal"):
        sa.compile(sa.zeros(nested) + V, inputs=[V])(np.zeros(5))


def test_slices_of_slices() -> None:
    y = V
    for _ in range(60):
        y = y[: (y.shape[0] + 1) // 2]
    np.testing.assert_array_equal(sa.compile(y)(np.arange(5.0)), [0.0])


# ---- chains ----------------------------------------------------------------------------------------------------------


def test_long_chains() -> None:
    y = V
    for _ in range(3_000):
        y = sa.sin(-y)
    value = np.array([0.5, -1.0])
    expected = value
    for _ in range(3_000):
        expected = np.sin(-expected)
    optimize([y, *sa.gradients(y.sum(), [V]), *sa.jvp(y, V, V)], Options(True, False))
    np.testing.assert_allclose(sa.evaluate(y, {V: value})[0], expected)
    assert len(print_graph([y])) > len(repr(y))
    assert len(sa.to_dot(y)) and len(sa.to_networkx(y))


# ---- bodies in bodies ------------------------------------------------------------------------------------------------


def conds(depth: int) -> Any:
    return X * 2.0 if depth == 0 else sa.cond(X > depth, lambda: conds(depth - 1), lambda: X + 1.0)


def scans(depth: int) -> Any:
    return X if depth == 0 else sa.scan(lambda c, _: (c + scans(depth - 1), c), X, length=1)[0]


def loops(depth: int) -> Any:
    return X if depth == 0 else sa.while_loop(lambda c: c < 0.0, lambda c: c + loops(depth - 1), X)


def counts(depth: int) -> Any:
    return X if depth == 0 else sa.fori_loop(0, 1, lambda i, c: c + counts(depth - 1), X)


@sa.function
def functions(depth: int) -> Any:
    if depth == 0:
        return X
    if X > depth:
        return functions(depth - 1)
    return X + 1.0


NESTS = [conds, scans, loops, counts, functions]


@pytest.mark.parametrize("nest", NESTS, ids=[n.__name__ for n in NESTS])
@pytest.mark.usefixtures("shallow")
def test_nests_up_to_the_limit_work_and_deeper_ones_are_errors(nest: Callable[[int], Any]) -> None:
    y = nest(MOST_NESTED)
    (expected,) = sa.evaluate(y, {X: np.asarray(1.5)})
    derivatives = [*sa.gradients(y, [X], unconnected="zero"), *sa.jvp(y, X, sa.ones(()))]
    found, *_ = sa.compile([y, *derivatives], inputs=[X])(1.5)
    assert found == expected
    assert print_graph([y]) and sa.to_dot(y) and sa.to_networkx(y)
    for depth in (MOST_NESTED + 1, 200, 5_000):
        with pytest.raises(GraphError, match=rf"more than {MOST_NESTED} loops and branches.*{__file__}"):
            nest(depth)
    assert nest(3) is not None  # nothing is left of the depth


# ---- nests of lists --------------------------------------------------------------------------------------------------


def listed(depth: int, leaf: Any) -> Any:
    for _ in range(depth):
        leaf = [leaf]
    return leaf


def test_nests_of_lists() -> None:
    itself: list[Any] = []
    itself.append(itself)
    np.testing.assert_array_equal(np.squeeze(sa.compile(listed(40, X))(2.0)), 2.0)
    for nest in (listed(3_000, X), itself):
        with pytest.raises(GraphError, match=f"{DEEPEST} levels"):
            sa.compile(nest)
        with pytest.raises(GraphError, match=f"{DEEPEST} levels"):
            sa.cond(X > 1, lambda nest=nest: nest, lambda nest=nest: nest)
        for use in (sa.asarray, lambda nest: V[nest], lambda nest: V + nest):
            with pytest.raises((ShapeError, GraphError, TypeError)):
                use(nest)


def test_nested_branches_that_change_several_arrays() -> None:
    """What a branch changes is asked of each branch inside it once, not for each output on the way."""

    def nest(depth: int, *arrays: Any) -> Any:
        if depth == 0:
            return arrays
        changed = [array.at[0].add(1.0) for array in arrays]
        return sa.cond(X > depth, lambda: nest(depth - 1, *changed), lambda: arrays)

    results = nest(16, V, V * 2.0, V * 3.0)
    session = sa.compile(list(results), inputs=[X, V], options={"optimize": False})
    for found, factor in zip(session(17.0, np.ones(2)), (1.0, 2.0, 3.0), strict=True):
        np.testing.assert_array_equal(found, [factor + 16, factor])
