"""Shapes and axes against NumPy; free sizes; errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, ShapeError
from staticad.functional import movement
from staticad.ops.movement import EXPAND_DIMS, RESHAPE, SQUEEZE
from staticad.reference import evaluate


def fill(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(int(np.prod(shape))).reshape(shape)


def compare(name: str, value: np.ndarray, *args: Any, free: bool = True) -> None:
    expected = getattr(np, name)(value, *args)
    for shape in [value.shape, (None,) * value.ndim][: 2 if free else 1]:
        x = sa.placeholder(shape, value.dtype)
        node = getattr(sa, name)(x, *args)
        assert node.ndim == expected.ndim
        np.testing.assert_array_equal(evaluate(node, {x: value})[0], expected, strict=True)


CASES: list[tuple[str, tuple[int, ...], tuple[Any, ...]]] = [
    ("transpose", (2, 3, 4), ()),
    ("transpose", (2, 3, 4), ((2, 0, -2),)),
    ("transpose", (), ()),
    ("swapaxes", (2, 3, 4), (0, -1)),
    ("swapaxes", (2, 3, 4), (1, 1)),
    ("moveaxis", (2, 3, 4), (0, -1)),
    ("moveaxis", (2, 3, 4), ((0, 1), (-1, -2))),
    ("moveaxis", (2, 3, 4, 5), ((3, 0), (0, 2))),
    ("moveaxis", (2, 3, 4, 5), (range(2), range(1, 3))),
    ("transpose", (2, 3, 4), (np.array([2, 0, 1]),)),
    ("expand_dims", (2, 3), (0,)),
    ("expand_dims", (2, 3), (-1,)),
    ("expand_dims", (2, 3), ((0, -1),)),
    ("expand_dims", (), ((0, 1),)),
    ("flip", (2, 3), ()),
    ("flip", (2, 3), (1,)),
    ("flip", (0, 3), ((0, -1),)),
    ("flip", (), ()),
    ("ravel", (2, 3), ()),
    ("ravel", (), ()),
    ("ravel", (0, 3), ()),
    ("tile", (2, 3), (2,)),
    ("tile", (2, 3), ((2, 1, 2),)),
    ("tile", (2, 3), ((0, 1),)),
    ("tile", (), ((2, 2),)),
    ("repeat", (2, 3), (2,)),
    ("repeat", (2, 3), (3, 0)),
    ("repeat", (2, 3), (0, -1)),
    ("repeat", (), (3,)),
    ("atleast_1d", (), ()),
    ("atleast_1d", (2,), ()),
    ("atleast_2d", (), ()),
    ("atleast_2d", (3,), ()),
    ("atleast_2d", (1, 2, 3), ()),
]


@pytest.mark.parametrize(("name", "shape", "args"), CASES)
def test_like_numpy(name: str, shape: tuple[int, ...], args: tuple[Any, ...]) -> None:
    compare(name, fill(shape), *args)


def test_squeeze() -> None:
    compare("squeeze", fill((1, 3, 1)), free=False)
    compare("squeeze", fill((1, 3, 1)), 0)
    compare("squeeze", fill((1, 3, 1)), (0, -1))
    free = sa.placeholder((None, 1))
    assert movement.squeeze(free).shape == free.shape[:1]
    with pytest.raises(FeedError, match="squeeze"):
        evaluate(movement.squeeze(free, 0), {free: np.zeros((2, 1))})


SHAPES = [s for ndim in range(4) for s in itertools.product((1, 2, 3), repeat=ndim)] + [(0,), (0, 2), (2, 0, 1)]


def test_reshape_between_all_small_shapes() -> None:
    for source, target in itertools.product(SHAPES, SHAPES):
        x = sa.placeholder(source, "int64")
        if np.prod(source) != np.prod(target):
            with pytest.raises(ShapeError, match="^reshape: "):
                movement.reshape(x, target)
            continue
        y = movement.reshape(x, target)
        assert y.shape == target
        np.testing.assert_array_equal(evaluate(y, {x: fill(source)})[0], fill(target))
        ones_apart = [n for n in source if n != 1] == [n for n in target if n != 1]
        assert (y.op is RESHAPE) != ones_apart


def test_reshape_with_an_open_size() -> None:
    for source, target in itertools.product(SHAPES, SHAPES):
        for place in range(len(target)):
            entries = list(target)
            entries[place] = -1
            compared = sa.placeholder(source, "int64")
            try:
                expected = fill(source).reshape(entries)
            except ValueError:
                with pytest.raises(ShapeError, match="^reshape: "):
                    movement.reshape(compared, entries)
                continue
            assert movement.reshape(compared, entries).shape == expected.shape


def test_reshape_of_free_sizes() -> None:
    x = sa.placeholder(("n", 4, 6))
    n = x.shape[0]
    assert movement.reshape(x, (n, -1)).shape == (n, 24)
    assert movement.reshape(x, (-1, 8)).shape == (3 * n, 8)
    assert movement.reshape(x, (-1,)).shape == (24 * n,)
    assert movement.reshape(x, (n, 1, 4, 6)).op is EXPAND_DIMS
    assert movement.reshape(x[:, :1], (n, 6)).op is SQUEEZE
    value = np.arange(48.0).reshape(2, 4, 6)
    np.testing.assert_array_equal(evaluate(movement.reshape(x, (-1, 8)), {x: value})[0], value.reshape(-1, 8))


def test_a_run_checks_what_free_sizes_leave_open() -> None:
    x = sa.placeholder((None,))
    pairs = movement.reshape(x, (-1, 2))
    fixed = movement.reshape(x, (2, 3))
    assert fixed.shape == (2, 3)
    np.testing.assert_array_equal(evaluate(pairs, {x: np.arange(4.0)})[0], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(evaluate(fixed, {x: np.arange(6.0)})[0], np.arange(6.0).reshape(2, 3))
    for node in (pairs, fixed):
        with pytest.raises(FeedError, match="reshape"):
            evaluate(node, {x: np.arange(5.0)})


def test_sizes_that_never_agree_are_an_error_at_once() -> None:
    x = sa.placeholder(("n",))
    with pytest.raises(ShapeError, match=r"^reshape: n elements do not fit|^reshape: n elements do not fill"):
        movement.reshape(x, (x.shape[0] + 1,))


@pytest.mark.parametrize("shape", [(-1, -1), (-2, 3), (2.0, 3), ("a",), (0, -1)])
def test_shapes_that_can_not_be(shape: Any) -> None:
    x = sa.placeholder((2, 3), name="x")
    with pytest.raises(ShapeError, match=r"^reshape: .*'x' float64\[2,3\] .*test_movement"):
        movement.reshape(x, shape)


def test_broadcast_to() -> None:
    for shape, target in [((), (2, 3)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 0), (4, 0)), ((2,), (2,))]:
        compare("broadcast_to", fill(shape), target, free=False)
    with pytest.raises(ShapeError, match=r"broadcast_to: .*\[2,4\].*float64\[3\].*test_movement"):
        movement.broadcast_to(sa.placeholder((3,)), (2, 4))


def test_broadcast_arrays() -> None:
    a, b = sa.placeholder((2, 1)), sa.placeholder((3,))
    assert [t.shape for t in movement.broadcast_arrays(a, b, 1.0)] == [(2, 3)] * 3
    with pytest.raises(ShapeError, match="broadcast_arrays: .*do not broadcast"):
        movement.broadcast_arrays(a, b, sa.placeholder((4,)))


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda x: movement.transpose(x, (0, 0)), "transpose: .*twice"),
        (lambda x: movement.transpose(x, (0,)), "transpose: .*permutation"),
        (lambda x: movement.swapaxes(x, 0, 2), "swapaxes: axis 2 is out of bounds"),
        (lambda x: movement.moveaxis(x, (0, 1), 0), "moveaxis: 2 sources for 1"),
        (lambda x: movement.expand_dims(x, 3), "expand_dims: axis 3"),
        (lambda x: movement.expand_dims(x, (0, 0)), "expand_dims: .*twice"),
        (lambda x: movement.squeeze(x, 0), "squeeze: .*size is not 1"),
        (lambda x: movement.flip(x, 5), "flip: axis 5"),
        (lambda x: sa.repeat(x, [1, 2, 3], 0), "repeat: 3 counts for axis 0 of size 2"),
        (lambda x: sa.repeat(x, -1, 0), "repeat: .*negative"),
        (lambda x: sa.tile(x, (1.5,)), "tile: .*1.5"),
    ],
)
def test_errors(call: Any, what: str) -> None:
    with pytest.raises(ShapeError, match=f"^{what}.*test_movement"):
        call(sa.placeholder((2, 3), name="x"))


def test_what_changes_nothing_is_x_itself() -> None:
    x = sa.placeholder((2, None))
    assert movement.transpose(x, (0, 1)) is x
    assert movement.reshape(x, x.shape) is x
    assert movement.broadcast_to(x, x.shape) is x
    assert movement.squeeze(x) is x
