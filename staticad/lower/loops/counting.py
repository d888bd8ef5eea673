"""Kernels that count: for a profile, every loop of the program that lies inside a kernel adds up its iterations."""

from __future__ import annotations

from dataclasses import replace

from staticad.ir.dtypes import INT64
from staticad.ir.expressions import Call, Expression, Index, arithmetic, call, constant
from staticad.lower.kernel.language import Kernel, Loop, Pointer, Statement, Statements, Update, map_body
from staticad.lower.kernel.plan import Plan, Step, Turns, change_kernels


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

    def statements(self, body: Statements) -> Statements:
        found: list[Statement] = []
        for s in body:
            number = self.loops
            if isinstance(s, Loop) and s.counts_steps:
                self.loops += 1
            found.append(map_body(s, self.statements))
            if isinstance(s, Loop) and s.counts_steps:
                found.append(Update("turns", Index((), number), "add", _made(s)))
        return tuple(found)


def _made(loop: Loop) -> Expression:
    """The number of steps that a loop has made."""
    if loop.stop is None:
        return arithmetic(loop.variable, "+", 1)
    return call("maximum", Call("int64", (loop.stop,), INT64), constant(0, INT64))
