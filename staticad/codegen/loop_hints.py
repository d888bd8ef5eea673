"""Hints for LLVM about loops: a kernel calls ``short_loop()`` in the body of a loop of few iterations.

Such a loop is vectorized with its last, incomplete vector masked; else up to three vectors' worth of elements would be
left to scalar code, which for a row of a hundred is most of the time. Only CPUs that mask without cost (AVX-512) use
the hint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_MARK = "staticad.short_loop"
_PREDICATE = '!{!"llvm.loop.vectorize.predicate.enable", i1 true}'


@intrinsic
def short_loop(_context: Any) -> Any:
    """Says that the innermost loop around the call makes few iterations."""

    def emit(context: Any, builder: ir.IRBuilder, _signature: Any, _values: Sequence[ir.Value]) -> ir.Value:
        builder.comment(_MARK)
        return context.get_dummy_value()

    return types.void(), emit


def hinted(module: ir.Module, name: str) -> str:
    """The text of a module with the hints of its function ``name`` attached to the loops' last branches."""
    if not llvm.get_host_cpu_features().get("avx512vl"):
        return str(module)
    function = module.globals[name]
    for number, branch in enumerate(_branches(function)):
        branch.set_metadata("llvm.loop", module.add_metadata([f"{_MARK} {number}"]))
    text = re.sub(rf'(!\d+) = !{{ !"{_MARK} \d+" }}', r"\1 = distinct !{\1, !9999999}", str(module))
    return f"{text}\n!9999999 = {_PREDICATE}\n"


def _branches(function: ir.Function) -> list[Any]:
    """The branch back to the start of each loop that holds a mark. Blocks stand in the order of the source."""
    place = {block: number for number, block in enumerate(function.blocks)}
    loops = [
        (place[block.terminator.operands[0]], number, block.terminator)
        for block, number in place.items()
        if isinstance(block.terminator, ir.Branch) and place[block.terminator.operands[0]] <= number
    ]
    found = []
    for block, number in place.items():
        if any(isinstance(i, ir.instructions.Comment) and i.text == _MARK for i in block.instructions):
            around = [loop for loop in loops if loop[0] <= number <= loop[1]]
            if around:
                found.append(max(around, key=lambda loop: loop[0])[2])
    return found
