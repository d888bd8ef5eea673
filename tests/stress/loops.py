"""Random loops that change arrays in place: values as NumPy has them, derivatives by differences and by tangents.

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
from tests.harness.region_loops import RegionLoops
from tests.harness.undoing import undone_wherever_possible
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for
from tests.stress.program import Case, Finding

COMPILED = 0.1  # of all cases
REGIONS, COLUMNS = 0.25, 0.25
UNDONE = 0.5
AROUND = ("scan", "while", "sqrt", "log", "")  # the last one in most cases
STEP = 1e-6


def prepare(short: bool) -> Case:
    def case(rng: np.random.Generator) -> int:
        around = AROUND[min(int(rng.integers(10)), len(AROUND) - 1)]
        statements = 2 if short else 3
        kind = rng.random()
        if kind < COLUMNS:
            fixed = (int(rng.integers(2, 4)), int(rng.integers(3, 6))) if rng.random() < 0.25 else None
            program: ArrayLoops = ColumnLoops(rng, statements, around if rng.random() < 0.2 else "", fixed)
        elif kind < COLUMNS + REGIONS:
            program = RegionLoops(rng, statements, around, branched=bool(rng.random() < 0.5))
        else:
            nested, looped, whiles = (bool(rng.random() < share) for share in (0.5, 0.3, 0.3))
            program = ArrayLoops(rng, statements, nested=nested, looped=looped, whiles=whiles, around=around)
        way = undone_wherever_possible if rng.random() < UNDONE else nullcontext
        try:
            with way():
                return check(program, rng)
        except Finding:
            raise
        except Exception as error:
            raise Finding(f"{program.source}\n{type(error).__name__}: {error}", type(error).__name__) from error

    return case


def check(program: ArrayLoops, rng: np.random.Generator) -> int:
    """Values, gradients, tangents and the derivative of a gradient, of one program; none if its rounding decides."""
    n = int(rng.integers(4, 7))
    given = {"n": n, "m": n + int(rng.integers(2))}
    sizes = [[given.get(size, size) for size in shape] for shape in program.shapes]
    data = [rng.uniform(0.3, 1.0, shape) for shape in sizes[:3]] + [np.float64(rng.random())]
    along = [rng.normal(size=np.shape(a)) for a in data]
    weights = [rng.normal(size=np.shape(a)) for a in data]
    values, decided = program.numpy(*data)
    if program.close:
        return 0

    def loss(sign: float) -> tuple[float, list[bool]]:
        moved = [a + sign * STEP * v for a, v in zip(data, along, strict=True)]
        results, taken = program.numpy(*moved)
        return float(sum((w * r * r).sum() for w, r in zip(weights, results, strict=True))), taken

    up, down = loss(1.0), loss(-1.0)
    xs = [sa.placeholder(shape, name=name) for name, shape in zip("xyAs", program.shapes, strict=True)]
    results = program.graph(*xs)
    total = sum((sa.constant(w) * r * r).sum() for w, r in zip(weights, results, strict=True))
    gradients = sa.gradients(total, xs, unconnected="zero")
    tangents = sa.jvp([total], xs, along)
    slope = sum((g * sa.constant(v)).sum() for g, v in zip(gradients, along, strict=True))
    second = [*sa.gradients(slope, xs, unconnected="zero"), *sa.jvp([slope], xs, along)] if rng.random() < 0.4 else []
    outputs = [*results, *gradients, *tangents, *second]
    found = run(outputs, dict(zip(xs, data, strict=True)), bool(rng.random() < COMPILED))
    for name, result, expected in zip("xyAs", found, values, strict=False):
        compare(program, f"{name} at the end", result, np.asarray(expected), 1e-9)
    by = found[4:8]
    reverse = sum(np.sum(g * v) for g, v in zip(by, along, strict=True))
    compare(program, "tangent and gradient", found[8], np.asarray(reverse), 1e-9)
    if up[1] == decided == down[1]:
        compare(
            program, "gradient and difference", np.asarray(reverse), np.asarray((up[0] - down[0]) / (2 * STEP)), 1e-5
        )
    if second:
        twice = sum(np.sum(g * v) for g, v in zip(found[9:13], along, strict=True))
        compare(program, "second derivative", np.asarray(twice), found[13], 1e-8)
    return len(found)


def run(outputs: list[Tensor], feeds: dict[Tensor, Any], compiled: bool) -> list[np.ndarray]:
    """The values of the outputs."""
    arrays = {t: np.ascontiguousarray(a, t.dtype).reshape(np.shape(a)) for t, a in feeds.items()}
    if not compiled:
        return interpret(plan_for(outputs, inputs=list(arrays)), arrays)[0]
    return list(sa.compile(outputs, list(arrays)).run(arrays))


def compare(program: ArrayLoops, what: str, found: np.ndarray, wanted: np.ndarray, rtol: float) -> None:
    if not np.allclose(found, wanted, rtol=rtol, atol=rtol):
        raise Finding(f"{what}: {found} instead of {wanted}\n{program.source}", what)
