"""Special functions of float32 against those of float64 at the same numbers: within a unit of the last place."""

from __future__ import annotations

import numpy as np
import pytest

from tests.codegen.kernel_runner import evaluate

COUNT = 20_000
UNARY = {
    "erfc": 1.0,
    "erfcx": 1.0,
    "erfcinv": 1.0,
    "ndtr": 4.0,
    "log_ndtr": 1.0,
    "ndtri": 1.0,
    "logit": 1.0,
    "i0": 1.0,
    "i1": 1.0,
    "i0e": 1.0,
    "i1e": 1.0,
    "j0": 1.0,
    "j1": 1.0,
}
BINARY = {"log_ratio": 1.0, "rel_entr": 1.0, "kl_div": 1.0}
WITH_LOOPS = {"gammainc": 1.0, "gammaincc": 1.0, "zeta": 1.0}
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 8.0, np.inf, -np.inf, np.nan, 3.4e38, -3.4e38, 1e-45, -1e-45, 1e-38, 90.0]


def numbers(rng: np.random.Generator) -> np.ndarray:
    """float32 of all sizes, most of them where the functions have most of their digits."""
    sizes = np.exp2(rng.uniform(-149, 128, COUNT)) * rng.choice([-1, 1], COUNT)
    near = [rng.uniform(-15, 15, COUNT), rng.uniform(-100, 100, COUNT), rng.uniform(0, 1, COUNT)]
    with np.errstate(over="ignore"):
        return np.concatenate([sizes, *near, 1 - np.exp2(rng.uniform(-24, 0, COUNT)), EDGES]).astype(np.float32)


def check(found: np.ndarray, wide: np.ndarray, limit: float, name: str) -> None:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        expected = wide.astype(np.float32)
        unit = np.spacing(np.maximum(abs(expected), np.finfo(np.float32).tiny)).astype(np.float64)
        close = abs(found.astype(np.float64) - wide) <= limit * unit
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    assert found.dtype == np.float32 and (close | same).all(), name


@pytest.mark.parametrize("names", [tuple(UNARY)[:7], tuple(UNARY)[7:]], ids=["first", "rest"])
def test_functions_of_one_number(names: tuple[str, ...], rng: np.random.Generator) -> None:
    values = numbers(rng)
    found = evaluate([values], {f"{name}(a)": "float32" for name in names})
    wide = evaluate([values.astype(np.float64)], {f"{name}(a)": "float64" for name in names})
    for name in names:
        check(found[f"{name}(a)"], wide[f"{name}(a)"], UNARY[name], name)


def test_functions_of_two_numbers(rng: np.random.Generator) -> None:
    a = abs(numbers(rng))
    b = abs(numbers(rng))
    close = slice(None, None, 3)
    b[close] = a[close] * (1 + rng.normal(size=a[close].size) * np.exp2(rng.uniform(-24, 0, a[close].size)))
    edges = np.array(np.meshgrid(EDGES, EDGES), np.float32).reshape(2, -1)
    pairs = [np.concatenate([a, edges[0]]), np.concatenate([b, edges[1]])]
    found = evaluate(pairs, {f"{name}(a, b)": "float32" for name in BINARY})
    wide = evaluate([v.astype(np.float64) for v in pairs], {f"{name}(a, b)": "float64" for name in BINARY})
    for name, limit in BINARY.items():
        check(found[f"{name}(a, b)"], wide[f"{name}(a, b)"], limit, name)


def test_functions_with_loops(rng: np.random.Generator) -> None:
    first = np.exp(rng.uniform(-9, 6, 4000))
    near = first * np.exp(rng.normal(0, 0.7, first.size))
    edges = np.array(np.meshgrid(EDGES, EDGES)).reshape(2, -1)
    pairs = [np.concatenate(row).astype(np.float32) for row in ([first, edges[0]], [near, edges[1]])]
    found = evaluate(pairs, {f"{name}(a, b)": "float32" for name in WITH_LOOPS})
    wide = evaluate([v.astype(np.float64) for v in pairs], {f"{name}(a, b)": "float64" for name in WITH_LOOPS})
    for name, limit in WITH_LOOPS.items():
        check(found[f"{name}(a, b)"], wide[f"{name}(a, b)"], limit, name)
