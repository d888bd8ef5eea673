"""A plan for one set of sizes: memory, argument blocks and the machine's program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from staticad import config
from staticad.codegen import blas
from staticad.codegen.loader import kernel_address
from staticad.codegen.source import render
from staticad.ir.dims import Size, Symbol, evaluate
from staticad.lower import plan as plans
from staticad.lower.plan import Address, Plan, Routine, Status, Step, Symbolic
from staticad.runtime import machine
from staticad.runtime.locks import Lock
from staticad.runtime.memory import aligned_bytes
from staticad.runtime.variables import Variable

SHORT = 20_000  # operations below which handing over the interpreter costs more than the work


def kernel_text(step: Step) -> str:
    """The source of a step's kernel."""
    if isinstance(step.kernel, str):
        _, dtype = step.kernel.split(":")
        return blas.gemm_source(np.dtype(dtype))
    return render(step.kernel)


class Binding:
    """The compiled program of a session for one set of sizes."""

    def __init__(
        self,
        plan: Plan,
        texts: Sequence[str],
        variables: Sequence[Variable],
        written: Sequence[Variable],
        constants: Mapping[int, np.ndarray],
        values: Mapping[Symbol, int],
        lock: Lock,
    ) -> None:
        self.values = dict(values)
        memo: dict[Size, int] = {}

        def number(size: Size) -> int:
            if isinstance(size, int):
                return size
            found = memo.get(size)
            if found is None:
                found = memo[size] = evaluate(size, values)
            return found

        self.arena_bytes = number(plan.arena)
        arena = aligned_bytes(self.arena_bytes)
        base = arena.ctypes.data
        fixed: dict[int, int] = {}
        moving: dict[int, int] = {}
        for b in plan.buffers:
            if b.role == plans.FEED:
                moving[b.number] = b.position
            elif b.role == plans.FETCH:
                moving[b.number] = len(plan.inputs) + b.position
            elif b.role == plans.CONSTANT:
                fixed[b.number] = constants[b.number].ctypes.data
            elif b.role == plans.VARIABLE:
                fixed[b.number] = variables[b.position]._storage.ctypes.data
            elif b.number in plan.offsets:
                fixed[b.number] = base + number(plan.offsets[b.number])
        arguments: list[int] = []
        patches: list[machine.Patch] = []
        status: list[int] = []
        steps: list[machine.Step] = []
        for step, text in zip(plan.steps, texts, strict=True):
            start = len(arguments)
            for argument in step.arguments:
                if isinstance(argument, Address):
                    offset = number(argument.offset)
                    if argument.buffer in moving:
                        patches.append(machine.Patch(len(arguments), moving[argument.buffer], offset))
                        arguments.append(0)
                    else:
                        arguments.append(fixed[argument.buffer] + offset)
                elif isinstance(argument, Symbolic):
                    arguments.append(_signed(number(argument.size)))
                elif isinstance(argument, Routine):
                    arguments.append(blas.gemm_address(np.dtype(argument.name.split(":")[1])))
                else:
                    assert isinstance(argument, Status)
                    status.append(len(arguments))
                    arguments.append(0)
            extent, grain = number(step.extent), number(step.grain)
            if isinstance(step.kernel, str):
                m, n, k = (arguments[start + slot] for slot in (blas.Gemm.M, blas.Gemm.N, blas.Gemm.K))
                cut, extent, grain = blas.gemm_cut(m, n, k, extent)
                arguments.append(cut)
            steps.append(machine.Step(kernel_address(text), start, extent, grain))
        split = len(plan.compute)
        self.feeds = [machine.ArraySpec(t.dtype, tuple(map(number, t.shape))) for t in plan.inputs]
        self.outs = [machine.ArraySpec(b.dtype, tuple(map(number, b.shape))) for b in plan.fetches]
        alone = {v.node for v in written}
        self.program = machine.Program(
            feeds=self.feeds,
            outs=self.outs,
            arguments=arguments,
            patches=patches,
            compute=steps[:split],
            commit=steps[split:],
            locks=[(lock, True), *((v._run_lock(), v.node in alone) for v in variables)],
            keep_alive=(arena, tuple(constants.values()), tuple(variables)),
            release_gil=sum(number(step.work) for step in plan.steps) > SHORT,
            serial_blas=any(isinstance(step.kernel, str) for step in plan.steps),
            threads=config.settings().threads,
        )
        for slot in status:
            self.program.arguments[slot] = self.program.status.ctypes.data
        self.run = self.program.run


def _signed(value: int) -> int:
    """An argument as a signed 64-bit word (bit patterns may have the top bit set)."""
    return value - (1 << 64) if value >= 1 << 63 else value
