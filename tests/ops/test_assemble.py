"""Regions of concatenate, embed and replace against NumPy, fixed and free sizes; derivatives; errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.forward import jvp
from staticad.errors import DTypeError, ShapeError
from staticad.ir import dims
from staticad.ir.local_sizes import fresh_local, largest_shape
from staticad.ir.types import Demands
from staticad.ops.assemble import CONCATENATE, EMBED, REPLACE
from staticad.ops.base import apply
from staticad.ops.slicing import check_region
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients
from tests.ops.affine_oracle import assemble, freed, infer


def fill(shape: tuple[int, ...], start: float = 1.0) -> np.ndarray:
    return start + np.arange(float(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("axis", range(3))
def test_concatenate(axis: int) -> None:
    for lengths in itertools.product((0, 1, 3), repeat=3):
        shapes = [tuple(n if a == axis else 2 for a in range(3)) for n in lengths]
        arrays = [fill(shape, 100.0 * i) for i, shape in enumerate(shapes)]
        expected = np.concatenate(arrays, axis)
        np.testing.assert_array_equal(assemble(CONCATENATE, arrays, shapes, {}, {"axis": axis}), expected)
        np.testing.assert_array_equal(CONCATENATE.numpy(*arrays, axis=axis, shape=expected.shape), expected)


def test_concatenate_of_free_sizes() -> None:
    n, m, k = (dims.symbol(name) for name in "nmk")
    shape, constraints = infer(CONCATENATE, [(n, k), (m, 3), (2, k)], {"axis": 0})
    assert shape == (n + m + 2, 3)
    assert (k, 3) in constraints
    sizes = {dims.as_symbol(n): 2, dims.as_symbol(m): 1, dims.as_symbol(k): 3}
    arrays = [fill((2, 3)), fill((1, 3)), fill((2, 3))]
    found = assemble(CONCATENATE, arrays, [(n, k), (m, 3), (2, k)], sizes, {"axis": 0})
    np.testing.assert_array_equal(found, np.concatenate(arrays))


REGIONS = [
    (n, start, step, size)
    for n, start, step, size in itertools.product(range(5), range(4), (1, 2, 3), range(4))
    if size == 0 or start + (size - 1) * step < n
]


def test_embed() -> None:
    for n, start, step, size in REGIONS:
        x = fill((size, 2))
        expected = np.full((n, 2), -1.0)
        for i in range(size):
            expected[start + step * i] = x[i]
        attrs: dict[str, Any] = {"shape": (n, 2), "starts": (start, 0), "steps": (step, 1), "fill": -1.0}
        np.testing.assert_array_equal(assemble(EMBED, [x], [x.shape], {}, attrs), expected)
        np.testing.assert_array_equal(EMBED.numpy(x, **attrs), expected)


def test_embed_of_free_sizes() -> None:
    (n,), sizes = freed((3,))
    attrs: dict[str, Any] = {"shape": (n + 3,), "starts": (1,), "steps": (1,), "fill": 0.0}
    np.testing.assert_array_equal(assemble(EMBED, [fill((3,))], [(n,)], sizes, attrs), [0, 1, 2, 3, 0, 0])


def test_replace() -> None:
    for n, start, step, size in REGIONS:
        base, value = fill((n, 2)), -fill((size, 2))
        expected = base.copy()
        for i in range(size):
            expected[start + step * i] = value[i]
        attrs: dict[str, Any] = {"starts": (start, 0), "steps": (step, 1), "sizes": (size, 2)}
        np.testing.assert_array_equal(assemble(REPLACE, [base, value], [base.shape, value.shape], {}, attrs), expected)
        np.testing.assert_array_equal(REPLACE.numpy(base, value, shape=base.shape, **attrs), expected)


@pytest.mark.parametrize(
    ("shapes", "axis", "what"),
    [
        ([(2, 3), (2, 4)], 0, "sizes 3 and 4 of axis 1 differ"),
        ([(2, 3), (2,)], 0, "2 and 1 axes"),
        ([(2,), (3,)], 1, "axis 1"),
    ],
)
def test_concatenate_errors(shapes: list[tuple[int, ...]], axis: int, what: str) -> None:
    with pytest.raises(ShapeError, match=f"^concatenate: .*{what}.*test_assemble"):
        apply(CONCATENATE, *(sa.placeholder(s) for s in shapes), axis=axis)


def test_dtypes_have_to_agree() -> None:
    with pytest.raises(DTypeError, match=r"concatenate: .*float32, float64"):
        apply(CONCATENATE, sa.placeholder((2,), "float32"), sa.placeholder((2,)), axis=0)


@pytest.mark.parametrize(("start", "step"), [(-1, 1), (3, 1), (1, 3), (2, -1), (0, 0)])
def test_region_errors(start: int, step: int) -> None:
    base, value = sa.placeholder((4,)), sa.placeholder((2,))
    with pytest.raises(ShapeError, match="embed: "):
        apply(EMBED, value, shape=(4,), starts=(start,), steps=(step,), fill=0.0)
    with pytest.raises(ShapeError, match="replace: "):
        apply(REPLACE, base, value, starts=(start,), steps=(step,), sizes=(2,))


def test_a_value_has_the_shape_of_its_region() -> None:
    with pytest.raises(ShapeError, match=r"replace: .*\(3,\).*\(2,\)"):
        apply(REPLACE, sa.placeholder((4,)), sa.placeholder((3,)), starts=(0,), steps=(1,), sizes=(2,))


def test_derivatives(rng: np.random.Generator) -> None:
    x, v = sa.placeholder((3, 2)), sa.placeholder((2, 2))
    feeds = {x: rng.standard_normal((3, 2)), v: rng.standard_normal((2, 2))}
    region: dict[str, Any] = {"starts": (0, 0), "steps": (2, 1)}
    check_gradients(apply(CONCATENATE, x * x, v * x[1:], x, axis=0), [x, v], feeds)
    check_gradients(apply(EMBED, v * v, shape=(4, 3), fill=7.0, **region), v, feeds)
    check_gradients(apply(REPLACE, x * x, v * v, sizes=(2, 2), **region), [x, v], feeds)


def test_tangents_are_zero_where_a_constant_is_filled_in() -> None:
    v = sa.placeholder((2,))
    y = apply(EMBED, v, shape=(4,), starts=(1,), steps=(2,), fill=7.0)
    (t,) = jvp(y, v, sa.constant([3.0, 5.0]))
    np.testing.assert_array_equal(evaluate(t, {v: np.ones(2)})[0], [0, 3, 0, 5])


def test_tangents_of_one_operand() -> None:
    x, v = sa.placeholder((3,)), sa.placeholder((1,))
    feeds = {x: np.ones(3), v: np.ones(1)}
    joined = apply(CONCATENATE, x, v, axis=0)
    (t,) = jvp(joined, v, sa.constant([2.0]))
    np.testing.assert_array_equal(evaluate(t, feeds)[0], [0, 0, 0, 2])
    replaced = apply(REPLACE, x, v, starts=(1,), steps=(1,), sizes=(1,))
    (t,) = jvp(replaced, v, sa.constant([2.0]))
    np.testing.assert_array_equal(evaluate(t, feeds)[0], [0, 2, 0])
    (t,) = jvp(replaced, x, sa.constant([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(evaluate(t, feeds)[0], [1, 0, 3])


def test_a_size_of_two_counters_lies_within_the_largest() -> None:
    """The bounds of the inner counter depend on the outer one: with the largest of both it is proved, and no more."""
    (n,) = sa.placeholder(("n",)).shape
    i = fresh_local("i", 0, dims.maximum(n - 2, 0) - 1)
    k = fresh_local("k", 0, (dims.maximum(n - 2 - i, 0) + 2) // 3 - 1)
    size = i + 3 * k + 2
    (most,) = largest_shape((size,))
    with Demands() as demands:
        check_region((most,), (0,), (1,), (size,), demands)
        assert not demands.close()
        with pytest.raises(ShapeError, match="may lie outside"):
            check_region((most,), (0,), (1,), (size + 1,), demands)
