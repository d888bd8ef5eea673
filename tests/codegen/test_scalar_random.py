"""The generator of kernels: published vectors, the reference, and vector code."""

from __future__ import annotations

import re

import numpy as np

from staticad.codegen import jit, scalar_random
from staticad.codegen.target import cpu
from staticad.ops import random
from tests.codegen.kernel_runner import assert_identical, elementwise_source, evaluate
from tests.ops.test_random import KNOWN

EXPRESSIONS = {"threefry64(a, b)": "uint64", "threefry32(a, b)": "uint32"}


def test_known_answers() -> None:
    keys, counters, blocks = (np.array(column, np.uint64) for column in zip(*KNOWN))
    results = evaluate([keys, counters], EXPRESSIONS)
    assert_identical(results["threefry64(a, b)"], blocks, keys, counters)
    assert_identical(results["threefry32(a, b)"], (blocks ^ (blocks >> np.uint64(32))).astype(np.uint32))


def test_the_reference(rng: np.random.Generator) -> None:
    keys, counters = rng.integers(0, 2**64, (2, 1000), np.uint64)
    results = evaluate([keys, counters], EXPRESSIONS)
    assert_identical(results["threefry64(a, b)"], random.THREEFRY64.numpy(keys, counters), keys, counters)
    assert_identical(results["threefry32(a, b)"], random.THREEFRY32.numpy(keys, counters), keys, counters)


def test_the_constants_are_the_same() -> None:
    for name in ("ROTATIONS", "PARITY", "GROUPS"):
        assert getattr(scalar_random, name) == getattr(random, name)


def test_loops_are_vectorized() -> None:
    module, assembly = jit.compile_listings(elementwise_source(["uint64", "uint64"], EXPRESSIONS.items()))
    assert len(set(re.findall(r"^(vector.body\d*):", module, re.M))) >= len(EXPRESSIONS)
    if "+avx512vl" in cpu()[2].split(","):
        assert "vprold" in assembly  # a rotation is one instruction there
