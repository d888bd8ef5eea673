"""What is known of tensors is true of every value, and says where it is about exact arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.facts import Facts, facts, nonnegative
from staticad.ops.reduce import MAX_OR_LOWEST
from staticad.reference import evaluate

X, N, FREE = sa.placeholder((3, 2)), sa.placeholder((3, 2), "uint8"), sa.placeholder((3, None))
SAFE = sa.tanh(X)  # of a float that may be NaN, but not infinite


def known(text: str) -> Facts:
    """The facts of some letters: negative, zero, infinite, undefined (NaN)."""
    return Facts(*(letter in text for letter in "nziu"))


@pytest.mark.parametrize(
    ("tensor", "may_be"),
    [
        (X, "nziu"), (X - X, "nziu"), (N.astype("float64"), "z"), (sa.asarray(2.5), ""), (sa.asarray(-0.0), "nz"),
        (sa.asarray([np.inf, np.nan]), "iu"), (SAFE, "nzu"),
        (sa.exp(X), "ziu"), (sa.exp(SAFE), "u"), (sa.exp(abs(X)), "iu"), (sa.exp(N), ""), (sa.sigmoid(X), "zu"),
        (sa.softplus(SAFE), "u"), (sa.square(X), "ziu"), (abs(SAFE), "zu"), (sa.sqrt(X), "nziu"),
        (sa.sqrt(sa.exp(N)), ""), (1 / sa.exp(X), "ziu"), (sa.exp(X) + 1, "iu"), (sa.exp(X) * sa.sigmoid(X), "ziu"),
        (sa.exp(N) / sa.sigmoid(SAFE), "u"), (-sa.exp(N), "n"), (sa.exp(X).sum(axis=1), "ziu"),
        (sa.exp(N).sum(axis=1), ""), (sa.exp(sa.tanh(FREE)).sum(axis=0), "u"),
        (sa.exp(sa.tanh(FREE)).sum(axis=1), "zu"),
        (sa.exp(N).prod(axis=1), ""), (sa.exp(N).max(), ""), (apply(MAX_OR_LOWEST, abs(X), axes=(1,)), "ziu"),
        (apply(MAX_OR_LOWEST, sa.exp(FREE), axes=(1,)), "nziu"), (sa.where(X > 0, sa.exp(N), sa.sigmoid(SAFE)), "u"),
        (sa.exp(N)[1:, None], ""), (X.astype("int64"), "nz"),
    ],
)  # fmt: skip
def test_what_elements_may_be(tensor: Tensor, may_be: str) -> None:
    assert facts(tensor) == known(may_be)
    assert nonnegative(tensor) is ("n" not in may_be)


SPECIAL = np.array([-np.inf, -2.0, -0.0, 0.0, 1e-9, 3.0, np.inf, np.nan])


@pytest.mark.parametrize(
    "function",
    [sa.exp, sa.sigmoid, sa.softplus, sa.tanh, sa.square, abs, sa.sqrt, lambda x: 1 / x, lambda x: 1 / sa.sqrt(x)],
)
@pytest.mark.parametrize("inner", [lambda x: x, abs, sa.tanh, sa.exp, lambda x: -sa.exp(x)])
def test_no_value_contradicts_the_facts(
    function: Callable[[Tensor], Tensor], inner: Callable[[Tensor], Tensor]
) -> None:
    x, y = sa.placeholder((8, 1)), sa.placeholder((1, 8))
    a, b = function(inner(x)), function(inner(y))
    for tensor in (a, a + b, a * b, a / b, sa.sum(a * b, axis=1), sa.max(a * b, axis=1)):
        may = facts(tensor)
        with np.errstate(all="ignore"):
            (values,) = evaluate([tensor], {x: SPECIAL[:, None], y: SPECIAL[None]})
        assert may.nan or not np.isnan(values).any()
        assert may.infinite or not np.isinf(values).any()
        assert may.negative or not (np.signbit(values) & ~np.isnan(values)).any()
        assert may.zero or (values[~np.isnan(values)] != 0).all()
