"""Functions that kernels call: loops call those of vectors, with masks and without, for every level of CPUs."""

from __future__ import annotations

import ast
import re

import pytest

from staticad.codegen import hints, jit, llvm_pipeline
from staticad.codegen.assembler import assemble
from staticad.codegen.recipes import CALLED, COS, FMODS, SIN, TAN, shared_symbols
from staticad.codegen.target import LEVELS, Target
from staticad.codegen.vector_calls import described, lanes_of

SOURCE = """
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    for i0 in range(lo, hi):
        deep_loop()
        store(p1, i0, sin(load(p0, i0)))
"""
TARGETS = [target for _, target in LEVELS]


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_loops_call_the_function_of_vectors(target: Target, masks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_masks", lambda: masks)
    function = ast.parse(SOURCE).body[0]
    assert isinstance(function, ast.FunctionDef)
    text = assemble(function, "kernel")
    module = str(llvm_pipeline.build(text, "kernel", target, llvm_pipeline.KERNEL))
    kind = f"<{lanes_of(target)} x double>"
    assert len(re.findall(rf"call {kind} @{CALLED[SIN]}\(", module)) >= 4
    assert (f"call double @{SIN}(" in module) == (not masks)  # in the loop over what fills no vector


def test_kernels_load_what_they_call() -> None:
    """Also those that are called by functions which the text names."""

    def called(name: str, dtype: str = "float64") -> set[str]:
        operands = "load(p0, i0), " * (name == "bessel_j")
        source = SOURCE.replace("sin(", f"{name}({operands}").replace("float64", dtype)
        return {symbol for symbol in shared_symbols(jit.compile_source(source)) if symbol in CALLED}

    assert called("sin") == {SIN}
    assert called("j1") == called("bessel_j") == {SIN, COS}
    assert called("tan") == {TAN}
    assert not called("arcsin") and not called("sin", "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loops_call_functions_of_two_vectors(dtype: str) -> None:
    operation = "remainder(load(p0, i0), load(p1, i0))"
    text = SOURCE.replace("sin(load(p0, i0))", operation).replace("float64", dtype)
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    module = str(llvm_pipeline.build(assemble(function, "kernel"), "kernel", TARGETS[0], llvm_pipeline.KERNEL))
    kind = f"<{lanes_of(TARGETS[0], dtype)} x {'float' if dtype == 'float32' else 'double'}>"
    assert len(re.findall(rf"call {kind} @{CALLED[FMODS[dtype]]}\({kind} [^,]+, {kind} ", module)) >= 4


def test_other_modules_stay_as_they_are() -> None:
    text = "declare double @sin(double)\n"
    assert described(text, TARGETS[0], True) == text
    known = described(f'declare double @"{SIN}"(double %".1")\n', TARGETS[0], False)
    assert "memory(none)" in known and "vector" not in known
