"""Memory of kernels: slots, loads and stores of every dtype, alias scopes, checked indices, and refused types."""

from __future__ import annotations

import ctypes
import re

import numpy as np
import pytest

from staticad.codegen import intrinsics, jit
from staticad.codegen.kernel_names import KERNEL_NAMES
from staticad.errors import CompileError
from tests.codegen.kernel_runner import evaluate, kernel_dtype, run

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")


@pytest.mark.parametrize("dtype", DTYPES)
def test_load_and_store(dtype: str, rng: np.random.Generator) -> None:
    a = rng.integers(0, 2 if dtype == "bool" else 100, 37).astype(dtype)
    assert evaluate([a], {"a": dtype})["a"].tolist() == a.tolist()


def test_slots_hold_addresses_and_sizes() -> None:
    source = """
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 1)
    n1 = size(args, 1)
    shift = size(args, 2)
    for i in range(lo, hi):
        store(p0, i * n1 + shift, float64(i))
"""
    out = np.full((4, 3), -1.0)
    run(source, [out, 3, -1], 1, 4)  # a negative shift is no wraparound
    assert out.ravel().tolist() == [-1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, -1]


def test_the_same_scope_may_alias_exactly() -> None:
    source = """
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float32, 0, 2)
    p1 = pointer(args, 1, float32, 1, 2)
    p2 = pointer(args, 2, float32, 1, 2)
    for i in range(lo, hi):
        store(p2, i, add(load(p0, i), load(p1, i)))
        store(p2, i, add(load(p1, i), float32(1)))
"""
    a, b = np.arange(100, dtype=np.float32), np.ones(100, np.float32)
    run(source, [a, b, b], 0, 100)
    assert b.tolist() == (np.arange(100) + 2).tolist()


def test_scopes_make_overlap_checks_unnecessary() -> None:
    count = 12
    lines = ["def kernel(args, lo, hi):"]
    lines += [f"    p{i} = pointer(args, {i}, float64, {i}, {count})" for i in range(count)]
    lines.append("    for i in range(lo, hi):")
    lines += [f"        store(p{i}, i, mul(load(p{i - 1}, i), load(p0, i)))" for i in range(2, count, 2)]
    module, _ = jit.compile_listings("\n".join(lines) + "\n")
    assert re.search(r"store <\d+ x double>", module)
    assert "memcheck" not in module
    assert len(set(re.findall(r"!alias.scope (!\d+)", module))) == count // 2  # what is only read shares one


CHECK = """
def kernel(args, lo, hi):
    p0 = pointer(args, 0, int64, 0, 2)
    p1 = pointer(args, 1, int64, 1, 2)
    n = size(args, 2)
    for i in range(lo, hi):
        store(p1, i, check_index(args, 3, load(p0, i), n, int64(77)))
"""


def check(indices: list[int], n: int, status: np.ndarray) -> list[int]:
    given = np.array(indices, np.int64)
    out = np.empty_like(given)
    run(CHECK, [given, out, n, status], 0, given.size)
    return list(out)


def test_checked_indices_count_from_the_end() -> None:
    status = np.zeros(4, np.int64)
    assert check([0, 4, -1, -5, 2], 5, status) == [0, 4, 4, 0, 2]
    assert status.tolist() == [0, 0, 0, 0]


def test_the_first_index_out_of_range_is_reported() -> None:
    status = np.zeros(4, np.int64)
    assert check([1, -6, 5, 2], 5, status) == [1, 0, 0, 2]
    assert status.tolist() == [1, 77, -6, 5]
    assert check([2**62], 5, status) == [0]
    assert status.tolist() == [1, 77, -6, 5]


@pytest.mark.parametrize("index", [0, -1, 7, -(2**63), 2**63 - 1])
def test_no_index_is_in_range_of_nothing(index: int) -> None:
    status = np.zeros(4, np.int64)
    assert check([index], 0, status) == [0]
    assert status.tolist() == [1, 77, index, 0]


LOOK = """\
def kernel(args, lo, hi):
    p = pointer(args, 0, float64, 0, 2)
    q = pointer(args, 1, float64, 1, 2)
    left = int64(4)
    while True:
        store(p, 0, add(load(p, 0), load(q, 0)))
        left = left - 1
        if left == 0:
            left = look(args, 2, int64(4), 2)
            if left == 0:
                break
"""


def test_a_look_tells_how_many_steps_follow() -> None:
    asked = []

    @ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    def decide(block: int, steps: int, longest: int) -> int:
        asked.append((block, steps, longest))
        return 3 if len(asked) < 4 else 0

    address = ctypes.cast(decide, ctypes.c_void_p).value
    assert address is not None
    block, total, step = np.array([address, 7]), np.zeros(1), np.full(1, 0.5)
    run(LOOK, [total, step, block], 0, 1)
    assert total[0] == 0.5 * (4 + 3 * 3)
    assert asked == [(block.ctypes.data, 4, intrinsics.LONGEST)] * 4


def test_a_look_is_no_access_of_the_buffers() -> None:
    """What the loop carries is read from memory once, before it."""
    ir, _ = jit.compile_listings(LOOK)
    loop = ir[ir.index("!noalias") :]
    assert len(re.findall(r"= load double", ir)) == 2, loop


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("add(float32(1), float64(1))", "add"),
        ("add(1, int8(1))", "add"),
        ("exp(int64(1))", "exp"),
        ("sub(True, False)", "sub"),
        ("where(1, 2, 3)", "where"),
        ("cast(1, 2)", "cast"),
        ("pointer(args, lo, float64, 0, 1)", "literal"),
        ("pointer(args, 0, float64, 1, 1)", "scope"),
        ("load(lo, 0)", "pointer"),
        ("store(pointer(args, 0, float32, 0, 1), lo, 1)", "value"),
        ("load(pointer(args, 0, float32, 0, 1), int32(0))", "index"),
        ("size(lo, 0)", "args"),
        ("check_index(args, 0, int8(1), lo, lo)", "check_index"),
        ("look(args, lo, lo, 2)", "literal"),
        ("look(args, 0, int8(1), 2)", "steps"),
    ],
)
def test_wrong_types_are_refused(line: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        jit.compile_source(f"def kernel(args, lo, hi):\n    v = {line}\n")


def test_every_dtype_has_its_name() -> None:
    assert {kernel_dtype(dtype) for dtype in DTYPES} <= KERNEL_NAMES.keys()
