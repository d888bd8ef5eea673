"""Numba by hand: loops over numbers as one would write them in C, derivatives worked out on paper."""

from __future__ import annotations

import numba
import numpy as np

from benchmarks import loops
from benchmarks.cliffs import Mapped, Matrices, Normalize, Rotate
from benchmarks.in_place import SolveForward, SweepForward
from benchmarks.loops import Ode, Recurrence, While
from benchmarks.runtimes.numba_textbook import ADJOINTS
from benchmarks.runtimes.program import Program
from benchmarks.written import Written

euler = numba.njit(loops.euler)


@numba.njit
def ode_value_and_gradient(
    a: float, c: float, start: tuple[float, float], width: float, steps: int
) -> tuple[float, float, float]:
    u, v = start
    us, vs = np.empty(steps), np.empty(steps)
    for t in range(steps):
        us[t], vs[t] = u, v
        u, v = euler(u, v, a, c, width)
    by_u, by_v = 1.0, 1.0
    by_a, by_c = 0.0, 0.0
    for t in range(steps - 1, -1, -1):
        by_a += width * us[t] * by_u
        by_c -= width * vs[t] * by_v
        by_u, by_v = (
            by_u * (1 + width * (a - vs[t])) + by_v * width * vs[t],
            by_v * (1 + width * (us[t] - c)) - by_u * width * us[t],
        )
    return u + v, by_a, by_c


@numba.njit
def recur(b: np.ndarray) -> np.ndarray:
    x = b.copy()
    for i in range(1, len(x)):
        x[i] -= 0.5 * x[i - 1]
    return x


count_up = numba.njit(loops.count_up)


@numba.njit
def swept(u: np.ndarray) -> np.ndarray:
    u = u.copy()
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            u[i, j] = 0.25 * (u[i - 1, j] + u[i, j - 1] + u[i, j + 1] + u[i + 1, j])
    return u


@numba.njit
def solved(lower: np.ndarray, b: np.ndarray) -> np.ndarray:
    x = np.zeros_like(b)
    for i in range(len(b)):
        total = b[i]
        for k in range(i):
            total -= lower[i, k] * x[k]
        x[i] = total / lower[i, i]
    return x


def ode(problem: Ode) -> Program:
    a, c = (float(value) for value in problem.inputs)
    start, width, steps = problem.start, problem.width, problem.steps
    return Program(
        lambda: ode_value_and_gradient(a, c, start, width, steps),  # type: ignore[call-arg] # a compiled function
        lambda result: [np.asarray(value) for value in result],
    )


def recurrence(problem: Recurrence) -> Program:
    b = problem.b
    return Program(lambda: recur(b), lambda result: [result])


def while_loop(problem: While) -> Program:
    x, limit, steps = problem.x, problem.limit, problem.steps
    return Program(lambda: count_up(x, limit, steps), lambda result: [np.asarray(value) for value in result])  # type: ignore[call-arg]


def sweep_forward(problem: SweepForward) -> Program:
    u = problem.u
    return Program(lambda: swept(u), lambda result: [result])


def solve_forward(problem: SolveForward) -> Program:
    lower, b = problem.inputs
    return Program(lambda: solved(lower, b), lambda result: [result])


@numba.njit
def stacked(arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    result = np.empty((len(arrays[0]), len(arrays)))
    for row in range(len(result)):
        for column in range(len(arrays)):
            result[row, column] = arrays[column][row]
    return result


@numba.njit
def normalized(x: np.ndarray) -> np.ndarray:
    result = np.empty_like(x)
    for p in range(len(x)):
        a, b, c = x[p, 0], x[p, 1], x[p, 2]
        length = np.sqrt(a * a + b * b + c * c)
        result[p, 0], result[p, 1], result[p, 2] = a / length, b / length, c / length
    return result


@numba.njit
def rotated(matrices: np.ndarray, x: np.ndarray) -> np.ndarray:
    result = np.empty_like(x)
    for p in range(len(x)):
        for i in range(3):
            m = matrices[p, i]
            result[p, i] = m[0] * x[p, 0] + m[1] * x[p, 1] + m[2] * x[p, 2]
    return result


@numba.njit
def multiplied(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    result = np.zeros_like(a)
    for p in range(len(a)):
        for i in range(4):
            for k in range(4):
                for j in range(4):
                    result[p, i, j] += a[p, i, k] * b[p, k, j]
    return result


def mapped(problem: Mapped) -> Program:
    inputs = problem.inputs
    match problem:
        case Normalize():
            return Program(lambda: normalized(*inputs), lambda result: [result])
        case Rotate():
            return Program(lambda: rotated(*inputs), lambda result: [result])
        case Matrices():
            return Program(lambda: multiplied(*inputs), lambda result: [result])
    arrays = tuple(inputs)
    return Program(lambda: stacked(arrays), lambda result: [result])


def written(problem: Written) -> Program:
    function, values = ADJOINTS[problem.text], problem.inputs
    return Program(lambda: function(*values), problem.read)
