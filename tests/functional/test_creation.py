"""Creation functions against NumPy: values, dtypes, symbolic sizes, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from staticad import errors
from staticad.functional import creation as sc
from staticad.functional import nested
from staticad.ir.dtypes import ALL
from staticad.ir.graph import Tensor
from staticad.ops.creation import FULL
from staticad.ops.sources import constant, placeholder
from staticad.reference import evaluate


def check(tensor: Tensor, expected: np.ndarray, feeds: Any = None, **tolerance: float) -> None:
    (value,) = evaluate([tensor], feeds)
    assert tensor.dtype == expected.dtype
    assert value.dtype == expected.dtype
    np.testing.assert_allclose(value, expected, **{"rtol": 0, "atol": 0, **tolerance})
    assert value.shape == expected.shape


@pytest.mark.parametrize("dtype", ALL, ids=str)
@pytest.mark.parametrize("name", ["zeros", "ones"])
def test_zeros_and_ones(name: str, dtype: np.dtype) -> None:
    ours, numpys = getattr(sc, name), getattr(np, name)
    check(ours((2, 3), dtype), numpys((2, 3), dtype))
    check(ours(4), numpys(4))
    check(ours(()), numpys(()))
    check(ours((0, 2), dtype), numpys((0, 2), dtype))
    x = np.ones((2, 2), dtype)
    check(getattr(sc, name + "_like")(x), getattr(np, name + "_like")(x))
    check(getattr(sc, name + "_like")(constant(x), "int8", 3), getattr(np, name + "_like")(x, "int8", shape=3))


@pytest.mark.parametrize("value", [True, 3, -2.5, np.float32(1.5), np.int8(4), np.inf, -0.0])
@pytest.mark.parametrize("dtype", [None, "float32", "int32", "bool"])
def test_full(value: Any, dtype: str | None) -> None:
    if dtype == "int32" and value == np.inf:
        with pytest.raises(errors.DTypeError):
            sc.full((2, 3), value, dtype)
        return
    tensor = sc.full((2, 3), value, dtype)
    assert tensor.op is FULL
    check(tensor, np.full((2, 3), value, dtype))
    (made,) = evaluate([tensor])
    assert np.signbit(made).all() == np.signbit(np.full((), value, dtype))
    check(sc.full_like(np.ones((3,), "int16"), 2.7), np.full_like(np.ones((3,), "int16"), 2.7))


def test_full_of_nan_keeps_it() -> None:
    check(sc.full(3, np.nan), np.full(3, np.nan))


def test_full_of_an_array_or_a_tensor_broadcasts() -> None:
    check(sc.full((2, 3), np.arange(3)), np.full((2, 3), np.arange(3)))
    x = placeholder((), "float32")
    check(sc.full((2, 3), x), np.full((2, 3), np.float32(7)), {x: np.float32(7)})
    check(sc.full((2, 3), x, "int64"), np.full((2, 3), 7), {x: np.float32(7)})
    assert sc.full((), x) is x
    c = constant(2.0)
    assert c in sc.full((2,), c).inputs  # a derivative by the constant stays possible
    with pytest.raises(errors.ShapeError, match="broadcast"):
        sc.full((2, 3), np.arange(2))


@pytest.mark.parametrize(("value", "dtype"), [(300, "int8"), (-1, "uint8"), (2**64, "uint64")])
def test_full_rejects_an_integer_that_does_not_fit(value: int, dtype: str) -> None:
    with pytest.raises(errors.DTypeError, match="out of bounds|too large|too big"):
        sc.full(2, value, dtype)


def test_negative_zero_and_zero_are_two_values() -> None:
    assert sc.full(2, 0.0).node.attrs != sc.full(2, -0.0).node.attrs
    assert sc.full(2, np.nan).node.attrs == sc.full(2, float("nan")).node.attrs
    assert sc.full(2, 1.0, "float32").node.attrs != sc.full(2, 1.0, "float64").node.attrs
    assert sc.full(2, 1).node.attrs != sc.full(2, True).node.attrs


@pytest.mark.parametrize("arguments", [(3,), (3, 4), (4, 2), (3, 4, 1), (3, 4, -2), (3, 3, 5), (0,)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "bool"])
def test_eye(arguments: tuple[int, ...], dtype: str) -> None:
    check(sc.eye(*arguments, dtype=dtype), np.eye(*arguments, dtype=dtype))
    check(sc.identity(arguments[0], dtype), np.identity(arguments[0], dtype))


ARANGES: list[tuple[Any, ...]] = [
    (5,), (0,), (-3,), (2, 9), (9, 2), (2, 9, 3), (2, 10, 4), (9, 2, -1), (9, 2, -3), (0, 1, 0.1), (1.5, 4), (5.0,),
    (4, 0.5, -0.7), (np.float32(4),), (np.int32(5),), (np.int16(1), np.int16(7)), (0.0, 1e-3, 1e-4), (True,),
]  # fmt: skip


@pytest.mark.parametrize("arguments", ARANGES, ids=str)
def test_arange(arguments: tuple[Any, ...]) -> None:
    check(sc.arange(*arguments), np.arange(*arguments), rtol=1e-15)


@pytest.mark.parametrize("dtype", [d for d in ALL if d.kind != "b"], ids=str)
def test_arange_with_a_dtype(dtype: np.dtype) -> None:
    for arguments in ((6,), (2, 12, 3), (9, 2, -2), (0, 3, 0.5), (1.5, 6.5, 1.5)):
        if dtype.kind == "u" and arguments[-1] == -2:
            continue
        check(sc.arange(*arguments, dtype=dtype), np.arange(*arguments, dtype=dtype))


@pytest.mark.parametrize("n", [0, 1, 2, 5, 8])
@pytest.mark.parametrize(
    "make",
    [
        lambda f, n: f(n),
        lambda f, n: f(n, dtype="float32"),
        lambda f, n: f(2, n),
        lambda f, n: f(n, 20),
        lambda f, n: f(4, n, 3),
        lambda f, n: f(n, 4, -2),
        lambda f, n: f(0, n, 2),
        lambda f, n: f(1, n, 3, dtype="int8"),
        lambda f, n: f(n, -1, -1),
        lambda f, n: f(2 * n + 1, n, -2),
        lambda f, n: f(n, 3 * n, 4),
    ],
)
def test_arange_of_symbolic_sizes(make: Callable[..., Any], n: int) -> None:
    x = placeholder((None,))
    check(make(sc.arange, x.shape[0]), make(np.arange, n), {x: np.zeros(n)})


def test_symbolic_shapes() -> None:
    x = placeholder(("n", 3), "float32")
    n = x.shape[0]
    value = np.ones((4, 3), "float32")
    # x is fed for the size's sake: its value does not enter
    check(sc.zeros_like(x), np.zeros_like(value), {x: value})
    check(sc.ones((n, 2 * n), "int8"), np.ones((4, 8), "int8"), {x: value})
    check(sc.full_like(x, 2), np.full_like(value, 2), {x: value})
    check(sc.eye(n, n + 1, 1), np.eye(4, 5, 1), {x: value})
    check(nested.asarray(n * 2), np.asarray(8), {x: value})
    check(nested.asarray(n, "float32"), np.asarray(4, "float32"), {x: value})


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("bounds", [(0, 1), (2.5, -1), (3, 3), (-7.3, 11.1)])
def test_linspace(bounds: tuple[float, float], num: int, endpoint: bool) -> None:
    check(sc.linspace(*bounds, num, endpoint), np.linspace(*bounds, num, endpoint), rtol=1e-15, atol=1e-15)
    check(sc.linspace(*bounds, num, endpoint, dtype="int32"), np.linspace(*bounds, num, endpoint, dtype="int32"))
    x = placeholder((None,))
    symbolic = sc.linspace(*bounds, x.shape[0], endpoint)
    check(symbolic, np.linspace(*bounds, num, endpoint), {x: np.zeros(num)}, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize(
    "bounds",
    [(0.5 + 0.1j, 2 - 1j), (-1j, -4j), (1.0, -2.0 + 0j), (-2.0, -5.0), (np.array([1j, 3]), np.array([2, 4 - 3j]))],
)
def test_geomspace_turns_by_the_angle_between(bounds: tuple[Any, Any]) -> None:
    for axis in (0, -1):
        check(sc.geomspace(*bounds, 5, axis=axis), np.geomspace(*bounds, 5, axis=axis), rtol=1e-14, atol=1e-15)


def test_geomspace_of_real_ends_turns_where_complex_numbers_are_asked_for() -> None:
    for dtype in (complex, "complex64"):
        expected = np.geomspace(-1, 4, num=5, dtype=dtype)
        assert np.isfinite(expected).all()
        check(sc.geomspace(-1, 4, num=5, dtype=dtype), expected, rtol=1e-6, atol=1e-7)


def test_linspace_ends_exactly_at_stop() -> None:
    for stop in (0.1, 0.3, 0.7, 1.1):
        (value,) = evaluate([sc.linspace(0, stop, 7)])
        assert value[-1] == stop


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_linspace_of_arrays(axis: int) -> None:
    start, stop = np.array([[0.0], [2.0]], "float32"), np.array([1.0, 5.0, 9.0], "float32")
    expected = np.linspace(start, stop, 4, axis=axis)
    check(sc.linspace(start, stop, 4, axis=axis), expected, rtol=1e-6)
    a = placeholder((2, 1), "float32")
    check(sc.linspace(a, stop, 4, axis=axis), expected, {a: start}, rtol=1e-6)


def test_linspace_result_dtypes() -> None:
    for dtype in ALL:
        a, b = np.zeros((), dtype), np.ones((), dtype)
        assert sc.linspace(constant(a), constant(b), 3).dtype == np.linspace(a, b, 3).dtype


def test_errors_name_the_call() -> None:
    x = placeholder((None,))
    n = x.shape[0]
    with pytest.raises(errors.ShapeError, match="step is 0"):
        sc.arange(0, 3, 0)
    with pytest.raises(errors.ShapeError, match="do not mix"):
        sc.arange(0.5, n)
    with pytest.raises(errors.ShapeError, match="numbers or sizes"):
        sc.arange(x)
    with pytest.raises(errors.ShapeError, match="known only at run time"):
        sc.arange(0, 10, n)
    with pytest.raises(errors.DTypeError, match="bools"):
        sc.arange(3, dtype="bool")
    with pytest.raises(errors.ShapeError, match="negative"):
        sc.zeros((2, -1))
    with pytest.raises(errors.ShapeError, match="not a size"):
        sc.ones((2, 1.5))
    with pytest.raises(errors.DTypeError, match="longdouble|float128"):
        sc.zeros(3, "longdouble")
    with pytest.raises(errors.ShapeError, match="axis 2"):
        sc.linspace(0, np.ones(3), 4, axis=2)
