"""Windows over images: a routine that goes through one channel after another."""

from __future__ import annotations

import numpy as np

from staticad.ir.dims import floordiv, product
from staticad.ir.graph import Node
from staticad.lower.families.known_sizes import demand_known_sizes
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Address, Argument, Step, Symbolic
from staticad.lower.kernel.routine import Routine


class WindowLowering(FamilyLowering):
    """One step, on an operand in memory."""

    def place(self, fusion: Fusion, node: Node) -> None:
        demand_known_sizes(node, node.inputs[:1], "windows go over")
        super().place(fusion, node)

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        attrs, fusion = node.attrs, lowering.fusion
        image, result = fusion.shape(node.inputs[0]), fusion.shape(node.outputs[0])
        read, written = lowering.buffer(fusion.memory(node.inputs[0])), lowering.buffer(node.outputs[0])
        slots: dict[str, Argument] = {"IN0": Address(read.number), "OUT0": Address(written.number)}
        missing = (1,) * (3 - len(attrs["kernel"]))
        for letter, sizes, filler in (
            ("", image[2:], missing),
            ("K", attrs["kernel"], missing),
            ("O", result[2:], missing),
            ("S", attrs["strides"], missing),
            ("E", attrs["dilations"], missing),
            ("P", attrs["pads"], (0,) * len(missing)),
        ):
            slots |= {letter + axis: Symbolic(size) for axis, size in zip("DHW", filler + tuple(sizes))}
        channels = product(image[:2])
        return [
            Step(
                Routine(node.op.name, np.dtype(node.inputs[0].dtype), tuple(slots), kind="window"),
                tuple(slots.values()),
                channels,
                0,
                (read.number,),
                (written.number,),
                node.op.called,
                (node.where,),
                floordiv(product(result) * product(attrs["kernel"]), 1),
            )
        ]
