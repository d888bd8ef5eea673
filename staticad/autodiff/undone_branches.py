"""Derivatives of branches that also undo what the branch changes: arrays that loops in its blocks change step by step.

The blocks of such a derivative begin with the arrays as the branch left them, and end with the arrays as they were
before it. What they read of the forward pass besides is picked there, by a branch on the same index.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.autodiff.branch_parts import choose, picks, slots_of
from staticad.autodiff.changes import changes_of
from staticad.autodiff.loop_parts import Bases, Undone, demands_of
from staticad.autodiff.prints import without_prints
from staticad.autodiff.recording import has_runtime_sizes
from staticad.autodiff.undo import Chains, Reversed, Step, undone
from staticad.ir.graph import Node, Tensor
from staticad.ir.substitute import substitute
from staticad.ops.control import COND, LOOP, PARAMETER, Body, parameter, spoken_of
from staticad.records import dataclass


@dataclass(frozen=True)
class UndoneBranch:
    """The cotangents that come out, and by the number of the output the arrays as they were before the branch."""

    cotangents: Sequence[Tensor]
    arrays: dict[int, Undone]


def undone_branch(
    node: Node,
    gradients: Sequence[Sequence[Tensor]],
    given: Sequence[Tensor],
    received: Sequence[Tensor],
    bases: Sequence[Bases],
) -> UndoneBranch | None:
    """The derivative of a branch with these ``gradients`` of its blocks, which depend on the parameters ``given``, for
    what is ``received``. ``bases`` are those of the blocks. None where no loop changes an array, or it can't be undone.
    """
    branches: tuple[Body, ...] = node.attrs["branches"]
    changed = _changed(node, bases)
    if changed is None:
        return None
    numbers, chains = changed
    steps: list[Reversed] = []
    for branch, values, base, own in zip(branches, gradients, bases, chains, strict=True):
        states = {o: (branch.parameters[p], branch.outputs[o]) for o, p in numbers.items()}
        step = Step(branch, states, set(branch.parameters) - (base.free or set()))
        found = undone(step, values, given, base, own)
        if found is None or any(map(has_runtime_sizes, found.tape)):
            return None
        steps.append(found)
    recorded = [[t for t in back.tape if t.op is not PARAMETER] for back in steps]
    slots = slots_of(recorded)
    picked = picks(node, recorded, slots)
    bodies = []
    for branch, back, places in zip(branches, steps, picked.places, strict=True):
        fresh = [parameter(t.type) for t in given]
        mapping = dict(zip(given, fresh, strict=True))
        mapping.update((stand_in, t) for t, stand_in in back.tape.items() if t.op is PARAMETER)
        stand_ins = [parameter(kind) if t is None else back.tape[t] for kind, t in zip(slots, places, strict=True)]
        quiet = without_prints([*back.outputs, *(back.before[o] for o in numbers)])
        sizes = dict(spoken_of(branch.parameters, branch.locals)) | dict(back.sizes)
        made = substitute([*quiet, *sizes.values()], mapping)
        outputs, named = made[: len(quiet)], tuple(zip(sizes, made[len(quiet) :], strict=True))
        parameters = (*branch.parameters, *fresh, *stand_ins, *(back.after[o] for o in numbers))
        bodies.append(Body(parameters, tuple(outputs), demands_of(branch), named))
    after = (node.outputs[o] for o in numbers)
    outs = choose([*node.inputs, *received, *picked.results, *after], bodies)
    end = len(gradients[0])
    arrays = zip(numbers.items(), outs[end:], strict=True)
    return UndoneBranch(outs[:end], {o: Undone(before, node.inputs[p + 1]) for (o, p), before in arrays})


def _changed(node: Node, bases: Sequence[Bases]) -> tuple[dict[int, int], list[Chains]] | None:
    """The arrays that every block changes or keeps, by number of the output and the operand, and how each block does;
    None where no loop changes one."""
    branches: tuple[Body, ...] = node.attrs["branches"]
    numbers: dict[int, int] = {}
    chains: list[Chains] = [{} for _ in branches]
    loops = False
    for o, kind in enumerate(node.types):
        if not kind.shape:
            continue
        found = [changes_of(body.outputs[o], body, base.undone) for body, base in zip(branches, bases, strict=True)]
        traced = [one for one in found if one is not None]
        if len(traced) < len(branches):
            continue
        operands = {_number(body, first) for body, (first, _) in zip(branches, traced, strict=True)}
        if len(operands) > 1 or operands <= set(numbers.values()):
            continue
        numbers[o] = operands.pop()
        for own, base, (_, changes) in zip(chains, bases, traced, strict=True):
            own[o] = changes
            loops |= any(t.op is LOOP or (t.op is COND and (t.node, t.index) in base.undone) for t in changes)
    return (numbers, chains) if loops else None


def _number(body: Body, own: Tensor) -> int:
    return next(number for number, t in enumerate(body.parameters) if t is own)
