"""The answers that runtimes are checked against are themselves right, and the check sees what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.problems import (
    CHECKED_STEPS,
    Arrays,
    Chain,
    Mlp,
    Neuron,
    Residual,
    chain,
    differences,
    mlp_step,
    residual_step,
)
from benchmarks.rows import ROWS, Row


def test_neuron() -> None:
    f, *gradients = Neuron().answer()
    w0, x0, w1, x1, w2 = inputs = Neuron().inputs

    def value(w0: complex, x0: complex, w1: complex, x1: complex, w2: complex) -> complex:
        return 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))

    assert f == pytest.approx(value(*inputs).real)
    for i, gradient in enumerate(gradients):
        moved = [complex(v) for v in inputs]
        moved[i] += 1e-20j  # complex step: exact to rounding
        assert gradient == pytest.approx(value(*moved).imag / 1e-20, rel=1e-14)


def test_chain_gradient() -> None:
    problem = Chain(50)
    y, gradient = problem.answer()
    assert y == pytest.approx(chain(problem.x, np.exp).sum(), rel=1e-14)
    np.testing.assert_allclose(gradient, chain(problem.x + 1e-20j, np.exp).imag / 1e-20, rtol=1e-12, atol=1e-14)


def check_step(parameters: Arrays, step: Callable[[Arrays], float], rng: np.random.Generator) -> None:
    """With rate 1 a step subtracts the gradient: compare some entries of it with central differences of the loss."""

    def loss(changed: Arrays) -> float:
        return float(step([p.copy() for p in changed]))

    stepped = [p.copy() for p in parameters]
    step(stepped)
    for i, p in enumerate(parameters):
        for flat in rng.choice(p.size, 3):
            index = np.unravel_index(flat, p.shape)
            above, below = [q.copy() for q in parameters], [q.copy() for q in parameters]
            above[i][index] += 1e-5
            below[i][index] -= 1e-5
            slope = (loss(above) - loss(below)) / 2e-5
            assert p[index] - stepped[i][index] == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_mlp_step(rng: np.random.Generator) -> None:
    problem = Mlp(5, (4, 6, 5, 3))
    x, t = problem.data
    parameters = [p.astype("float64") + 0.1 for p in problem.parameters()]
    check_step(parameters, lambda p: mlp_step(p, x.astype("float64"), t, 1.0), rng)


@pytest.mark.parametrize("row", [row for row in ROWS if isinstance(row.problem, Mlp)], ids=lambda row: row.name)
def test_no_relu_of_a_row_is_within_rounding_of_its_kink(row: Row) -> None:
    assert isinstance(row.problem, Mlp)
    x, t = row.problem.data
    parameters = [p.astype("float64") for p in row.problem.parameters()]
    for _ in range(CHECKED_STEPS):
        assert len(parameters) == 4
        assert np.abs(x @ parameters[0] + parameters[1]).min() > 1e-5
        mlp_step(parameters, x.astype("float64"), t, row.problem.rate)


def test_residual_step(rng: np.random.Generator) -> None:
    problem = Residual(3, width=4, batch=5)
    parameters = [p.astype("float64") + 0.1 for p in problem.parameters()]
    check_step(parameters, lambda p: residual_step(p, problem.x.astype("float64"), 1.0), rng)


@pytest.mark.parametrize("problem", [Neuron(), Mlp(3, (4, 3, 2)), Residual(2, 4, 3), Chain(5), Chain(5, "float32")])
def test_answers_repeat_and_keep_their_dtype(problem: Neuron | Mlp | Residual | Chain) -> None:
    first, second = problem.answer(), problem.answer()
    assert differences(first, second, 0.0) is None
    expected = "float32" if isinstance(problem, Mlp | Residual) else getattr(problem, "dtype", "float64")
    assert {array.dtype for array in first} == {np.dtype(expected)}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([np.zeros(3)], "1 arrays instead of 2"),
        ([np.zeros(3), np.zeros((2, 1))], r"float64\[2, 1\] instead of float64\[2\]"),
        ([np.zeros(3), np.zeros(2, "float32")], "float32"),
        ([np.zeros(3), np.array([0.0, 1e-6])], "array 1: largest error 1e-06"),
        ([np.array([0.0, np.nan, 0.0]), np.zeros(2)], "array 0: largest error nan"),
    ],
)
def test_differences_are_seen(found: Arrays, words: str) -> None:
    expected = [np.zeros(3), np.zeros(2)]
    assert differences(expected, expected, 1e-9) is None
    text = differences(found, expected, 1e-9)
    assert text is not None
    assert re.search(words, text)
