"""The runtimes that take turns: one module each, with one function per problem, in that runtime's own best form."""

from __future__ import annotations

import importlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cliffs import BY_HAND, CLIFFS, Bundle, Columns, Mapped
from benchmarks.compiled import Adam, Differentiated
from benchmarks.in_place import Solve, SolveForward, Sweep, SweepForward
from benchmarks.loops import Ode, Recurrence, Rnn, While
from benchmarks.networks import AttentionBlock, Convolutions, Embedding, NormGelu
from benchmarks.problems import Chain, Mlp, Neuron, Residual
from benchmarks.products import CrossEntropy, Formula, Logistic, SumOfProduct
from benchmarks.recorded import RecordedScan, RecordedWhile
from benchmarks.runtimes.program import Program
from benchmarks.transforms import Transform
from benchmarks.written import Scanned, Written

Straight = Neuron | Mlp | Residual | Chain
Loop = Rnn | Ode | Recurrence | While | SweepForward | Sweep | SolveForward | Solve | RecordedScan | RecordedWhile
Problem = Straight | Loop | Written | Differentiated | Adam | Mapped | Columns | Formula
STRAIGHT: tuple[type, ...] = (Neuron, Mlp, Residual, Chain)
LOOPS: tuple[type, ...] = (Rnn, Ode, Recurrence, While, SweepForward, Sweep, SolveForward, Solve)
RECORDED: tuple[type, ...] = (RecordedScan, RecordedWhile)
COMPILED: tuple[type, ...] = (Differentiated, Adam)
LOSSES: tuple[type, ...] = (
    SumOfProduct,
    CrossEntropy,
    Logistic,
    NormGelu,
    AttentionBlock,
    Embedding,
    Convolutions,
    Bundle,
)


@dataclass(frozen=True)
class Runtime:
    """A runtime: its package, the module that a user's program imports, whether it compiles anything, and the problems
    that it has programs for."""

    name: str
    module: str
    compiles: bool = True
    problems: tuple[type, ...] = STRAIGHT + LOOPS

    def installed(self) -> bool:
        return importlib.util.find_spec(self.name) is not None

    def environment(self, cache: Path) -> dict[str, str]:
        """The environment of its process: every cache of compiled code lies below `cache`."""
        own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {
            **own,
            "STATICAD_CACHE_DIR": str(cache / "staticad"),
            "NUMBA_CACHE_DIR": str(cache / "numba"),
            "PYTENSOR_FLAGS": f"base_compiledir={cache / 'pytensor'}",
            "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            "JAX_PLATFORMS": "cpu",
            "JAX_ENABLE_X64": "1",
        }


RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("staticad", "staticad", problems=(*STRAIGHT, *LOOPS, *RECORDED, Written, *COMPILED, *CLIFFS, Formula)),
        Runtime("numpy", "numpy", compiles=False, problems=(*STRAIGHT, *LOOPS, *CLIFFS, Formula)),
        Runtime(
            "numba",
            "numba",
            problems=(Ode, Recurrence, While, SweepForward, SolveForward, Written, *BY_HAND),
        ),
        Runtime("pytensor", "pytensor.tensor"),
        Runtime("jax", "jax.numpy", problems=(*STRAIGHT, *LOOPS, *COMPILED, *CLIFFS, RecordedScan, Scanned, Formula)),
        Runtime(
            "torch",
            "torch",
            compiles=False,
            problems=(*STRAIGHT, Rnn, Ode, SolveForward, Solve, Transform, *LOSSES, Formula),
        ),
    )
}

SUBJECT = "staticad"
PEERS = tuple(name for name in RUNTIMES if name != SUBJECT)


def build(runtime: str, problem: Problem) -> Program:
    """The program of one runtime for one problem, ready to be called."""
    module = importlib.import_module(f"benchmarks.runtimes.{runtime}_programs")
    match problem:
        case Neuron():
            return module.neuron(problem)
        case Mlp():
            return module.mlp(problem)
        case Residual():
            return module.residual(problem)
        case Chain():
            return module.chain(problem)
        case Rnn():
            return module.rnn(problem)
        case Ode():
            return module.ode(problem)
        case Recurrence():
            return module.recurrence(problem)
        case While():
            return module.while_loop(problem)
        case SweepForward():
            return module.sweep_forward(problem)
        case Sweep():
            return module.sweep(problem)
        case SolveForward():
            return module.solve_forward(problem)
        case Solve():
            return module.solve(problem)
        case Scanned() if hasattr(module, "scanned"):
            return module.scanned(problem)
        case Written():
            return module.written(problem)
        case RecordedScan():
            return module.recorded_scan(problem)
        case RecordedWhile():
            return module.recorded_while(problem)
        case Differentiated():
            return module.differentiated(problem)
        case Adam():
            return module.adam(problem)
        case Mapped():
            return module.mapped(problem)
        case Columns():
            return module.columns(problem)
        case Formula():
            return module.formula(problem)
