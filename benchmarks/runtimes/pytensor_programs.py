"""PyTensor in its default mode: parameters as shared variables, inputs trusted (no checks or conversions per call)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.scan.utils import until
from pytensor.tensor.special import log_softmax

from benchmarks.in_place import Solve, SolveForward, Sweep, SweepForward
from benchmarks.loops import Ode, Recurrence, Rnn, While, euler
from benchmarks.problems import Chain, Mlp, Neuron, Residual
from benchmarks.problems import chain as elementwise_chain
from benchmarks.runtimes.program import Program


def function(inputs: list[Any], outputs: Any, updates: Any = None) -> Callable[..., Any]:
    compiled = pytensor.function(inputs, outputs, updates=updates)
    compiled.trust_input = True
    return compiled


def neuron(problem: Neuron) -> Program:
    inputs = [pt.dscalar(name) for name in ("w0", "x0", "w1", "x1", "w2")]
    w0, x0, w1, x1, w2 = inputs
    f = pt.sigmoid(w0 * x0 + w1 * x1 + w2)
    run = function(inputs, [f, *pytensor.grad(f, inputs)])
    values = problem.inputs
    return Program(lambda: run(*values), lambda result: [np.asarray(value) for value in result])


def shared(values: list[np.ndarray]) -> list[Any]:
    return [pytensor.shared(value, borrow=True) for value in values]


def descent(loss: Any, parameters: list[Any], rate: float) -> list[tuple[Any, Any]]:
    gradients = pytensor.grad(loss, parameters)
    return [(p, p - np.float32(rate) * g) for p, g in zip(parameters, gradients, strict=True)]


def mlp(problem: Mlp) -> Program:
    x, t = pt.fmatrix("x"), pt.lvector("t")
    parameters = shared(problem.parameters())
    h = x
    for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = pt.maximum(h @ w + b, np.float32(0))
    log_p = log_softmax(h @ parameters[-2] + parameters[-1], axis=1)
    loss = -log_p[pt.arange(t.shape[0]), t].mean()
    run = function([x, t], loss, descent(loss, parameters, problem.rate))
    data = problem.data
    return Program(lambda: run(*data), lambda loss: [np.asarray(loss), *(p.get_value() for p in parameters)])


def residual(problem: Residual) -> Program:
    x = pt.fmatrix("x")
    parameters = shared(problem.parameters())
    h = x
    for w, b in zip(parameters[::2], parameters[1::2], strict=True):
        h = h + pt.tanh(h @ w + b)
    loss = (h * h).mean()
    run = function([x], loss, descent(loss, parameters, problem.rate))
    data = problem.x
    return Program(lambda: run(data), lambda loss: [np.asarray(loss), *(p.get_value() for p in parameters)])


def chain(problem: Chain) -> Program:
    x = pt.vector("x", dtype=problem.dtype)
    y = elementwise_chain(x, pt.exp).sum()
    run = function([x], [y, pytensor.grad(y, x)])
    data = problem.x
    return Program(lambda: run(data), lambda result: [np.asarray(value) for value in result])


def rnn(problem: Rnn) -> Program:
    x = pt.ftensor3("x")
    weights = [pt.fmatrix("wx"), pt.fmatrix("wh"), pt.fvector("b")]
    wx, wh, b = weights
    states = pytensor.scan(
        lambda row, h, wx, wh, b: pt.tanh(row @ wx + h @ wh + b),
        sequences=x,
        outputs_info=pt.zeros((x.shape[1], problem.hidden), dtype="float32"),
        non_sequences=weights,
        return_updates=False,
    )
    loss = (states[-1] ** 2).mean()
    run = function([x, *weights], [loss, *pytensor.grad(loss, weights)])
    data = [problem.x, *problem.weights]
    return Program(lambda: run(*data), lambda result: [np.asarray(value) for value in result])


def ode(problem: Ode) -> Program:
    a, c = inputs = [pt.dscalar("a"), pt.dscalar("c")]
    us, vs = pytensor.scan(
        lambda u, v, a, c: list(euler(u, v, a, c, problem.width)),
        outputs_info=[pt.as_tensor(np.float64(value)) for value in problem.start],
        non_sequences=inputs,
        n_steps=problem.steps,
        return_updates=False,
    )
    total = us[-1] + vs[-1]
    run = function(inputs, [total, *pytensor.grad(total, inputs)])
    values = problem.inputs
    return Program(lambda: run(*values), lambda result: [np.asarray(value) for value in result])


def recurrence(problem: Recurrence) -> Program:
    b = pt.dvector("b")
    following = pytensor.scan(lambda b, x: b - 0.5 * x, sequences=b[1:], outputs_info=b[0], return_updates=False)
    run = function([b], pt.concatenate([b[:1], following]))
    data = problem.b
    return Program(lambda: run(data), lambda x: [np.asarray(x)])


def while_loop(problem: While) -> Program:
    x, limit, steps = pt.dscalar("x"), pt.dscalar("limit"), pt.lscalar("steps")

    def step(s: Any, count: Any, x: Any, limit: Any) -> Any:
        s, count = s * 0.999 + x, count + 1
        return [s, count], until(s >= limit)

    values, counts = pytensor.scan(
        step,
        outputs_info=[pt.as_tensor(np.float64(0)), pt.as_tensor(np.int64(0))],
        non_sequences=[x, limit],
        n_steps=steps,
        return_updates=False,
    )
    run = function([x, limit, steps], [values[-1], counts[-1]])
    inputs = problem.inputs
    return Program(lambda: run(*inputs), lambda result: [np.asarray(value) for value in result])


def swept(u: Any) -> Any:
    """The grid after a sweep: a scan over rows of scans over points, each with the point before it as its state."""

    def point(above: Any, right: Any, below: Any, left: Any) -> Any:
        return 0.25 * (above + left + right + below)

    def row(old: Any, below: Any, above: Any) -> Any:
        new = pytensor.scan(
            point, sequences=[above[1:-1], old[2:], below[1:-1]], outputs_info=old[0], return_updates=False
        )
        return pt.concatenate([old[:1], new, old[-1:]])

    rows = pytensor.scan(row, sequences=[u[1:-1], u[2:]], outputs_info=u[0], return_updates=False)
    return pt.concatenate([u[:1], rows, u[-1:]])


def sweep_forward(problem: SweepForward) -> Program:
    u = pt.dmatrix("u")
    run = function([u], swept(u))
    data = problem.u
    return Program(lambda: run(data), lambda u: [np.asarray(u)])


def sweep(problem: Sweep) -> Program:
    u = pt.dmatrix("u")
    value = (swept(u) ** 2).sum()
    run = function([u], [value, pytensor.grad(value, u)])
    data = problem.u
    return Program(lambda: run(data), lambda result: [np.asarray(value) for value in result])


def solved(lower: Any, b: Any) -> Any:
    """The x with lower @ x = b."""
    states = pytensor.scan(
        lambda i, x, lower, b: pt.set_subtensor(x[i], (b[i] - lower[i] @ x) / lower[i, i]),
        sequences=pt.arange(b.shape[0]),
        outputs_info=pt.zeros_like(b),
        non_sequences=[lower, b],
        return_updates=False,
    )
    return states[-1]


def solve_forward(problem: SolveForward) -> Program:
    inputs = [pt.dmatrix("lower"), pt.dvector("b")]
    run = function(inputs, solved(*inputs))
    values = problem.inputs
    return Program(lambda: run(*values), lambda x: [np.asarray(x)])


def solve(problem: Solve) -> Program:
    inputs = [pt.dmatrix("lower"), pt.dvector("b")]
    value = (solved(*inputs) ** 2).sum()
    run = function(inputs, [value, *pytensor.grad(value, inputs)])
    values = problem.inputs
    return Program(lambda: run(*values), lambda result: [np.asarray(value) for value in result])
