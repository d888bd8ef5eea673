"""Hints for LLVM about loops: a kernel calls ``short_loop()`` or ``deep_loop()`` in the body of a loop.

*Short* loops make few iterations. Their last, incomplete vector is masked; else up to three vectors' worth of elements
would be left to scalar code, which for a row of a hundred is most of the time.

*Deep* loops have a long body, whose operations wait for each other. Four vectors at a time keep the CPU busy, where
LLVM would take one: a chain of twenty ``tanh`` becomes three times as fast. The end is masked here too, which also
saves compiling the body again as scalar code.

Only CPUs that mask without cost (AVX-512) use masks: with AVX2 a masked loop takes twice the time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from staticad.codegen.hints import loop_nodes

_MARK = "staticad hint: "
_FIRST_NODE = 9000000  # above all numbers that llvmlite gives


def _mark(builder: ir.IRBuilder, hint: str) -> None:
    builder.comment(_MARK + hint)


@intrinsic
def short_loop(_context: Any) -> Any:
    """Says that the innermost loop around the call makes few iterations."""

    def emit(context: Any, builder: ir.IRBuilder, _signature: Any, _values: Sequence[ir.Value]) -> ir.Value:
        _mark(builder, "short")
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def deep_loop(_context: Any) -> Any:
    """Says that the innermost loop around the call has a long body."""

    def emit(context: Any, builder: ir.IRBuilder, _signature: Any, _values: Sequence[ir.Value]) -> ir.Value:
        _mark(builder, "deep")
        return context.get_dummy_value()

    return types.void(), emit


def keep_rolled(branch: Any, module: ir.Module) -> None:
    """Say of the branch back to the start of a loop, in hand-written code, that its body is as it should be."""
    branch.set_metadata("llvm.loop", module.add_metadata([f"{_MARK}rolled {len(module.metadata)}"]))


def hinted(module: ir.Module, name: str) -> str:
    """The text of a module with the hints of its function ``name`` attached to the loops' last branches."""
    for number, (branch, hint) in enumerate(_branches(module.globals[name])):
        if loop_nodes(hint):
            branch.set_metadata("llvm.loop", module.add_metadata([f"{_MARK}{hint} {number}"]))
    nodes: list[str] = []

    def distinct(match: re.Match[str]) -> str:
        wanted = loop_nodes(match[2])
        nodes.extend(node for node in wanted if node not in nodes)
        numbers = [f"!{_FIRST_NODE + nodes.index(node)}" for node in wanted]
        return f"{match[1]} = distinct !{{{', '.join([match[1], *numbers])}}}"

    text = re.sub(rf'(!\d+) = !{{ !"{_MARK}(\w+) \d+" }}', distinct, str(module))
    return f"{text}\n" + "".join(f"!{_FIRST_NODE + number} = {node}\n" for number, node in enumerate(nodes))


def _branches(function: ir.Function) -> list[tuple[Any, str]]:
    """The branch back to the start of each loop that holds a mark, and its hint. Blocks stand in the order of the
    source."""
    place = {block: number for number, block in enumerate(function.blocks)}
    loops = [
        (place[block.terminator.operands[0]], number, block.terminator)
        for block, number in place.items()
        if isinstance(block.terminator, ir.Branch) and place[block.terminator.operands[0]] <= number
    ]
    found = []
    for block, number in place.items():
        for instruction in block.instructions:
            if isinstance(instruction, ir.instructions.Comment) and instruction.text.startswith(_MARK):
                around = [loop for loop in loops if loop[0] <= number <= loop[1]]
                if around:
                    innermost = max(around, key=lambda loop: loop[0])
                    found.append((innermost[2], instruction.text.removeprefix(_MARK)))
    return found


KERNEL_NAMES: dict[str, object] = {"short_loop": short_loop, "deep_loop": deep_loop}
