"""Complex numbers: what compiled sessions compute, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import staticad as sa
from staticad import Tensor
from staticad.reference import evaluate

DTYPES = ("complex64", "complex128")
REAL = {"complex64": "float32", "complex128": "float64"}

UNARY: dict[str, Callable[[Any], Any]] = {
    "negative": np.negative,
    "conjugate": np.conjugate,
    "real": np.real,
    "imag": np.imag,
    "abs": np.abs,
    "angle": np.angle,
    "degrees": lambda x: np.angle(x, deg=True),
    "square": np.square,
    "reciprocal": np.reciprocal,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "arcsinh": np.arcsinh,
    "arccosh": np.arccosh,
    "arctanh": np.arctanh,
    "exp2": np.exp2,
    "log2": np.log2,
    "log10": np.log10,
    "sinc": np.sinc,
    "float_power": lambda x: np.float_power(x, 1.5),
    "nan_to_num": np.nan_to_num,
    "sign": np.sign,
    "rint": np.rint,
    "cube": lambda x: x**3,
    "inverse square": lambda x: x**-2,
    "power 0": lambda x: x**0,
    "root": lambda x: x**0.5,
    "imaginary power": lambda x: x**1.5j,
    "power of 2": lambda x: 2.0**x,
    "weak": lambda x: 2 * x + (1 - 2j) - x / 3,
    "isnan": np.isnan,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isreal": np.isreal,
    "iscomplex": np.iscomplex,
    "logical_not": np.logical_not,
    "bool": lambda x: x.astype(bool),
    "wide": lambda x: x.astype(np.complex128),
    "narrow": lambda x: x.astype(np.complex64),
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.true_divide,
    "power": np.power,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "logical_xor": lambda a, b: np.logical_xor(a, b),
    "where": lambda a, b: np.where(np.real(a) > 0, a, b),
    "where real": lambda a, b: np.where(np.real(a) > 0, np.real(a), b),
    "rows": lambda a, b: np.reshape(a, (-1, 1)) * b,
    "outer": np.outer,
    "matmul": lambda a, b: np.outer(a, b) @ np.outer(b, a),
    "matmul real": lambda a, b: np.real(np.outer(a, b)) @ np.outer(b, a),
    "dot": np.dot,
    "vdot": np.vdot,
    "isclose": np.isclose,
    "allclose": np.allclose,
    "trapezoid": lambda a, b: np.trapezoid(a, b),
    "einsum": lambda a, b: np.einsum("i,j->", a, b),
    "concatenate": lambda a, b: np.concatenate([a, np.real(b), b]),
    "stack": lambda a, b: np.stack([a, b], 1),
}
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": np.sum,
    "columns": lambda x: np.sum(np.outer(x, x), axis=0),
    "prod": np.prod,
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "cumprod of columns": lambda x: np.cumprod(np.outer(x, x), axis=0),
    "sort": np.sort,
    "argsort": np.argsort,
    "diff": np.diff,
    "interp": lambda x: np.interp(np.real(x), [-1.0, 0, 2], [1j, 2, 3 - 1j]),
    "nansum": np.nansum,
    "prod of rows": lambda x: np.prod(np.outer(x, x), axis=1),
    "any": np.any,
    "all": np.all,
    "norm": np.linalg.norm,
    "one norm": lambda x: np.linalg.norm(x, 1),
    "trace": lambda x: np.trace(np.outer(x, x)),
    "pad": lambda x: np.pad(x, (1, 2), constant_values=2 - 1j),
    "pad with 0": lambda x: np.pad(x, (1, 2)),
    "turned": lambda x: x[::-1],
    "strided": lambda x: x[::2],
    "transposed": lambda x: np.outer(x, x).T,
    "full": lambda x: np.full_like(x, 1 + 2j) + np.full_like(x, 3),
    "tril": lambda x: np.tril(np.outer(x, x)),
}
# Of no elements a warning or an error in NumPy.
FULL = {
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "average": lambda x: np.average(x, weights=np.abs(x)),
    "convolve": lambda x: np.convolve(x, [1, 2j]),
}


def numbers(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)


def check(name: str, got: np.ndarray, expected: Any, tolerance: float) -> None:
    wanted = np.asarray(expected)
    assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape), name
    scale = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * scale, err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_agree_with_numpy(dtype: str, rng: np.random.Generator) -> None:
    """With some elements, none, one, and feeds whose elements do not lie side by side; as does the reference."""
    z, w = (sa.placeholder((None,), dtype) for _ in range(2))
    calls = [(name, f, (z,)) for name, f in (*UNARY.items(), *REDUCTIONS.items(), *FULL.items())]
    calls += [(name, f, (z, w)) for name, f in BINARY.items()]
    results = [f(*operands) for _, f, operands in calls]
    session = sa.compile(results, inputs=[z, w])
    tolerance = 1e-5 if dtype == "complex64" else 3e-14
    wide = numbers(rng, dtype, 14)
    for a in (numbers(rng, dtype, 6), wide[::2], wide[:0], wide[:1]):
        b = numbers(rng, dtype, len(a))
        oracle = evaluate(results, {z: a, w: b})
        for (name, f, operands), got, reference in zip(calls, session(a, b), oracle, strict=True):
            if len(a) or name not in FULL:
                check(name, got, f(*(a, b)[: len(operands)]), tolerance)
                check(f"{name} by the reference", reference, got, tolerance)


def test_sums_and_products_of_any_size(rng: np.random.Generator) -> None:
    """Within three roundings of the size of the result; NumPy fuses multiplications and additions on some CPUs."""
    z, w = (sa.placeholder((None,), "complex128") for _ in range(2))
    session = sa.compile([z + w, z - w, z * w, z / w, 1 / z, np.square(z), z * 0.5], inputs=[z, w])
    a, b = (numbers(rng, "complex128", 300) * 10.0 ** rng.integers(-140, 140, 300) for _ in range(2))
    b[::3] *= 1e160
    with np.errstate(all="ignore"):
        wanted = (a + b, a - b, a * b, a / b, np.reciprocal(a), a * a, a * 0.5)
    for number, (got, expected) in enumerate(zip(session(a, b), wanted, strict=True)):
        finite = np.isfinite(expected)
        assert number < 2 or finite.mean() > 0.8
        got, expected = got[finite], expected[finite]
        assert (np.abs(got - expected) <= 8e-16 * np.abs(expected) + 1e-322).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_branch_cuts_and_extreme_values(dtype: str) -> None:
    info = np.finfo(REAL[dtype])
    big, tiny = float(info.max), float(info.smallest_subnormal)
    ends = [0.0, -0.0, 1.0, -1.0, big, -big, tiny, big / 2]
    x, y = (v.reshape(-1) for v in np.meshgrid(ends, ends))
    a = np.empty(x.size, dtype)
    a.real, a.imag = x, y
    z = sa.placeholder((None,), dtype)
    names = ("sqrt", "log", "abs", "angle")
    got = dict(zip(names, sa.compile([UNARY[name](z) for name in names])(a), strict=True))
    with np.errstate(all="ignore"):
        for name in names:
            wide = a.astype("complex128") if dtype == "complex64" else a
            expected = UNARY[name](wide).astype(got[name].dtype)
            np.testing.assert_allclose(got[name], expected, rtol=4 * info.eps, atol=0, err_msg=name)
            assert (np.signbit(got[name].imag) == np.signbit(expected.imag)).all(), name


ELEMENTARY = (
    "sinh", "cosh", "tanh", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "exp",
    "exp2", "log", "log2", "log10", "expm1", "sqrt",
)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_and_nan_operands(dtype: str) -> None:
    """NumPy's results, also on branch cuts and where others overflow, with the signs of infinities, and of zeros but
    beside NaN."""
    info = np.finfo(REAL[dtype])
    big, tiny = float(info.max), float(info.smallest_subnormal)
    ends = [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, np.inf, -np.inf, np.nan, big, -big, tiny, 1e10, -720.0]
    x, y = (v.reshape(-1) for v in np.meshgrid(ends, ends))
    a = np.empty(x.size, dtype)
    a.real, a.imag = x, y
    z = sa.placeholder((None,), dtype)
    for name, got in zip(ELEMENTARY, sa.compile([UNARY[name](z) for name in ELEMENTARY], inputs=[z])(a), strict=True):
        with np.errstate(all="ignore"):
            expected = UNARY[name](a)
        there = ~np.isnan(expected)
        np.testing.assert_array_equal(np.isnan(got.real), np.isnan(expected.real), err_msg=name)
        np.testing.assert_array_equal(np.isnan(got.imag), np.isnan(expected.imag), err_msg=name)
        np.testing.assert_array_equal(np.isinf(got), np.isinf(expected), err_msg=name)
        tolerance = 50 if name == "exp2" else 8  # it is the exponential of a rounded product
        np.testing.assert_allclose(got[there], expected[there], rtol=tolerance * info.eps, atol=4 * tiny, err_msg=name)
        for part in (np.real, np.imag):
            zero = there & (part(expected) == 0)
            np.testing.assert_array_equal(np.signbit(part(got)[zero]), np.signbit(part(expected)[zero]), err_msg=name)
    nan, inf = np.nan, np.inf
    b = np.array([complex(inf, 1), complex(-inf, nan), complex(nan, 1), 0, complex(1, inf)], dtype)
    size, *tests, double = sa.compile([abs(z), np.isnan(z), np.isfinite(z), z == z, z * 2], inputs=[z])(b)
    np.testing.assert_array_equal(size, [inf, inf, nan, 0, inf])
    for got, expected in zip(tests, (np.isnan(b), np.isfinite(b), b == b), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert double[4] == complex(2, inf) and double[0] == complex(inf, 2), "no NaN of an infinity times nothing"


def test_results_are_accurate_where_numpys_formulas_are_not() -> None:
    """The logarithm near 1, exponentials whose size overflows, functions of large numbers."""
    z = sa.placeholder((None,), "complex128")
    log, power, tanh = sa.compile([np.log(z), np.exp(z), np.tanh(z)])(np.array([1e-9j + 1, 709.9 + 0.8j, 300 + 1j]))
    np.testing.assert_allclose(log[0], complex(5e-19, 1e-9), rtol=1e-15)
    np.testing.assert_allclose(power[1], np.exp(609.9 + 0.8j) * np.exp(100), rtol=1e-13)
    assert tanh[2] == complex(1, 2 * np.sin(2.0) * np.exp(-600))


@pytest.mark.parametrize("dtype", DTYPES)
def test_logistic_functions(dtype: str, rng: np.random.Generator) -> None:
    """Both parts against many digits, also beside the poles at odd multiples of pi i; their limits."""
    info = np.finfo(REAL[dtype])
    near = rng.normal(size=60) * 1e-3 + 1j * (np.pi * rng.integers(-3, 4, 60) + rng.normal(size=60) * 1e-3)
    far = rng.uniform(-0.9, 0.9, 40) * np.log(info.max) + 1j * rng.normal(size=40) * 10
    a = np.concatenate([near, far, numbers(rng, dtype, 40) * 5, [0, 1e-9j, -1e-9, 5, -5]]).astype(dtype)
    z = sa.placeholder((None,), dtype)
    session = sa.compile([sa.sigmoid(z), sa.softplus(z)], inputs=[z])
    with mpmath.workdps(60 if dtype == "complex64" else 700):
        exponentials = [mpmath.exp(mpmath.mpc(complex(x))) for x in a]
        sigmoid = np.array([complex(e / (1 + e)) for e in exponentials])
        softplus = np.array([complex(mpmath.log(1 + e)) for e in exponentials])
    for got, exact in zip(session(a), (sigmoid, softplus)):
        np.testing.assert_array_less(abs(got - exact), 4 * info.eps * abs(exact) + info.tiny)
    ends = np.array([complex(np.inf, 1), complex(-np.inf, 1), complex(np.inf, np.nan), complex(-np.inf, np.inf)], dtype)
    one, log = session(ends)
    np.testing.assert_array_equal(one, [1, 0, 1, 0])
    np.testing.assert_array_equal(log.real, [np.inf, 0, np.inf, 0])
    assert log[0].imag == 1 and not log[1:].imag.any()
    for got in session(np.array([complex(np.nan, 1), complex(1, np.inf)], dtype)):
        assert np.isnan(got).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_overflow_before_the_result_does(dtype: str) -> None:
    """At nine tenths of the exponents that are possible, in both directions."""
    info = np.finfo(REAL[dtype])
    most = 0.9 * float(np.log(info.max))
    ends = [complex(x, y) for x in (most, -most, 1.0, -1.0) for y in (most, -most, 1.0, -1.0)]
    z = sa.placeholder((None,), dtype)
    names = ("exp", "expm1", "sin", "cos", "tan", "tanh")
    a = np.array(ends, dtype)
    for name, got in zip(names, sa.compile([UNARY[name](z) for name in names])(a), strict=True):
        expected = UNARY[name](a.astype("complex128")).astype(dtype)
        np.testing.assert_array_less(np.abs(got - expected), 4 * info.eps * np.abs(expected) + info.tiny, err_msg=name)


def test_movement_and_indexing(rng: np.random.Generator) -> None:
    a = numbers(rng, "complex128", 3, 4)
    place = np.array([0, 2, 2])
    z = sa.placeholder((3, "n"), "complex128")
    k = sa.placeholder((), "int64")
    row = z[0]

    def scattered(x: np.ndarray, at: Any, add: bool, value: Any) -> np.ndarray:
        result = x.copy()
        if add:
            np.add.at(result, at, value)
        else:
            result[at] = value
        return result

    pairs: list[tuple[Tensor, np.ndarray]] = [
        (z[place], a[place]),
        (z[:, 1:3].T, a[:, 1:3].T),
        (z[k], a[1]),
        (z.at[place].add(row), scattered(a, place, True, a[0])),
        (z.at[:, 0].set(1.5), scattered(a, np.s_[:, 0], False, 1.5)),
        (z.at[k, 1].add(2j), scattered(a, (1, 1), True, 2j)),
        (np.tile(z, (2, 1)), np.tile(a, (2, 1))),
        (np.take_along_axis(z, sa.constant(place.reshape(3, 1)), 1), np.take_along_axis(a, place.reshape(3, 1), 1)),
        (sa.linspace(0, 1 + 1j, 5), np.linspace(0, 1 + 1j, 5)),
        (sa.eye(3, dtype="complex64"), np.eye(3, dtype="complex64")),
        (sa.arange(3, dtype="complex64"), np.arange(3, dtype="complex64")),
        (sa.complex(sa.zeros(2, "float32"), 1.0), np.array([1j, 1j], "complex64")),
        (np.diag(z[0]), np.diag(a[0])),
    ]
    for got, (tensor, expected) in zip(sa.compile([t for t, _ in pairs], inputs=[z, k])(a, 1), pairs, strict=True):
        check(str(tensor), got, expected, 1e-15)


def test_promotion() -> None:
    single, double = sa.placeholder((2,), "complex64"), sa.placeholder((2,), "float64")
    small, whole = sa.placeholder((2,), "float32"), sa.placeholder((2,), "int32")
    length = sa.placeholder((None,)).shape[0]
    for tensor, dtype in (
        (single + 1j, "complex64"),
        (single * small, "complex64"),
        (single * double, "complex128"),
        (single - whole, "complex128"),
        (small * 1j, "complex64"),
        (whole + 1j, "complex128"),
        (sa.constant(1j), "complex128"),
        (sa.asarray([1, 2j]), "complex128"),
        (single.mean(), "complex64"),
        (single.var(), "float32"),
        (abs(single), "float32"),
        (single * (1j * length), "complex64"),
        (single + length / 2, "complex64"),
        (small * (length * 0.5 - 2j), "complex64"),
        (length**1j, "complex128"),
    ):
        assert tensor.dtype == dtype, tensor
    assert np.iscomplexobj(single) and np.isrealobj(double)
    assert sa.real(double) is double and sa.conj(double) is double
