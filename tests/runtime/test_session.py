"""Sessions: what they return, how they are called, what they tell about themselves."""

from __future__ import annotations

import collections
import gc
import weakref
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.codegen import jit
from tests.export.drawing import read

X = sa.placeholder((None, 3), name="x")
Y = sa.placeholder((None, 3), name="y")
Z = X * Y + 1.0
SESSION = sa.compile([Z, Z.sum(axis=0)], [X, Y], name="small")
Pair = collections.namedtuple("Pair", ["total", "parts"])


def feeds(rows: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers, so that results are exact."""
    rng = np.random.default_rng(seed)
    return rng.integers(-9, 9, (rows, 3)).astype(float), rng.integers(-9, 9, (rows, 3)).astype(float)


def test_fetches_come_back_in_their_nest() -> None:
    x, y = feeds()
    session = sa.compile({"z": Z, "more": [Pair(Z.sum(), (X, {"y": Y}))]}, [X, Y])
    result = session(x, y)
    assert list(result) == ["z", "more"] and isinstance(result["more"][0], Pair)
    np.testing.assert_array_equal(result["z"], x * y + 1)
    np.testing.assert_allclose(result["more"][0].total, (x * y + 1).sum())
    np.testing.assert_array_equal(result["more"][0].parts[0], x)
    np.testing.assert_array_equal(result["more"][0].parts[1]["y"], y)


def test_one_tensor_a_list_and_a_tuple() -> None:
    x, _ = feeds()
    assert isinstance(sa.compile(X + 1.0)(x), np.ndarray)
    assert isinstance(sa.compile([X + 1.0])(x), list)
    assert isinstance(sa.compile((X + 1.0,))(x), tuple)
    assert sa.compile([])() == []


def test_the_same_tensor_twice_is_two_arrays() -> None:
    one, other = sa.compile([Z, Z])(*feeds())
    assert one is not other and not np.shares_memory(one, other)
    np.testing.assert_array_equal(one, other)


def test_inputs_are_in_order_of_creation_by_default() -> None:
    assert [t.name for t in sa.compile(Y - X).inputs] == ["x", "y"]
    x, y = feeds()
    np.testing.assert_array_equal(sa.compile(Y - X)(x, y), y - x)
    np.testing.assert_array_equal(sa.compile(Y - X, [Y, X])(y, x), y - x)


def test_inputs_may_be_more_than_are_needed() -> None:
    x, y = feeds()
    np.testing.assert_array_equal(sa.compile(X + 1.0, [Y, X])(y, x), x + 1)


def test_an_input_that_is_fetched_is_copied() -> None:
    x, _ = feeds()
    result = sa.compile(X)(x)
    assert not np.shares_memory(result, x)
    np.testing.assert_array_equal(result, x)


def test_constants_and_sizes_can_be_fetched() -> None:
    x, _ = feeds(5)
    array = np.arange(3)
    constant, zeros, rows = sa.compile([sa.constant(array), sa.zeros((2,), "int8"), sa.arange(X.shape[0])], [X])(x)
    np.testing.assert_array_equal(constant, array)
    np.testing.assert_array_equal(zeros, np.zeros(2, "int8"))
    np.testing.assert_array_equal(rows, np.arange(5))
    constant[:] = 7
    np.testing.assert_array_equal(sa.compile(sa.constant(array))(), array)


def test_a_constant_is_a_copy_of_the_users_array() -> None:
    array = np.arange(3.0)
    session = sa.compile(sa.constant(array) * X[0], [X])
    array[:] = 100
    np.testing.assert_array_equal(session(np.ones((1, 3))), [0, 1, 2])


def test_feeding_by_tensor_by_name_and_by_position() -> None:
    x, y = feeds()
    expected = SESSION(x, y)
    for given in ({X: x, Y: y}, {"x": x, "y": y}, {"y": y, X: x}):
        for result, want in zip(SESSION.run(given), expected, strict=True):
            np.testing.assert_array_equal(result, want)


def test_results_belong_to_the_caller() -> None:
    x, y = feeds()
    first, _ = SESSION(x, y)
    kept = first.copy()
    second, _ = SESSION(2 * x, y)
    assert first is not second and first.flags.owndata and first.flags.writeable
    np.testing.assert_array_equal(first, kept)


def test_feeds_are_not_changed() -> None:
    x, y = feeds()
    before = x.copy(), y.copy()
    SESSION(x, y)
    np.testing.assert_array_equal((x, y), before)


def test_results_into_given_arrays() -> None:
    x, y = feeds()
    expected = SESSION(x, y)
    out = [np.empty((4, 3)), np.empty(3)]
    result = SESSION.run({X: x, Y: y}, out=out)
    assert result[0] is out[0] and result[1] is out[1]
    for got, want in zip(out, expected, strict=True):
        np.testing.assert_array_equal(got, want)
    single = np.empty((4, 3))
    assert sa.compile(Z, [X, Y]).run({X: x, Y: y}, out=single) is single
    np.testing.assert_array_equal(single, expected[0])


def test_given_arrays_that_do_not_fit() -> None:
    x, y = feeds()
    good = np.empty(3)
    read_only = np.empty((4, 3))
    read_only.flags.writeable = False
    for out, message in (
        ([np.empty((4, 3))], "out has 1 arrays for 2 results"),
        ([np.empty((3, 3)), good], r"out\[0\], given at .*, has to be an array of float64 and the shape \(4, 3\)"),
        ([np.empty((4, 3), "float32"), good], r"out\[0\], given at .*, has to be an array of float64"),
        ([[[1.0]], good], r"out\[0\], given at .*, has to be an array"),
        ([np.empty((3, 4)).T, good], r"out\[0\], given at .*, has to be C-contiguous, aligned and writable"),
        ([read_only, good], r"out\[0\], given at .*, has to be C-contiguous, aligned and writable"),
        ([x, good], r"out\[0\], given at .*, shares memory with a feed"),
    ):
        with pytest.raises(sa.FeedError, match=message):
            SESSION.run({X: x, Y: y}, out=out)
    both = np.empty((8, 3))
    session = sa.compile([Z, Z + 1.0], [X, Y])
    with pytest.raises(sa.FeedError, match="shares memory with a feed or with another result"):
        session.run({X: x, Y: y}, out=[both[:4], both[2:6]])
    session.run({X: x, Y: y}, out=[both[:4], both[4:]])
    np.testing.assert_array_equal(both[4:], both[:4] + 1)


def test_a_result_may_not_overwrite_a_variable() -> None:
    w = sa.variable(np.ones(3))
    session = sa.compile(w * 2.0)
    with pytest.raises(sa.FeedError, match="shares memory"):
        session.run(out=w._storage)


def test_many_sizes_stay_right_and_compile_nothing() -> None:
    before = jit.compilations()
    for rows in [*range(70), 3, 69, 0, 1]:  # more than the session keeps bindings for
        x, y = feeds(rows, rows)
        z, total = SESSION(x, y)
        np.testing.assert_array_equal(z, x * y + 1)
        np.testing.assert_allclose(total, (x * y + 1).sum(axis=0), rtol=1e-12, atol=1e-12)
    assert jit.compilations() == before


def test_sizes_are_checked_on_every_run() -> None:
    x, y = feeds()
    with pytest.raises(sa.FeedError, match="have to be equal"):
        SESSION(x, y[:2])
    with pytest.raises(sa.FeedError, match="have to be equal"):
        SESSION(x, y[:1])
    np.testing.assert_array_equal(SESSION(x, y)[0], x * y + 1)


def test_the_number_of_arrays() -> None:
    x, y = feeds()
    for wrong in ((), (x,), (x, y, x)):
        with pytest.raises(sa.FeedError, match="takes 2 arrays .*'x'.*'y'.*, not"):
            SESSION(*wrong)


def test_options() -> None:
    x = sa.placeholder(())
    naive = sa.log(1.0 + sa.exp(x))
    with np.errstate(over="ignore"):
        assert sa.compile(naive)(1000.0) == 1000
        assert sa.compile(naive, options={"stabilize": False})(1000.0) == np.inf
        assert sa.compile(naive, options={"optimize": False})(1000.0) == np.inf
    with pytest.raises(sa.GraphError, match="no option 'fast'; there are 'optimize', 'stabilize', 'unsound', 'fl"):
        sa.compile(naive, options={"fast": True})


def test_the_source_shows_every_kernel_once() -> None:
    text = SESSION.source()
    assert text.count("def kernel(args, lo, hi):") == len(set(text.split("\n# ")))
    assert "mul(" in text
    deep = sa.placeholder((4, 4))
    value = deep
    for _ in range(3):
        value = sa.tanh(value @ deep)
    assert "(used 3 times)" in sa.compile(value).source()


def test_memory_is_what_is_planned_for_sizes() -> None:
    x = sa.placeholder(("n", 8), name="x")
    session = sa.compile(sa.exp(x) @ sa.exp(x).T, [x])
    small, large = session.memory({"n": 8}), session.memory({"n": 80})
    assert small >= 8 * 8 * 8 and large == 10 * small
    assert session.memory({"n": 0}) == 0
    assert session.memory({x: np.ones((8, 8))}) == session.memory({"x": np.ones((8, 8))}) == small
    assert session.memory({x.shape[0]: 80}) == session.memory({"n": np.int64(80)}) == large
    wrong = (
        ({}, "no value for the size n"),
        ({"n": 1, "m": 2}, "no size is called m"),
        ({"n": 8.0}, "the size n is an int"),
        ({"n": -1}, "at least 0"),
        ({"n": 7, x: np.ones((8, 8))}, "the size n is 7, but 8 by the feeds"),
        ({x: np.ones((8, 9))}, "size of axis 1 is 9"),
        ({sa.placeholder(("n", 8)): np.ones((8, 8))}, "no input of this session"),
        ([8], "sizes are a mapping"),
    )
    for sizes, message in wrong:
        with pytest.raises(sa.FeedError, match=message) as caught:
            session.memory(sizes)  # type: ignore[arg-type]
        assert __file__ in str(caught.value)
    assert sa.compile(sa.placeholder((3,)) + 1.0).memory() == 0


def test_pictures_of_all_stages() -> None:
    w = sa.variable(np.zeros(3), name="w")
    session = sa.compile({"loss": (X @ w).sum()}, [X], updates={w: w + X.sum(axis=0)}, name="step")
    for stage in ("graph", "optimized", "kernels"):
        drawing = read(session.to_dot(stage))
        labels = [attributes["label"] for attributes in drawing.nodes.values()]
        assert any("x" in label for label in labels) and any("w" in label for label in labels)
        assert drawing.edges
    assert session.to_dot() == session.to_dot("graph")
    with pytest.raises(sa.GraphError, match="no stage 'llvm'; there are 'graph', 'optimized' and 'kernels'"):
        session.to_dot("llvm")


def test_attributes() -> None:
    w = sa.variable(np.zeros(3), name="w")
    session = sa.compile(X * w, name="product")
    assert session.inputs == (X,) or session.inputs[0] is X
    assert len(session.variables) == 1 and session.variables[0] is w
    assert session.name == "product" and "product" in repr(session)


def test_a_session_that_is_dropped_is_freed() -> None:
    session = sa.compile(sa.exp(X), [X])
    session(np.ones((2, 3)))
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None


def test_what_a_run_needs_outlives_its_session() -> None:
    constant = np.random.default_rng(0).normal(size=5000)
    session = sa.compile(sa.exp(sa.constant(constant)).sum() + X.sum(), [X])
    x = np.ones((2, 3))
    expected = session(x)
    run = session._run
    del session
    gc.collect()
    noise: list[Any] = [np.full(5000, np.nan) for _ in range(50)]
    assert run((x,))[0] == expected
    assert len(noise) == 50


def test_a_check_goes_through_loops_over_ranges_of_tensors() -> None:
    n = sa.placeholder((), "int64", name="n")

    @sa.function
    def powers(x: sa.Tensor, n: sa.Tensor) -> sa.Tensor:
        total = sa.constant(0.0)
        for i in range(n):
            for j in range(i):
                total = total + 1.0 / (x[j] - 2.0)
        return total

    x = sa.placeholder((None,), name="x")
    session = sa.compile(powers(x, n), [x, n])
    assert session.check({x: np.ones(4), n: 4})
    with pytest.raises(sa.NonFiniteError, match="test_session.py"):
        session.check({x: np.full(4, 2.0), n: 4})
