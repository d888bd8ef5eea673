"""Numba, trimmed to what kernels need: from a Python function to the bytes of an object file.

Three things make this several times faster than ``numba.njit``:

- *A target of its own* (Numba's target extension interface). Numba's CPU target first imports implementations for
  lists, sets, strings, arrays, random numbers and, through its linear algebra, SciPy. Kernels use scalars, ``range``
  and intrinsics, so this target installs only those. Numba functions elsewhere in the process are not affected.
- *Few passes*. Nothing in a kernel can be inlined, lifted, unrolled by literal, or turned into parallel loops.
- *One LLVM pipeline* over one module, instead of Numba's function passes, cheap passes, reference count pruning
  and full passes. No wrapper for Python calls is made.

This is the only module besides the intrinsics that imports Numba; :mod:`staticad.codegen.jit` loads it on the first
kernel that is not in the cache.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cpu, types
from numba.core.codegen import CodeLibrary
from numba.core.compiler import CompilerBase, Flags
from numba.core.compiler_machinery import PassManager
from numba.core.descriptors import TargetDescriptor
from numba.core.errors import NumbaError, NumbaTypeError
from numba.core.target_extension import CPU, dispatcher_registry, jit_registry, target_override, target_registry
from numba.core.typed_passes import IRLegalization, NativeLowering, NopythonTypeInference, PreLowerStripPhis
from numba.core.typing.context import Context
from numba.core.typing.templates import RegistryLoader, _OverloadAttributeTemplate, _OverloadFunctionTemplate
from numba.core.untyped_passes import FixupArgs, IRProcessing, ReconstructSSA, TranslateByteCode
from numba.cpython import builtins, iterators, numbers, rangeobj  # noqa: F401  their import declares implementations

from staticad.codegen import llvm_pipeline
from staticad.codegen.atomics import MACHINE_NAMES
from staticad.codegen.kernel_names import KERNEL_NAMES
from staticad.codegen.loop_hints import hinted
from staticad.codegen.target import Target, substitutes
from staticad.errors import CompileError

TARGET = "staticad_kernel"
ARGUMENTS = (types.CPointer(types.int64), types.int64, types.int64)


class _KernelTarget(CPU):
    """Hardware of the kernels: the CPU."""


class _TypingContext(Context):
    """Numba's built-in typing without the functions that it implements in Python (``@overload``).

    Kernels cannot call those anyway, and Numba would try each of them for every ``+`` and ``<``.
    """

    def load_additional_registries(self) -> None:
        """Nothing beyond Numba's built-in typing."""

    def install_registry(self, registry: Any) -> None:
        loader = self._registries.get(registry)
        if loader is None:
            loader = self._registries[registry] = RegistryLoader(registry)
        for template in loader.new_registrations("functions"):
            if not issubclass(template, _OverloadFunctionTemplate):
                self.insert_function(template(self))
        for template in loader.new_registrations("attributes"):
            if not issubclass(template, _OverloadAttributeTemplate):
                self.insert_attributes(template(self))
        for value, kind in loader.new_registrations("globals"):
            if not any(issubclass(template, _OverloadFunctionTemplate) for template in getattr(kind, "templates", ())):
                known = self._lookup_global(value)
                if known is not None:
                    self._remove_global(value)
                self._insert_global(value, kind if known is None else known.augment(kind))


class _TargetContext(cpu.CPUContext):
    def load_additional_registries(self) -> None:
        """Nothing beyond the implementations that the imports of this module declare."""

    def post_lowering(self, mod: ir.Module, library: CodeLibrary) -> None:
        """Nothing: the runtime library is not linked, and no float operation gets flags that it does not ask for.

        Even `contract` everywhere would break the error-free sums of the elementary functions.
        """


class _Descriptor(TargetDescriptor):
    """Makes one pair of contexts, on first use, for all kernels of the process."""

    options = cpu.CPUTargetOptions

    def __init__(self) -> None:
        super().__init__(TARGET)
        self._contexts: tuple[_TypingContext, _TargetContext] | None = None

    @property
    def contexts(self) -> tuple[_TypingContext, _TargetContext]:
        if self._contexts is None:
            typing_context = _TypingContext()
            self._contexts = typing_context, _TargetContext(typing_context, TARGET)
        return self._contexts

    @property
    def typing_context(self) -> _TypingContext:
        return self.contexts[0]

    @property
    def target_context(self) -> _TargetContext:
        return self.contexts[1]


class _Dispatcher:
    """What Numba looks up to find the contexts that belong to a target."""

    targetdescr = _Descriptor()


def _refuse_overload(*args: Any, **options: Any) -> Any:
    """Numba asks for the target's ``jit`` before it tries an implementation written in Python (``@overload``)."""
    raise NumbaTypeError("kernels call intrinsics only, no compiled functions")


target_registry[TARGET] = _KernelTarget
jit_registry[_KernelTarget] = _refuse_overload
dispatcher_registry[_KernelTarget] = _Dispatcher


class _Library(CodeLibrary):
    """Keeps the LLVM module that Numba's lowering hands over, instead of compiling it."""

    module: ir.Module | None = None

    def add_ir_module(self, ir_module: ir.Module) -> None:
        self.module = ir_module

    def add_linking_library(self, library: CodeLibrary) -> None:
        raise AssertionError(f"a kernel calls a compiled function: {library}")

    def finalize(self) -> None:
        raise AssertionError("kernels are not linked by Numba")

    def get_function(self, name: str) -> Any:
        raise AssertionError("kernels are not linked by Numba")

    def get_llvm_str(self) -> str:
        return str(self.module)

    def get_asm_str(self) -> str:
        raise AssertionError("kernels are not compiled by Numba")


class _Pipeline(CompilerBase):
    """Straight-line passes only; there is no object mode to fall back to."""

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("kernel")
        passes.add_pass(TranslateByteCode, "read the bytecode")
        passes.add_pass(FixupArgs, "fix arguments")
        passes.add_pass(IRProcessing, "process the Numba IR")
        if self.state.flags.enable_ssa:
            passes.add_pass(ReconstructSSA, "one assignment per variable")
        passes.add_pass(NopythonTypeInference, "infer types")
        if self.state.flags.enable_ssa:
            passes.add_pass(PreLowerStripPhis, "remove phi nodes")
        passes.add_pass(IRLegalization, "legalize")
        passes.add_pass(NativeLowering, "make LLVM IR")
        passes.finalize()
        return [passes]


def _flags(ssa: bool) -> Flags:
    flags: Any = Flags()
    flags.enable_ssa = ssa
    flags.error_model = "numpy"  # division by zero gives inf or nan: no branch, so loops vectorize
    flags.no_rewrites = True
    flags.no_compile = True
    flags.no_cpython_wrapper = True
    flags.no_cfunc_wrapper = True
    return flags


def lower(
    function: Callable[..., Any], arguments: tuple[types.Type, ...], result: types.Type | None, *, ssa: bool
) -> tuple[ir.Module, str, types.Type]:
    """The LLVM module of ``function``, the name of its function there, and the type of its result, which is inferred
    where ``result`` is None. Raises numba.core.errors.NumbaError.

    With ``ssa`` a variable may be used again with another type. Long functions of integers only are spared the search
    for such variables, a third of their compile time.
    """
    with target_override(TARGET):
        typing_context, target_context = _Dispatcher.targetdescr.contexts
        library = _Library(target_context.codegen(), "kernel")
        pipeline = _Pipeline(typing_context, target_context, library, arguments, result, _flags(ssa), {})
        lowered = pipeline.compile_extra(function)
    assert library.module is not None
    return library.module, lowered.fndesc.mangled_name, lowered.fndesc.restype


def hide(module: ir.Module, inner: str) -> ir.Function:
    """Make all that a module defines internal, and return its function ``inner``, which LLVM is to inline."""
    for name in list(module.globals):
        module.globals[name].linkage = "internal" if not _is_declaration(module.globals[name]) else ""
    callee = module.globals[inner]
    callee.attributes.add("alwaysinline")
    return callee


def _export(module: ir.Module, inner: str, symbol: str, returns: bool) -> None:
    """Add the C function ``symbol`` to ``module``, which calls Numba's function, and make all else internal.

    Numba's functions return a status and write the result through their first argument. Kernels raise nothing, so
    the status is dropped.
    """
    callee = hide(module, inner)
    word = ir.IntType(64)
    signature = ir.FunctionType(word if returns else ir.VoidType(), [word.as_pointer(), word, word])
    function = ir.Function(module, signature, symbol)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    slots = [builder.alloca(word) for _ in callee.args[:2]]  # the result and the exception, both one word at most
    out = [builder.bitcast(slot, argument.type) for slot, argument in zip(slots, callee.args)]
    builder.call(callee, [*out, *function.args])
    if returns:
        builder.ret(builder.load(slots[0]))
    else:
        builder.ret_void()


def _is_declaration(value: Any) -> bool:
    if isinstance(value, ir.Function):
        return bool(value.is_declaration)
    return getattr(value, "initializer", None) is None


def build(source: str, name: str, symbol: str, target: Target) -> llvm.ModuleRef:
    """The function ``name`` of ``source`` (see :mod:`staticad.codegen.jit`), called ``symbol`` in an optimized module.

    Raises CompileError when Numba cannot type or lower it, or when it calls a C function that does not exist.
    """
    entry = name == "entry"
    filename = f"<{symbol}>"
    names: dict[str, Any] = {"__name__": "staticad.kernel", **KERNEL_NAMES, **MACHINE_NAMES}
    names |= {name: KERNEL_NAMES[other] for name, other in substitutes().items()}
    exec(compile(source, filename, "exec"), names)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for Numba's messages
    try:
        module, inner, _ = lower(names[name], ARGUMENTS, types.int64 if entry else types.void, ssa=not entry)
    except (NumbaError, NotImplementedError) as error:
        raise CompileError(_explain(source, error)) from error
    finally:
        del linecache.cache[filename]
    _export(module, inner, symbol, returns=entry)
    level = llvm_pipeline.STRAIGHT if entry else llvm_pipeline.KERNEL
    return llvm_pipeline.build(hinted(module, inner), symbol, target, level)


def _explain(source: str, error: Exception) -> str:
    line = getattr(getattr(error, "loc", None), "line", None)
    lines = source.splitlines()
    where = f"line {line} ({lines[line - 1].strip()})" if line and line <= len(lines) else "its code"
    return f"Numba cannot compile a kernel, {where}:\n{str(error).strip()}"
