"""PyTensor in its default mode: parameters as shared variables, inputs trusted (no checks or conversions per call)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

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
    x = pt.dvector("x")
    y = elementwise_chain(x, pt.exp).sum()
    run = function([x], [y, pytensor.grad(y, x)])
    data = problem.x
    return Program(lambda: run(data), lambda result: [np.asarray(value) for value in result])
