"""From the text of a kernel to the bytes of an object file.

The text defines one function of three arguments: ``kernel(args, lo, hi)``, in C ``void(int64_t*, int64_t, int64_t)``,
or ``entry(args, lo, hi)``, in C ``int64_t(int64_t*, int64_t, int64_t)``. It may use the names of
:mod:`staticad.codegen.kernel_names` and nothing else of Python's globals.

Numba can compile every text. What is made of kernel functions only is *assembled* from pieces that Numba has made
before, which takes a fraction of the time and gives the same numbers; Numba is imported only for what is not. The
setting ``codegen`` leaves everything to Numba.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import llvmlite.binding as llvm

from staticad.codegen import llvm_pipeline
from staticad.codegen.assembler import assemble
from staticad.codegen.numba_import import with_numba
from staticad.codegen.recipes import is_assembled, is_machine_code, kernel_symbol
from staticad.codegen.serial import is_serial
from staticad.codegen.straight import assemble_straight
from staticad.codegen.target import Target, host, plain
from staticad.collection import no_collection
from staticad.errors import CompileError

_LOOPS = re.compile(r"^ +(?:for|while) |_reduce\(", re.MULTILINE)  # a sum may be reordered
_compilations = 0


def compilations() -> int:
    """How many kernels this process has compiled (not loaded from a cache) so far."""
    return _compilations


def compile_source(source: str, target: Target | None = None) -> bytes:
    """Compile a kernel to an object file whose function is called ``kernel_symbol(source)``, for a ``target`` or for
    this CPU.

    The bytes depend on the source, the compiler and the CPU only. Raises CompileError with the line of the kernel that
    is not understood.
    """
    global _compilations
    with no_collection():
        chosen = target_of(source) if target is None else target
        payload = llvm_pipeline.object_bytes(*_build(source, chosen))
    _compilations += 1
    return payload


def compile_listings(source: str) -> tuple[str, str]:
    """The optimized LLVM IR and the assembly of a kernel, for people and tests. Raises CompileError."""
    module, target = _build(source, target_of(source))
    return str(module), llvm_pipeline.assembly(module, target)


def target_of(source: str) -> Target:
    """The CPUs that a text is compiled for."""
    return plain() if is_machine_code(source) else host()


def _build(source: str, target: Target) -> tuple[llvm.ModuleRef, Target]:
    """The optimized module, and what makes machine code of it."""
    symbol = kernel_symbol(source)
    if not is_assembled(source):
        return with_numba("numba_pipeline", "build", source, _parse(source).name, symbol, target), target
    loops = _LOOPS.search(source) is not None
    straight = None if loops else assemble_straight(source, symbol)
    if straight is not None:
        quick = replace(target, quick=True)
        return llvm_pipeline.build(straight, symbol, quick, llvm_pipeline.AS_IT_IS), quick
    function = _parse(source)
    text = assemble(function, symbol, loops)
    level = llvm_pipeline.KERNEL if loops and not is_serial(function) else llvm_pipeline.STRAIGHT
    return llvm_pipeline.build(text, symbol, target, level), target


def _parse(source: str) -> ast.FunctionDef:
    """The function of a text."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise CompileError(f"kernel line {error.lineno}: {error.msg}: {(error.text or '').strip()}") from error
    match tree.body:
        case [ast.FunctionDef(name="kernel" | "entry", args=ast.arguments(args=[_, _, _])) as function]:
            return function
    raise CompileError("a kernel's source is one function, kernel(args, lo, hi) or entry(args, lo, hi)")


def compile_shared(symbol: str, target: Target) -> bytes:
    """An object file with one of the functions that kernels share."""
    with no_collection():
        return llvm_pipeline.object_bytes(with_numba("piece_maker", "make_shared", symbol, target), target)
