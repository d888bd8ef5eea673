"""A loop whose body is kernels only becomes one kernel: an iteration then costs nanoseconds, not dispatches.

The statements of the body's kernels stand one after another inside a loop over the steps. Slices of sequences are
addressed by the step; temporaries of the body get memory of their own, since nothing may share memory within a kernel.
"""

from __future__ import annotations

from staticad.ir.dtypes import BOOL, INT64
from staticad.ir.expressions import STATUS, Call, Expression, Index, Name, Number, arithmetic, call, constant
from staticad.lower.interface import Lowering
from staticad.lower.kernel.language import (
    Branch,
    Break,
    Compute,
    Kernel,
    Load,
    Loop,
    Statement,
    Statements,
    Store,
    statements_of,
)
from staticad.lower.kernel.plan import RECORD, Address, BranchCall, LoopCall, Plan, Status, Step, Symbolic
from staticad.lower.loops.places import OWN, Places, Space
from staticad.lower.loops.renaming import Renaming, Terms

LIMIT = 400  # statements; a larger kernel compiles slowly, and gains little
DEEPEST = 3  # nested loops; a call for each step of a loop around them costs nothing in comparison
STEP, POSITION = "t", "position"  # the number of the step, and of the slices that it works on


def inline_loop(call: LoopCall, outside: Lowering, label: str) -> Step | None:
    """The loop as one kernel; None where a step of its body is no kernel, a sequence grows, or the kernel would be
    large."""
    kernels = _kernels(call.plan)
    if kernels is None or sum(1 for kernel in kernels for _ in statements_of(kernel.body)) > LIMIT:
        return None
    if any(_nesting(kernel.body) >= DEEPEST for kernel in kernels):
        return None
    if call.condition is not None and any(outside.buffers[part.buffer].role == RECORD for part in call.fetches):
        return None
    return _Builder(call, outside).step(label)


def _plans(plan: Plan) -> list[Plan]:
    """The plan of a body, and those of its branches."""
    branches = [branch for step in plan.steps if isinstance(step.kernel, BranchCall) for branch in step.kernel.plans]
    return [plan, *(inner for branch in branches for inner in _plans(branch))]


def _steps(plan: Plan) -> list[Step]:
    """The steps of a body, and then those inside its branches."""
    return [step for inner in _plans(plan) for step in inner.steps]


def _kernels(plan: Plan) -> list[Kernel] | None:
    """The kernels of a body; None where it calls anything else but branches of kernels, or has sequences of run-time
    length."""
    if any(b.role == RECORD for inner in _plans(plan) for b in inner.buffers):
        return None
    called = [step.kernel for step in _steps(plan) if not isinstance(step.kernel, BranchCall)]
    kernels = [kernel for kernel in called if isinstance(kernel, Kernel)]
    return kernels if len(kernels) == len(called) else None


def _nesting(body: Statements) -> int:
    """How deep loops of the program are nested."""
    inside = (
        _nesting(s.body) + (isinstance(s, Loop) and s.counts_steps) for s in body if isinstance(s, (Loop, Branch))
    )
    return max(inside, default=0)


class _Builder:
    def __init__(self, loop: LoopCall, outside: Lowering) -> None:
        self.loop, self.outside = loop, outside
        self.places = Places(outside, POSITION if loop.reverse else STEP)
        self.checked = False

    def step(self, label: str) -> Step:
        loop, places = self.loop, self.places
        targets = places.of_loop(loop)
        body: list[Statement] = []
        if loop.reverse:
            length = places.extent(loop.length) if loop.count is None else Name("length")
            body.append(Compute(POSITION, arithmetic(arithmetic(length, "-", 1), "-", STEP)))
        for number, step in enumerate(loop.plan.steps):
            body += self._statements(step, f"s{number}", targets)
        if self.checked:  # at the end: a loop that can be left in the middle takes its carry through memory
            body += [Compute("failed", Call("failure", (STATUS,), INT64)), Break(arithmetic("failed", "!=", 0))]
        if loop.condition is not None:
            again = Name("again", BOOL)
            pointer = targets[loop.plan.fetches[-1].number].pointer
            body += [Load(again.name, pointer, Index(())), Break(call("logical_not", again))]
        statements: list[Statement] = []
        if loop.steps is not None:
            made = places.pointer(loop.steps)
            body.insert(0, Compute("made", arithmetic(STEP, "+", 1)))
            body.insert(1, Store(made, Index(()), Name("made")))
            statements.append(Store(made, Index(()), constant(0, INT64)))
        stop: Expression | None = None
        if loop.condition is None and loop.count is not None:
            statements.append(Load("length", places.pointer(loop.count), Index(())))
            stop = Name("length")
        elif loop.condition is None:
            stop = places.extent(loop.length)
        steps = Loop(STEP, None, stop, tuple(body), counts_steps=True)
        if loop.condition is not None:
            statements.append(Load("first", places.pointer(loop.condition), Index(())))
            statements.append(Branch(Name("first", BOOL), (steps,)))
        else:
            statements.append(steps)
        return self._finish(tuple(statements), label)

    # ---- statements of one step ----------------------------------------------------------------------------------

    def _branches(self, branch: BranchCall, prefix: str, targets: Space) -> list[Statement]:
        """The chosen one of several bodies. An index outside counts as the nearest."""
        chosen = Name(f"{prefix}chosen")
        found = [targets[branch.index].read(chosen.name)]
        last = len(branch.plans) - 1
        for choice, plan in enumerate(branch.plans):
            inside, body = self.places.of_branch(branch, choice, targets), list[Statement]()
            for number, step in enumerate(plan.steps):
                body += self._statements(step, f"{prefix}s{choice}s{number}", inside)
            condition = arithmetic(chosen, "==", choice)
            if choice == 0:
                condition = arithmetic(chosen, "<", 1)
            elif choice == last:
                condition = arithmetic(chosen, ">", last - 1)
            if last == 0:
                found += body
            elif body:
                found.append(Branch(condition, tuple(body)))
        return found

    def _statements(self, step: Step, prefix: str, targets: Space) -> list[Statement]:
        kernel = step.kernel
        if isinstance(kernel, BranchCall):
            return self._branches(kernel, prefix, targets)
        assert isinstance(kernel, Kernel)
        known: dict[str, Expression] = {"lo": Number(0)}
        pointers: dict[str, tuple[str, Terms]] = {}
        counters: dict[str, Expression] = {}
        addresses = [a for a in step.arguments if isinstance(a, Address)]
        for p, address in zip(kernel.pointers, addresses, strict=True):
            target = targets[address.buffer]
            if target.number is not None:
                counters[p.name] = target.number
                continue
            pointer = target.pointer
            if target.own is not None:  # the scratch memory of an inner loop holds several buffers
                pointer = self.places.own(target.own + address.offset, p.dtype)
            pointers[p.name] = pointer, target.terms
        symbolic = [a for a in step.arguments if isinstance(a, Symbolic)]
        for name, argument in zip(kernel.sizes, symbolic, strict=True):
            known[name] = self.places.argument(argument.size)
        known["hi"] = self.places.extent(step.extent)
        self.checked = self.checked or kernel.status
        return list(Renaming(known, pointers, counters, prefix).statements(kernel.body))

    def _finish(self, statements: Statements, label: str) -> Step:
        places = self.places
        pointers, sizes = places.declared()
        scratch = self.outside.scratch_bytes(places.scratch).number if places.scratch != 0 else OWN
        arguments = places.arguments(scratch)
        if self.checked:
            arguments.append(Status())
        kernel = Kernel(pointers, sizes, statements, self.checked, label)
        where = tuple(dict.fromkeys(w for step in _steps(self.loop.plan) for w in step.where))
        loop = self.loop
        reads = {*(s.buffer for s in loop.slices), *loop.carries}
        reads |= {number for number in (loop.count, loop.condition) if number is not None}
        writes = {*loop.carries, *(s.buffer for s in loop.fetches)}
        writes |= {number for number in (loop.steps,) if number is not None}
        reads |= {a.buffer for a in arguments if isinstance(a, Address)} - writes
        writes |= {scratch} - {OWN}
        return Step(kernel, tuple(arguments), 1, 0, tuple(reads), tuple(writes), label, where)
