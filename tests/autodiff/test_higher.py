"""Higher derivatives of scalar code are graphs of polynomial size, and as right as those of reverse mode."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.reference import evaluate
from staticad.rewrite.pipeline import optimize

X = sa.placeholder((), name="x")


def derivatives(y: Tensor, x: Tensor, count: int) -> list[Tensor]:
    found = [y]
    for _ in range(count):
        found += sa.gradients(found[-1], [x])
    return found


FUNCTIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[mp.mpf], mp.mpf]]] = {
    "exp(sin(x))": (lambda x: sa.exp(sa.sin(x)), lambda x: mp.exp(mp.sin(x))),
    "quotient": (lambda x: sa.log(1 + x * x) / (2 + sa.cos(x)), lambda x: mp.log(1 + x * x) / (2 + mp.cos(x))),
    "power": (lambda x: x**5.5 * sa.tanh(x), lambda x: x ** mp.mpf(5.5) * mp.tanh(x)),
    "chosen": (lambda x: sa.where(x > 3.0, sa.sqrt(x - 3.0), sa.sqrt(x)), mp.sqrt),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name: str) -> None:
    function, exact = FUNCTIONS[name]
    found = evaluate(derivatives(function(X), X, 6), {X: np.float64(0.7)})
    with mp.workdps(60):
        true = [mp.diff(exact, mp.mpf(0.7), order) for order in range(7)]
    for order, (a, b) in enumerate(zip(found, true, strict=True)):
        assert np.isclose(float(a), float(b), rtol=1e-12), order


def test_sizes_grow_as_a_polynomial() -> None:
    made = derivatives(sa.exp(sa.sin(X)), X, 12)
    sizes = [len(sort_nodes([y])) for y in made]
    assert sizes[6] < 300 and sizes[12] < sizes[6] * 2**4, sizes
    assert len(sort_nodes(optimize([made[12]]))) < 300


def test_tensors_that_users_hold_are_two_where_they_are_two() -> None:
    """q and its derivative, by which a function of both is differentiated: what happens to be computed again in between
    is not that tensor."""
    speed = sa.gradients(sa.sin(X), [X])[0]
    energy = speed * speed + sa.sin(X) * speed
    (total,) = sa.gradients(energy, [X])
    (again,) = sa.gradients(total, [X])
    by_speed, again_by_speed = sa.gradients(energy, [speed])[0], sa.gradients(again, [speed], unconnected="zero")[0]
    s, c = np.sin(0.7), np.cos(0.7)
    values = evaluate([total, again, by_speed, again_by_speed], {X: np.float64(0.7)})
    # d/dx (v² + s v) with v' = -s; again only with v where it stands itself: -2 s v + c v - s², then by x
    assert np.allclose(values[:3], [-2 * s * c + c * c - s * s, -2 * c * c + 2 * s * s - 4 * s * c, 2 * c + s])
    assert np.isclose(values[3], expected_by_speed(s, c))


def expected_by_speed(s: float, c: float) -> float:
    """(v² + sin v)'' = 2 v'² + 2 v v'' + sin'' v + 2 sin' v' + sin v'', by the v that stands there: 2 v'' + sin''."""
    return 2 * -c + -s


def test_vectors_on_the_way_are_pulled_back() -> None:
    v = sa.linspace(0.0, 1.0, 5) * X
    first, second, third = derivatives(sa.sin(v).sum(), X, 3)[1:]
    t = np.linspace(0, 1, 5)
    values = evaluate([first, second, third], {X: np.float64(0.3)})
    expected = [(t * np.cos(0.3 * t)).sum(), -(t**2 * np.sin(0.3 * t)).sum(), -(t**3 * np.cos(0.3 * t)).sum()]
    assert np.allclose(values, expected)
