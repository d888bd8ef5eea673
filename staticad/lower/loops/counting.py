"""Kernels that count: for a profile, every loop of the program that lies inside a kernel adds up its iterations."""

from __future__ import annotations

from dataclasses import replace

from staticad.ir.dtypes import INT64
from staticad.lower.kernel.language import Branch, Compute, Index, Kernel, Loop, Pointer, Statement, Update
from staticad.lower.kernel.plan import Plan, Step, Turns, change_kernels
from staticad.lower.loops.inline import STATUS, STEPS


def counting_plan(plan: Plan) -> Plan:
    """The plan, and the plans inside it, with a `Turns` argument for each kernel that holds loops of the program.

    The words of such an argument belong to these loops in the order in which they begin in the text.
    """
    return change_kernels(plan, _counting_step)


def _counting_step(step: Step, kernel: Kernel) -> Step:
    counter = _Counter()
    body = counter.statements(kernel.body)
    if counter.loops == 0:
        return step
    pointers = (*kernel.pointers, Pointer("turns", INT64, kernel.scopes))
    at = len(kernel.pointers)
    arguments = (*step.arguments[:at], Turns(counter.loops), *step.arguments[at:])
    return replace(step, kernel=replace(kernel, pointers=pointers, body=body), arguments=arguments)


class _Counter:
    loops = 0

    def statements(self, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for s in statements:
            if isinstance(s, Compute):
                # The status word comes behind all other arguments, of which there is one more.
                text = STATUS.sub(lambda match: f"{match[1]}(args, {int(match[2]) + 1}", s.text)
                found.append(replace(s, text=text))
            elif isinstance(s, Branch):
                found.append(replace(s, body=self.statements(s.body)))
            elif isinstance(s, Loop) and STEPS.fullmatch(s.variable):
                number = self.loops
                self.loops += 1
                found.append(replace(s, body=self.statements(s.body)))
                made = f"{s.variable} + 1" if s.stop is None else f"maximum(int64({s.stop}), int64(0))"
                found.append(Update("turns", Index((), number), "add", made))
            elif isinstance(s, Loop):
                found.append(replace(s, body=self.statements(s.body)))
            else:
                found.append(s)
        return tuple(found)
