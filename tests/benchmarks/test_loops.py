"""The answers of the loops, worked out by hand, against other ways to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.loops import (
    Ode,
    Recurrence,
    Rnn,
    While,
    count_up,
    ode_value_and_gradient,
    recurrence,
    rnn_value_and_gradients,
)
from benchmarks.problems import differences


def test_rnn_gradients(rng: np.random.Generator) -> None:
    problem = Rnn(steps=4, batch=3, n_in=2, hidden=5)
    x = problem.x.astype("float64")
    weights = [w.astype("float64") + 0.1 for w in problem.weights]

    def loss(wx: np.ndarray, wh: np.ndarray, b: np.ndarray) -> complex:
        h = np.zeros((3, 5), wx.dtype)
        for row in x:
            h = np.tanh(row @ wx + h @ wh + b)
        return (h * h).mean()

    value, *gradients = rnn_value_and_gradients(x, *weights)
    assert value == pytest.approx(loss(*weights), rel=1e-14)
    for i, gradient in enumerate(gradients):
        for flat in rng.choice(weights[i].size, 3):
            index = np.unravel_index(flat, weights[i].shape)
            moved = [w.astype("complex128") for w in weights]
            moved[i][index] += 1e-20j  # complex step: exact to rounding
            assert gradient[index] == pytest.approx(loss(*moved).imag / 1e-20, rel=1e-12)


def test_ode_gradient() -> None:
    def total(a: complex, c: complex) -> complex:
        u, v = 1.0 + 0j, 0.5 + 0j
        for _ in range(50):
            u, v = u + 0.01 * (a * u - u * v), v + 0.01 * (u * v - c * v)
        return u + v

    value, by_a, by_c = ode_value_and_gradient(1.1, 0.4, (1.0, 0.5), 0.01, 50)
    assert value == pytest.approx(total(1.1, 0.4).real, rel=1e-14)
    assert by_a == pytest.approx(total(1.1 + 1e-20j, 0.4).imag / 1e-20, rel=1e-12)
    assert by_c == pytest.approx(total(1.1, 0.4 + 1e-20j).imag / 1e-20, rel=1e-12)


def test_the_euler_steps_follow_the_equations() -> None:
    """u - log(u) c + v - a log(v) is a constant of the exact motion."""
    constants = []
    for width in (1e-3, 1e-4):
        u, v = 1.0, 0.5
        for _ in range(round(1 / width)):
            u, v = u + width * (1.1 * u - u * v), v + width * (u * v - 0.4 * v)
        total, *_ = ode_value_and_gradient(1.1, 0.4, (1.0, 0.5), width, round(1 / width))
        assert total == u + v
        constants.append(u - 0.4 * np.log(u) + v - 1.1 * np.log(v))
    exact = 1.0 + 0.5 - 1.1 * np.log(0.5)
    assert abs(constants[1] - exact) < 0.2 * abs(constants[0] - exact) < 1e-3


def test_recurrence_solves_a_bidiagonal_system(rng: np.random.Generator) -> None:
    b = rng.standard_normal(20)
    matrix = np.eye(20) + 0.5 * np.eye(20, k=-1)
    np.testing.assert_allclose(recurrence(b), np.linalg.solve(matrix, b), rtol=1e-13)


def test_count_up_is_a_geometric_sum_and_stops_at_either_bound() -> None:
    s, steps = count_up(0.3, 1e6, 1000)
    assert steps == 1000
    assert s == pytest.approx(0.3 * (1 - 0.999**1000) / (1 - 0.999), rel=1e-12)
    s, steps = count_up(0.3, 2.0, 1000)
    assert steps < 1000
    assert 2.0 <= s < 2.3


@pytest.mark.parametrize("problem", [Rnn(3, 2, 2, 2), Ode(10), Recurrence(5), While(7)])
def test_answers_repeat_and_keep_their_dtype(problem: Rnn | Ode | Recurrence | While) -> None:
    first, second = problem.answer(), problem.answer()
    assert differences(first, second, 0.0) is None
    assert first[0].dtype == ("float32" if isinstance(problem, Rnn) else "float64")
