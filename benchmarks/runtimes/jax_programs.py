"""JAX: one jitted function, parameters on the device and donated to the step, waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cliffs import Columns, Mapped
from benchmarks.compiled import Adam, Differentiated, Functions
from benchmarks.in_place import Solve, SolveForward, Sweep, SweepForward
from benchmarks.loops import Ode, Recurrence, Rnn, While, euler
from benchmarks.problems import Chain, Mlp, Neuron, Residual
from benchmarks.problems import chain as elementwise_chain
from benchmarks.products import Formula
from benchmarks.recorded import RecordedScan
from benchmarks.runtimes.program import Program
from benchmarks.textbook import ACROSS, ALONG, STEPS
from benchmarks.written import Scanned, weighted


def neuron(problem: Neuron) -> Program:
    def value(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
        return jax.nn.sigmoid(w0 * x0 + w1 * x1 + w2)

    run = jax.jit(jax.value_and_grad(value, argnums=(0, 1, 2, 3, 4)))
    inputs = [jnp.asarray(value) for value in problem.inputs]

    def read(result: Any) -> list[np.ndarray]:
        f, gradients = result
        return [np.asarray(value) for value in (f, *gradients)]

    return Program(lambda: jax.block_until_ready(run(*inputs)), read)


def training(loss: Callable[..., Any], parameters: list[np.ndarray], rate: float, *data: np.ndarray) -> Program:
    """One SGD step on `loss(parameters, *data)`; the new parameters take the place of the old ones."""
    batch = [jnp.asarray(value) for value in data]
    state = [jnp.asarray(value) for value in parameters]

    def step(parameters: list[Any], *data: Any) -> tuple[Any, list[Any]]:
        value, gradients = jax.value_and_grad(loss)(parameters, *data)
        return value, [p - rate * g for p, g in zip(parameters, gradients, strict=True)]

    run = jax.jit(step, donate_argnums=0)

    def call() -> Any:
        nonlocal state
        value, state = run(state, *batch)
        jax.block_until_ready(state)
        return value

    return Program(call, lambda value: [np.asarray(array) for array in (value, *state)])


def mlp(problem: Mlp) -> Program:
    def loss(parameters: list[Any], x: Any, t: Any) -> Any:
        h = x
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            h = jax.nn.relu(h @ w + b)
        log_p = jax.nn.log_softmax(h @ parameters[-2] + parameters[-1])
        return -jnp.mean(log_p[jnp.arange(len(t)), t])

    return training(loss, problem.parameters(), problem.rate, *problem.data)


def residual(problem: Residual) -> Program:
    def loss(parameters: list[Any], x: Any) -> Any:
        h = x
        for w, b in zip(parameters[::2], parameters[1::2], strict=True):
            h = h + jnp.tanh(h @ w + b)
        return jnp.mean(h * h)

    return training(loss, problem.parameters(), problem.rate, problem.x)


def chain(problem: Chain) -> Program:
    run = jax.jit(jax.value_and_grad(lambda x: elementwise_chain(x, jnp.exp).sum()))
    x = jnp.asarray(problem.x)
    return Program(lambda: jax.block_until_ready(run(x)), lambda result: [np.asarray(value) for value in result])


def rnn(problem: Rnn) -> Program:
    def loss(weights: list[Any], x: Any) -> Any:
        wx, wh, b = weights
        start = jnp.zeros((x.shape[1], problem.hidden), x.dtype)
        h, _ = jax.lax.scan(lambda h, row: (jnp.tanh(row @ wx + h @ wh + b), None), start, x)
        return jnp.mean(h * h)

    run = jax.jit(jax.value_and_grad(loss))
    x, weights = jnp.asarray(problem.x), [jnp.asarray(value) for value in problem.weights]

    def read(result: Any) -> list[np.ndarray]:
        value, gradients = result
        return [np.asarray(array) for array in (value, *gradients)]

    return Program(lambda: jax.block_until_ready(run(weights, x)), read)


def ode(problem: Ode) -> Program:
    def total(a: Any, c: Any) -> Any:
        def step(s: Any, _: Any) -> Any:
            return euler(s[0], s[1], a, c, problem.width), None

        start = tuple(map(jnp.asarray, problem.start))
        (u, v), _ = jax.lax.scan(step, start, None, length=problem.steps)
        return u + v

    run = jax.jit(jax.value_and_grad(total, argnums=(0, 1)))
    inputs = [jnp.asarray(value) for value in problem.inputs]

    def read(result: Any) -> list[np.ndarray]:
        value, gradients = result
        return [np.asarray(array) for array in (value, *gradients)]

    return Program(lambda: jax.block_until_ready(run(*inputs)), read)


def recurrence(problem: Recurrence) -> Program:
    def fill(b: Any) -> Any:
        return jax.lax.fori_loop(1, b.shape[0], lambda i, x: x.at[i].set(b[i] - 0.5 * x[i - 1]), b)

    run = jax.jit(fill)
    b = jnp.asarray(problem.b)
    return Program(lambda: jax.block_until_ready(run(b)), lambda x: [np.asarray(x)])


def while_loop(problem: While) -> Program:
    def count_up(x: Any, limit: Any, steps: Any) -> Any:
        return jax.lax.while_loop(
            lambda s: (s[0] < limit) & (s[1] < steps),
            lambda s: (s[0] * 0.999 + x, s[1] + 1),
            (jnp.zeros(()), jnp.zeros((), steps.dtype)),
        )

    run = jax.jit(count_up)
    inputs = [jnp.asarray(value) for value in problem.inputs]
    return Program(lambda: jax.block_until_ready(run(*inputs)), lambda result: [np.asarray(array) for array in result])


def swept(u: Any) -> Any:
    """The grid after a sweep over its inner points."""

    def point(i: Any, j: Any, u: Any) -> Any:
        return u.at[i, j].set(0.25 * (u[i - 1, j] + u[i, j - 1] + u[i, j + 1] + u[i + 1, j]))

    rows, columns = u.shape
    return jax.lax.fori_loop(
        1, rows - 1, lambda i, u: jax.lax.fori_loop(1, columns - 1, lambda j, u: point(i, j, u), u), u
    )


def sweep_forward(problem: SweepForward) -> Program:
    run = jax.jit(swept)
    u = jnp.asarray(problem.u)
    return Program(lambda: jax.block_until_ready(run(u)), lambda u: [np.asarray(u)])


def sweep(problem: Sweep) -> Program:
    run = jax.jit(jax.value_and_grad(lambda u: jnp.sum(swept(u) ** 2)))
    u = jnp.asarray(problem.u)
    return Program(lambda: jax.block_until_ready(run(u)), lambda result: [np.asarray(array) for array in result])


def solved(lower: Any, b: Any) -> Any:
    """The x with lower @ x = b."""
    return jax.lax.fori_loop(
        0, len(b), lambda i, x: x.at[i].set((b[i] - lower[i] @ x) / lower[i, i]), jnp.zeros_like(b)
    )


def solve_forward(problem: SolveForward) -> Program:
    run = jax.jit(solved)
    inputs = [jnp.asarray(value) for value in problem.inputs]
    return Program(lambda: jax.block_until_ready(run(*inputs)), lambda x: [np.asarray(x)])


def solve(problem: Solve) -> Program:
    run = jax.jit(jax.value_and_grad(lambda lower, b: jnp.sum(solved(lower, b) ** 2), argnums=(0, 1)))
    inputs = [jnp.asarray(value) for value in problem.inputs]

    def read(result: Any) -> list[np.ndarray]:
        value, gradients = result
        return [np.asarray(array) for array in (value, *gradients)]

    return Program(lambda: jax.block_until_ready(run(*inputs)), read)


def recorded_scan(problem: RecordedScan) -> Program:
    """Nested scans whose bodies are checkpointed: two levels for "sqrt", four for "log"."""
    lengths = split(problem.steps, {None: 1, "sqrt": 2, "log": 4}[problem.checkpoint])

    def total(x: Any) -> Any:
        def run(s: Any, lengths: list[int]) -> Any:
            first, *others = lengths
            body = jax.checkpoint(lambda s: run(s, others)) if others else lambda s: s + 1e-4 * jnp.sin(s) * x
            return jax.lax.scan(lambda s, _: (body(s), None), s, None, length=first)[0]

        return run(x * x, lengths).sum()

    x = jnp.asarray(problem.x)
    compiled = jax.jit(jax.value_and_grad(total)).lower(x).compile()
    return Program(lambda: jax.block_until_ready(compiled(x)), lambda result: [np.asarray(value) for value in result])


def split(steps: int, levels: int) -> list[int]:
    """Equal lengths of nested loops that make `steps` steps together."""
    length = round(steps ** (1 / levels))
    if length**levels != steps:
        raise ValueError(f"{steps} steps are not {levels} nested loops of equal length")
    return [length] * levels


def attention(q: Any, k: Any, v: Any) -> Any:
    q, k, v = (jnp.swapaxes(x, 1, 2) for x in (q, k, v))
    return jnp.swapaxes(jax.nn.dot_product_attention(q, k, v, is_causal=True), 1, 2)


def convolution(x: Any, w: Any, padding: int) -> Any:
    return jax.lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2)


BY_JAX = Functions(
    jnp,
    jax.lax.scan,
    jax.nn.sigmoid,
    jax.nn.softmax,
    jax.nn.log_softmax,
    lambda x: jax.nn.gelu(x, approximate=False),
    lambda x, gain, bias: jax.nn.standardize(x, epsilon=1e-5) * gain + bias,
    attention,
    lambda i, table: table[i],
    convolution,
)


def differentiated(problem: Differentiated) -> Program:
    run = jax.jit(jax.value_and_grad(lambda parameters, *data: problem.loss(BY_JAX, parameters, *data)))
    parameters, data = [[jnp.asarray(value) for value in values] for values in (problem.parameters, problem.data)]
    return Program(lambda: jax.block_until_ready(run(parameters, *data)), lambda result: problem.read(*result))


def adam(problem: Adam) -> Program:
    goals = [jnp.asarray(value) for value in problem.goals]

    def loss(parameters: list[Any]) -> Any:
        return sum(((p - goal) ** 2).mean() for p, goal in zip(parameters, goals, strict=True))

    def advance(p: Any, g: Any, m: Any, v: Any, t: Any) -> tuple[Any, Any, Any]:
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - problem.rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    def step(parameters: list[Any], means: list[Any], squares: list[Any], t: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(parameters)
        advanced = map(advance, parameters, gradients, means, squares, [t] * len(parameters))
        return value, *map(list, zip(*advanced, strict=True)), t + 1

    run = jax.jit(step, donate_argnums=(0, 1, 2))
    state: Any = [[jnp.asarray(value) for value in problem.start()]]
    state += [[jnp.zeros_like(p) for p in state[0]] for _ in range(2)]
    state.append(jnp.ones((), jnp.float32))

    def call() -> Any:
        nonlocal state
        value, *state = run(*state)
        return jax.block_until_ready(value)

    return Program(call, lambda _: [np.asarray(p) for p in state[0]])


def mapped(problem: Mapped) -> Program:
    run = jax.jit(lambda *inputs: problem.result(jnp, *inputs))
    inputs = [jnp.asarray(value) for value in problem.inputs]
    return Program(lambda: jax.block_until_ready(run(*inputs)), lambda result: [np.asarray(result)])


def systems(given: Any, moved: float) -> Any:
    """All systems of ADI along an axis at once: a row of ``given`` is their right side for one unknown."""

    def eliminate(state: Any, right: Any) -> Any:
        p, q = state
        divisor = 1 + 2 * moved - moved * p
        state = moved / divisor, (right + moved * q) / divisor
        return state, state

    def substitute(x: Any, pq: Any) -> Any:
        x = pq[0] * x + pq[1]
        return x, x

    ones = jnp.ones(given.shape[1])
    _, pairs = jax.lax.scan(eliminate, (0 * ones, ones), given)
    return jax.lax.scan(substitute, ones, pairs, reverse=True)[1]


def adi(u: Any) -> Any:
    """Scans over rows: the second systems of a step are those of the transposed arrays."""

    def step(u: Any, _: Any) -> Any:
        given = ALONG * u[1:-1, :-2] + (1 - 2 * ALONG) * u[1:-1, 1:-1] + ALONG * u[1:-1, 2:]
        v = jnp.pad(systems(given, ACROSS), ((1, 1), (0, 0)), constant_values=1.0)
        given = ACROSS * v[:-2] + (1 - 2 * ACROSS) * v[1:-1] + ACROSS * v[2:]
        inner = jnp.pad(systems(given.T, ALONG).T, ((0, 0), (1, 1)), constant_values=1.0)
        return jnp.concatenate([u[:1], inner, u[-1:]]), None

    return jax.lax.scan(step, u, None, length=STEPS)[0]


def scanned(problem: Scanned) -> Program:
    positions = jnp.arange(problem.size)
    run = jax.jit(jax.value_and_grad(lambda u: weighted(adi(u), positions)))
    (u,) = (jnp.asarray(value) for value in problem.inputs)
    return Program(lambda: jax.block_until_ready(run(u)), problem.read)


def columns(problem: Columns) -> Program:
    run = jax.jit(jax.grad(lambda x: problem.loss(jnp, x)))
    x = jnp.asarray(problem.x)
    return Program(lambda: jax.block_until_ready(run(x)), lambda result: [np.asarray(result)])


def formula(problem: Formula) -> Program:
    run = jax.jit(lambda *inputs: problem.compute(jnp, *inputs))
    inputs = [jnp.asarray(value) for value in problem.inputs]
    return Program(lambda: jax.block_until_ready(run(*inputs)), lambda result: [np.asarray(result)])
