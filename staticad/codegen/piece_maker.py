"""Numba makes pieces (see :mod:`staticad.codegen.pieces`): a function that calls one kernel function, as LLVM text.

The text is that of LLVM's own simplifications at the lowest level, without anything that belongs to a CPU: pieces are
compiled as parts of kernels.
"""

from __future__ import annotations

import inspect
import itertools
import linecache
import re
from collections.abc import Iterator
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import types
from numba.core.errors import NumbaError
from numba.core.extending import _Intrinsic as Intrinsic

from staticad.codegen import llvm_pipeline, loop_hints, wide_sums
from staticad.codegen.fourier_passes import pass_source
from staticad.codegen.idioms import COLUMN_SUMS_TEXT
from staticad.codegen.intrinsics import ARGS, Pointer
from staticad.codegen.kernel_names import DTYPES, KERNEL_NAMES
from staticad.codegen.key_sorting import sorting_function
from staticad.codegen.loop_hints import hinted
from staticad.codegen.matrix_depth import product_function, product_symbol
from staticad.codegen.matrix_vectors import registers
from staticad.codegen.numba_pipeline import build, hide, lower
from staticad.codegen.pieces import Piece
from staticad.codegen.recipes import CALLED, COLUMN_SUMS, KEY_SORTERS, OPERANDS, PASSES
from staticad.codegen.scalar_division import REMAINDERS
from staticad.codegen.target import Target, features_of, plain
from staticad.codegen.user_functions import function_module, result_kind
from staticad.codegen.vecmath.called import define
from staticad.codegen.vecmath.trigonometric import FORMULAS
from staticad.codegen.vector_calls import lanes_of
from staticad.errors import CompileError
from staticad.ir.expressions import CUSTOM, SAMPLE
from staticad.ops.samplers import SAMPLER_OPS

_KEY = re.compile(r"(\w+)\((.*)\)")
# How a piece calls its function where the arguments are not simply those of the piece.
_BODIES = {
    "quotient": "a0 // a1",
    "pointer": "pointer(a0, 0, int64, 0, 1)",
    "size": "size(a0, 0)",
    "failure": "failure(a0, 0)",
    "look": "look(a0, 0, a1, 1)",
    "check_index": "check_index(a0, 0, a1, a2, a3)",
}


def make(key: str) -> Piece:
    """The piece of that name. Raises CompileError where Numba refuses the types of its arguments."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise CompileError(f"{key} is no name of a piece")
    name, kinds = match[1], match[2].split(",") if match[2] else []
    if name.startswith((CUSTOM, SAMPLE)):
        return _piece(function_module(key, name, kinds), key, _type(result_kind(name, kinds)), scoped=False)
    names: dict[str, Any] = {"__name__": "staticad.kernel", **KERNEL_NAMES}
    given = [f"a{number}" for number, kind in enumerate(kinds) if not kind.startswith("=")]
    passed = [kind[1:] if kind.startswith("=") else f"a{number}" for number, kind in enumerate(kinds)]
    body = _BODIES.get(name) or f"{name}({', '.join(passed)})"
    source = f"def piece({', '.join(given)}):\n    return {body}\n"
    filename = f"<{key}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for Numba's messages
    try:
        exec(compile(source, filename, "exec"), names)
        arguments = tuple(_type(kind) for kind in kinds if not kind.startswith("="))
        module, inner, result = lower(names["piece"], arguments, None, ssa=True)
        _declare_shared(module)
    except (NumbaError, NotImplementedError, KeyError) as error:
        raise CompileError(f"no kernel function is called with {key}: {_reason(error)}") from error
    finally:
        del linecache.cache[filename]
    _export(module, inner, key, arguments, result)
    simplified = llvm_pipeline.build(hinted(module, inner), key, plain(), llvm_pipeline.STRAIGHT)
    return _piece(str(simplified), key, result, sum(kind.startswith("*") for kind in kinds) == 1)


def make_shared(symbol: str, target: Target) -> llvm.ModuleRef:
    """The optimized module of a function that kernels call (see `staticad.codegen.recipes.SHARED`)."""
    for dtype, name in PASSES.items():
        if symbol == name:
            return build(pass_source(dtype), "kernel", symbol, target)
    if symbol == COLUMN_SUMS:
        return llvm_pipeline.build(COLUMN_SUMS_TEXT, symbol, target, llvm_pipeline.SHARED)
    module = ir.Module(symbol)
    for name, vector in CALLED.items():
        if symbol in (name, vector):
            dtype, count = OPERANDS[name]
            lanes = lanes_of(target, dtype) if symbol == vector else 0
            define(module, symbol, _CALLED_FORMULAS[name], _type(dtype), count, lanes)
            return llvm_pipeline.build(str(module), symbol, target, llvm_pipeline.SHARED)
    if symbol in KEY_SORTERS.values():
        sorting_function(module, symbol, int(symbol[-2:]), features_of(target))
        return llvm_pipeline.build(hinted(module, symbol), symbol, target, llvm_pipeline.SHARED)
    product_function(module, _ELEMENTS[symbol], registers(features_of(target))).linkage = "external"
    return llvm_pipeline.build(hinted(module, symbol), symbol, target, llvm_pipeline.SHARED)


_CALLED_FORMULAS = {**FORMULAS, **REMAINDERS}
_ELEMENTS = {product_symbol(element): element for element in (ir.FloatType(), ir.DoubleType())}


def _declare_shared(module: ir.Module) -> None:
    """Leave to others what all kernels share."""
    for symbol in _ELEMENTS:
        function = module.globals.get(symbol)
        if function is not None:
            function.blocks.clear()
            function.linkage = ""
            function.attributes.discard("noinline")


def _reason(error: Exception) -> str:
    """What an intrinsic says, without all that Numba adds."""
    found = re.search(r"NumbaTypeError: (.*)", str(error))
    return found[1] if found else str(error).strip()


def _type(kind: str) -> types.Type:
    if kind == "slots":
        return ARGS
    if kind.startswith("*"):
        return Pointer(_type(kind[1:]), 0, 1)
    dtype = DTYPES[kind]
    assert isinstance(dtype, types.Type)
    return dtype


def _export(module: ir.Module, inner: str, symbol: str, arguments: tuple[types.Type, ...], result: types.Type) -> None:
    """Add the function of a piece, which takes and returns values; a bool is one bit. Numba's functions have the
    address of their result as an argument, and a bool is a byte."""
    callee = hide(module, inner)
    slots = callee.args[:2]
    memory, bit = slots[0].type.pointee, ir.IntType(1)
    taken = [bit if kind == types.boolean else a.type for a, kind in zip(callee.args[2:], arguments)]
    value = ir.VoidType() if result == types.none else bit if result == types.boolean else memory
    function = ir.Function(module, ir.FunctionType(value, taken), symbol)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    out = [builder.alloca(slot.type.pointee) for slot in slots]
    passed = [builder.zext(a, b.type) if a.type != b.type else a for a, b in zip(function.args, callee.args[2:])]
    builder.call(callee, [*out, *passed])
    if result == types.none:
        builder.ret_void()
    else:
        loaded = builder.load(out[0])
        builder.ret(builder.trunc(loaded, value) if loaded.type != value else loaded)


# ---- text ------------------------------------------------------------------------------------------------------------


def _piece(text: str, key: str, result: types.Type, scoped: bool) -> Piece:
    """The definitions and declarations of a module, without what LLVM adds by itself."""
    nodes = dict(re.findall(r"^!(\d+) = (.*)$", text, re.MULTILINE))
    groups = dict(re.findall(r"^attributes #(\d+) = \{ (.*) \}$", text, re.MULTILINE))
    found = re.findall(r"^define .*?^}$", text, re.MULTILINE | re.DOTALL)
    functions = [_function(function, key, groups) for function in found]
    constants = re.findall(r"^@.*$", text, re.MULTILINE)
    declared = [re.sub(r" #\d+$", "", line) for line in re.findall(r"^declare .*$", text, re.MULTILINE)]
    order: list[str] = []
    waiting = _nodes_of("\n".join(functions))
    while waiting:
        number = waiting.pop(0)
        if number not in order:
            order.append(number)
            waiting += _nodes_of(nodes[number])
    numbers = {number: f"!{place}" for place, number in enumerate(order)}

    def renumbered(part: str) -> str:
        return re.sub(r"!(\d+)", lambda match: numbers[match[1]], part)

    kind = "void" if result == types.none else "slots" if isinstance(result, Pointer) else _dtype_name(result)
    return Piece(
        kind,
        tuple(map(renumbered, (*constants, *functions, *declared))),
        tuple(renumbered(nodes[number]) for number in order),
        scoped,
    )


def _nodes_of(text: str) -> list[str]:
    return re.findall(r"!(\d+)", text)


def _function(text: str, key: str, groups: dict[str, str]) -> str:
    """A function's text. Its accesses are not known to be apart from anything: that is for the caller to say."""
    text = re.sub(r" *; preds = .*", "", text)
    text = re.sub(r", !(?:noalias|alias\.scope) !\d+", "", text)
    for number, label in enumerate(dict.fromkeys(re.findall(r"\b_ZN[\w.]+", text))):  # they count functions
        text = text.replace(label, f"label{number}")
    head, body = text.split("\n", 1)
    own = f'@"{key}"(' in head or f"@{key}(" in head
    head = re.sub(r"^define (?:internal |fastcc |dso_local )*", "define internal ", head)
    head = re.sub(r"\)[^()]*\{$", ") alwaysinline nounwind {" if own else ") noinline nounwind {", head)
    return head + "\n" + re.sub(r"\) #(\d+)", lambda match: f") {groups[match[1]]}", body).replace("fastcc ", "")


def _dtype_name(dtype: types.Type) -> str:
    return next(name for name, known in DTYPES.items() if known == dtype)


# ---- all of them -----------------------------------------------------------------------------------------------------

_OTHERS = {  # the arguments of functions that do not take values of one dtype, where D is any
    "quotient": "int64,int64",
    "pointer": "slots",
    "size": "slots",
    "failure": "slots",
    "look": "slots,int64",
    "check_index": "slots,int64,int64,int64",
    "load": "*D,int64",
    "load_where": "bool_,*D,int64",
    "store": "*D,int64,D",
    "where": "bool_,D,D",
}
_MATRICES = "*D,int64,int64,*D,int64,int64,int64,*D,int64,int64,int64,int64,int64,int64"
_NO_PIECES = (*loop_hints.KERNEL_NAMES, *wide_sums.KERNEL_NAMES)  # the latter are for machine code
_OF_FLOATS = {"matrix_product": _MATRICES, "matrix_product_add": f"{_MATRICES},D"}


def keys() -> Iterator[str]:
    """The names of all pieces: every kernel function with every list of argument types that it takes."""
    for name, arguments in _OTHERS.items():
        yield from dict.fromkeys(f"{name}({re.sub(r'(?<!int)D', dtype, arguments)})" for dtype in DTYPES)
    for name, arguments in _OF_FLOATS.items():
        yield from (f"{name}({re.sub(r'(?<!int)D', dtype, arguments)})" for dtype in ("float32", "float64"))
    for source, target in itertools.product(DTYPES, DTYPES):
        yield f"cast({source},={target})"
    for op, dtype in itertools.product(SAMPLER_OPS, ("float32", "float64")):
        yield f"{op.name}({','.join(['uint64'] * 2 + [dtype] * (op.arity - 2))})"
    for name, function in KERNEL_NAMES.items():
        if name in (*_OTHERS, *_OF_FLOATS, *_NO_PIECES) or not isinstance(function, Intrinsic):
            continue
        arity = len(inspect.signature(function._defn).parameters) - 1
        for dtype, number in DTYPES.items():
            try:
                if function._defn(None, *[number] * arity) is not None:
                    yield f"{name}({','.join([dtype] * arity)})"
            except NumbaError:
                pass  # not for this dtype
