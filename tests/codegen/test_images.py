"""Object files are loaded without LLVM, as LLVM would; what is not understood is left to it."""

from __future__ import annotations

import ctypes
import platform
import struct
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from staticad.codegen import images, jit, loader, prebuilt, recipes
from staticad.codegen.sealed import OVERHEAD

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
SUPPORTED = sys.platform == "linux" and platform.machine() == "x86_64"
# With constants, branches, and calls of the C library.
SOURCE = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    for i in range(lo, hi):
        store(p1, i, add(tanh(load(p0, i)), exp2(load(p0, i))))
    for i in range(lo, hi):
        store(p0, i, float64(0.0))
"""


@pytest.fixture(scope="module")
def payload() -> bytes:
    return jit.compile_source(SOURCE)


def load(payload: bytes, symbol: str = recipes.kernel_symbol(SOURCE)) -> images.Image | None:
    return images.load(payload, symbol, images.process_function)


def results(address: int) -> np.ndarray:
    x, y = np.linspace(-3, 3, 1000), np.zeros(1000)
    args = np.array([x.ctypes.data, y.ctypes.data])
    KERNEL(address)(args.ctypes.data, 0, 1000)
    assert not x.any()
    return y


@pytest.mark.skipif(not SUPPORTED, reason="LLVM's loader is used")
def test_results_are_those_of_code_that_llvm_loads(payload: bytes) -> None:
    image = load(payload)
    assert image is not None
    code = loader._Engine().load(payload, recipes.kernel_symbol(SOURCE))
    x = np.linspace(-3, 3, 1000)
    np.testing.assert_array_equal(results(image.address), results(code.address))
    np.testing.assert_allclose(results(image.address), np.tanh(x) + np.exp2(x), atol=1e-14)


@pytest.mark.skipif(not SUPPORTED, reason="LLVM's loader is used")
def test_all_that_the_package_brings_along_is_loaded_without_llvm() -> None:
    for path in prebuilt.DIRECTORY.glob("*.o"):
        content = path.read_bytes()[OVERHEAD:]
        (symbol,) = {name for name in _functions(content) if name.startswith("staticad_")}
        assert images.load(content, symbol, _address) is not None, symbol


def _address(name: str) -> int:
    """Kernels that are brought along call what kernels share, which is not run here."""
    return 8 if name in recipes.SHARED else images.process_function(name)


def _functions(content: bytes) -> Iterator[str]:
    (table,) = struct.unpack_from("<Q", content, 40)
    (count,) = struct.unpack_from("<H", content, 60)
    sections = [images._SECTION.unpack_from(content, table + 64 * number) for number in range(count)]
    for number, section in enumerate(sections):
        if section[1] == images._SYMBOLS:
            for name, _, _, place, _, _ in images._SYMBOL.iter_unpack(content[section[4] : section[4] + section[5]]):
                if place != images._UNDEFINED:
                    yield images._name(content, sections, number, name)


def test_what_is_not_understood_is_left_to_llvm(payload: bytes) -> None:
    """Another machine, a relocation or a section of another kind, a function that is nowhere, or half a file."""

    def changed(at: int, kind: str, value: int) -> bytes:
        content = bytearray(payload)
        struct.pack_into(kind, content, at, value)
        return bytes(content)

    assert load(payload, "another") is None
    assert load(b"") is None and load(payload[:100]) is None and load(b"\x7fELF" + bytes(60)) is None
    assert load(changed(18, "<H", 183)) is None  # the machine
    assert images.load(payload, recipes.kernel_symbol(SOURCE), lambda name: 0) is None
    (table,) = struct.unpack_from("<Q", payload, 40)
    (count,) = struct.unpack_from("<H", payload, 60)
    refused = 0
    for number in range(count):
        at = table + 64 * number
        _, what, flags, _, offset, size, *_ = images._SECTION.unpack_from(payload, at)
        if what == images._RELOCATIONS and size:
            assert load(changed(offset + 8, "<I", 2)) is None
            refused += 1
        if flags & images._LOADED and what == images._CONTENT:
            assert load(changed(at + 8, "<Q", flags | 1)) is None  # to be written
            assert load(changed(at + 4, "<I", 8)) is None  # without content
            refused += 1
    assert refused >= 2


def test_llvm_loads_where_this_does_not(monkeypatch: pytest.MonkeyPatch, payload: bytes) -> None:
    monkeypatch.setattr(images, "load", lambda *_: None)
    code = loader._load_object(payload, recipes.kernel_symbol(SOURCE), loader._Engine())
    x = np.linspace(-3, 3, 1000)
    np.testing.assert_allclose(results(code.address), np.tanh(x) + np.exp2(x), atol=1e-14)


def test_threads_may_run_until_the_process_is_gone() -> None:
    """Python empties its modules while they do."""
    code = """
import atexit, sys, threading, time
import numpy as np
import staticad as sa
x = sa.placeholder(())
count = sa.while_loop(lambda s: s < x, lambda s: s + 1.0, sa.zeros(()))
session = sa.compile(count, [x])
assert session(3.0) == 3.0
thread = threading.Thread(target=session, args=(np.float64(1e12),), daemon=True)
thread.start()
time.sleep(0.2)

class Late:
    def __del__(self, sleep=time.sleep):
        sleep(0.2)

sys.modules["staticad.codegen.loader"].late = Late()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
