"""Random loops that change arrays in place: values and derivatives as NumPy has them, gradients also by tangents.

NumPy's derivatives are those of a complex step: the imaginary part of a function of ``x + i h v``, divided by h, is its
derivative along v without any difference of close numbers, for any small h (Squire and Trapp, 1998).

Most programs are run by the interpreter of plans, which checks every access to memory; a part of them is compiled.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from tests.harness.array_loops import ArrayLoops
from tests.harness.column_loops import ColumnLoops
from tests.harness.local_loops import LocalLoops
from tests.harness.loop_programs import AROUND, LoopProgram
from tests.harness.region_loops import RegionLoops
from tests.harness.undoing import undone_wherever_possible
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for
from tests.stress.program import Case, Finding

COMPILED = 0.1  # of all cases
REGIONS, COLUMNS, LOCALS = 0.2, 0.2, 0.25
UNDONE = 0.5
TWICE, SHORT = 0.4, 16  # programs of so many lines have second derivatives, which take the longest
HELD = 0.15  # change variables
LONG = (5, 6, 8, 8, 8, 12, 12, 25)  # lines; what it takes to lower a program grows with them
STEP = 1e-30


def prepare(short: bool) -> Case:
    def case(rng: np.random.Generator) -> int:
        found = 0
        while not found:
            program = draw(rng, short)
            way = undone_wherever_possible if rng.random() < UNDONE else nullcontext
            try:
                with way():
                    found = check(program, rng, bool(rng.random() < TWICE and len(program.lines) <= SHORT))
            except Finding:
                raise
            except Exception as error:
                raise Finding(f"{program.source}\n{type(error).__name__}: {error}", type(error).__name__) from error
        return found

    return case


def draw(rng: np.random.Generator, short: bool) -> ArrayLoops:
    around = (*AROUND, *[""] * len(AROUND))[int(rng.integers(2 * len(AROUND)))]
    statements = 2 if short else 3
    long = LONG[int(rng.integers(len(LONG)))]
    kind = rng.random()
    if kind < COLUMNS:
        fixed = (int(rng.integers(2, 4)), int(rng.integers(3, 6))) if rng.random() < 0.25 else None
        return ColumnLoops(rng, statements, around if rng.random() < 0.2 else "", fixed)
    if kind < COLUMNS + REGIONS:
        return RegionLoops(rng, statements, around, branched=bool(rng.random() < 0.5), long=long)
    if kind < COLUMNS + REGIONS + LOCALS:
        return LocalLoops(rng, statements, around if rng.random() < 0.3 else "", long=long)
    nested, looped, whiles = (bool(rng.random() < share) for share in (0.5, 0.3, 0.3))
    return ArrayLoops(rng, statements, nested=nested, looped=looped, whiles=whiles, around=around, long=long)


def check(program: LoopProgram, rng: np.random.Generator, twice: bool = True) -> int:
    """Values, gradients, tangents and, if wanted, second derivatives of one program; none if its rounding decides."""
    n = int(rng.integers(3, 7))
    given = {"n": n, "m": n + int(rng.integers(2))}
    sizes = [[given.get(size, size) for size in shape] for shape in program.shapes]
    data = [rng.uniform(0.3, 1.0, shape) for shape in sizes[:3]] + [np.float64(rng.random())]
    along = [rng.normal(size=np.shape(a)) for a in data]
    weights = [rng.normal(size=np.shape(a)) for a in data]
    moved = program.numpy(*(a + 1j * STEP * v for a, v in zip(data, along, strict=True)))
    if program.close:
        return 0
    squares = sum((w * r * r).sum() for w, r in zip(weights, moved, strict=True))
    held = rng.random() < HELD
    xs: list[Any] = [
        sa.variable(a, name=name) if held else sa.placeholder(shape, name=name)
        for name, shape, a in zip("xyAs", program.shapes, data, strict=True)
    ]
    results = program.graph(*xs)
    total = sum((sa.constant(w) * r * r).sum() for w, r in zip(weights, results, strict=True))
    gradients = sa.gradients(total, xs, unconnected="zero")
    tangents = sa.jvp([total], xs, along)
    slope = sum((g * sa.constant(v)).sum() for g, v in zip(gradients, along, strict=True))
    second = [*sa.gradients(slope, xs, unconnected="zero"), *sa.jvp([slope], xs, along)] if twice else []
    outputs = [*results, *gradients, *tangents, *second]
    found = run(outputs, results, dict(zip(xs, data, strict=True)), held, bool(rng.random() < COMPILED))
    for name, result, expected in zip("xyAsxyAs", [*found[:4], *found[len(outputs) :]], moved * 2, strict=False):
        compare(program, f"{name} at the end", result, np.real(expected), 1e-9)
    reverse = sum(np.sum(g * v) for g, v in zip(found[4:8], along, strict=True))
    compare(program, "tangent and complex step", found[8], np.asarray(squares.imag / STEP), 1e-9)
    compare(program, "gradient and tangent", np.asarray(reverse), found[8], 1e-9)
    if second:
        by = sum(np.sum(g * v) for g, v in zip(found[9:13], along, strict=True))
        compare(program, "second derivative", np.asarray(by), found[13], 1e-8)
    return len(found)


def run(
    outputs: list[Tensor], results: list[Tensor], given: dict[Tensor, Any], held: bool, compiled: bool
) -> list[np.ndarray]:
    """The values of the outputs; if variables are ``held`` and get the results, what they are afterwards."""
    arrays = {t: np.ascontiguousarray(a, t.dtype).reshape(np.shape(a)) for t, a in given.items()}
    updates, inputs = (dict(zip(arrays, results, strict=True)), []) if held else ({}, list(arrays))
    if not compiled:
        plan = plan_for(outputs, updates, inputs=inputs)
        fetched, after = interpret(plan, {} if held else arrays, arrays if held else {})
        return [*fetched, *(after[t] for t in updates)]
    session = sa.compile(outputs, inputs, updates=updates)
    return [*session.run({} if held else arrays), *(np.asarray(t.value) for t in updates)]


def compare(program: LoopProgram, what: str, found: np.ndarray, wanted: np.ndarray, rtol: float) -> None:
    if not np.allclose(found, wanted, rtol=rtol, atol=rtol):
        raise Finding(f"{what}: {found} instead of {wanted}\n{program.source}", what)
