"""What a run prints and asserts: steps of their own, and views of what waits for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.errors import AssertionFailed
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node
from staticad.lower.families.barrier import BarrierLowering
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Address, Argument, Foreign, RoutineCheck, Status, Step, Symbolic
from staticad.lower.kernel.routine import Routine
from staticad.ops.effects import failure


class AfterLowering(BarrierLowering):
    """A view of the value, which is there when the token is."""

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        value, token = node.inputs
        return [(value, context), (token, None)]


class PrintLowering(FamilyLowering):
    """A step that hands the values to what prints, with a text that says how."""

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        pairs: tuple[int, ...] = node.attrs["pairs"]
        kinds = "".join(f"{x.dtype.char}{x.ndim}" for x in node.inputs)
        head = f"{kinds}\n{','.join(map(str, pairs))}\n{node.attrs['text']}"
        text = lowering.constant(np.frombuffer(head.encode("utf-8", "surrogatepass"), np.uint8))
        token = lowering.buffer(node.outputs[0])  # what all prints have comes first, so that they share a text
        slots: dict[str, Argument] = {"FUNCTION": Foreign("print"), "STATUS": Status(), "OUT0": Address(token.number)}
        slots |= {"TEXT": Address(text.number), "LENGTH": Symbolic(len(head.encode("utf-8", "surrogatepass")))}
        reads = [text.number]
        for number, x in enumerate(node.inputs):
            buffer = lowering.buffer(lowering.fusion.memory(x))
            reads.append(buffer.number)
            slots[f"IN{number}"] = Address(buffer.number)
            slots |= {f"SIZE{number}_{axis}": Symbolic(size) for axis, size in enumerate(lowering.fusion.shape(x))}
        return [_step(lowering, node, slots, reads)]


class AssertLowering(FamilyLowering):
    """A step that reports where a count is not 0."""

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        size = node.attrs["size"]
        code = lowering.check(RoutineCheck(failure(node.attrs["message"], size), node.where, AssertionFailed))
        count = lowering.buffer(lowering.fusion.memory(node.inputs[0]))
        slots: dict[str, Argument] = {"IN0": Address(count.number), "SIZE": Symbolic(lowering.sizes.canonical(size))}
        slots |= {"STATUS": Status(), "CODE": Symbolic(code)}
        return [_step(lowering, node, slots, [count.number])]


def _step(lowering: Lowering, node: Node, slots: dict[str, Argument], reads: Sequence[int]) -> Step:
    token = lowering.buffer(node.outputs[0])
    slots["OUT0"] = Address(token.number)
    kernel = Routine(node.op.name, INT64, tuple(slots), reports=True, kind="effect")
    arguments = tuple(slots.values())
    return Step(
        kernel, arguments, 1, 0, tuple(dict.fromkeys(reads)), (token.number,), node.op.name, (node.where,), 1000
    )
