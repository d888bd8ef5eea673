"""Operators, methods and properties of tensors against those of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import GraphError
from staticad.functional.methods import ATTACHED, BINARY
from staticad.ir.graph import Tensor
from staticad.late import Attribute
from staticad.ops.barrier import STOP_GRADIENT
from staticad.reference import evaluate

A = np.array([[0.5, -1.25, 2.0], [3.0, 0.25, -0.5]])
INTEGERS = np.array([[3, 1, 2], [7, -5, 4]])


def check(function: Callable[[Any], Any], array: np.ndarray) -> None:
    expected = np.asarray(function(array))
    for shape in (array.shape, (None, *array.shape[1:])):
        x = sa.placeholder(shape, array.dtype)
        y = function(x)
        assert isinstance(y, Tensor)
        (value,) = evaluate([y], {x: array})
        assert value.dtype == expected.dtype
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        assert value.shape == expected.shape


SAME_AS_NUMPY: list[Callable[[Any], Any]] = [
    lambda x: x + 2, lambda x: 2 + x, lambda x: x - 2, lambda x: 2 - x, lambda x: x * 3, lambda x: 3 * x,
    lambda x: x / 4, lambda x: 4 / x, lambda x: x // 2, lambda x: 7 // x, lambda x: x % 2, lambda x: 7 % x,
    lambda x: x**2, lambda x: abs(x) ** 0.5, lambda x: divmod(x, 2)[1], lambda x: divmod(7, x)[0],
    lambda x: -x, lambda x: +x, lambda x: abs(x), lambda x: x < 1, lambda x: x <= 2, lambda x: x > 1, lambda x: x >= 2,
    lambda x: x == 2, lambda x: x != 2, lambda x: 1 < x, lambda x: (x > 0) & (x < 2), lambda x: (x > 0) | (x < -1),
    lambda x: (x > 0) ^ True, lambda x: ~(x > 0), lambda x: x @ np.ones((3, 2)), lambda x: np.ones((2, 2)) @ x[:2],
    lambda x: x @ x[0], lambda x: x.sum(), lambda x: x.sum(0), lambda x: x.sum(axis=(0, 1), keepdims=True),
    lambda x: x.sum(dtype="float32"), lambda x: x.mean(), lambda x: x.mean(axis=1, keepdims=True), lambda x: x.prod(1),
    lambda x: x.max(), lambda x: x.max(axis=0), lambda x: x.min(1), lambda x: x.argmax(), lambda x: x.argmax(axis=1),
    lambda x: x.argmin(0), lambda x: (x > 0).any(), lambda x: (x > 0).all(axis=0), lambda x: x.var(),
    lambda x: x.std(0), lambda x: x.argsort(), lambda x: x.argsort(axis=0),
    lambda x: x.argpartition(1)[..., 1], lambda x: x.mean(axis=0).searchsorted([0.1, 9]),
    lambda x: x[0].searchsorted(1, "right", sorter=np.array([1, 0, 2])),
    lambda x: x.astype("float32", copy=False), lambda x: x.reshape(3, 2, copy=False),
    lambda x: x.transpose(np.array([1, 0])), lambda x: x.transpose(range(2)),
    lambda x: x.reshape(-1), lambda x: x.reshape((3, -1)), lambda x: x.reshape(1, -1, 3), lambda x: x.ravel(),
    lambda x: x.flatten(), lambda x: x.copy(),
    lambda x: x.transpose(), lambda x: x.transpose(1, 0), lambda x: x.transpose((1, 0)),
    lambda x: x.transpose(None), lambda x: x.T, lambda x: x.mT, lambda x: x.swapaxes(0, 1), lambda x: x[:1].squeeze(0),
    lambda x: x.astype("float32"), lambda x: x.clip(0, 1), lambda x: x.clip(min=0), lambda x: x.round(),
    lambda x: x.round(1), lambda x: x.diagonal(1), lambda x: x.trace(), lambda x: x.take([0, 2], axis=1),
    lambda x: x.dot(np.ones(3)), lambda x: x.repeat(2, axis=1), lambda x: x[0], lambda x: x[:, ::-1],
    lambda x: x[..., 1],
    lambda x: x[[1, 0]], lambda x: x[np.array([0, 1]), np.array([2, 0])], lambda x: x[None, :, 1:],
]  # fmt: skip


@pytest.mark.parametrize("function", SAME_AS_NUMPY, ids=lambda f: str(f.__code__.co_firstlineno))
@pytest.mark.parametrize("array", [A, INTEGERS], ids=["floats", "integers"])
def test_the_same_expression_on_tensors_and_arrays(function: Callable[[Any], Any], array: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        check(function, array)


def test_methods_that_arrays_lack() -> None:
    x = sa.placeholder((2, 3))
    cases = [
        (x.broadcast_to((4, 2, 3)), np.broadcast_to(A, (4, 2, 3))),
        (x.expand_dims(1), np.expand_dims(A, 1)),
        (x.flip(0), np.flip(A, 0)),
        (x.moveaxis(0, 1), np.moveaxis(A, 0, 1)),
        (x.pad(1), np.pad(A, 1)),
        (x.detach(), A),
        (x.at[0].set(1.0), np.stack([np.ones(3), A[1]])),
        (x.at[:, 1].add(2.0), A + np.array([0, 2.0, 0])),
    ]
    for y, expected in cases:
        np.testing.assert_array_equal(evaluate([y], {x: A})[0], expected)


def test_every_name_is_attached_and_documented() -> None:
    for name in ATTACHED:
        assert getattr(Tensor, name).__doc__
        assert not isinstance(vars(Tensor)[name], Attribute)
    for name in BINARY:
        assert f"__{name}__" in ATTACHED
        assert f"__r{name}__" in ATTACHED


def test_variables_have_them_too() -> None:
    v = sa.variable(A)
    y = (2 * v).sum(axis=0)
    np.testing.assert_array_equal(evaluate([y])[0], (2 * A).sum(axis=0))


def test_sizes() -> None:
    x = sa.placeholder((2, 3))
    assert x.size == 6
    free = sa.placeholder(("n", 3))
    assert free.size == 3 * free.shape[0]
    assert sa.placeholder(()).size == 1
    mean = free.sum(0) / free.shape[0]
    np.testing.assert_allclose(evaluate([mean], {free: A})[0], A.mean(0))


def test_detach_is_a_constant_to_derivatives() -> None:
    x, y = sa.placeholder(()), sa.placeholder(())
    feeds = {x: 3.0, y: 4.0}
    whole = x * y
    (slope,) = sa.gradients(whole * x, [x])
    (detached,) = sa.gradients(whole.detach() * x, [x])
    assert whole.detach().op is STOP_GRADIENT
    np.testing.assert_array_equal(evaluate([slope, detached], feeds), [24.0, 12.0])


def test_in_place_operators_make_new_tensors() -> None:
    x = sa.placeholder((2, 3))
    y = x
    y += 1
    y *= 2
    assert y is not x
    np.testing.assert_array_equal(evaluate([y, x], {x: A}), [(A + 1) * 2, A])
    with pytest.raises(TypeError):
        x[0] = 1  # type: ignore[index]


def test_an_unknown_method_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        sa.placeholder(()).cumsummed()
    assert not hasattr(sa.placeholder(()), "sort")


def test_the_users_line_is_kept_by_operators_and_methods() -> None:
    x = sa.placeholder((2, 3))
    y = (2 * x + 1).mean()
    assert y.where.line == x.where.line + 1
    with pytest.raises(GraphError, match=r"test_methods\.py:\d+"):
        bool(x > 1)
