"""Matrix routines: copies of what a routine changes, then the call.

Its arguments have names, which follow from the declaration of the op.

A kernel finds: the functions of BLAS and LAPACK by their names (POTRF); for operand or result number i that it reads or
writes, IN0 or OUT0, its address, and STEP_IN0 or STEP_OUT0, the bytes from matrix to matrix (0: one for the batch);
the sizes of the signature (N), the attributes (TRANS), and where there is one the workspace (WORK, STEP_WORK). One that
may fail finds the address of the STATUS words and the CODE of its check. The address of an optional result that nobody
reads is 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from staticad.ir.dims import Size, product
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.regions import row_major, store_region
from staticad.lower.families.known_sizes import demand_known_sizes
from staticad.lower.fusion.changes import Changed, ChangingFamily
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Address, Argument, Buffer, Library, RoutineCheck, Status, Step, Symbolic
from staticad.lower.kernel.routine import COMPLEX, Routine
from staticad.ops import library
from staticad.ops.base import Op


class LibraryLowering(FamilyLowering):
    """One step for each copy, one for the call."""

    def place(self, fusion: Fusion, node: Node) -> None:
        demand_known_sizes(node, node.inputs, "routines of a library take")
        changed = dict(node.op.changes)
        edges = []
        for number, x in enumerate(node.inputs):
            if number not in node.op.unread:
                edges += fusion.own_edges(x) if number in changed else fusion.whole(x)
        fusion.place_alone(node, edges)

    def changed(self, node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> Changed:
        return list(node.op.changes)

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        copies = []
        for operand, result in node.op.changes:
            x, home = node.inputs[operand], lowering.buffer(node.outputs[result])
            copies.append(store_region(lowering, x, home, row_major(lowering.fusion.shape(x)), "copy"))
        return [*copies, _call(lowering, node)]


def _call(lowering: Lowering, node: Node) -> Step:
    op: library.Library = node.op
    canonical = lowering.sizes.canonical
    sizes = {axis: canonical(size) for axis, size in op.sizes([x.shape for x in node.inputs], node.attrs).items()}
    batch_rank = node.types[0].ndim - len(op.result_parts[0].axes)
    batch = product(lowering.fusion.shape(node.outputs[0])[:batch_rank])
    slots: dict[str, Argument] = {name.removeprefix(COMPLEX).upper(): Library(name) for name in op.functions}
    reads: list[int] = []
    writes: list[int] = []

    def operand(name: str, tensor: Tensor, part: library.Part, buffer: Buffer) -> int:
        step = product(sizes[axis] for axis in part.axes) * buffer.dtype.itemsize
        one_for_all = batch_rank > 0 and tensor.ndim == len(part.axes)
        slots[name] = Address(buffer.number)
        slots[f"STEP_{name}"] = Symbolic(0 if one_for_all else step)
        return buffer.number

    changed = dict(op.changes)
    for number, (x, part) in enumerate(zip(node.inputs, op.operand_parts, strict=True)):
        if number not in changed and number not in op.unread:
            reads.append(operand(f"IN{number}", x, part, lowering.buffer(lowering.fusion.memory(x))))
    for number, (tensor, part) in enumerate(zip(node.outputs, op.result_parts, strict=True)):
        if number in op.optional and tensor not in lowering.used:
            slots |= {f"OUT{number}": Symbolic(0), f"STEP_OUT{number}": Symbolic(0)}
        else:
            writes.append(operand(f"OUT{number}", tensor, part, lowering.buffer(tensor)))
    reads += [writes[result] for result in changed.values()]
    slots |= {axis.upper(): Symbolic(size) for axis, size in sizes.items()}
    slots |= {name.upper(): Symbolic(value) for name, value in node.attrs.items() if name not in sizes}
    if op.workspace is not None:
        room: Size = op.workspace(**sizes)
        scratch = lowering.scratch_bytes(batch * room)
        slots |= {"WORK": Address(scratch.number), "STEP_WORK": Symbolic(room)}
        writes.append(scratch.number)
    if op.failure:
        matrix = "matrix {number} of the batch" if batch_rank else "the matrix"
        text = f"{op.called} of {op.shown(node.inputs[0].type)}: {op.failure.replace('{matrix}', matrix)}"
        code = lowering.check(RoutineCheck(text, node.where, op.error))
        slots |= {"STATUS": Status(), "CODE": Symbolic(code)}
    kernel = Routine(op.name, np.dtype(node.inputs[0].dtype), tuple(slots), bool(op.failure))
    return Step(
        kernel,
        tuple(slots.values()),
        batch,
        0,
        tuple(dict.fromkeys(reads)),
        tuple(writes),
        op.name,
        (node.where,),
        batch * op.work(**sizes),
    )
