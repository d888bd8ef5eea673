"""Functions of Python, those of users and samplers, compiled by Numba as it compiles everything: with all it knows.

A function of numbers becomes a piece (see :mod:`staticad.codegen.pieces`), which LLVM puts into the loops of kernels. A
function of arrays becomes a C function ``int64(int64_t* slots, int64_t lo, int64_t hi)`` that a step calls; it takes
what `staticad.lower.families.user` puts into the slots.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Sequence
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
from numba.core import types
from numba.core.errors import NumbaError
from numba.core.extending import intrinsic
from numba.np.numpy_support import carray

from staticad.codegen import llvm_pipeline
from staticad.codegen.kernel_names import DTYPES
from staticad.codegen.pieces import LLVM_TYPES
from staticad.codegen.target import plain
from staticad.errors import CompileError
from staticad.ops.compiled import USER_OPS, CustomElementwise, CustomRoutine
from staticad.ops.library import Part
from staticad.ops.samplers import SAMPLER_OPS

_SLOTS = 3  # the function, the status and the code of the check; then addresses and sizes
_STATUS = "user_status"
_SAMPLERS = {op.name: op for op in SAMPLER_OPS}
_OPTIONS: Any = {"error_model": "numpy", "nogil": True}


def result_kind(name: str, kinds: Sequence[str]) -> str:
    """The dtype of what a function of numbers returns for operands of these dtypes."""
    op = USER_OPS.get(name)
    if not isinstance(op, CustomElementwise) or op.dtype is None:
        return kinds[-1]
    return "bool_" if op.dtype.kind == "b" else op.dtype.name


def function_module(key: str, name: str, kinds: Sequence[str]) -> str:
    """LLVM's text of a module in which ``key`` is a function of numbers. Raises CompileError where Numba refuses it, or
    it may raise an error."""
    result = result_kind(name, kinds)
    given = ", ".join(f"a{number}" for number in range(len(kinds)))
    if name in _SAMPLERS:
        sampler = _SAMPLERS[name]
        what, function = sampler.name, _compiled(sampler.function)
        passed = ", ".join(f"a{k}" if kind == "uint64" else f"wide(a{k})" for k, kind in enumerate(kinds))
    else:
        what, function, passed = str(USER_OPS[name].user), _compiled(USER_OPS[name].user.function), given
    value = f"bool(function({passed}))" if result == "bool_" else f"result(function({passed}))"
    names = {"function": function, "result": DTYPES[result], "wide": types.float64}
    try:
        compiled = numba.njit(**_OPTIONS)(_defined(f"def wrapper({given}):\n    return {value}\n", "wrapper", names))
        arguments = tuple(DTYPES[kind] for kind in kinds)
        compiled.compile(arguments)
        found = compiled.overloads[arguments]
    except (NumbaError, NotImplementedError) as error:
        raise CompileError(f"Numba cannot compile {what} for ({', '.join(kinds)}): {_reason(error)}") from error
    inner, text = found.fndesc.llvm_func_name, found.library.get_llvm_str()
    memory = ["i8" if kind == "bool_" else LLVM_TYPES[kind] for kind in (*kinds, result)]
    if name not in _SAMPLERS:
        _refuse_errors(what, text, inner, kinds, memory)
    lines = [f'define {LLVM_TYPES[result]} @"{key}"({_listed(kinds)}) alwaysinline {{', *_call(inner, kinds, memory)]
    lines.append(f"  %value = load {memory[-1]}, ptr %out")
    if result == "bool_":
        lines += ["  %bit = trunc i8 %value to i1", "  ret i1 %bit", "}"]
    else:
        lines += [f"  ret {memory[-1]} %value", "}"]
    return str(_built("\n".join([text, *lines, ""]), key))


def _refuse_errors(what: str, text: str, inner: str, kinds: Sequence[str], memory: Sequence[str]) -> None:
    """Raises CompileError for a function whose status is not always 0."""
    status = [f'define i32 @"{_STATUS}"({_listed(kinds)}) {{', *_call(inner, kinds, memory), "  ret i32 %status", "}"]
    if not _is_zero(_built("\n".join([text, *status, ""]), _STATUS).get_function(_STATUS)):
        raise CompileError(
            f"{what} may raise an error, which a function of numbers can't in the middle of a kernel; let it return "
            "nan, check its operands with sa.assert_, or make it a function of arrays, with a signature"
        )


def _is_zero(function: llvm.ValueRef) -> bool:
    """Whether a function returns 0 in all cases."""
    text = str(function)
    return text.count("ret i32") == text.count("ret i32 0") == 1


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(f"{LLVM_TYPES[kind]} %a{number}" for number, kind in enumerate(kinds))


def _call(inner: str, kinds: Sequence[str], memory: Sequence[str]) -> list[str]:
    """The call of Numba's function, whose bools are bytes, and which returns a status."""
    lines = ["entry:", f"  %out = alloca {memory[-1]}", "  %raised = alloca ptr"]
    passed = []
    for number, (kind, own) in enumerate(zip(kinds, memory)):
        passed.append(f"{own} %b{number}" if kind == "bool_" else f"{own} %a{number}")
        if kind == "bool_":
            lines.append(f"  %b{number} = zext i1 %a{number} to i8")
    return [*lines, f'  %status = call i32 @"{inner}"(ptr %out, ptr %raised, {", ".join(passed)})']


_HEAD = re.compile(r"(?m)^(define internal .*\)(?: (?:local_)?unnamed_addr)?)([^()\n]*\{)$")


def _built(text: str, symbol: str) -> llvm.ModuleRef:
    """The module of a text, of which one function is seen from outside, and all others are put into it."""
    module = llvm.parse_assembly(text)
    for function in module.functions:
        if not function.is_declaration and function.name != symbol:
            function.linkage = "internal"
    for variable in module.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    # In the text: some versions of llvmlite would put the attribute where those of results stand.
    text = _HEAD.sub(r"\1 alwaysinline\2", str(module))
    return llvm_pipeline.build(text, symbol, plain(), llvm_pipeline.STRAIGHT)


def _compiled(function: Any, around: frozenset[Any] = frozenset()) -> Any:
    """A Python function for Numba, and the Python functions that it calls."""
    names, inside = dict(function.__globals__), {*around, function}
    called = {name: names[name] for name in function.__code__.co_names if isinstance(names.get(name), FunctionType)}
    called = {name: callee for name, callee in called.items() if callee not in inside}
    if called:
        names |= {name: _compiled(callee, frozenset(inside)) for name, callee in called.items()}
        own = (function.__name__, function.__defaults__, function.__closure__)
        function = FunctionType(function.__code__, names, *own)
    return numba.njit(**_OPTIONS)(function)


def _defined(source: str, name: str, names: dict[str, Any]) -> Any:
    """A function of a text."""
    filename = f"<custom {id(names)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for Numba's messages
    exec(compile(source, filename, "exec"), names)
    return names[name]


def _reason(error: Exception) -> str:
    return str(error).strip()


# ---- functions of arrays ---------------------------------------------------------------------------------------------


@intrinsic
def _at(typingctx: Any, address: Any, like: Any) -> Any:
    """An address as a pointer to elements of a dtype."""
    kind = types.CPointer(like.dtype)

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(kind))

    return kind(types.int64, like), codegen


def routine_function(name: str, kinds: Sequence[str]) -> Any:
    """The compiled C function of a function of arrays, whose operands and results have these dtypes. It returns 0, or
    1 + the number of the matrix for which the user's function has raised an error. Raises CompileError."""
    op = USER_OPS[name]
    assert isinstance(op, CustomRoutine)
    parts = (*op.operand_parts, *op.result_parts)
    axes = list(dict.fromkeys(axis for part in parts for axis in part.axes))
    sizes = {axis: f"words[{_SLOTS + 2 * len(parts) + number}]" for number, axis in enumerate(axes)}
    names: dict[str, Any] = {"function": _compiled(op.user.function), "carray": carray, "at": _at}
    lines = ["def entry(block, lo, hi):", f"    words = carray(block, ({_SLOTS + 2 * len(parts) + len(axes)},))"]
    lines.append("    for number in range(lo, hi):")
    passed = []
    for number, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        names[f"t{number}"] = DTYPES[kind]
        address = f"words[{_SLOTS + 2 * number}] + number * words[{_SLOTS + 2 * number + 1}]"
        shape = "".join(f"{sizes[axis]}, " for axis in part.axes) or "1, "
        single = "[0]" if not part.axes and number < len(op.operand_parts) else ""
        lines.append(f"        x{number} = carray(at({address}, t{number}), ({shape})){single}")
        passed.append(f"x{number}")
    lines += [
        "        try:", f"            function({', '.join(passed)})", "        except Exception:",
        "            return number + 1", "    return 0",
    ]  # fmt: skip
    signature = types.int64(types.CPointer(types.int64), types.int64, types.int64)
    try:
        return numba.cfunc(signature, **_OPTIONS)(_defined("\n".join(lines) + "\n", "entry", names))
    except (NumbaError, NotImplementedError) as error:
        listed = ", ".join(_shown(part, kind) for part, kind in zip(parts, kinds, strict=True))
        raise CompileError(f"Numba cannot compile {op.user} for ({listed}): {_reason(error)}") from error


def _shown(part: Part, kind: str) -> str:
    return f"{kind}[{','.join(part.axes)}]"
