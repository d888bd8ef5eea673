"""Elementary functions of kernels: accuracy against mpmath over the whole range, special values, vector code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from staticad.codegen import jit
from staticad.codegen.recipes import CALLED, OPERANDS
from staticad.codegen.target import host
from staticad.codegen.vecmath.trigonometric import NEAR
from tests.codegen.kernel_runner import assert_identical, elementwise_source, evaluate, ulps
from tests.harness.families import specials

FLOATS = ("float32", "float64")
UNARY = (
    "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "cbrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "sigmoid", "softplus", "erf", "erfinv",
)  # fmt: skip
BINARY = ("pow", "arctan2", "hypot", "logaddexp", "logaddexp2")


def exact_erfinv(x: mpmath.mpf) -> mpmath.mpf:
    """1200 bits, which the sine needs, would take minutes here."""
    with mpmath.workprec(150):
        return mpmath.erfinv(x)


def short(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that needs no more than 200 bits, in which it takes much less time."""

    def evaluated(*arguments: mpmath.mpf) -> mpmath.mpf:
        with mpmath.workprec(200):
            return function(*arguments)

    return evaluated


def exact_logaddexp(a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    return max(a, b) + mpmath.log1p(mpmath.exp(-abs(a - b)))


def exact_logaddexp2(a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    return max(a, b) + mpmath.log1p(mpmath.power(2, -abs(a - b))) / mpmath.log(2)


EXACT: dict[str, Callable[..., Any]] = {
    "exp2": short(lambda x: mpmath.power(2, x)),
    "log2": short(lambda x: mpmath.log(x) / mpmath.log(2)),
    "log10": short(mpmath.log10),
    "cbrt": short(lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x))),
    "arcsin": short(mpmath.asin),
    "arccos": short(mpmath.acos),
    "arctan": short(mpmath.atan),
    "sinh": short(mpmath.sinh),
    "cosh": short(mpmath.cosh),
    "arcsinh": short(mpmath.asinh),
    "arccosh": short(mpmath.acosh),
    "arctanh": short(mpmath.atanh),
    "arctan2": mpmath.atan2,
    "logaddexp": exact_logaddexp,
    "logaddexp2": exact_logaddexp2,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "erfinv": exact_erfinv,
    "pow": mpmath.power,
}


def exact_function(name: str) -> Callable[..., Any]:
    """The function that a name stands for, with as many bits as mpmath is set to."""
    return EXACT[name] if name in EXACT else getattr(mpmath, name)


# worst errors seen with a hundred thousand points, in ulps, rounded up; 1.0 for the others
LIMITS = {"exp": 1.1, "expm1": 1.1, "tanh": 1.1, "erf": 1.1, "softplus": 1.6, "sigmoid": 1.5, "erfinv": 4.0}
LIMITS |= {"arcsin": 1.2, "arccos": 1.1, "arctan": 1.2, "arctan2": 1.3, "arccosh": 1.4, "cosh": 1.1, "hypot": 1.1}
LIMITS |= {"logaddexp": 1.6, "logaddexp2": 1.6}
LARGEST_EXPONENT = {"float32": 88.7, "float64": 709.7}
POINTS = 400


def spread(dtype: str, rng: np.random.Generator, count: int) -> np.ndarray:
    """Numbers of both signs, evenly over all exponents from the smallest subnormal to the largest number."""
    info = np.finfo(dtype)
    exponents = rng.uniform(float(np.log2(info.smallest_subnormal)), info.maxexp - 1e-3, count)
    with np.errstate(over="ignore"):
        return (np.exp2(exponents) * rng.choice([-1, 1], count)).astype(dtype)


def arguments(name: str, dtype: str, rng: np.random.Generator) -> np.ndarray:
    """Points where a function is hard, and a spread over the whole range."""
    top = LARGEST_EXPONENT[dtype]
    ranges = {
        "exp": [(-top * 1.17, -top), (-top, top), (-1, 1)],
        "expm1": [(-40, top), (-1.5, 1.5), (-0.4, 0.4)],
        "log": [(0.5, 2), (0.99, 1.01), (0, 100)],
        "log1p": [(-1, 1), (-0.3, -0.29), (0, 100)],
        "sin": [(-7, 7), (-1e4, 1e4)],
        "cos": [(-7, 7), (-1e4, 1e4)],
        "tan": [(-7, 7), (-1e4, 1e4)],
        "tanh": [(-20, 20), (-2, 2)],
        "sigmoid": [(-top * 1.17, 40), (-3, 3)],
        "softplus": [(-top * 1.17, 40), (-3, 3)],
        "erf": [(-6, 6), (0.8, 1.6)],
        "erfinv": [(-1, 1), (-0.9, 0.9)],
        "exp2": [(-top * 1.6, top * 1.44), (-1, 1)],
        "log2": [(0.5, 2), (0.99, 1.01)],
        "log10": [(0.5, 2), (0.99, 1.01)],
        "cbrt": [(-10, 10)],
        "arcsin": [(-1, 1), (0.49, 0.51)],
        "arccos": [(-1, 1), (0.99, 1)],
        "arctan": [(-3, 3), (0.41, 0.42)],
        "sinh": [(-top * 1.008, top * 1.008), (-2, 2)],
        "cosh": [(-top * 1.008, top * 1.008), (-2, 2)],
        "arcsinh": [(-50, 50), (-1, 1)],
        "arccosh": [(1, 3), (1, 1.01)],
        "arctanh": [(-1, 1), (-0.1, 0.1)],
    }[name]
    points = [rng.uniform(*bounds, POINTS) for bounds in ranges]
    if name in ("sin", "cos", "tan"):
        multiples = np.arange(1, POINTS) * (np.pi / 2)
        # the float64 and float32 nearest to a multiple of pi/2, relative to their size
        points += [multiples, [6381956970095103 * 2.0**797 if dtype == "float64" else 16367173 * 2.0**72]]
    if name == "erfinv":
        points.append(1 - np.exp2(-rng.uniform(0, np.finfo(dtype).nmant, POINTS)))
    values = np.concatenate([*points, spread(dtype, rng, POINTS).astype(float)]).astype(dtype)
    inside = np.abs(values) < 1
    domain = {
        **dict.fromkeys(("log", "log2", "log10"), values > 0),
        **dict.fromkeys(("erfinv", "arcsin", "arccos", "arctanh"), inside),
        "log1p": values > -1,
        "arccosh": values >= 1,
    }.get(name, np.isfinite(values))
    return values[domain & np.isfinite(values)]


@pytest.mark.parametrize("dtype", FLOATS)
def test_accuracy(dtype: str, rng: np.random.Generator) -> None:
    inputs = {name: arguments(name, dtype, rng) for name in UNARY}
    longest = max(map(len, inputs.values()))
    # one kernel: every function sees all points; only its own count
    points = np.concatenate([*inputs.values()])
    assert longest <= len(points)
    with mpmath.workprec(1200):
        results = evaluate([points], {f"{name}(a)": dtype for name in UNARY})
        start = 0
        for name, x in inputs.items():
            got = results[f"{name}(a)"][start : start + len(x)]
            start += len(x)
            errors = ulps(got, exact_function(name), x, known_as=f"{__file__}:{name}")
            worst = int(errors.argmax())
            limit = LIMITS.get(name, 1.0)
            assert errors[worst] <= limit, f"{name}({x[worst]!r}) = {got[worst]!r}: {errors[worst]} ulps"


@pytest.mark.parametrize("dtype", FLOATS)
def test_accuracy_of_pow(dtype: str, rng: np.random.Generator) -> None:
    top = LARGEST_EXPONENT[dtype]
    x = np.abs(np.concatenate([spread(dtype, rng, POINTS), rng.uniform(0, 3, POINTS), 1 + rng.normal(0, 1e-3, POINTS)]))
    x = x.astype(dtype)
    y = (rng.uniform(-top * 1.1, top, x.size) / np.log(x.astype(float))).astype(dtype)
    whole = rng.integers(-6, 7, POINTS).astype(dtype)
    x, y = np.concatenate([x, -x[:POINTS]]), np.concatenate([y, whole])
    finite = np.isfinite(y) & (np.abs(y * np.log(np.abs(x.astype(float)))) < 1.2 * top)
    x, y = x[finite], y[finite]
    got = evaluate([x, y], {"pow(a, b)": dtype})["pow(a, b)"]
    with mpmath.workprec(200):
        errors = ulps(got, exact_function("pow"), x, y, known_as=f"{__file__}:pow")
    worst = int(errors.argmax())
    assert errors[worst] <= 1.0, f"{x[worst]!r}**{y[worst]!r} = {got[worst]!r}: {errors[worst]} ulps"


@pytest.mark.parametrize("dtype", FLOATS)
def test_accuracy_of_two_operands(dtype: str, rng: np.random.Generator) -> None:
    """Of numbers of all sizes, and of pairs of one size."""
    a, b = spread(dtype, rng, 2 * POINTS), spread(dtype, rng, 2 * POINTS)
    with np.errstate(over="ignore"):
        b[:POINTS] = a[:POINTS] * rng.uniform(0.3, 3, POINTS).astype(dtype)
    finite = np.isfinite(b)
    a, b = a[finite], b[finite]
    # what a logarithm of a sum adds is small: its error is one of the larger operand where that is negative
    c, d = (np.abs(rng.uniform(-8, 8, 2 * POINTS)).astype(dtype) for _ in "ab")
    c, d = np.concatenate([c, -c / 20]), np.concatenate([d, d * 3])
    with mpmath.workprec(200):
        for names, x, y in ((("arctan2", "hypot"), a, b), (("logaddexp", "logaddexp2"), c, d)):
            results = evaluate([x, y], {f"{name}(a, b)": dtype for name in names})
            for name in names:
                got = results[f"{name}(a, b)"]
                errors = ulps(got, exact_function(name), x, y, known_as=f"{__file__}:{name}")
                worst = int(errors.argmax())
                place = f"{name}({x[worst]!r}, {y[worst]!r}) = {got[worst]!r}"
                assert errors[worst] <= LIMITS[name], f"{place}: {errors[worst]} ulps"


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values(dtype: str) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45 if dtype == "float32" else 5e-324], dtype)
    results = evaluate([x], {f"{name}(a)": dtype for name in UNARY})
    for name in UNARY[:-4]:
        with np.errstate(all="ignore"):
            assert_identical(results[f"{name}(a)"][:5], getattr(np, name)(x[:5]), x[:5])
    log2 = np.log(np.asarray(2, dtype))
    for name, expected in {
        "sigmoid": [0.5, 0.5, 1.0, 0.0, np.nan, 0.5],
        "softplus": [log2, log2, np.inf, 0.0, np.nan, log2],
        "erf": [0.0, -0.0, 1.0, -1.0, np.nan, x[5]],
        "erfinv": [0.0, -0.0, np.nan, np.nan, np.nan, x[5]],
    }.items():
        assert_identical(results[f"{name}(a)"], np.array(expected, dtype), x)
    for name in ("expm1", "log1p", "sin", "tan", "tanh", "arcsin", "arctan", "sinh", "arcsinh", "arctanh"):
        assert results[f"{name}(a)"][5] == x[5], name


@pytest.mark.parametrize("dtype", FLOATS)
def test_overflow_underflow_and_poles(dtype: str) -> None:
    info = np.finfo(dtype)
    big, tiny = float(info.max), float(info.smallest_subnormal)
    x = np.array([big, -big, -1.0, -2.0, tiny, -tiny, np.log(big) * 1.001, np.log(tiny) - 1], dtype)
    with np.errstate(all="ignore"):
        expected = {name: getattr(np, name)(x) for name in ("exp", "expm1", "tanh")}
        infinite = {name: ~np.isfinite(getattr(np, name)(x)) for name in ("log", "log1p")}
    results = evaluate([x], {f"{name}(a)": dtype for name in UNARY})
    for name, values in expected.items():
        np.testing.assert_allclose(results[f"{name}(a)"], values, rtol=2 * float(info.eps))
    for name, positions in infinite.items():
        assert np.array_equal(~np.isfinite(results[f"{name}(a)"]), positions), name
    assert results["log1p(a)"][2] == -np.inf and np.isnan(results["log1p(a)"][3])
    assert results["erf(a)"][:2].tolist() == results["tanh(a)"][:2].tolist() == [1.0, -1.0]
    assert results["sigmoid(a)"][:2].tolist() == [1.0, 0.0] and results["softplus(a)"][0] == x[0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values_of_two_operands(dtype: str) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(*[specials(np.dtype(dtype))] * 2))
    names = ("arctan2", "hypot", "copysign", "nextafter", "fmod", "fmax", "fmin")
    results = evaluate([x, y], {f"{name}(a, b)": dtype for name in names})
    for name in names:
        got = results[f"{name}(a, b)"]
        with np.errstate(all="ignore"):
            expected = getattr(np, name)(x, y)
            near = (np.abs(got - expected) <= 2 * np.spacing(np.abs(expected))) & (name in ("arctan2", "hypot"))
        near |= (x == 0) & (y == 0) & (name in ("fmax", "fmin"))  # whichever zero
        assert_identical(np.where(near, expected, got), expected, x, y)


@pytest.mark.parametrize("dtype", FLOATS)
def test_parts_of_floats(dtype: str, rng: np.random.Generator) -> None:
    x = np.concatenate([specials(np.dtype(dtype)), spread(dtype, rng, POINTS)])
    results = evaluate(
        [x], {"significand(a)": dtype, "exponent(a)": "int32", "spacing(a)": dtype, "signbit(a)": "bool"}
    )
    with np.errstate(all="ignore"):
        for expression, expected in zip(results, (*np.frexp(x), np.spacing(x), np.signbit(x))):
            assert_identical(results[expression], expected, x)
    exponents = rng.integers(-2100, 2100, x.size)
    with np.errstate(over="ignore"):
        expected = np.ldexp(x, exponents)
    assert_identical(evaluate([x, exponents.astype(dtype)], {"ldexp(a, b)": dtype})["ldexp(a, b)"], expected, x)


@pytest.mark.parametrize("dtype", FLOATS)
def test_powers_of_bases_are_exact(dtype: str) -> None:
    info = np.finfo(dtype)
    twos = np.arange(info.minexp - info.nmant, info.maxexp).astype(dtype)
    tens = np.arange(-37 if dtype == "float32" else -307, 39 if dtype == "float32" else 309)
    powers = np.array([f"1e{n}" for n in tens]).astype(dtype)
    assert np.array_equal(
        evaluate([twos], {"exp2(a)": dtype})["exp2(a)"], np.ldexp(np.ones((), dtype), twos.astype(int))
    )
    assert np.array_equal(
        evaluate([np.ldexp(np.ones((), dtype), twos.astype(int))], {"log2(a)": dtype})["log2(a)"], twos
    )
    assert np.array_equal(evaluate([powers], {"log10(a)": dtype})["log10(a)"], tens.astype(dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_cases_of_pow(dtype: str) -> None:
    whole = [2.0, 3.0, 2.0**24 - 1, 2.0**53 - 1, 2.0**53]
    values = [0.0, 1.0, 0.5, 1.5, 1e-45 if dtype == "float32" else 5e-324, float(np.finfo(dtype).max), np.inf, *whole]
    x, y = (grid.ravel() for grid in np.meshgrid(*[np.array([np.nan, *values, *(-v for v in values)], dtype)] * 2))
    got = evaluate([x, y], {"pow(a, b)": dtype})["pow(a, b)"]
    with np.errstate(all="ignore"):
        expected = np.power(x, y)
        near = np.abs(got / expected - 1) < 2 * np.finfo(dtype).eps  # NumPy's own last digit
    assert_identical(np.where(near, expected, got), expected, x, y)


@pytest.mark.parametrize("dtype", FLOATS)
def test_loops_are_vectorized(dtype: str) -> None:
    expressions = [(f"{name}(a)", dtype) for name in UNARY]
    expressions += [(f"{name}(a, b)", dtype) for name in (*BINARY, "fmod", "remainder", "floor_divide")]
    module, assembly = jit.compile_listings(elementwise_source([dtype, dtype], expressions))
    assert len(set(re.findall(r"^(vector.body\d*):", module, re.M))) >= len(expressions)
    assert len(re.findall(r"store <\d+ x ", module)) >= len(expressions)
    for symbol, vector in CALLED.items():
        assert (f"@{vector}(" in module) == (dtype == OPERANDS[symbol][0]), symbol
    if "+fma" in host().features.split(","):
        others = [line for line in module.splitlines() if re.search(r"\bcall .*@(?!llvm\.)", line)]
        assert all(re.search(f"@(?:{'|'.join(CALLED)})", line) for line in others)  # nothing from the C library


def test_numbers_near_and_far_have_the_same_results_in_any_vector(rng: np.random.Generator) -> None:
    """A vector that holds both, and each number by itself, in the loop that is left to scalar code."""
    near = np.concatenate([rng.uniform(-9, 9, 30), [0.0, -0.0, 5e-324, np.nextafter(NEAR, 0), -np.nextafter(NEAR, 0)]])
    far = np.concatenate([rng.uniform(NEAR, 2 * NEAR, 30), [NEAR, -NEAR, 1e22, 1.7e308, np.inf, -np.inf, np.nan]])
    x = np.concatenate([near, far])
    for points in (x, rng.permutation(x), rng.permutation(x)):
        results = evaluate([points], {f"{name}(a)": "float64" for name in ("sin", "cos", "tan")})
        for name, (expression, got) in zip(("sin", "cos", "tan"), results.items()):
            alone = [evaluate([points[i : i + 1]], {expression: "float64"})[expression][0] for i in range(len(points))]
            assert_identical(got, np.array(alone), points)
            with np.errstate(invalid="ignore"):
                np.testing.assert_allclose(got, getattr(np, name)(points), rtol=5e-16)


@pytest.mark.parametrize("dtype", FLOATS)
def test_remainders_are_exact_in_any_vector(dtype: str, rng: np.random.Generator) -> None:
    """Of one step and of several, of numbers that are not finite, side by side and by themselves."""
    info = np.finfo(dtype)
    bits = rng.integers(0, 2 ** (8 * info.dtype.itemsize), (2, 3000), f"uint{8 * info.dtype.itemsize}").view(dtype)
    few = (rng.normal(size=(2, 3000)) * 10 ** rng.uniform(-3, 9, (2, 3000))).astype(dtype)
    whole = rng.integers(-99, 99, (2, 3000)).astype(dtype)
    least = info.smallest_subnormal
    odd = np.array([0, least, 1, 2 ** (info.nmant + 1), info.tiny, info.max, np.inf, np.nan], dtype)
    grid = np.stack([part.ravel() for part in np.meshgrid(*[np.concatenate([odd, -odd])] * 2)])
    x, y = np.concatenate([bits, few, whole, grid], 1)[:, rng.permutation(9000 + grid.shape[1])]
    results = evaluate([x, y], {f"{name}(a, b)": dtype for name in ("fmod", "remainder", "floor_divide")})
    with np.errstate(all="ignore"):
        for (expression, got), function in zip(results.items(), (np.fmod, np.remainder, np.floor_divide)):
            assert_identical(got, function(x, y), x, y)
            for k in range(0, len(x), 400):
                alone = evaluate([x[k : k + 1], y[k : k + 1]], {expression: dtype})[expression]
                assert_identical(alone, got[k : k + 1], x[k : k + 1], y[k : k + 1])
