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

from staticad.lower.kernel.language import Branch, Break, Compute, Kernel, Loop, Statement
from staticad.lower.kernel.plan import Plan, Step, Watch, change_kernels
from staticad.lower.loops.inline import STEPS

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

    def statements(self, statements: tuple[Statement, ...], outermost: bool) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for s in statements:
            if isinstance(s, Branch):
                found.append(replace(s, body=self.statements(s.body, outermost)))
            elif isinstance(s, Loop) and STEPS.fullmatch(s.variable):
                inner = replace(s, body=self.statements(s.body, outermost=False))
                if s.stop is None or (outermost and not isinstance(s.stop, int)):
                    found += self._watched(inner)
                else:
                    found.append(inner)
            elif isinstance(s, Loop):
                found.append(replace(s, body=self.statements(s.body, outermost)))
            else:
                found.append(s)
        return tuple(found)

    def _watched(self, loop: Loop) -> list[Statement]:
        number = self.loops
        self.loops += 1
        begin, last, left, steps = (f"{name}{number}" for name in ("begin", "last", "left", "round"))
        first = FIRST_LONG if any(isinstance(s, (Loop, Branch)) for s in loop.body) else FIRST
        self.first += [Compute(left, f"int64({first})"), Compute(steps, f"int64({first})")]
        look: list[Statement] = [
            Compute(steps, f"look(args, {self.slot}, {steps}, {self.scopes})"),
            Compute(left, steps),
            Break(f"{steps} == 0"),
        ]
        if loop.stop is None:
            # Before its exit, so that what the exit tells of numbers is known when the next step begins. What is left
            # when the loop ends is for the next time that it begins.
            *before, end = loop.body
            assert isinstance(end, Break)
            # Not == 0: a loop that has ended for good may be entered again by the one around it.
            count: list[Statement] = [Compute(left, f"{left} - 1"), Branch(f"{left} < 1", tuple(look))]
            return [replace(loop, body=(*before, *count, end))]
        rounds = [
            Compute(last, f"minimum({begin} + {left}, int64({loop.stop}))"),
            replace(loop, start=begin, stop=last),
            Compute(left, f"{left} - ({last} - {begin})"),
            Compute(begin, last),
            Break(f"{begin} >= {loop.stop}"),
            *look,
        ]
        return [Compute(begin, "int64(0)"), Loop(f"turn{number}", 0, None, tuple(rounds))]
