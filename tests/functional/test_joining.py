"""Joining and cutting arrays against NumPy; free sizes; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, FeedError, ShapeError
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients


def fill(shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    return np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)


def joined(name: str, arrays: list[np.ndarray], *args: Any, free: bool = False) -> None:
    expected = getattr(np, name)(arrays, *args)
    xs = [sa.placeholder((None,) * a.ndim if free else a.shape, a.dtype) for a in arrays]
    node = getattr(sa, name)(xs, *args)
    np.testing.assert_array_equal(evaluate(node, dict(zip(xs, arrays)))[0], expected, strict=True)


@pytest.mark.parametrize("free", [False, True])
def test_concatenate(free: bool) -> None:
    joined("concatenate", [fill((2, 3)), fill((1, 3)), fill((0, 3))], free=free)
    joined("concatenate", [fill((2, 3)), fill((2, 1))], -1, free=free)
    joined("concatenate", [fill((2, 3)), fill((4,))], None, free=free)
    joined("concatenate", [fill((2,), "int8"), fill((1,), "uint8"), fill((1,), "float32")], free=free)
    joined("concatenate", [fill((3,))], free=free)


@pytest.mark.parametrize("free", [False, True])
def test_stack(free: bool) -> None:
    for axis in (0, 1, 2, -1):
        joined("stack", [fill((2, 3)), -fill((2, 3))], axis, free=free)
    joined("stack", [fill(()), fill(())], free=free)
    for name in ("vstack", "hstack"):
        joined(name, [fill((3,)), fill((3,))], free=free)
        joined(name, [fill((2, 3)), fill((2, 3))], free=free)


def test_numbers_among_tensors_are_weak() -> None:
    x = sa.placeholder((), "float32")
    node = sa.stack([x, 1.5, 2])
    assert node.dtype == np.float32
    np.testing.assert_array_equal(evaluate(node, {x: np.float32(0)})[0], [0, 1.5, 2])


@pytest.mark.parametrize("shape", [(6, 2), (None, 2), (None, None)])
def test_split(shape: Any) -> None:
    value = fill((6, 2))
    x = sa.placeholder(shape)
    for sections in (1, 2, 3, 6, [2, 4], [1], [4, 2], [0, 7], [-2], []):
        found = evaluate(sa.split(x, sections), {x: value})
        expected = np.split(value, sections)
        assert len(found) == len(expected)
        for a, b in zip(found, expected):
            np.testing.assert_array_equal(a, b)
    if shape[1] is not None:
        return
    for a, b in zip(evaluate(sa.split(x, 2, -1), {x: value}), np.split(value, 2, -1)):
        np.testing.assert_array_equal(a, b)


def test_unequal_parts() -> None:
    with pytest.raises(ShapeError, match=r"^split: size 5 .* 2 equal parts .*test_joining"):
        sa.split(sa.placeholder((5,)), 2)
    x = sa.placeholder((None,))
    parts = sa.split(x, 2)
    evaluate(parts, {x: np.zeros(6)})
    with pytest.raises(FeedError, match="reshape"):
        evaluate(parts, {x: np.zeros(5)})


def test_parts_of_a_known_multiple_need_no_check() -> None:
    x = sa.placeholder(("n",))
    both = sa.concatenate([x, x * 2])
    parts = sa.split(both, 2)
    assert [p.shape for p in parts] == [x.shape, x.shape]
    np.testing.assert_array_equal(evaluate(parts[1], {x: np.arange(3.0)})[0], [0, 2, 4])


@pytest.mark.parametrize(
    "width", [0, 2, (1, 2), ((1, 2),), ((1, 2), (0, 3)), [(0, 0), (0, 1)], ((1,), (2,)), np.array([[1, 2], [3, 0]])]
)
@pytest.mark.parametrize("shape", [(2, 3), (0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "int8", "bool"])
def test_pad(width: Any, shape: tuple[int, ...], dtype: str) -> None:
    value = fill(shape).astype(dtype)
    for constant in (0, 1):
        for given in (shape, (None, None)):
            x = sa.placeholder(given, dtype)
            node = sa.pad(x, width, constant_values=constant)
            expected = np.pad(value, width, constant_values=constant)
            np.testing.assert_array_equal(evaluate(node, {x: value})[0], expected, strict=True)


def test_pad_by_free_sizes() -> None:
    x = sa.placeholder(("n",))
    node = sa.pad(x, ((x.shape[0], 1),))
    np.testing.assert_array_equal(evaluate(node, {x: np.array([1.0, 2.0])})[0], [0, 0, 1, 2, 0])


@pytest.mark.parametrize("given", [(3, 4), (None, None)])
def test_roll(given: Any) -> None:
    value = fill((3, 4))
    x = sa.placeholder(given)
    cases: list[tuple[Any, Any]] = [(s, a) for s in range(-9, 10) for a in (0, 1, None)]
    for shift, axis in [*cases, ((1, -2), (0, 1)), (2, (0, 1)), ((1, 2), (0, 0))]:
        found = evaluate(sa.roll(x, shift, axis), {x: value})[0]
        np.testing.assert_array_equal(found, np.roll(value, shift, axis), err_msg=f"{shift} {axis}")


@pytest.mark.parametrize("shift", [-1, 0, 2])
def test_nothing_rolls(shift: int) -> None:
    x = sa.placeholder((None, 2))
    np.testing.assert_array_equal(evaluate(sa.roll(x, shift, 0), {x: np.zeros((0, 2))})[0], np.zeros((0, 2)))


@pytest.mark.parametrize(
    ("call", "error", "what"),
    [
        (lambda x, y: sa.concatenate([x, y]), ShapeError, "concatenate: sizes 3 and 4 of axis 1"),
        (lambda x, y: sa.concatenate([x, x], 2), ShapeError, "concatenate: axis 2"),
        (lambda x, y: sa.concatenate([x[0, 0], x[0, 0]]), ShapeError, "concatenate: .*sa.stack"),
        (lambda x, y: sa.concatenate([]), ShapeError, "concatenate: .*at least one"),
        (lambda x, y: sa.stack([x, y]), ShapeError, "stack: .*differ in shape"),
        (lambda x, y: sa.stack([x, x], 3), ShapeError, "stack: axis 3"),
        (lambda x, y: sa.split(x, 0), ShapeError, "split: "),
        (lambda x, y: sa.split(x, 1.5), ShapeError, "split: .*1.5"),
        (lambda x, y: sa.pad(x, -1), ShapeError, "pad: widths -1"),
        (lambda x, y: sa.pad(x, ((1, 1), (1, 1), (1, 1))), ShapeError, "pad: widths"),
        (lambda x, y: sa.pad(x, (1, 2, 3)), ShapeError, "pad: widths"),
        (lambda x, y: sa.pad(x, 1, "edgy"), ShapeError, "pad: mode 'edgy'"),
        (lambda x, y: sa.pad(x, 1, constant_values=(1, "2")), DTypeError, "pad: constant_values"),
        (lambda x, y: sa.roll(x, (1, 2, 3), (0, 1)), ShapeError, "roll: 3 shifts for 2"),
        (lambda x, y: sa.roll(x, 1.5, 0), ShapeError, "roll: a shift"),
    ],
)
def test_errors(call: Any, error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=f"^{what}"):
        call(sa.placeholder((2, 3)), sa.placeholder((2, 4)))


def test_derivatives(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 4))
    feeds = {x: rng.standard_normal((3, 4))}
    y = x * x
    for node in [
        sa.stack([y, x], 1),
        sa.split(y, 2, 1)[1],
        sa.split(y, 3, 0)[2],
        sa.pad(y, ((1, 0), (2, 1))),
        sa.roll(y, (1, 3), (0, 1)),
    ]:
        check_gradients(node, x, feeds)
