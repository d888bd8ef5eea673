"""Index checks in loops over dear expressions: vector code, and the errors of checks one by one."""

from __future__ import annotations

import re

import numpy as np
import pytest

import staticad as sa
from staticad.codegen import jit
from tests.lower.checked_memory import IndexReported
from tests.lower.interpreter import Run
from tests.lower.planning import plan_for

T, J, X = sa.placeholder(("n",)), sa.placeholder(("m",), "int64"), sa.placeholder(("m",))


@pytest.fixture(scope="module")
def session() -> sa.Session:
    return sa.compile([sa.exp(T[J] * X) + T[J - 1], sa.exp(X * X) + X], [T, J, X])


def test_gathers_beside_dear_operations_are_vector_code(session: sa.Session) -> None:
    module, _ = jit.compile_listings(session.source().split("\n\n")[0])
    assert "safe_index" in session.source()
    assert re.search(r"fmul <\d+ x double>", module)


def test_values_are_those_at_the_indices(session: sa.Session) -> None:
    t, x = np.linspace(-1, 1, 5), np.linspace(-2, 2, 11)
    i = np.array([0, 4, -1, -4, 3, 2, 1, 0, 0, -2, -3])
    expected = session(t, np.arange(5), t)
    np.testing.assert_allclose(session(t, i, x)[0], np.exp(t[i] * x) + t[i - 1], rtol=1e-15)
    np.testing.assert_array_equal(session(t, np.arange(5), t)[0] - np.roll(t, 1), expected[1] - t)
    assert session(np.zeros(0), np.zeros(0, int), np.zeros(0))[0].shape == (0,)


@pytest.mark.parametrize("place", [0, 3, 10])
def test_an_index_out_of_range_is_named_wherever_it_stands(session: sa.Session, place: int) -> None:
    for bad, reported in ((5, 5), (-5, -6), (2**62, 2**62), (-(2**62), -(2**62))):  # i - 1 is read, too
        i = np.zeros(11, int)
        i[place] = bad
        with pytest.raises(sa.IndexOutOfBounds, match=f"index {reported}.*, which has size 5.*test_strays"):
            session(np.ones(5), i, np.ones(11))
    session(np.ones(5), np.zeros(11, int), np.ones(11))


def test_nothing_is_read_at_an_index_out_of_range() -> None:
    """The interpreter refuses loads outside of arrays. The check, which ends its run, stands behind the loop."""
    plan = plan_for(sa.exp(T[J] * X) + T[J - 1], inputs=[T, J, X])
    with pytest.raises(IndexReported):
        Run.on_arrays(plan, [np.ones(5), np.array([1, 9, -(2**62)]), np.ones(3)], []).run()
