"""Kernels compile to deterministic, vectorized, self-contained object files; errors name the line."""

from __future__ import annotations

import gc
import re
import subprocess
import sys

import pytest

from staticad.codegen import jit, recipes
from staticad.codegen.target import Target, host
from staticad.errors import CompileError

SQUARE_AND_SUM = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float32, 0, 3)
    p1 = pointer(args, 1, float32, 1, 3)
    p2 = pointer(args, 2, float32, 2, 3)
    n1 = size(args, 3)
    for i0 in range(lo, hi):
        acc = float32(0.0)
        for i1 in range(n1):
            v0 = load(p0, i0 * n1 + i1)
            v1 = mul(v0, v0)
            store(p1, i0 * n1 + i1, v1)
            acc = add_reduce(acc, v1)
        store(p2, i0, acc)
"""


def test_the_same_source_gives_the_same_bytes() -> None:
    first = jit.compile_source(SQUARE_AND_SUM)
    assert jit.compile_source(SQUARE_AND_SUM) == first
    code = f"import hashlib; from staticad.codegen import jit; s = {SQUARE_AND_SUM!r}; "
    code += "jit.compile_source(s.replace('mul(', 'add(')); "  # another kernel first must not matter
    code += "print(hashlib.sha256(jit.compile_source(s)).hexdigest())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = subprocess.run(
        [sys.executable, "-c", "import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"],
        input=first,
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == here.stdout.decode().strip()


def test_compilations_are_counted() -> None:
    before = jit.compilations()
    jit.compile_source(SQUARE_AND_SUM)
    assert jit.compilations() == before + 1


def test_loops_are_vectorized() -> None:
    module, assembly = jit.compile_listings(SQUARE_AND_SUM)
    assert re.search(r"load <\d+ x float>", module)
    assert re.search(r"fadd .*<\d+ x float>", module)  # the reduction too
    if "+avx" in host().features.split(","):
        assert re.search(r"v(mul|fmadd\d+)ps\s.*%[yz]mm", assembly)


def test_one_exported_function_and_nothing_of_python() -> None:
    module, _ = jit.compile_listings(SQUARE_AND_SUM)
    defined = re.findall(r"^define (.*) @(\w+)\(", module, re.M)
    assert [name for _, name in defined] == [recipes.kernel_symbol(SQUARE_AND_SUM)]
    assert defined[0][0] == "void"
    declared = re.findall(r"^declare .* @([\w.]+)\(", module, re.M)
    assert all(name.startswith("llvm.") for name in declared)
    assert "Numba" not in module


def test_an_entry_returns_an_integer() -> None:
    module, _ = jit.compile_listings("def entry(args, lo, hi):\n    return lo + 2 * hi\n")
    assert re.search(r"^define .*i64 @\w+\(", module, re.M)


def test_division_has_no_branch() -> None:
    source = "def kernel(args, lo, hi):\n    p = pointer(args, 0, float64, 0, 1)\n    for i in range(lo, hi):\n"
    module, _ = jit.compile_listings(source + "        store(p, i, div(load(p, i), load(p, i + 8)))\n")
    assert re.search(r"fdiv .*<\d+ x double>", module)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def kernel(args, lo, hi):\n    x = 1\n    y = unknown_name(x)\n", r"line 3 \(y = unknown_name\(x\)\)"),
        ("def kernel(args, lo, hi):\n    raise ValueError('no')\n", r"line 2 \(raise ValueError"),
        ("def kernel(args, lo, hi):\n    x = [1, 2]\n    store(x, 0, 1)\n", r"line 2 \(x = \[1, 2\]\)"),
        ("def kernel(args, lo, hi:\n    pass\n", "kernel line 1"),
        ("def kernel(args, lo):\n    pass\n", "one function"),
        ("def other(args, lo, hi):\n    pass\n", "one function"),
        ("import os\ndef kernel(args, lo, hi):\n    pass\n", "one function"),
        ("x = 1\n", "one function"),
    ],
)
def test_errors_are_typed_and_name_the_line(source: str, message: str) -> None:
    before = jit.compilations()
    with pytest.raises(CompileError, match=message):
        jit.compile_source(source)
    assert jit.compilations() == before


def test_python_objects_are_refused() -> None:
    with pytest.raises(CompileError):
        jit.compile_source("def kernel(args, lo, hi):\n    x = {'a': lo}\n    x['b'] = object()\n")


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_rests_while_a_kernel_is_compiled(collecting: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def build(source: str, target: Target) -> tuple[str, Target]:
        found.append(gc.isenabled())
        if source == "wrong":
            raise CompileError("no")
        return source, target

    monkeypatch.setattr(jit, "_build", build)
    monkeypatch.setattr(jit.llvm_pipeline, "object_bytes", lambda module, target: module.encode())
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        jit.compile_source("right")
        with pytest.raises(CompileError):
            jit.compile_source("wrong")
        assert found == [False, False] and gc.isenabled() == collecting
    finally:
        (gc.enable if before else gc.disable)()
