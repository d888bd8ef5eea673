"""From an LLVM module to machine code, by llvmlite alone."""

from __future__ import annotations

import llvmlite.binding as llvm

from staticad.codegen import recipes
from staticad.codegen.images import process_function
from staticad.codegen.target import Target, target_machine
from staticad.codegen.vector_calls import described
from staticad.errors import CompileError

# Levels of optimization: none, without loops over data, with them, compiled ahead.
AS_IT_IS, STRAIGHT, KERNEL, SHARED = 0, 1, 2, 3


def build(text: str, name: str, target: Target, level: int) -> llvm.ModuleRef:
    """The module that a text of LLVM describes, optimized: at -O1 without what is for loops, at -O2 or -O3 with the
    loop vectorizer. Raises CompileError when it calls a C function that neither exists nor is shared by kernels."""
    module = llvm.parse_assembly(described(text, target, level == KERNEL))
    module.name = name
    module.data_layout = str(target_machine(target).target_data)
    if level > AS_IT_IS:
        _optimize(module, target, level)
    missing = [function for function in unresolved(module) if function not in recipes.SHARED]
    if missing:
        raise CompileError(f"{name} calls {', '.join(missing)}, which the C library does not have")
    return module


def _optimize(module: llvm.ModuleRef, target: Target, level: int) -> None:
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.loop_interleaving = options.loop_unrolling = level > STRAIGHT
    builder = llvm.create_pass_builder(target_machine(target), options)
    builder.getModulePassManager().run(module, builder)


def unresolved(module: llvm.ModuleRef) -> list[str]:
    """Functions that ``module`` calls and that neither it nor the C library defines."""
    called = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    return [name for name in called if not process_function(name)]


def object_bytes(module: llvm.ModuleRef, target: Target) -> bytes:
    """Machine code of ``module`` as an object file."""
    return bytes(target_machine(target).emit_object(module))


def assembly(module: llvm.ModuleRef, target: Target) -> str:
    """The assembly text of ``module``."""
    return str(target_machine(target).emit_assembly(module))
