"""staticad: one session, variables that hold the parameters, positional calls."""

from __future__ import annotations

import staticad as sa
from benchmarks.problems import Chain, Mlp, Neuron, Residual
from benchmarks.problems import chain as elementwise_chain
from benchmarks.runtimes.program import Program


def neuron(problem: Neuron) -> Program:
    inputs = [sa.placeholder((), "float64", name=name) for name in ("w0", "x0", "w1", "x1", "w2")]
    w0, x0, w1, x1, w2 = inputs
    f = sa.sigmoid(w0 * x0 + w1 * x1 + w2)
    session = sa.compile([f, *sa.gradients(f, inputs)], inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), list)


def descent(loss: sa.Tensor, parameters: list[sa.Tensor], rate: float) -> dict[sa.Tensor, sa.Tensor]:
    gradients = sa.gradients(loss, parameters)
    return {p: p - rate * g for p, g in zip(parameters, gradients, strict=True)}


def mlp(problem: Mlp) -> Program:
    x = sa.placeholder(("batch", problem.sizes[0]), "float32", name="x")
    t = sa.placeholder(("batch",), "int64", name="t")
    parameters = [sa.variable(value) for value in problem.parameters()]
    h = x
    for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = sa.relu(h @ w + b)
    loss = sa.nn.cross_entropy(h @ parameters[-2] + parameters[-1], t).mean()
    session = sa.compile(loss, inputs=[x, t], updates=descent(loss, parameters, problem.rate))
    data = problem.data
    return Program(lambda: session(*data), lambda loss: [loss, *(p.value for p in parameters)])


def residual(problem: Residual) -> Program:
    x = sa.placeholder((None, problem.width), "float32", name="x")
    parameters = [sa.variable(value) for value in problem.parameters()]
    h = x
    for w, b in zip(parameters[::2], parameters[1::2], strict=True):
        h = h + sa.tanh(h @ w + b)
    loss = (h * h).mean()
    session = sa.compile(loss, inputs=[x], updates=descent(loss, parameters, problem.rate))
    data = problem.x
    return Program(lambda: session(data), lambda loss: [loss, *(p.value for p in parameters)])


def chain(problem: Chain) -> Program:
    x = sa.placeholder((None,), "float64", name="x")
    y = elementwise_chain(x, sa.exp).sum()
    session = sa.compile([y, *sa.gradients(y, [x])], inputs=[x])
    data = problem.x
    return Program(lambda: session(data), list)
