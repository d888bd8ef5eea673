"""What rules ask of tensors."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.errors import VerifyError
from staticad.ops.arithmetic import NEG
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE
from staticad.ops.sources import constant, placeholder
from staticad.rewrite.match import fit, is_constant, keeps_names, scalar_value, uniform_value

X = placeholder((3,), name="x")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array(2.5), 2.5),
        (np.full((2, 3), 7, np.int8), 7),
        (np.array([True, True]), True),
        (np.array([0.0, -0.0, 0.0]), None),
        (np.array([0.0, 0.0, -0.0]), None),
        (np.array([1.0, 2.0, 1.0]), None),
        (np.array([np.nan, np.nan]), None),
        (np.array([np.inf, np.inf]), np.inf),
        (np.zeros((0, 3)), None),
    ],
)
def test_the_number_of_an_array(array: np.ndarray, expected: object) -> None:
    value = uniform_value(array)
    assert value == expected and isinstance(value, type(expected))


def test_the_number_behind_views() -> None:
    view = apply(BROADCAST_TO, apply(EXPAND_DIMS, constant([2.0]), axes=(0,)), shape=(4, 5))
    assert scalar_value(view) == 2.0
    assert scalar_value(apply(RESHAPE, fill((6,), 3, np.dtype("int32")), shape=(2, 3), constraints=())) == 3
    assert scalar_value(X) is None
    assert scalar_value(apply(NEG, X)) is None


def test_zeros_have_a_sign() -> None:
    zero, negative = constant(0.0), constant(-0.0)
    assert is_constant(zero, 0) and is_constant(zero, 0.0) and not is_constant(zero, -0.0)
    assert is_constant(negative, -0.0) and not is_constant(negative, 0)
    assert is_constant(constant(0), 0) and not is_constant(constant(1), 0)


def test_fit_broadcasts_or_refuses() -> None:
    target = placeholder((2, 3)).type
    assert fit(X, X.type) is X
    assert fit(X, target).type == target
    with pytest.raises(VerifyError, match=r"can't stand for float32\[3\]"):
        fit(X, placeholder((3,), "float32").type)


def test_broadcasts_that_rename_a_size() -> None:
    n, m = placeholder((None,)), placeholder((None,))
    assert keeps_names(apply(BROADCAST_TO, n, shape=(4, *n.shape)))
    assert keeps_names(apply(BROADCAST_TO, placeholder((1,)), shape=n.shape))
    assert not keeps_names(apply(BROADCAST_TO, n, shape=m.shape))
