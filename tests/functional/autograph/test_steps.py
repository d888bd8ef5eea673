"""What for loops run over, and the builtins that take tensors: range, enumerate, zip, reversed, len, sum, min …"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.functional.autograph.calls import BUILTINS
from staticad.functional.autograph.steps import range_
from tests.control.running import run
from tests.functional.autograph.running import agree


@pytest.mark.parametrize("bounds", [(7,), (0,), (-3,), (2, 9), (9, 2), (1, 8, 3), (8, 1, -3), (0, 7, 7), (5, 5, -1)])
def test_ranges_of_tensors(bounds: tuple[int, ...]) -> None:
    def f(*bounds: Any) -> Any:
        digits = 0
        for i in range(*bounds):
            digits = digits * 10 + i
        return digits

    tensors = [sa.placeholder((), "int32") for _ in bounds]
    every = sa.function(f)(*tensors)
    last = sa.function(f)(*bounds[:-1], tensors[-1]) if len(bounds) < 3 else sa.function(f)(*tensors[:2], bounds[2])
    feeds = dict(zip(tensors, bounds, strict=True))
    used = feeds if len(bounds) == 3 else {tensors[-1]: bounds[-1]}
    assert run([every], feeds) == [f(*bounds)]
    assert sa.evaluate(last, used if len(bounds) < 3 else dict(list(feeds.items())[:2])) == [f(*bounds)]


def test_ranges_of_sizes() -> None:
    @sa.function
    def f(v: sa.Tensor) -> sa.Tensor:
        total = 0.0
        for i in range(1, v.shape[0], 2):
            total = total * 2 + v[i] * v[i - 1]
        for i in range(len(v)):
            total = total + i
        for i in range(v.shape[0] - 1, -1, -1):
            total = total * 0.5 + v[i]
        return total

    v = sa.placeholder((None,))
    y = f(v)
    for size in (1, 2, 5, 6):
        value = np.arange(1.0, size + 1)
        total = 0.0
        for i in range(1, size, 2):
            total = total * 2 + value[i] * value[i - 1]
        total += sum(range(size))
        for e in value[::-1]:
            total = total * 0.5 + e
        np.testing.assert_allclose(run([y], {v: value})[0], total)


def test_enumerate_zip_and_reversed() -> None:
    def f(x: Any, y: Any, n: Any) -> Any:
        total = 0.0
        for i, (a, b) in enumerate(zip(x, reversed(y)), start=1):
            total += i * a * b
        for i in reversed(range(n)):
            total = total * 2 + i
        for a, k in zip(x, [1.0, 2.0, 3.0]):
            total += a * k
        return total

    agree(f, (np.arange(1.0, 4.0), np.array([3.0, 5.0, 7.0]), 4))


def test_builtins() -> None:
    def f(x: Any, v: Any, n: Any) -> Any:
        return (
            abs(x), min(x, 2.0), max(x, v[0], 1), max(v), min(v), sum(v), sum([x, x]), int(x), float(n), bool(n),
            len(v), round(x), max(3, 4), min([2, 1]), sum([1, 2]), int("7"), float(2), len("abc"), abs(-3), bool([]),
        )  # fmt: skip

    agree(f, (2.7, np.array([1.0, -3.0, 5.0]), 3), (-2.7, np.array([1.0, -3.0, 5.0]), 0))


def test_builtins_of_sizes() -> None:
    n = sa.placeholder((None,)).shape[0]
    assert [BUILTINS[f](n) for f in (int, abs)] == [n, n]
    assert BUILTINS[max](n, 0) == n and BUILTINS[min](n, n + 1) == n
    assert BUILTINS[bool](n + 1) is True
    assert BUILTINS[float](n).dtype == np.float64


def test_other_calls_are_left_alone() -> None:
    assert range_(3) == range(3)
    with pytest.raises(TypeError):
        range_(1, 2, 3, 4)
    f = sa.function(lambda items: sorted(items, key=lambda i: -i) + list(map(str, range(2))))
    assert f([1, 3, 2]) == [3, 2, 1, "0", "1"]


ERRORS = [
    (sa.DTypeError, "integer scalars", lambda t, v, n: range_(t)),
    (sa.DTypeError, "integer scalars", lambda t, v, n: range_(v.astype("int64"))),
    (sa.GraphError, "step can't be 0", lambda t, v, n: range_(0, n, 0)),
    (sa.GraphError, "counted only at run time", lambda t, v, n: list(range_(n))),
    (sa.GraphError, "don't pair up", lambda t, v, n: BUILTINS[zip](range_(n), [1, 2])),
    (sa.ShapeError, "has to be equal|have to be equal", lambda t, v, n: BUILTINS[zip](v, sa.zeros((2,)))),
    (sa.ShapeError, "no axis", lambda t, v, n: BUILTINS[enumerate](t)),
]


@pytest.mark.parametrize(("error", "text", "build"), ERRORS)
def test_errors(error: type[Exception], text: str, build: Any) -> None:
    with pytest.raises(error, match=text):
        build(sa.placeholder(()), sa.placeholder((3,)), sa.placeholder((), "int64"))
