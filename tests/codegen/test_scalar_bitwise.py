"""Bits of kernels against NumPy, in every dtype, and as vector code."""

from __future__ import annotations

import re

import numpy as np
import pytest

from staticad.codegen import jit
from tests.codegen.kernel_runner import assert_identical, elementwise_source, evaluate
from tests.codegen.test_scalar_arithmetic import INTEGERS, integers

BINARY = {
    "bitwise_and(a, b)": np.bitwise_and,
    "bitwise_or(a, b)": np.bitwise_or,
    "bitwise_xor(a, b)": np.bitwise_xor,
    "left_shift(a, b)": np.left_shift,
    "right_shift(a, b)": np.right_shift,
}


@pytest.mark.parametrize("dtype", INTEGERS)
def test_values(dtype: str, rng: np.random.Generator) -> None:
    a, b = integers(dtype, rng)
    counts = np.arange(a.size).astype(dtype) % np.asarray(80, dtype)
    for second in (b, counts):
        results = evaluate([a, second], dict.fromkeys([*BINARY, "invert(a)"], dtype))
        for expression, function in BINARY.items():
            assert_identical(results[expression], function(a, second), a, second)
        assert_identical(results["invert(a)"], ~a, a)


@pytest.mark.parametrize("dtype", ["int32", "uint64"])
def test_loops_are_vectorized(dtype: str) -> None:
    expressions = [(expression, dtype) for expression in (*BINARY, "invert(a)")]
    module, _ = jit.compile_listings(elementwise_source([dtype, dtype], expressions))
    assert len(set(re.findall(r"^(vector.body\d*):", module, re.M))) >= len(expressions)
