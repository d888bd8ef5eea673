"""Loops inside kernels that can be stopped: every so many steps they look whether the run is to end.

How many steps there are until the next look is what the look returns, which measures the time since the last one. A
while loop counts its steps down. A loop over a given number of steps becomes a loop over rounds of steps, so that the
inner loop is what it was, and can be vectorized. The look is a call that touches none of the kernel's buffers, so that
numbers which a loop carries stay in registers.

While loops are watched wherever they are; loops over a given number of steps only if they are the outermost of their
kernel, since those inside others are left when the outer one is, a round later.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from staticad.ir.dtypes import INT64
from staticad.ir.expressions import Call, Name, Number, Slot, arithmetic, call, constant
from staticad.lower.kernel.language import Branch, Break, Compute, Kernel, Loop, Statement, Statements, map_body
from staticad.lower.kernel.plan import Plan, Step, Watch, change_kernels

FIRST = 1024  # steps of the first round
FIRST_LONG = 32  # of a loop whose steps are loops themselves


def watched_plan(plan: Plan) -> Plan:
    """The plan, and the plans inside it, with kernels that look whether the run is to end, by a `Watch` argument."""
    return change_kernels(plan, _watched_step)


def _watched_step(step: Step, kernel: Kernel) -> Step:
    watcher = _Watcher(len(step.arguments), kernel.scopes)
    body = watcher.statements(kernel.body, outermost=True)
    if not watcher.first:
        return step
    return replace(step, kernel=replace(kernel, body=(*watcher.first, *body)), arguments=(*step.arguments, Watch()))


class _Watcher:
    def __init__(self, slot: int, scopes: int) -> None:
        self.slot, self.scopes = slot, scopes
        self.loops = 0
        self.first: list[Statement] = []

    def statements(self, body: Statements, outermost: bool) -> Statements:
        found: list[Statement] = []
        for s in body:
            steps = isinstance(s, Loop) and s.counts_steps
            inside = map_body(s, partial(self.statements, outermost=outermost and not steps))
            if isinstance(inside, Loop) and steps and self._looks(inside, outermost):
                found += self._watched(inside)
            else:
                found.append(inside)
        return tuple(found)

    def _looks(self, loop: Loop, outermost: bool) -> bool:
        return loop.stop is None or (outermost and not isinstance(loop.stop, Number))

    def _watched(self, loop: Loop) -> list[Statement]:
        number = self.loops
        self.loops += 1
        begin, last, left, steps = (Name(f"{name}{number}") for name in ("begin", "last", "left", "round"))
        first = constant(FIRST_LONG if any(isinstance(s, (Loop, Branch)) for s in loop.body) else FIRST, INT64)
        self.first += [Compute(left.name, first), Compute(steps.name, first)]
        look: list[Statement] = [
            Compute(steps.name, call("look", Slot(self.slot), steps, Number(self.scopes))),
            Compute(left.name, steps),
            Break(arithmetic(steps, "==", 0)),
        ]
        if loop.stop is None:
            # Before its exit, so that what the exit tells of numbers is known when the next step begins. What is left
            # when the loop ends is for the next time that it begins.
            *before, end = loop.body
            assert isinstance(end, Break)
            # Not == 0: a loop that has ended for good may be entered again by the one around it.
            down = Compute(left.name, arithmetic(left, "-", 1))
            return [replace(loop, body=(*before, down, Branch(arithmetic(left, "<", 1), tuple(look)), end))]
        stop = Call("int64", (loop.stop,), INT64)
        rounds = [
            Compute(last.name, call("minimum", arithmetic(begin, "+", left), stop)),
            replace(loop, start=begin, stop=last),
            Compute(left.name, arithmetic(left, "-", arithmetic(last, "-", begin))),
            Compute(begin.name, last),
            Break(arithmetic(begin, ">=", loop.stop)),
            *look,
        ]
        return [Compute(begin.name, constant(0, INT64)), Loop(f"turn{number}", None, None, tuple(rounds))]
