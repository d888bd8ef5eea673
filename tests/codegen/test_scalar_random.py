"""The generator of kernels: published vectors, the reference, and vector code."""

from __future__ import annotations

import re

import numpy as np

from staticad.codegen import jit, scalar_random
from staticad.codegen.target import host
from staticad.ops import random
from tests.codegen.kernel_runner import assert_identical, elementwise_source, evaluate, run
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
    if "+avx512vl" in host().features.split(","):
        assert "vprold" in assembly  # a rotation is one instruction there


def test_scalar_rounds_are_computed_once() -> None:
    """A counter that is a loop's variable must not make every sum of the rounds a sum of all terms before it."""
    source = """def kernel(args, lo, hi):
    p0 = pointer(args, 0, uint64, 0, 1)
    for i in range(lo, hi):
        store(p0, 0, threefry64(load(p0, 0), cast(i, uint64)))
"""
    _, assembly = jit.compile_listings(source)
    assert len(re.findall(r"\t(?:add|lea)l\b", assembly)) < 60  # 20 rounds and 12 words of the key
    state = np.array([5], np.uint64)
    run(source, [state], 0, 3)
    expected = np.uint64(5)
    for i in range(3):
        expected = random.THREEFRY64.numpy(expected, np.uint64(i))
    assert state[0] == expected
