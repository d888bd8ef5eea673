"""Floats of 16 bits in kernels: all of them, and what is rounded to them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from staticad.codegen import jit, numba_pipeline, target
from staticad.ops import halves
from tests.codegen.kernel_runner import assert_identical, elementwise_source, evaluate

ALL_BITS = np.arange(1 << 16, dtype=np.uint16)
NAMES = ("float16", "float16_by_bits", "bfloat16")


def numpys(name: str) -> halves.Elementwise:
    return {op.name: op for op in halves.HALF_OPS}[name.removesuffix("_by_bits")]


def near_ties(dtype: str, rng: np.random.Generator) -> np.ndarray:
    """Numbers of 16 bits, what lies between two of them, and the neighbours of both; and others of all sizes."""
    found = []
    for widen in (halves.WIDEN_FLOAT16, halves.WIDEN_BFLOAT16):
        numbers = widen.numpy(ALL_BITS)
        numbers = np.sort(numbers[np.isfinite(numbers)].astype(np.float64))
        between = (numbers[1:] + numbers[:-1]) / 2
        found += [numbers, between, between[-1:] + 2 * np.diff(numbers[-2:])]
    with np.errstate(over="ignore"):
        exact = np.concatenate(found).astype(dtype)
    around = [np.nextafter(exact, np.asarray(end, dtype)) for end in (-np.inf, np.inf)]
    bits = rng.integers(0, 2**63, 20000, np.int64).view(dtype)
    bits = bits[~np.isnan(bits)]
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(dtype).max, np.finfo(dtype).tiny], dtype)
    return np.concatenate([exact, *around, bits, -bits, special])


def test_every_number_is_widened() -> None:
    results = evaluate([ALL_BITS], {f"widen_{name}(a)": np.float32 for name in NAMES})
    for name in NAMES:
        assert_identical(results[f"widen_{name}(a)"], numpys(f"widen_{name}").numpy(ALL_BITS), ALL_BITS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_rounded_once_to_the_nearest_and_to_even(dtype: str, rng: np.random.Generator) -> None:
    x = near_ties(dtype, rng)
    results = evaluate([x], {f"narrow_{name}(a)": np.uint16 for name in NAMES})
    for name in NAMES:
        widen = numpys(f"widen_{name}").numpy
        found = widen(results[f"narrow_{name}(a)"])
        assert_identical(found, widen(numpys(f"narrow_{name}").numpy(x)), x)
        assert np.array_equal(np.isnan(found), np.isnan(x))


def test_bfloat16_is_the_nearest(rng: np.random.Generator) -> None:
    """By its definition: none of the two neighbours is nearer, and of two at the same distance the even one is it."""
    x = near_ties("float64", rng)
    x = x[np.abs(x) < 3e38]
    bits = halves.NARROW_BFLOAT16.numpy(x)
    found, *others = (halves.WIDEN_BFLOAT16.numpy(bits + np.uint16(d % 2**16)).astype(np.float64) for d in (0, 1, -1))
    for other in others:
        distance, least = np.abs(other - x), np.abs(found - x)
        assert np.all((least < distance) | ((least == distance) & (bits % 2 == 0)) | ~np.isfinite(other) | (found == 0))


def test_loops_are_vectorized() -> None:
    expressions = [(f"narrow_{name}(sqrt(widen_{name}(a)))", "uint16") for name in NAMES]
    module, assembly = jit.compile_listings(elementwise_source(["uint16"], expressions))
    assert len(set(re.findall(r"^(vector.body\d*):", module, re.M))) >= len(expressions)
    if target.is_x86() and target.host_features().get("f16c"):
        assert "vcvtph2ps" in assembly and "vcvtps2ph" in assembly
    assert "call" not in re.findall(r"\t(call)\t", assembly)


@pytest.mark.parametrize("codegen", ["assembled", "numba"])
def test_a_cpu_without_instructions_for_float16_uses_arithmetic(codegen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from staticad import config

    substitutes = lambda: target.SUBSTITUTES  # noqa: E731
    monkeypatch.setattr("staticad.codegen.assembler.substitutes", substitutes)
    monkeypatch.setattr(numba_pipeline, "substitutes", substitutes)
    with config.override(codegen=codegen):
        source = elementwise_source(["uint16"], [("narrow_float16(sqrt(widen_float16(a)))", "uint16")])
        _, assembly = jit.compile_listings(source)
    assert "vcvt" not in assembly and "call" not in re.findall(r"\t(call)\t", assembly)
