"""NumPy by hand: derivatives worked out on paper, buffers updated in place."""

from __future__ import annotations

import numpy as np

from benchmarks import in_place, loops
from benchmarks.cliffs import Columns, Mapped
from benchmarks.in_place import Solve, SolveForward, Sweep, SweepForward
from benchmarks.loops import Ode, Recurrence, Rnn, While
from benchmarks.problems import Chain, Mlp, Neuron, Residual, chain_value_and_gradient, mlp_step, residual_step
from benchmarks.products import Formula
from benchmarks.runtimes.program import Program


def neuron(problem: Neuron) -> Program:
    w0, x0, w1, x1, w2 = (np.float64(value) for value in problem.inputs)

    def call() -> tuple[np.float64, ...]:
        f = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))
        slope = f * (1 - f)
        return f, slope * x0, slope * w0, slope * x1, slope * w1, slope

    return Program(call, list)


def mlp(problem: Mlp) -> Program:
    parameters = problem.parameters()
    x, t = problem.data
    return Program(lambda: mlp_step(parameters, x, t, problem.rate), lambda loss: [loss, *parameters])


def residual(problem: Residual) -> Program:
    parameters = problem.parameters()
    x = problem.x
    return Program(lambda: residual_step(parameters, x, problem.rate), lambda loss: [loss, *parameters])


def chain(problem: Chain) -> Program:
    x = problem.x
    return Program(lambda: chain_value_and_gradient(x), list)


def rnn(problem: Rnn) -> Program:
    x, weights = problem.x, problem.weights
    return Program(lambda: loops.rnn_value_and_gradients(x, *weights), list)


def ode(problem: Ode) -> Program:
    a, c = (float(value) for value in problem.inputs)
    start, width, steps = problem.start, problem.width, problem.steps
    return Program(
        lambda: loops.ode_value_and_gradient(a, c, start, width, steps),
        lambda result: [np.asarray(value) for value in result],
    )


def recurrence(problem: Recurrence) -> Program:
    b = problem.b
    return Program(lambda: loops.recurrence(b), lambda result: [result])


def while_loop(problem: While) -> Program:
    x, limit, steps = problem.x, problem.limit, problem.steps
    return Program(lambda: loops.count_up(x, limit, steps), lambda result: [np.asarray(value) for value in result])


def sweep_forward(problem: SweepForward) -> Program:
    u = problem.u
    return Program(lambda: in_place.sweep(u), lambda result: [result])


def sweep(problem: Sweep) -> Program:
    u = problem.u
    return Program(lambda: in_place.sweep_value_and_gradient(u), lambda result: [np.asarray(value) for value in result])


def solve_forward(problem: SolveForward) -> Program:
    lower, b = problem.inputs
    return Program(lambda: in_place.solve(lower, b), lambda result: [result])


def solve(problem: Solve) -> Program:
    lower, b = problem.inputs
    return Program(lambda: in_place.solve_value_and_gradients(lower, b), list)


def mapped(problem: Mapped) -> Program:
    inputs = problem.inputs
    return Program(lambda: problem.result(np, *inputs), lambda result: [result])


def columns(problem: Columns) -> Program:
    return Program(problem.answer, list)


def formula(problem: Formula) -> Program:
    problem.answer()  # makes the inputs
    return Program(problem.hand_written, lambda result: [np.asarray(result)])
