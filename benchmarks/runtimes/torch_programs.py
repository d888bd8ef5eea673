"""PyTorch, eager: autograd, SGD in place under no_grad, tensors that stay where they are."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch.nn import functional

from benchmarks.cliffs import Mapped
from benchmarks.compiled import Differentiated, Functions
from benchmarks.in_place import Solve, SolveForward
from benchmarks.loops import Ode, Rnn, euler
from benchmarks.problems import Chain, Mlp, Neuron, Residual
from benchmarks.problems import chain as elementwise_chain
from benchmarks.products import Formula
from benchmarks.runtimes.program import Program


def neuron(problem: Neuron) -> Program:
    inputs = [torch.tensor(float(value), dtype=torch.float64, requires_grad=True) for value in problem.inputs]
    w0, x0, w1, x1, w2 = inputs

    def call() -> list[torch.Tensor]:
        f = torch.sigmoid(w0 * x0 + w1 * x1 + w2)
        return [f, *torch.autograd.grad(f, inputs)]

    return Program(call, lambda result: [value.detach().numpy() for value in result])


def descend(loss: torch.Tensor, parameters: list[torch.Tensor], rate: float) -> None:
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.sub_(gradient, alpha=rate)


def mlp(problem: Mlp) -> Program:
    parameters = [torch.from_numpy(value).requires_grad_() for value in problem.parameters()]
    x, t = map(torch.from_numpy, problem.data)

    def call() -> torch.Tensor:
        h = x
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            h = torch.relu(torch.addmm(b, h, w))
        loss = functional.cross_entropy(torch.addmm(parameters[-1], h, parameters[-2]), t)
        descend(loss, parameters, problem.rate)
        return loss

    return Program(call, lambda loss: [value.detach().numpy() for value in (loss, *parameters)])


def residual(problem: Residual) -> Program:
    parameters = [torch.from_numpy(value).requires_grad_() for value in problem.parameters()]
    x = torch.from_numpy(problem.x)

    def call() -> torch.Tensor:
        h = x
        for w, b in zip(parameters[::2], parameters[1::2], strict=True):
            h = h + torch.tanh(torch.addmm(b, h, w))
        loss = torch.mean(h * h)
        descend(loss, parameters, problem.rate)
        return loss

    return Program(call, lambda loss: [value.detach().numpy() for value in (loss, *parameters)])


def chain(problem: Chain) -> Program:
    x = torch.from_numpy(problem.x).requires_grad_()

    def call() -> tuple[torch.Tensor, torch.Tensor]:
        y = elementwise_chain(x, torch.exp).sum()
        return y, torch.autograd.grad(y, x)[0]

    return Program(call, lambda result: [value.detach().numpy() for value in result])


def rnn(problem: Rnn) -> Program:
    wx, wh, b = weights = [torch.from_numpy(value).requires_grad_() for value in problem.weights]
    x = torch.from_numpy(problem.x)

    def call() -> list[torch.Tensor]:
        h = torch.zeros(x.shape[1], problem.hidden)
        for row in (x @ wx + b).unbind(0):
            h = torch.tanh(torch.addmm(row, h, wh))
        loss = torch.mean(h * h)
        return [loss, *torch.autograd.grad(loss, weights)]

    return Program(call, lambda result: [value.detach().numpy() for value in result])


def ode(problem: Ode) -> Program:
    a, c = inputs = [torch.tensor(float(value), dtype=torch.float64, requires_grad=True) for value in problem.inputs]

    def call() -> list[torch.Tensor]:
        u, v = (torch.tensor(value, dtype=torch.float64) for value in problem.start)
        for _ in range(problem.steps):
            u, v = euler(u, v, a, c, problem.width)
        total = u + v
        return [total, *torch.autograd.grad(total, inputs)]

    return Program(call, lambda result: [value.detach().numpy() for value in result])


def solved(lower: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The x with lower @ x = b; what is found is stacked, since autograd does not let an operand be overwritten."""
    rows, pivots, sides = lower.unbind(0), lower.diagonal().unbind(0), b.unbind(0)
    found = [sides[0] / pivots[0]]
    for i in range(1, len(b)):
        found.append((sides[i] - rows[i][:i] @ torch.stack(found)) / pivots[i])
    return torch.stack(found)


def solve_forward(problem: SolveForward) -> Program:
    lower, b = map(torch.from_numpy, problem.inputs)

    def call() -> torch.Tensor:
        x = torch.zeros_like(b)
        for i in range(len(b)):
            x[i] = (b[i] - lower[i] @ x) / lower[i, i]
        return x

    return Program(call, lambda x: [x.numpy()])


def solve(problem: Solve) -> Program:
    inputs = [torch.from_numpy(value).requires_grad_() for value in problem.inputs]

    def call() -> list[torch.Tensor]:
        value = torch.sum(solved(*inputs) ** 2)
        return [value, *torch.autograd.grad(value, inputs)]

    return Program(call, lambda result: [value.detach().numpy() for value in result])


def no_scan(*_: object, **__: object) -> Any:
    raise NotImplementedError("PyTorch has no scan")


BY_TORCH = Functions(
    torch,
    no_scan,
    torch.sigmoid,
    partial(functional.softmax, dim=-1),
    partial(functional.log_softmax, dim=-1),
    functional.gelu,
    lambda x, gain, bias: functional.layer_norm(x, gain.shape, gain, bias),
    partial(functional.scaled_dot_product_attention, is_causal=True),
    functional.embedding,
    lambda x, w, padding: functional.conv2d(x, w, padding=padding),
)


def differentiated(problem: Differentiated) -> Program:
    parameters = [torch.from_numpy(value).requires_grad_() for value in problem.parameters]
    data = [torch.from_numpy(value) for value in problem.data]

    def call() -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        loss = problem.loss(BY_TORCH, parameters, *data)
        return loss, torch.autograd.grad(loss, parameters)

    return Program(call, lambda result: problem.read(result[0].detach().numpy(), [g.numpy() for g in result[1]]))


def mapped(problem: Mapped) -> Program:
    inputs = [torch.from_numpy(value) for value in problem.inputs]
    return Program(lambda: problem.result(torch, *inputs), lambda result: [result.numpy()])


def formula(problem: Formula) -> Program:
    inputs = [torch.from_numpy(value) for value in problem.inputs]
    return Program(lambda: problem.compute(torch, *inputs), lambda result: [result.numpy()])
