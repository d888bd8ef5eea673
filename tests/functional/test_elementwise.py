"""Elementary functions against NumPy's: values and dtypes for all dtypes, and the documented deviations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import staticad as sa
from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise
from staticad.ir.dtypes import ALL, BOOL, FLOAT32, FLOAT64, INT8, floating
from staticad.ir.graph import Tensor
from staticad.ops.sources import constant, placeholder
from staticad.reference import evaluate

WITHOUT_FLOAT16 = np.dtype("float16")


def values(dtype: np.dtype) -> np.ndarray:
    if dtype == BOOL:
        return np.array([True, False])
    return np.array([0, 1, 2, 5, 100], dtype) if dtype.kind in "iu" else np.array([0.1, 0.25, 1.5, 2.5, 0.75], dtype)


def run(function: Callable[..., Any], *arrays: Any) -> np.ndarray:
    xs = [placeholder(a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in arrays]
    y = function(*xs)
    (result,) = evaluate([y], {x: a for x, a in zip(xs, arrays) if isinstance(a, np.ndarray)})
    assert result.dtype == y.dtype
    return result


def same(ours: np.ndarray, numpys: np.ndarray) -> None:
    """Equal, except that NumPy's float16 is float32 here."""
    if numpys.dtype == WITHOUT_FLOAT16:
        assert ours.dtype == FLOAT32
        np.testing.assert_allclose(ours, numpys, rtol=1e-2)
        return
    assert ours.dtype == numpys.dtype
    np.testing.assert_allclose(ours, numpys, rtol=4 * np.finfo(ours.dtype).eps if ours.dtype.kind == "f" else 0)


NUMPY_UNARY = [
    "negative", "positive", "absolute", "abs", "sign", "square", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos",
    "tan", "tanh", "floor", "ceil", "trunc", "rint", "round",
]  # fmt: skip


@pytest.mark.parametrize("dtype", ALL, ids=str)
@pytest.mark.parametrize("name", NUMPY_UNARY)
def test_unary(name: str, dtype: np.dtype) -> None:
    array = values(dtype)
    ours, numpys = getattr(sa, name), getattr(np, name)
    if name in ("negative", "positive", "sign") and dtype == BOOL:
        with pytest.raises(TypeError):
            numpys(array)
        with pytest.raises(DTypeError, match=r"test_elementwise\.py:\d+"):
            ours(placeholder((), BOOL))
        return
    with np.errstate(all="ignore"):
        same(run(ours, array), np.asarray(numpys(array)))
        same(run(ours, array[0:1].reshape(())), np.asarray(numpys(array[0])))


NUMPY_BINARY = [
    "add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "remainder", "mod", "power", "pow",
    "maximum", "minimum",
]  # fmt: skip


@pytest.mark.parametrize("name", NUMPY_BINARY)
def test_binary(name: str) -> None:
    for dtype in ALL:
        ours, numpys = getattr(sa, name), getattr(np, name)
        a = values(dtype)
        for b in (values(dtype)[::-1].copy(), values(FLOAT32)[: len(a)], np.array([1], "int8"), values(dtype)[:, None]):
            if name == "subtract" and dtype == b.dtype == BOOL:
                with pytest.raises(DTypeError, match="sa.logical_xor"):
                    ours(placeholder((), BOOL), True)
                continue
            with np.errstate(all="ignore"):
                same(run(ours, a, b), numpys(a, b))
                same(run(ours, b, a), numpys(b, a))


def test_true_division_of_integers_is_in_float64() -> None:
    for dtype in ALL[:-2]:
        assert sa.divide(placeholder((), dtype), placeholder((), dtype)).dtype == FLOAT64
    assert (placeholder((), FLOAT32) / 3).dtype == FLOAT32
    assert (3 / placeholder((), INT8)).dtype == FLOAT64


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_functions_that_numpy_lacks(dtype: np.dtype) -> None:
    array = values(dtype)
    x = array.astype(floating(dtype))
    same(run(sa.sigmoid, array), special.expit(x))
    same(run(sa.softplus, array), np.logaddexp(x, x.dtype.type(0)))
    same(run(sa.erf, array), special.erf(x))
    same(run(sa.reciprocal, array[array != 0]), 1 / x[x != 0])
    same(run(sa.rsqrt, array[array != 0]), 1 / np.sqrt(x[x != 0]))
    signed = array - np.ones((), dtype) if dtype.kind in "if" else array
    same(run(sa.relu, signed), np.maximum(signed, np.zeros((), INT8 if dtype == BOOL else dtype)))


def test_divmod() -> None:
    x = placeholder((3,), "int32")
    quotient, rest = divmod(x, 3)
    results = evaluate([quotient, rest], {x: np.array([-7, 0, 7], "int32")})
    np.testing.assert_array_equal(results, np.divmod(np.array([-7, 0, 7]), 3))
    assert all(isinstance(t, Tensor) for t in divmod(7, x))


def test_power_of_integers() -> None:
    x = placeholder((), "int32")
    for exponent in (-1, np.int32(-2), np.array([1, -1]), constant(np.int32(-3))):
        with pytest.raises(DTypeError, match="pow: integers to negative integer powers"):
            x**exponent
    with pytest.raises(DTypeError, match="out of bounds"):
        placeholder((), "uint8") ** -1
    assert (x**-1.0).dtype == FLOAT64
    assert (placeholder((), FLOAT32) ** -1).dtype == FLOAT32
    assert (2.0**x).dtype == FLOAT64
    assert (2**x).dtype == np.dtype("int32")
    assert run(sa.power, np.array([2, -1, 1, 0, 3], "int8"), np.array([-1, -3, -2, -1, 3], "int8")).tolist() == [
        0, -1, 1, 0, 27,
    ]  # fmt: skip


@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8"])
def test_round(dtype: str, decimals: int) -> None:
    array = (np.array([-0.5, 0.5, 1.5, 2.5, 12.345, -77.7655, 115.0]) * 1).astype(dtype)
    same(run(lambda x: sa.round(x, decimals), array), np.round(array, decimals))
    same(run(lambda x: x.round(decimals), array), np.round(array, decimals))
    if decimals == 0:
        same(run(round, array), np.round(array))


CLIPS: list[tuple[Any, Any]] = [
    (0, 2), (None, 2), (1, None), (None, None), (0.5, 1.5), (2, 1), (np.float32(0.5), 3), (-300, None), (None, 300),
    (-300, 300),
]  # fmt: skip


@pytest.mark.parametrize("bounds", CLIPS, ids=str)
@pytest.mark.parametrize("dtype", ["int8", "float32", "float64", "uint8"])
def test_clip(dtype: str, bounds: tuple[Any, Any]) -> None:
    array = values(np.dtype(dtype))
    same(run(lambda x: sa.clip(x, *bounds), array), np.clip(array, *bounds))
    same(run(lambda x: x.clip(*bounds), array), np.clip(array, *bounds))


def test_clip_with_arrays_tensors_and_errors() -> None:
    a, low, high = values(FLOAT64), np.array([[0.2], [0.5]]), np.array(1.0, "float32")
    same(run(sa.clip, a, low, high), np.clip(a, low, high))
    same(run(lambda x: sa.clip(x, max=x.shape[0]), a * 4), np.clip(a * 4, None, 5))
    for bounds in ((200, 300), (None, -300)):
        with pytest.raises(OverflowError):
            np.clip(np.ones(2, "int8"), *bounds)
        with pytest.raises(DTypeError, match="clip: Python integer"):
            sa.clip(placeholder((2,), INT8), *bounds)


def test_where() -> None:
    c, a, b = np.array([[True], [False]]), values(FLOAT32), np.array(2.5)
    same(run(sa.where, c, a, b), np.where(c, a, b))
    same(run(sa.where, np.array([0, 3, -1]), 1, 2), np.where(np.array([0, 3, -1]), 1, 2))
    same(run(lambda x: sa.where(x > 1, x, 0), a), np.where(a > 1, a, 0))
    same(run(sa.where, np.array([0.0, np.nan, 2.0]), 1.5, 2), np.where(np.array([0.0, np.nan, 2.0]), 1.5, 2))
    with pytest.raises(ShapeError, match="do not broadcast"):
        sa.where(placeholder((2,), BOOL), placeholder((3,)), 0)


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_astype(dtype: np.dtype) -> None:
    for target in ALL:
        array = values(dtype)
        same(run(lambda x, target=target: x.astype(target), array), array.astype(target))
        x = placeholder((), dtype)
        assert (x.astype(target) is x) == (dtype == target)


def test_astype_takes_every_spelling() -> None:
    x = placeholder((), "int8")
    assert [x.astype(t).dtype for t in (float, "float32", np.float32, bool, int, np.dtype(">f8"), complex)] == [
        FLOAT64, FLOAT32, FLOAT32, BOOL, np.dtype("int64"), FLOAT64, np.dtype("complex128"),
    ]  # fmt: skip
    with pytest.raises(DTypeError, match="longdouble|float128"):
        x.astype("longdouble")


NAMES = [n for n, f in vars(elementwise).items() if inspect.isfunction(f) and n in sa.__all__ and n != "divmod"]


@pytest.mark.parametrize("name", NAMES)
def test_python_numbers_alone_make_constants(name: str) -> None:
    parameters = inspect.signature(getattr(sa, name)).parameters.values()
    arity = sum(p.default is inspect.Parameter.empty for p in parameters)
    own: dict[str, tuple[Any, ...]] = {"astype": (0.5, "float32"), "where": (0.5,) * 3}
    arguments = own.get(name, (0.5,) * arity)
    y = getattr(sa, name)(*arguments)
    assert isinstance(y, Tensor)
    assert evaluate([y])[0].shape == ()
