"""Views: affine indices against NumPy over all small shapes, with fixed and with free sizes; derivatives; errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, ShapeError
from staticad.ir import dims
from staticad.ops.base import Movement, apply
from staticad.ops.movement import BROADCAST_TO, DIAGONAL, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients
from tests.ops.affine_oracle import follow, freed, infer, numbers

SHAPES = [shape for ndim in range(4) for shape in itertools.product((0, 1, 2, 3), repeat=ndim)]
SQUARES = [shape for shape in SHAPES if len(shape) >= 2]


def fill(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(float(np.prod(shape))).reshape(shape)


def check(op: Movement, operand: tuple[int, ...], expected: np.ndarray, **attrs: Any) -> None:
    x = fill(operand)
    assert infer(op, [operand], attrs) == (expected.shape, ())
    np.testing.assert_array_equal(follow(op, x, operand, {}, attrs), expected)
    np.testing.assert_array_equal(op.numpy(x, **attrs), expected)


def check_free(op: Movement, shape: tuple[int, ...], expected: np.ndarray, **attrs: Any) -> None:
    """The same with all sizes free."""
    free, sizes = freed(shape)
    assert numbers(infer(op, [free], attrs)[0], sizes) == expected.shape
    np.testing.assert_array_equal(follow(op, fill(shape), free, sizes, attrs), expected)


@pytest.mark.parametrize("ndim", range(4))
def test_transpose(ndim: int) -> None:
    shape = (2, 3, 4)[:ndim]
    for axes in itertools.permutations(range(ndim)):
        expected = np.transpose(fill(shape), axes)
        check(TRANSPOSE, shape, expected, axes=axes)
        check_free(TRANSPOSE, shape, expected, axes=axes)


def test_expand_dims() -> None:
    for shape in SHAPES:
        for count in range(3):
            for axes in itertools.combinations(range(len(shape) + count), count):
                expected = np.expand_dims(fill(shape), axes)
                check(EXPAND_DIMS, shape, expected, axes=axes)
                check_free(EXPAND_DIMS, shape, expected, axes=axes)


def test_squeeze() -> None:
    for shape in SHAPES:
        ones = [axis for axis, n in enumerate(shape) if n == 1]
        for count in range(len(ones) + 1):
            for axes in itertools.combinations(ones, count):
                expected = np.squeeze(fill(shape), axes)
                check(SQUEEZE, shape, expected, axes=axes)
                check_free(SQUEEZE, shape, expected, axes=axes)


def test_squeeze_of_a_free_size_checks_that_it_is_one() -> None:
    n = dims.symbol("n")
    assert infer(SQUEEZE, [(n, 2)], {"axes": (0,)}) == ((2,), ((n, 1),))


def test_broadcast_to() -> None:
    for shape in SHAPES:
        for lead in [(), (2,), (0, 3)]:
            target = (*lead, *(4 if n == 1 else n for n in shape))
            check(BROADCAST_TO, shape, np.broadcast_to(fill(shape), target), shape=target)


def test_broadcast_of_a_free_size_never_stretches_it() -> None:
    n, m = dims.symbol("n"), dims.symbol("m")
    assert infer(BROADCAST_TO, [(n, 1)], {"shape": (2, m, m)}) == ((2, m, m), ((n, m),))
    assert infer(BROADCAST_TO, [(n,)], {"shape": (1,)}) == ((1,), ((n, 1),))
    sizes = {dims.as_symbol(n): 3, dims.as_symbol(m): 3}
    found = follow(BROADCAST_TO, fill((3, 1)), (n, 1), sizes, {"shape": (2, m, m)})
    np.testing.assert_array_equal(found, np.broadcast_to(fill((3, 1)), (2, 3, 3)))


@pytest.mark.parametrize("offset", range(-4, 5))
def test_diagonal(offset: int) -> None:
    for shape in SQUARES:
        for axis1, axis2 in itertools.permutations(range(len(shape)), 2):
            x = fill(shape)
            # NumPy takes no diagonal that begins outside; ours is empty.
            rows, columns = x.shape[axis1], x.shape[axis2]
            attrs: dict[str, Any] = {"offset": offset, "axis1": axis1, "axis2": axis2}
            expected = np.diagonal(x, **attrs)
            assert expected.shape[-1] == max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
            check(DIAGONAL, shape, expected, **attrs)
            check_free(DIAGONAL, shape, expected, **attrs)


def test_slice() -> None:
    for n in range(5):
        x = fill((n, 2))
        for step in (1, 2, 3, -1, -2):
            for start, size in itertools.product(range(n), range(1, n + 1)):
                if not 0 <= start + (size - 1) * step < n:
                    continue
                expected = x[[start + step * k for k in range(size)]]
                attrs: dict[str, Any] = {"starts": (start, 0), "steps": (step, 1), "sizes": (size, 2)}
                check(SLICE, (n, 2), expected, **attrs)
        check(SLICE, (n, 2), x[:0], starts=(-1, 0), steps=(-1, 1), sizes=(0, 2))


def test_slice_of_free_sizes() -> None:
    n = dims.symbol("n")
    for number in range(5):
        sizes = {dims.as_symbol(n): number}
        attrs: dict[str, Any] = {"starts": (n - 1,), "steps": (-1,), "sizes": (n,)}
        assert infer(SLICE, [(n,)], attrs) == ((n,), ())
        np.testing.assert_array_equal(follow(SLICE, fill((number,)), (n,), sizes, attrs), fill((number,))[::-1])


def test_a_fixed_slice_of_a_free_size_is_checked_by_the_run() -> None:
    n = dims.symbol("n")
    attrs: dict[str, Any] = {"starts": (2,), "steps": (1,), "sizes": (3,)}
    assert infer(SLICE, [(n,)], attrs) == ((3,), ((dims.minimum(n - 5, 0), 0),))
    from_end: dict[str, Any] = {"starts": (n - 3,), "steps": (1,), "sizes": (1,)}
    assert infer(SLICE, [(n,)], from_end) == ((1,), ((dims.minimum(n - 3, 0), 0),))
    assert infer(SLICE, [(n + 5,)], attrs) == ((3,), ())


def test_reshape() -> None:
    x = sa.placeholder((2, 6))
    y = apply(RESHAPE, x, shape=(3, 4), constraints=())
    np.testing.assert_array_equal(evaluate(y, {x: fill((2, 6))})[0], fill((3, 4)))


def test_a_reshape_checks_its_constraints() -> None:
    x = sa.placeholder((None,))
    y = apply(RESHAPE, x, shape=(2, 3), constraints=((x.shape[0], 6),))
    np.testing.assert_array_equal(evaluate(y, {x: fill((6,))})[0], fill((2, 3)))
    with pytest.raises(FeedError, match="7"):
        evaluate(y, {x: fill((7,))})


@pytest.mark.parametrize(
    ("op", "shape", "attrs"),
    [
        (TRANSPOSE, (2, 3), {"axes": (0, 0)}),
        (TRANSPOSE, (2, 3), {"axes": (0,)}),
        (EXPAND_DIMS, (2,), {"axes": (2,)}),
        (EXPAND_DIMS, (2,), {"axes": (1, 0)}),
        (SQUEEZE, (2, 1), {"axes": (0,)}),
        (SQUEEZE, (2, 1), {"axes": (2,)}),
        (BROADCAST_TO, (2, 3), {"shape": (2, 4)}),
        (BROADCAST_TO, (2, 3), {"shape": (3,)}),
        (BROADCAST_TO, (3,), {"shape": (1,)}),
        (SLICE, (4,), {"starts": (2,), "steps": (1,), "sizes": (3,)}),
        (SLICE, (4,), {"starts": (-1,), "steps": (1,), "sizes": (1,)}),
        (SLICE, (4,), {"starts": (1,), "steps": (-1,), "sizes": (3,)}),
        (SLICE, (4,), {"starts": (1,), "steps": (0,), "sizes": (3,)}),
        (SLICE, (4,), {"starts": (0, 0), "steps": (1, 1), "sizes": (1, 1)}),
        (DIAGONAL, (2, 2), {"offset": 0, "axis1": 0, "axis2": 0}),
        (DIAGONAL, (2, 2), {"offset": 0, "axis1": 0, "axis2": 2}),
    ],
)
def test_errors_name_the_op_the_type_and_the_line(op: Movement, shape: tuple[int, ...], attrs: dict[str, Any]) -> None:
    x = sa.placeholder(shape, name="x")
    with pytest.raises(
        ShapeError, match=rf"^{op.name}: .*float64\[{','.join(map(str, shape))}\] 'x' .*{__name__[-13:]}"
    ):
        apply(op, x, **attrs)


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        (TRANSPOSE, {"axes": (2, 0, 1)}),
        (EXPAND_DIMS, {"axes": (0, 2)}),
        (SQUEEZE, {"axes": (1,)}),
        (BROADCAST_TO, {"shape": (2, 3, 4, 2)}),
        (SLICE, {"starts": (1, 0, 1), "steps": (1, 1, -1), "sizes": (2, 1, 2)}),
        (SLICE, {"starts": (0, 0, 0), "steps": (2, 1, 1), "sizes": (2, 1, 1)}),
        (DIAGONAL, {"offset": -1, "axis1": 0, "axis2": 2}),
        (DIAGONAL, {"offset": 1, "axis1": 2, "axis2": 0}),
        (RESHAPE, {"shape": (2, 3), "constraints": ()}),
    ],
)
def test_derivatives(op: Any, attrs: dict[str, Any], rng: np.random.Generator) -> None:
    x = sa.placeholder((3, 1, 2), name="x")
    y = apply(op, x * x, **attrs)
    check_gradients(y, x, {x: rng.standard_normal((3, 1, 2))})
