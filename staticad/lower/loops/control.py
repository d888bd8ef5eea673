"""Loops and branches: their bodies become plans of their own, called by one step of the plan around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.errors import ShapeError
from staticad.ir.dims import Size, is_runtime, local_symbols, maximum, product
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.local_sizes import largest
from staticad.lower.emission.regions import row_major, store_region
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Lowering
from staticad.lower.kernel.plan import BranchCall, Buffer, Counted, LoopCall, Plan, Slice, Step
from staticad.lower.loops.inline import inline_loop
from staticad.ops.base import apply_all
from staticad.ops.control import Body, LoopShape, spoken_of
from staticad.ops.creation import size_tensor
from staticad.ops.ranges import Progression, Range

UNKNOWN_WORK = 1_000_000


def counts(ranges: Ranges, node: Node, number: int) -> Progression | None:
    """The progression that an input of a loop is, if it is a sequence that counts."""
    shape: LoopShape = node.attrs["shape"]
    if not shape.carries <= number < shape.carries + shape.sequences:
        return None
    found = ranges.progression(node.inputs[number])
    return None if found is None or any(map(local_symbols, found)) else found


def _memory(lowering: Lowering, tensor: Tensor) -> int:
    return lowering.buffer(lowering.fusion.memory(tensor)).number


def _read(outputs: Sequence[Tensor]) -> set[Tensor]:
    return {node.outputs[0] for node in sort_nodes(outputs) if not node.inputs}


def counted(node: Node, inputs: tuple[Tensor, ...]) -> Sequence[Tensor] | None:
    """The outputs of a loop whose length is a local size, with the length as a number that it is given."""
    shape: LoopShape = node.attrs["shape"]
    if shape.counted or not local_symbols(shape.length):
        return None
    attrs = dict(node.attrs) | {"shape": replace(shape, counted=True)}
    return apply_all(node.op, *inputs, size_tensor(shape.length), **attrs)


def loop_steps(lowering: Lowering, node: Node) -> list[Step]:
    """The steps of a loop: first values of the carry, then the loop, as one kernel or as a call."""
    body: Body = node.attrs["body"]
    shape: LoopShape = node.attrs["shape"]
    carry, slices, captures = shape.split_parameters(body.parameters)
    first, sequences, captured = shape.split_parameters(node.inputs)
    following, results = shape.split_outputs(body.outputs)
    last, stacks = shape.split_outputs(node.outputs)
    wanted = [j for j, stack in enumerate(stacks) if stack in lowering.used]
    fetched = [results[j] for j in wanted] + ([body.outputs[-1]] if shape.conditional else [])
    local = spoken_of([*following, *fetched], body.locals)
    read = _read([*following, *fetched, *(value for _, value in local)])
    given = [(p, _moving(lowering, node, number, p)) for number, p in enumerate(slices, shape.carries) if p in read]
    given += [(p, Slice(_memory(lowering, x))) for p, x in zip(captures, captured, strict=True) if p in read]
    ranges = _ranges(lowering, [*slices, *captures], [*sequences, *captured])
    updates = list(zip(carry, following, strict=True))
    plan = lowering.body_plan([p for p, _ in given], fetched, updates, carry, ranges, body.demands, local)
    homes = [lowering.buffer(t) for t in last]
    steps = [_first(lowering, x, home) for x, home in zip(first, homes, strict=True)]
    extra = node.inputs[len(body.parameters) :]
    counter = node.outputs[-1] if shape.conditional else None
    call = LoopCall(
        plan,
        tuple(home.number for home in homes),
        tuple(feed for _, feed in given),
        tuple(Slice(lowering.buffer(stacks[j]).number, _slice_bytes(lowering, results[j])) for j in wanted),
        -1,
        length=0 if shape.counted or is_runtime(shape.length) else lowering.sizes.canonical(shape.length),
        count=_memory(lowering, extra[0]) if shape.counted else None,
        condition=_memory(lowering, extra[0]) if shape.conditional else None,
        steps=lowering.buffer(counter).number if counter is not None and counter in lowering.used else None,
        reverse=shape.reverse,
    )
    inlined = inline_loop(call, lowering, "loop of " + " ".join(dict.fromkeys(s.label for s in plan.steps))[:60])
    if inlined is not None:
        return [*steps, replace(inlined, work=_loop_work(lowering, shape, plan), inlined=call)]
    scratch = lowering.scratch_bytes(plan.arena)
    call = replace(call, scratch=scratch.number)
    work = _loop_work(lowering, shape, plan)
    return [*steps, Step(call, (), 1, 0, tuple(call.reads), tuple(call.writes), "loop", (node.where,), work)]


def _moving(lowering: Lowering, node: Node, number: int, parameter: Tensor) -> Slice | Counted:
    """What the body sees of the loop's input of that number, a sequence."""
    counter = counts(lowering.fusion.ranges, node, number)
    if counter is not None:
        return Counted(*counter)
    return Slice(_memory(lowering, node.inputs[number]), _slice_bytes(lowering, parameter))


def _ranges(lowering: Lowering, parameters: Sequence[Tensor], given: Sequence[Tensor]) -> dict[Node, Range]:
    """What is known of the numbers that a body gets."""
    found = [(p.node, lowering.fusion.ranges.of(x)) for p, x in zip(parameters, given, strict=True)]
    return {node: known for node, known in found if known is not None}


def _loop_work(lowering: Lowering, shape: LoopShape, plan: Plan) -> Size:
    if is_runtime(shape.length):
        return UNKNOWN_WORK
    return largest(lowering.sizes.canonical(shape.length)) * (_work(plan) + 1)


def branch_steps(lowering: Lowering, node: Node) -> list[Step]:
    """The steps of a branch: copies of what every branch changes, then the call."""
    branches: tuple[Body, ...] = node.attrs["branches"]
    changed = lowering.families[node.op].changed(node, lowering.used, lowering.families)
    homes = [lowering.buffer(node.outputs[output]) for _, output in changed]
    steps = [_first(lowering, node.inputs[operand], home) for (operand, _), home in zip(changed, homes, strict=True)]
    others = {output for _, output in changed}
    wanted = [i for i, t in enumerate(node.outputs) if t in lowering.used and i not in others]
    plans, feeds = [], []
    for branch in branches:
        outputs = [branch.outputs[i] for i in wanted]
        carries = [branch.parameters[operand - 1] for operand, _ in changed]
        updates = [(p, branch.outputs[output]) for p, (_, output) in zip(carries, changed, strict=True)]
        results = [*outputs, *(value for _, value in updates)]
        local = spoken_of(results, branch.locals)
        read = _read([*results, *(value for _, value in local)]) - set(carries)
        given = [(p, x) for p, x in zip(branch.parameters, node.inputs[1:], strict=True) if p in read]
        ranges = _ranges(lowering, branch.parameters, node.inputs[1:])
        inputs = [p for p, _ in given]
        plans.append(lowering.body_plan(inputs, outputs, updates, carries, ranges, branch.demands, local))
        feeds.append(tuple(Slice(_memory(lowering, x)) for _, x in given))
    arena: Size = 0
    for plan in plans:
        arena = maximum(arena, plan.arena)
    scratch = lowering.scratch_bytes(arena)
    index = _memory(lowering, node.inputs[0])
    fetches = tuple(Slice(lowering.buffer(node.outputs[i]).number) for i in wanted)
    kept = tuple(home.number for home in homes)
    call = BranchCall(tuple(plans), index, tuple(feeds), fetches, scratch.number, kept)
    work = sum((_work(plan) for plan in plans), 0)
    return [*steps, Step(call, (), 1, 0, tuple(call.reads), tuple(call.writes), "cond", (node.where,), work)]


def _first(lowering: Lowering, value: Tensor, home: Buffer) -> Step:
    """The first value of a carry, written to where the last one will be."""
    return store_region(lowering, value, home, row_major(lowering.fusion.shape(value)), "first")


def _slice_bytes(lowering: Lowering, parameter: Tensor) -> Size:
    size = product(lowering.fusion.shape(parameter)) * parameter.dtype.itemsize
    if local_symbols(size):
        raise ShapeError(
            f"a loop takes or stacks slices of the shape {list(parameter.shape)}, which changes from step to step of "
            f"the loop around it, at {parameter.where}; index an array of a fixed size by the counter instead"
        )
    return size


def _work(plan: Plan) -> Size:
    total: Size = 0
    for step in plan.steps:
        total = total + step.work
    return total
