"""An ordinary differential equation with adaptive steps: derivatives of the end state by parameters and start.

Bogacki and Shampine's embedded pair of orders 3 and 2 (A 3(2) pair of Runge–Kutta formulas, 1989), its steps chosen by
the usual controller. The derivatives are those of the steps taken.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

import staticad as sa
from tests.control.running import check_derivatives, run

END = 2.0
START = np.array([1.2, 0.8])
PARAMETERS = np.array([1.1, 0.4, 0.9, 0.3])


class State(NamedTuple):
    t: Any
    y: Any
    slope: Any
    step: Any
    count: Any


def lotka_volterra(y: sa.Tensor, p: sa.Tensor) -> sa.Tensor:
    prey, hunters = y[0], y[1]
    return sa.stack([p[0] * prey - p[1] * prey * hunters, p[3] * prey * hunters - p[2] * hunters])


def integrate(start: sa.Tensor, p: sa.Tensor, tolerance: float) -> State:
    def advance(s: State) -> State:
        h = sa.minimum(s.step, END - s.t)
        k1 = s.slope
        k2 = lotka_volterra(s.y + h / 2 * k1, p)
        k3 = lotka_volterra(s.y + 3 * h / 4 * k2, p)
        y = s.y + h * (2 / 9 * k1 + 1 / 3 * k2 + 4 / 9 * k3)
        k4 = lotka_volterra(y, p)
        error = sa.sqrt((((h * (-5 / 72 * k1 + k2 / 12 + k3 / 9 - k4 / 8)) / tolerance) ** 2).mean())
        factor = sa.clip(0.9 * (error.detach() + 1e-10) ** (-1 / 3), 0.2, 5.0)
        return sa.cond(
            error <= 1,
            lambda: State(s.t + h, y, k4, h * factor, s.count + 1),
            lambda: State(s.t, s.y, s.slope, h * factor, s.count),
        )

    begin = State(sa.constant(0.0), start, lotka_volterra(start, p), sa.constant(0.1), sa.constant(0))
    return sa.while_loop(lambda s: s.t < END, advance, begin)


def exact(start: np.ndarray, p: np.ndarray) -> np.ndarray:
    def slope(t: float, y: np.ndarray) -> list[float]:
        return [p[0] * y[0] - p[1] * y[0] * y[1], p[3] * y[0] * y[1] - p[2] * y[1]]

    return solve_ivp(slope, (0, END), start, rtol=1e-12, atol=1e-13, method="DOP853").y[:, -1]


def test_the_end_state_and_its_gradient_by_the_parameters() -> None:
    start, p = sa.placeholder((2,), name="start"), sa.placeholder((4,), name="p")
    last = integrate(start, p, 1e-9)
    jacobian = sa.jacobian(last.y, p)
    found, slopes, count = run([last.y, jacobian, last.count], {start: START, p: PARAMETERS}, rtol=1e-9)
    assert count > 100
    np.testing.assert_allclose(found, exact(START, PARAMETERS), rtol=1e-7)
    for i in range(4):
        change = np.eye(4)[i] * 1e-4
        difference = (exact(START, PARAMETERS + change) - exact(START, PARAMETERS - change)) / 2e-4
        np.testing.assert_allclose(slopes[:, i], difference, rtol=1e-5, atol=1e-6)


def test_every_mode() -> None:
    start, p = sa.placeholder((2,), name="start"), sa.placeholder((4,), name="p")
    last = integrate(start, p, 1e-2)
    # The steps' lengths depend on the place, by design without derivative: differences need them fixed.
    feeds = {start: START, p: PARAMETERS}
    tangents = [sa.placeholder(x.shape) for x in (start, p)]
    (forward,) = sa.jvp([last.y], [start, p], tangents)
    backward = sa.gradients((last.y * np.array([0.3, -0.7])).sum(), [start, p])
    values = {**feeds, tangents[0]: np.array([0.5, 1.0]), tangents[1]: np.array([1.0, -1.0, 0.5, 0.25])}
    pushed, by_start, by_p = run([forward, *backward], values)
    np.testing.assert_allclose(
        pushed @ [0.3, -0.7], by_start @ values[tangents[0]] + by_p @ values[tangents[1]], rtol=1e-12
    )


def test_fixed_steps_of_heun_against_differences() -> None:
    start, p = sa.placeholder((2,), name="start"), sa.placeholder((4,), name="p")

    def step(i: sa.Tensor, y: sa.Tensor) -> sa.Tensor:
        k1 = lotka_volterra(y, p)
        return y + 0.05 * (k1 + lotka_volterra(y + 0.1 * k1, p))

    check_derivatives([sa.fori_loop(0, 6, step, start)], [start, p], {start: START, p: PARAMETERS})
