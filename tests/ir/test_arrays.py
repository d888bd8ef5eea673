"""One place converts numbers: none becomes an infinity or wraps around, wherever it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.arrays import as_numbers
from staticad.ir.dtypes import ALL, FLOATS, INTEGERS

NUMBERS: list[Any] = [
    0, 1, -1, True, 127, 128, 255, 256, -128, -129, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64,
    -(2**63), -(2**63) - 1, 10**39, 10**400, 0.5, -0.9, 255.9, 3.4e38, 3.5e38, -1e300, 1e-46, 2.0**63, 2.0**64,
    -(2.0**63), 1.7e308, float("inf"), float("-inf"), float("nan"),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_numbers_fit_or_are_refused(dtype: np.dtype) -> None:
    """Compared with Python's own arithmetic, which has no limits."""
    for number in NUMBERS:
        if dtype in INTEGERS:
            limits = np.iinfo(dtype)
            fits = number == number and abs(number) != float("inf") and limits.min <= int(number) <= limits.max
            expected = int(number) if fits else None
        elif dtype in FLOATS:
            fits = not float(np.finfo(dtype).max) < abs(number) != float("inf")
            expected = number
        else:
            fits, expected = isinstance(number, float) or abs(number) < 2**63, bool(number)
        if type(number) is int and not -(2**63) <= number < 2**64 and dtype not in (*FLOATS, *INTEGERS):
            continue
        given: list[Any] = [number]
        given += [np.int64(number)] if type(number) is int and abs(number) < 2**63 else []
        given += [np.array([0.5, number])] if type(number) is float else []
        for value in given:
            if fits:
                found = as_numbers(value, dtype)
                assert found.dtype is dtype
                np.testing.assert_array_equal(found.reshape(-1)[-1], np.array(expected).astype(dtype))
            elif dtype.kind != "b":
                with pytest.raises(sa.DTypeError, match="out of bounds for|beyond the range of"):
                    as_numbers(value, dtype)


X = sa.placeholder((2,), "float32", name="x")
K = sa.placeholder((2,), "int8", name="k")
V = sa.variable(np.zeros(2, "float32"))

PLACES: dict[str, Callable[[Any], Any]] = {
    "operand": lambda big: X * big,
    "operand before": lambda big: big - X,
    "exponent": lambda big: X**big,
    "comparison": lambda big: big > X,
    "where": lambda big: sa.where(X > 0, big, X),
    "constant": lambda big: sa.constant(big, "float32"),
    "constant of a list": lambda big: sa.constant([1, big], "float32"),
    "asarray": lambda big: sa.asarray(big, "float32"),
    "full": lambda big: sa.full((2,), big, "float32"),
    "full_like": lambda big: sa.full_like(X, big),
    "pad": lambda big: sa.pad(X, 1, constant_values=big),
    "arange": lambda big: sa.arange(0, 2 * big, big, dtype="float32"),
    "linspace": lambda big: sa.linspace(np.float32(0), big, 3),
    "maximum": lambda big: sa.maximum(X, big),
    "update of an element": lambda big: X.at[0].set(big),
    "body of a loop": lambda big: sa.fori_loop(0, 3, lambda _, c: c * big, X),
    "update": lambda big: sa.compile([], updates={V: sa.zeros((2,), "float32") + big}),
    "variable": lambda big: sa.variable(big, "float32"),
    "assign": lambda big: V.assign([big, 0.0]),
    "feed": lambda big: FED([big, 0.0]),
    "evaluate": lambda big: sa.evaluate(X, {X: [big, 0.0]}),
    "seed of a gradient": lambda big: sa.gradients(X, [X], grad_ys=[[big, 0.0]]),
    "optimizer": lambda big: sa.optim.SGD(big).minimize((V * V).sum(), V),
}
FED = sa.compile(X, [X])


@pytest.mark.parametrize("place", PLACES)
def test_no_place_makes_infinities_of_finite_numbers(place: str) -> None:
    with pytest.raises((sa.DTypeError, sa.FeedError), match="beyond the range of float32, where it would be infinite"):
        PLACES[place](1e300)


def test_infinities_that_are_meant() -> None:
    assert np.isinf(sa.evaluate(X * float("inf"), {X: [1.0, 2.0]})[0]).all()
    assert np.isinf(FED([float("inf"), -np.inf])).all()
    assert sa.evaluate(sa.clip(X, -1e300, 1e300), {X: [1.0, np.inf]})[0].tolist() == [1.0, np.inf]
    assert (X * 1e-300).dtype == "float32"  # becomes 0, as every number is rounded


@pytest.mark.parametrize(
    "make",
    [
        lambda: K + 300,
        lambda: sa.constant(300, "int8"),
        lambda: sa.constant([0, 300], "int8"),
        lambda: sa.constant(np.array([0, 300]), "int8"),
        lambda: sa.constant([300.5], "int8"),
        lambda: sa.constant(-1, "uint8"),
        lambda: sa.full((2,), -129, "int8"),
        lambda: sa.pad(K, 1, constant_values=128),
        lambda: sa.variable(300, "int8"),
        lambda: sa.evaluate(K, {K: [0, 300]}),
    ],
)
def test_integers_do_not_wrap_around(make: Callable[[], Any]) -> None:
    with pytest.raises((sa.DTypeError, sa.FeedError), match="out of bounds for u?int8"):
        make()
