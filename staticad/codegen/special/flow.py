"""Branches and functions of their own for formulas over values of float64.

A formula that loops or has many cases is `outlined`: it becomes a function of the module, which kernels call. Formulas
without branches stand in the loops of kernels and vectorize. Operands of float32 are cast by who calls them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types

from staticad.codegen.vecmath.builder import FLOATS, Value, select
from staticad.codegen.vecmath.elementwise import Formula, elementwise

DOUBLE, DOUBLES = ir.DoubleType(), (types.float64,)
OUTLINED = "staticad_special_"


def choose(condition: Value, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
    """What ``yes`` gives where the condition holds, else what ``no`` gives: a branch, only one of them is computed."""
    builder = condition.builder
    blocks = [builder.append_basic_block(name) for name in ("yes", "no", "chosen")]
    builder.cbranch(condition.ir, *blocks[:2])
    found: list[tuple[Value, ir.Block]] = []
    for block, branch in zip(blocks, (yes, no)):
        builder.position_at_end(block)
        found.append((branch(), builder.block))
        builder.branch(blocks[2])
    builder.position_at_end(blocks[2])
    phi = builder.phi(found[0][0].ir.type)
    for value, block in found:
        phi.add_incoming(value.ir, block)
    return Value(builder, phi, found[0][0].dtype)


def clamp(x: Value, low: float, high: float) -> Value:
    """x between two bounds; NaN stays NaN."""
    x = select(x > high, high, x)
    return select(x < low, low, x)


def integral(x: Value) -> Value:
    """Whether x has no fraction; infinities have none."""
    return x.floor().eq(x)


def odd(x: Value) -> Value:
    """Whether x is an odd integer."""
    half = x * 0.5
    return integral(x) & half.floor().ne(half)


def call(name: str, formula: Formula, *operands: Value) -> Value:
    """The formula of float64 operands as a function of the module, which is made at its first call.

    Its name has that of the kernel function that it belongs to: pieces of machine code are simplified one by one, so
    that what has the same name in two of them need not be the same.
    """
    builder = operands[0].builder
    if builder.function.name.startswith(OUTLINED):
        name = f"{builder.function.name.partition('.')[0]}.{name}"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(DOUBLE, [DOUBLE] * len(operands)), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        function.attributes.add("nounwind")
        inside = ir.IRBuilder(function.append_basic_block("entry"))
        result = formula(*(Value(inside, argument, types.float64) for argument in function.args))
        inside.ret(result.ir)
    return Value(builder, builder.call(function, [x.ir for x in operands]), types.float64)


def vectorized(formula: Formula) -> Any:
    """The kernel function of a formula without branches, which has its name."""
    return elementwise(formula.__name__, formula, DOUBLES)


def in_either(double: Formula, single: Formula) -> Any:
    """The kernel function of a formula of float64 without branches, which has its name, and of another for operands
    and results of float32, which calculates in float64, too."""

    def formula(*operands: Value) -> Value:
        if operands[0].dtype == types.float64:
            return double(*operands)
        return single(*(x.to(types.float64) for x in operands)).to(types.float32)

    formula.__doc__ = double.__doc__
    vars(formula)["__signature__"] = inspect.signature(double)
    return elementwise(double.__name__, formula, FLOATS)


def outlined(formula: Formula, single: Formula | None = None) -> Any:
    """The kernel function that calls a formula with branches and loops, and has its name. If ``single`` is given, it
    calls that for operands of float32, with float64, and its result is a float32."""

    def called(*operands: Value) -> Value:
        symbol = f"{OUTLINED}{formula.__name__}"
        if operands[0].dtype == types.float64 or single is None:
            return call(symbol, formula, *operands)
        return call(f"{symbol}_single", single, *(x.to(types.float64) for x in operands)).to(types.float32)

    called.__doc__ = formula.__doc__
    vars(called)["__signature__"] = inspect.signature(formula)
    return elementwise(formula.__name__, called, DOUBLES if single is None else FLOATS)
