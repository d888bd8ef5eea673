"""The machine's intrinsics: memory by address, atomic operations, calls by address."""

from __future__ import annotations

import ctypes
import threading

import numpy as np
import pytest

from staticad.codegen.jit import compile_listings
from staticad.codegen.loader import kernel_address

ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def run(body: str, words: np.ndarray, lo: int = 0, hi: int = 0) -> int:
    source = "def entry(args, lo, hi):\n    a = address_of(args)\n" + "".join(
        f"    {line}\n" for line in body.splitlines()
    )
    return ENTRY(kernel_address(source))(words.ctypes.data, lo, hi)


def words(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_memory() -> None:
    block = words(5, 7, -1)
    assert run("return a - lo", block, block.ctypes.data) == 0
    assert run("return peek(a, 1)", block) == 7
    assert run("return peek(a + 8, hi)", block, hi=-1) == 5
    assert run("poke(a, 2, lo)\nreturn peek(a, 2) + 1", block, 41) == 42
    assert block.tolist() == [5, 7, 41]


def test_int32_keeps_its_sign() -> None:
    block = np.array([-3, 8], np.int32)
    assert run("return peek_int32(a)", block) == -3
    assert run("return peek_int32(a + 4)", block) == 8


def test_atomic_operations() -> None:
    block = words(10, 0)
    assert run("return atomic_load(a, 0)", block) == 10
    assert run("atomic_store(a, 1, lo)\nreturn 0", block, 3) == 0
    assert run("return atomic_add(a, 0, -4)", block) == 10
    assert block.tolist() == [6, 3]
    assert run("return compare_exchange(a, 0, 6, 60)", block) == 1
    assert run("return compare_exchange(a, 0, 6, 61)", block) == 0
    assert block.tolist() == [60, 3]


def test_atomic_operations_lose_nothing_between_threads() -> None:
    block = words(0, 0)
    body = """\
for _ in range(lo):
    atomic_add(a, 0, 1)
    done = 0
    while done == 0:
        pause()
        old = atomic_load(a, 1)
        done = compare_exchange(a, 1, old, old + 1)
return 0"""
    run(body, block)
    threads = [threading.Thread(target=run, args=(body, block, 20_000)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert block.tolist() == [40_000, 40_000]


def test_calls_by_address() -> None:
    process = ctypes.CDLL(None)
    block = words(0, 0)
    address = ctypes.cast(process.memset, ctypes.c_void_p).value
    assert address is not None
    run("return call(lo, a, 1, 9, 0)", block, address)
    assert block.view(np.uint8).tolist() == [1] * 9 + [0] * 7
    eight = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 8)(lambda *numbers: int("".join(map(str, numbers))))
    address = ctypes.cast(eight, ctypes.c_void_p).value
    assert address is not None
    assert run("return call8(lo, 1, 2, 3, 4, 5, 6, 7, 8)", block, address) == 12345678


def test_stack_words_are_private_scratch() -> None:
    body = "s = stack_words(2)\npoke(s, 0, lo)\npoke(s, 1, hi)\nreturn peek(s, 0) * 10 + peek(s, 1)"
    assert run(body, words(0), 4, 2) == 42


@pytest.mark.parametrize(
    ("name", "instruction"), [("atomic_add(args_, 0, 1)", "atomicrmw add"), ("pause()", "call void")]
)
def test_what_they_become(name: str, instruction: str) -> None:
    module, _ = compile_listings(f"def entry(args, lo, hi):\n    args_ = address_of(args)\n    {name}\n    return 0\n")
    assert instruction in module
