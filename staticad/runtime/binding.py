"""A plan for one set of sizes: memory, argument blocks and the machine's program."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from staticad import config
from staticad.codegen.loader import Code, load
from staticad.codegen.routines import routine_source
from staticad.codegen.source import render
from staticad.ir.dim_values import evaluate, machine_number
from staticad.ir.dims import Size, Symbol
from staticad.lower.kernel import plan as plans
from staticad.lower.kernel.plan import BranchCall, Library, LoopCall, Plan, Step, Watch
from staticad.lower.kernel.routine import Routine
from staticad.runtime import machine
from staticad.runtime.available import AVAILABLE_SOURCE
from staticad.runtime.blocks import Blocks, Fed, Fixed, Place
from staticad.runtime.careful import careful
from staticad.runtime.control_source import BRANCH_PROFILE_SOURCE, BRANCH_SOURCE, LOOP_PROFILE_SOURCE, LOOP_SOURCE
from staticad.runtime.interrupts import LOOK_SOURCE
from staticad.runtime.layout import Measure
from staticad.runtime.locks import Lock
from staticad.runtime.memory import LARGE, Arena
from staticad.runtime.tapes import GROW_SOURCE, RELEASE_SOURCE, SHRINK_SOURCE, Records
from staticad.runtime.variables import Variable

SHORT = 20_000  # operations below which handing over the interpreter costs more than the work


def kernel_text(step: Step, profile: bool = False) -> str:
    """The source of a step's kernel."""
    if isinstance(step.kernel, LoopCall):
        return LOOP_PROFILE_SOURCE if profile else LOOP_SOURCE
    if isinstance(step.kernel, BranchCall):
        return BRANCH_PROFILE_SOURCE if profile else BRANCH_SOURCE
    if isinstance(step.kernel, Routine):
        return routine_source(step.kernel)
    return render(step.kernel)


def nested_plans(plan: Plan) -> Iterator[Plan]:
    """The plan and all plans inside it."""
    yield plan
    for step in plan.steps:
        for body in step.bodies:
            yield from nested_plans(body)


class Compiled:
    """A plan with its kernels and the values of its constants: what all bindings share.

    With ``profile`` the bindings count and time all steps, those inside loops and branches as well.
    """

    def __init__(self, plan: Plan, profile: bool = False) -> None:
        self.plan = plan
        self.profile = profile
        self.plans = list(nested_plans(plan))
        self.steps = [step for inner in self.plans for step in inner.steps]
        kernels = {id(step.kernel): step for step in self.steps}  # each once
        self._texts = {kernel: kernel_text(step, profile) for kernel, step in kernels.items()}
        self.kernels: dict[str, Code] = {}  # those that are loaded, by their texts
        self.constants: dict[tuple[int, int], np.ndarray] = {}
        owned: dict[int, np.ndarray] = {}
        for inner in self.plans:
            for b in inner.buffers:
                if b.array is not None:
                    array = owned.setdefault(id(b.array), np.array(b.array, order="C", copy=True))
                    self.constants[id(inner), b.number] = array

    @property
    def records(self) -> bool:
        """Whether there are sequences that grow during a run."""
        return any(b.role == plans.RECORD for inner in self.plans for b in inner.buffers)

    @property
    def sources(self) -> list[str]:
        """All that a run may call: the kernels, and what loops call besides, each once."""
        found = list(self._texts.values())
        watched = any(isinstance(a, Watch) for step in self.steps for a in step.arguments)
        if watched or any(isinstance(step.kernel, LoopCall) for step in self.steps):
            found.append(LOOK_SOURCE)
        if self.records:
            found += [GROW_SOURCE, SHRINK_SOURCE, RELEASE_SOURCE, AVAILABLE_SOURCE]
        return list(dict.fromkeys(found))

    def text(self, step: Step) -> str:
        """The source of a step's kernel."""
        return self._texts[id(step.kernel)]

    def address(self, step: Step) -> int:
        """Where a step's kernel is, for as long as this object is alive."""
        text = self.text(step)
        if text not in self.kernels:
            self.kernels.update(load(self.sources))
        return self.kernels[text].address


@dataclass(frozen=True)
class State:
    """A variable that a binding uses; with an array in its place if there is one, which needs no lock."""

    variable: Variable
    written: bool
    array: np.ndarray | None = None

    @property
    def storage(self) -> np.ndarray:
        """Where the value is."""
        return self.variable._storage if self.array is None else self.array


class Binding:
    """The compiled program of a session for one set of sizes. All bindings of a session use one arena and the same
    records, in turns. ``temporaries`` and ``results`` are the bytes of either in a run.

    ``unmet`` are the bodies that ``values``, the sizes, do not fit: their numbers follow those of the checks.
    ``loops`` are the lines of the loops that make sequences grow, by the numbers that they report.
    In profiles ``measures`` and ``turns`` are the words where the measures of each plan and the iterations of the loops
    in each step's kernel begin, both by identity.
    """

    def __init__(
        self,
        compiled: Compiled,
        states: Sequence[State],
        values: Mapping[Symbol, int],
        lock: Lock,
        arena: Arena,
        records: Records | None,
        unmet: tuple[Plan, ...] = (),
        flush_subnormals: bool = False,
    ) -> None:
        plan = self.plan = compiled.plan
        self.values, self.unmet = values, unmet
        exact, number = _memoized(lambda size: evaluate(size, values)), _evaluator(values)
        places: dict[int, Place] = {}
        for b in plan.buffers:
            if b.role == plans.FEED:
                places[b.number] = Fed(b.position)
            elif b.role == plans.FETCH:
                places[b.number] = Fed(len(plan.inputs) + b.position)
            elif b.role == plans.VARIABLE:
                places[b.number] = Fixed(states[b.position].storage.ctypes.data)
        blocks = Blocks(number, exact, compiled.address, compiled.constants, records, compiled.profile)
        steps = blocks.steps(plan, places, Fixed(arena.block.ctypes.data))
        split = len(plan.compute)
        self.feeds = [machine.ArraySpec(t.dtype, tuple(map(number, t.shape))) for t in plan.inputs]
        self.outs = [machine.ArraySpec(b.dtype, tuple(map(number, b.shape))) for b in plan.fetches]
        self.program = machine.Program(
            feeds=self.feeds,
            outs=self.outs,
            arguments=blocks.words,
            patches=blocks.patches,
            compute=steps[:split],
            commit=steps[split:],
            locks=[(lock, True), *((s.variable._run_lock(), s.written) for s in states if s.array is None)],
            keep_alive=(arena, records, compiled, tuple(states)),
            release_gil=sum(exact(step.work) for step in plan.steps) > SHORT,
            watch=blocks.watch,
            serial_blas=any(isinstance(a, Library) for step in compiled.steps for a in step.arguments),
            flush_subnormals=flush_subnormals,
            threads=config.settings().threads,
        )
        words = self.program.arguments
        for slot in blocks.status:
            words[slot] = self.program.status.ctypes.data
        for slot, target in blocks.fixups:
            words[slot] = words.ctypes.data + 8 * target
        self.loops = blocks.loops
        if compiled.profile:
            self.program.profile(blocks.measures[id(plan)] + Measure.WORDS)
        self.measures, self.turns = blocks.measures, blocks.turns
        self.temporaries = number(plan.arena)
        self.results = sum(math.prod(out.shape) * out.dtype.itemsize for out in self.outs)
        self.run: Callable[..., Any] = self.program.run
        if self.temporaries + self.results >= LARGE:
            self.run = careful(self.program.run, self.feeds, plan, values, arena)


def _evaluator(values: Mapping[Symbol, int]) -> Callable[[Size], int]:
    """What the words of a program hold of sizes. Numbers that stand in the plan may be patterns of 64 bits."""
    return _memoized(
        lambda size: size if isinstance(size, int) and -(1 << 63) <= size < 1 << 64 else machine_number(size, values)
    )


def _memoized(function: Callable[[Size], int]) -> Callable[[Size], int]:
    memo: dict[Size, int] = {}

    def number(size: Size) -> int:
        found = memo.get(size)
        if found is None:
            found = memo[size] = function(size)
        return found

    return number
