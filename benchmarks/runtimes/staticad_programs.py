"""staticad: one session, variables that hold the parameters, positional calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import staticad as sa
from benchmarks.cliffs import Columns, Mapped
from benchmarks.compiled import Adam, Differentiated, Functions
from benchmarks.in_place import Solve, SolveForward, Sweep, SweepForward
from benchmarks.loops import Ode, Recurrence, Rnn, While, euler
from benchmarks.problems import Chain, Mlp, Neuron, Residual
from benchmarks.problems import chain as elementwise_chain
from benchmarks.products import Formula
from benchmarks.recorded import RecordedScan, RecordedWhile
from benchmarks.runtimes.program import Program
from benchmarks.written import Written, weighted


def neuron(problem: Neuron) -> Program:
    inputs = [sa.placeholder((), "float64", name=name) for name in ("w0", "x0", "w1", "x1", "w2")]
    w0, x0, w1, x1, w2 = inputs
    f = sa.sigmoid(w0 * x0 + w1 * x1 + w2)
    session = sa.compile([f, *sa.gradients(f, inputs)], inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), list)


def descent(loss: sa.Tensor, parameters: Sequence[sa.Tensor], rate: float) -> dict[sa.Tensor, sa.Tensor]:
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
    x = sa.placeholder((None,), problem.dtype, name="x")
    y = elementwise_chain(x, sa.exp).sum()
    session = sa.compile([y, *sa.gradients(y, [x])], inputs=[x])
    data = problem.x
    return Program(lambda: session(data), list)


def rnn(problem: Rnn) -> Program:
    x = sa.placeholder((None, None, problem.n_in), "float32", name="x")
    weights = [sa.placeholder(value.shape, "float32") for value in problem.weights]
    wx, wh, b = weights
    start = sa.zeros((x.shape[1], problem.hidden), "float32")
    h, _ = sa.scan(lambda h, row: (sa.tanh(row @ wx + h @ wh + b), None), start, x)
    loss = (h * h).mean()
    session = sa.compile([loss, *sa.gradients(loss, weights)], inputs=[x, *weights])
    data = [problem.x, *problem.weights]
    return Program(lambda: session(*data), list)


def ode(problem: Ode) -> Program:
    a, c = inputs = [sa.placeholder((), "float64", name=name) for name in ("a", "c")]
    start = tuple(map(sa.constant, problem.start))
    u, v = sa.fori_loop(0, problem.steps, lambda i, s: euler(s[0], s[1], a, c, problem.width), start)
    total = u + v
    session = sa.compile([total, *sa.gradients(total, inputs)], inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), list)


def recurrence(problem: Recurrence) -> Program:
    b = sa.placeholder((None,), "float64", name="b")
    x = sa.fori_loop(1, b.shape[0], lambda i, x: x.at[i].set(b[i] - 0.5 * x[i - 1]), b)
    session = sa.compile([x], inputs=[b])
    data = problem.b
    return Program(lambda: session(data), list)


def while_loop(problem: While) -> Program:
    x, limit = (sa.placeholder((), "float64", name=name) for name in ("x", "limit"))
    steps = sa.placeholder((), "int64", name="steps")
    found = sa.while_loop(
        lambda s: (s[0] < limit) & (s[1] < steps),
        lambda s: (s[0] * 0.999 + x, s[1] + 1),
        (sa.constant(0.0), sa.constant(0)),
    )
    session = sa.compile(list(found), inputs=[x, limit, steps])
    values = problem.inputs
    return Program(lambda: session(*values), list)


def swept(u: sa.Tensor) -> sa.Tensor:
    """The grid after a sweep over its inner points."""

    def point(i: sa.Tensor, j: sa.Tensor, u: sa.Tensor) -> sa.Tensor:
        return u.at[i, j].set(0.25 * (u[i - 1, j] + u[i, j - 1] + u[i, j + 1] + u[i + 1, j]))

    rows, columns = u.shape
    return sa.fori_loop(1, rows - 1, lambda i, u: sa.fori_loop(1, columns - 1, lambda j, u: point(i, j, u), u), u)


def sweep_forward(problem: SweepForward) -> Program:
    u = sa.placeholder(problem.u.shape, "float64", name="u")
    session = sa.compile([swept(u)], inputs=[u])
    data = problem.u
    return Program(lambda: session(data), list)


def sweep(problem: Sweep) -> Program:
    u = sa.placeholder(problem.u.shape, "float64", name="u")
    value = (swept(u) ** 2).sum()
    session = sa.compile([value, *sa.gradients(value, [u])], inputs=[u])
    data = problem.u
    return Program(lambda: session(data), list)


def solved(lower: sa.Tensor, b: sa.Tensor) -> sa.Tensor:
    """The x with lower @ x = b."""
    return sa.fori_loop(0, b.shape[0], lambda i, x: x.at[i].set((b[i] - lower[i] @ x) / lower[i, i]), sa.zeros_like(b))


def solve_forward(problem: SolveForward) -> Program:
    inputs = [sa.placeholder(value.shape, "float64") for value in problem.inputs]
    session = sa.compile([solved(*inputs)], inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), list)


def solve(problem: Solve) -> Program:
    inputs = [sa.placeholder(value.shape, "float64") for value in problem.inputs]
    value = (solved(*inputs) ** 2).sum()
    session = sa.compile([value, *sa.gradients(value, inputs)], inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), list)


def written(problem: Written) -> Program:
    inputs = [sa.placeholder(("n",) * x.ndim, "float64") for x in problem.inputs]
    result = sa.function(problem.text)(*inputs)
    value = weighted(result, sa.arange(result.shape[-1]))
    outputs = [value, *(sa.gradients(value, inputs) if problem.gradient else [])]
    session = sa.compile(outputs, inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), problem.read)


def step_of(x: sa.Tensor) -> Callable[[sa.Tensor], sa.Tensor]:
    return lambda s: s + 1e-4 * sa.sin(s) * x


def recorded(x: sa.Tensor, last: sa.Tensor, data: np.ndarray) -> Program:
    """Value and gradient of the sum of the last state."""
    value = last.sum()
    session = sa.compile([value, *sa.gradients(value, [x])], inputs=[x])
    return Program(lambda: session(data), list, session.memory())


def recorded_scan(problem: RecordedScan) -> Program:
    x = sa.placeholder((problem.size,), "float64", name="x")
    step = step_of(x)
    last, _ = sa.scan(lambda s, _: (step(s), None), x * x, length=problem.steps, checkpoint=problem.checkpoint)
    return recorded(x, last, problem.x)


def recorded_while(problem: RecordedWhile) -> Program:
    x = sa.placeholder((problem.size,), "float64", name="x")
    step = step_of(x)
    _, last = sa.while_loop(
        lambda s: s[0] < problem.steps,
        lambda s: (s[0] + 1, step(s[1])),
        (sa.constant(0), x * x),
        checkpoint=problem.checkpoint,
    )
    return recorded(x, last, problem.x)


BY_STATICAD = Functions(
    sa,
    sa.scan,
    sa.sigmoid,
    sa.nn.softmax,
    sa.nn.log_softmax,
    sa.nn.gelu,
    lambda x, gain, bias: sa.nn.layer_norm(x, gain.shape, gain, bias),
    lambda q, k, v: sa.nn.scaled_dot_product_attention(q, k, v, is_causal=True),
    sa.nn.embedding,
    lambda x, w, padding: sa.nn.conv2d(x, w, padding=padding),
)


def differentiated(problem: Differentiated) -> Program:
    data = [sa.placeholder((None, *x.shape[1:]), x.dtype) for x in problem.data]
    parameters = [sa.variable(value) for value in problem.parameters]
    loss = problem.loss(BY_STATICAD, parameters, *data)
    session = sa.compile([loss, *sa.gradients(loss, parameters)], inputs=data)
    values = problem.data
    return Program(lambda: session(*values), lambda result: problem.read(result[0], result[1:]))


def adam(problem: Adam) -> Program:
    parameters = [sa.variable(value) for value in problem.start()]
    loss = sum(((p - goal) ** 2).mean() for p, goal in zip(parameters, problem.goals, strict=True))
    session = sa.compile(loss, inputs=[], updates=sa.optim.Adam(problem.rate).minimize(loss, parameters))
    return Program(session, lambda _: [p.value for p in parameters])


def mapped(problem: Mapped) -> Program:
    inputs = [sa.placeholder((f"n{len(x)}", *x.shape[1:]), x.dtype) for x in problem.inputs]
    session = sa.compile([problem.result(sa, *inputs)], inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), list)


def columns(problem: Columns) -> Program:
    x = sa.placeholder((None, *problem.x.shape[1:]), "float64", name="x")
    session = sa.compile(sa.gradients(problem.loss(sa, x), [x]), inputs=[x])
    data = problem.x
    return Program(lambda: session(data), list)


def formula(problem: Formula) -> Program:
    inputs = [sa.placeholder(x.shape, x.dtype) for x in problem.inputs]
    session = sa.compile(problem.compute(sa, *inputs), inputs=inputs)
    values = problem.inputs
    return Program(lambda: session(*values), lambda result: [result])
