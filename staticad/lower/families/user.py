"""Routines of users: a step that calls a function outside of compiled code."""

from __future__ import annotations

from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor
from staticad.lower.families.library import LibraryLowering
from staticad.lower.interface import Lowering
from staticad.lower.kernel.plan import Address, Argument, Foreign, RoutineCheck, Status, Step, Symbolic
from staticad.lower.kernel.routine import Routine
from staticad.ops.compiled import CustomRoutine
from staticad.ops.library import Part


class UserLowering(LibraryLowering):
    """The slots: the function, the status and the code of the check; of every operand and result its address and the
    bytes from matrix to matrix; the sizes that the signature names, as they stand first."""

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        op: CustomRoutine = node.op
        found = op.sizes([x.shape for x in node.inputs], node.attrs)
        sizes = {axis: lowering.sizes.canonical(size) for axis, size in found.items()}
        batch_rank = node.types[0].ndim - len(op.result_parts[0].axes)
        batch = product(lowering.fusion.shape(node.outputs[0])[:batch_rank])
        kinds = "/".join("bool_" if t.dtype.kind == "b" else t.dtype.name for t in (*node.inputs, *node.outputs))
        matrix = "matrix {number} of the batch" if batch_rank else "its operands"
        text = f"{op.user}: {op.failure.replace('{matrix}', matrix)}"
        code = lowering.check(RoutineCheck(text, node.where, op.error))
        slots: dict[str, Argument] = {"FUNCTION": Foreign(f"{op.kernel_name}:{kinds}"), "STATUS": Status()}
        slots["CODE"] = Symbolic(code)

        def place(name: str, tensor: Tensor, part: Part, number: int) -> int:
            one_for_all = batch_rank > 0 and tensor.ndim == len(part.axes)
            step = 0 if one_for_all else product(sizes[axis] for axis in part.axes) * tensor.dtype.itemsize
            slots[name], slots[f"STEP_{name}"] = Address(number), Symbolic(step)
            return number

        reads, writes = [], []
        for k, (x, part) in enumerate(zip(node.inputs, op.operand_parts, strict=True)):
            reads.append(place(f"IN{k}", x, part, lowering.buffer(lowering.fusion.memory(x)).number))
        for k, (y, part) in enumerate(zip(node.outputs, op.result_parts, strict=True)):
            writes.append(place(f"OUT{k}", y, part, lowering.buffer(y).number))
        parts = (*op.operand_parts, *op.result_parts)
        axes = dict.fromkeys(axis for part in parts for axis in part.axes)
        slots |= {f"SIZE_{axis.upper()}": Symbolic(sizes[axis]) for axis in axes}
        work = op.work(**sizes)
        slots["WORK"] = Symbolic(work)
        kernel = Routine("custom", node.inputs[0].dtype, tuple(slots), reports=True)
        arguments, read = tuple(slots.values()), tuple(dict.fromkeys(reads))
        return [Step(kernel, arguments, batch, 0, read, tuple(writes), op.name, (node.where,), batch * work)]
