"""From an LLVM module to machine code, by llvmlite alone."""

from __future__ import annotations

import ctypes

import llvmlite.binding as llvm

from staticad.codegen.target import Target, target_machine


def parse(text: str, name: str, target: Target) -> llvm.ModuleRef:
    """The module that a text of LLVM describes."""
    module = llvm.parse_assembly(text)
    module.name = name
    module.data_layout = str(target_machine(target).target_data)
    return module


def optimize(module: llvm.ModuleRef, target: Target, *, loops: bool) -> None:
    """LLVM's -O3 pipeline with the loop vectorizer, in place; -O1 for code without loops over data."""
    options = llvm.create_pipeline_tuning_options(speed_level=3 if loops else 1)
    options.loop_vectorization = options.loop_interleaving = options.loop_unrolling = loops
    builder = llvm.create_pass_builder(target_machine(target), options)
    builder.getModulePassManager().run(module, builder)


def unresolved(module: llvm.ModuleRef) -> list[str]:
    """Functions that ``module`` calls and that neither it nor the C library defines."""
    process = ctypes.CDLL(None)
    called = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    return [name for name in called if not hasattr(process, name)]


def object_bytes(module: llvm.ModuleRef, target: Target) -> bytes:
    """Machine code of ``module`` as an object file."""
    return bytes(target_machine(target).emit_object(module))


def assembly(module: llvm.ModuleRef, target: Target) -> str:
    """The assembly text of ``module``."""
    return str(target_machine(target).emit_assembly(module))
