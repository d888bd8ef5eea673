"""kernel_address: one address per text, also from many threads; loaded kernels compute."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from llvmlite import ir

from staticad.codegen import jit, loader
from staticad.errors import CompileError

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
ADD = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    for i in range(lo, hi):
        store(p1, i, add(load(p0, i), float64({0})))
"""


def test_a_kernel_computes_on_its_range_only(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=100), np.zeros(100)
    args = np.array([x.ctypes.data, y.ctypes.data])
    KERNEL(loader.kernel_address(ADD.format(1)))(args.ctypes.data, 10, 90)
    np.testing.assert_array_equal(y[10:90], x[10:90] + 1)
    assert not y[:10].any() and not y[90:].any()


def test_one_address_and_one_compilation_per_text() -> None:
    address = loader.kernel_address(ADD.format(2))
    count = jit.compilations()
    assert loader.kernel_address(ADD.format(2)) == address
    assert loader.kernel_address(ADD.format(3)) != address
    assert jit.compilations() <= count + 1


def test_threads_may_ask_at_the_same_time(rng: np.random.Generator) -> None:
    sources = [ADD.format(10 + i % 4) for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        addresses = list(pool.map(loader.kernel_address, sources))
    assert addresses == addresses[:4] * 4
    assert len(set(addresses)) == 4


def test_memset_and_memcpy_are_found() -> None:
    # LLVM turns such loops into calls of the C library.
    source = ADD.replace("add(load(p0, i), float64({0}))", "{0}")
    x, y = np.arange(5000.0), np.full(5000, -1.0)
    args = np.array([x.ctypes.data, y.ctypes.data])
    KERNEL(loader.kernel_address(source.format("load(p0, i)")))(args.ctypes.data, 0, 5000)
    np.testing.assert_array_equal(y, x)
    KERNEL(loader.kernel_address(source.format("float64(0.0)")))(args.ctypes.data, 0, 5000)
    assert not y.any()


def test_a_kernel_that_does_not_compile_leaves_the_loader_usable() -> None:
    with pytest.raises(CompileError):
        loader.kernel_address("def kernel(args, lo, hi):\n    nothing_of_this_name(args)\n")
    assert loader.kernel_address(ADD.format(1))


def test_a_forked_child_can_compile() -> None:
    code = f"""
import os, threading
from staticad.codegen import loader
source = {ADD!r}
loader.kernel_address(source.format(1))
loader._lock.acquire()  # as if another thread were compiling during the fork
child = os.fork()
if child == 0:
    thread = threading.Thread(target=loader.kernel_address, args=(source.format(4),))
    thread.start()
    thread.join(60)
    os._exit(int(thread.is_alive()))
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_kernels_are_loaded_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(function: object, arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(loader._thread, "start_new_thread", refuse)
    assert loader.kernel_address(ADD.format(5))
    with pytest.raises(CompileError):
        loader.kernel_address("def kernel(args, lo, hi):\n    nothing_of_that_name(args)\n")


def test_an_interrupted_thread_leaves_no_more_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel that is being loaded is finished, the next is not begun."""
    sources = [ADD.format(6), ADD.format(7)]
    begun, going_on, load = threading.Event(), threading.Event(), loader._load_object

    def slowly(*args: Any) -> loader.Code:
        begun.set()
        assert going_on.wait(60)
        return load(*args)

    def interrupt(function: Callable[[], None], arguments: tuple[()]) -> None:
        threading.Thread(target=function).start()
        begun.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(loader, "_load_object", slowly)
    monkeypatch.setattr(loader._thread, "start_new_thread", interrupt)
    with pytest.raises(KeyboardInterrupt):
        loader.load(sources)
    going_on.set()
    loader._settle()
    assert [loader._known(source) is not None for source in sources] == [True, False]


def test_code_that_nobody_holds_is_given_back(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """What is held or recent stays."""
    monkeypatch.setattr(loader, "_recent", deque(maxlen=1))
    texts = [ADD.format(20 + k) for k in range(4)]
    loader.load(texts[3:])  # gives back what other tests have left
    first, second = loader.load(texts[:2]).values()
    before = len(loader._codes)
    assert loader.load(texts[:1])[texts[0]] is first
    del second
    loader.load(texts[2:3])
    assert loader._known(texts[0]) is first and loader._known(texts[1]) is None and loader._known(texts[2]) is not None
    assert len(loader._codes) <= before
    del first
    held = loader.load(texts[1:2])
    assert loader._known(texts[0]) is loader._known(texts[3]) is None and len(loader._codes) <= before
    x, y = rng.normal(size=8), np.zeros(8)
    args = np.array([x.ctypes.data, y.ctypes.data])
    KERNEL(held[texts[1]].address)(args.ctypes.data, 0, 8)
    np.testing.assert_array_equal(y, x + 21)


def test_llvm_gives_back_what_it_has_loaded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it loads other kernels."""
    monkeypatch.setattr(loader, "_recent", deque(maxlen=1))
    monkeypatch.setattr(loader.images, "load", lambda *_: None)
    texts = [ADD.format(30 + k) for k in range(4)]
    loader.load(texts[3:])
    first, second = loader.load(texts[:2]).values()
    before = len(loader._engines)
    del second
    loader.load(texts[2:3])
    assert loader._known(texts[0]) is first and len(loader._engines) <= before + 1
    del first
    loader.load(texts[3:])
    loader.load(texts[2:3])
    assert loader._known(texts[0]) is None and len(loader._engines) <= before + 1


def test_the_compiler_keeps_nothing_of_a_kernel() -> None:
    """Which would be megabytes."""
    jit.compile_source(ADD.format(24))
    gc.collect()
    assert not [o for o in gc.get_objects() if isinstance(o, ir.Module)]
