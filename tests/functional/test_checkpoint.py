"""Loops that record less: equal values and derivatives, and the memory that they take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ops.control import all_nodes

X = np.array([0.3, -0.2, 0.1])
Make = Callable[[sa.Tensor, str | None], sa.Tensor]


def fori(x: sa.Tensor, checkpoint: str | None) -> sa.Tensor:
    return sa.fori_loop(0, 23, lambda i, s: sa.sin(s) * x + i * 0.01, x * x, checkpoint=checkpoint).sum()


def repeat(x: sa.Tensor, checkpoint: str | None) -> sa.Tensor:
    start = (0, x * x)
    step = (lambda s: s[0] < 37), (lambda s: (s[0] + 1, sa.sin(s[1]) * x + 0.7 * s[1]))
    return sa.while_loop(*step, start, checkpoint=checkpoint)[1].sum()


def scanned(x: sa.Tensor, checkpoint: str | None, *, reverse: bool = False, steps: int = 29) -> sa.Tensor:
    xs = sa.asarray(np.linspace(-1.0, 1.0, 3 * steps).reshape(steps, 3))
    last, ys = sa.scan(lambda s, t: (sa.tanh(s + t * x), s * t), x, xs, checkpoint=checkpoint, reverse=reverse)
    return last.sum() + (ys * ys).sum()


def backwards(x: sa.Tensor, checkpoint: str | None) -> sa.Tensor:
    return scanned(x, checkpoint, reverse=True)


def short(x: sa.Tensor, checkpoint: str | None) -> sa.Tensor:
    return scanned(x, checkpoint, steps=1)


def derivatives(make: Make, checkpoint: str | None, order: int) -> list[np.ndarray]:
    x = sa.placeholder((3,), "float64")
    y = make(x, checkpoint)
    (g,) = sa.gradients(y, [x])
    (t,) = sa.jvp(y, [x], [x * x])
    second = sa.gradients((g * g).sum(), [x]) if order == 2 else []
    return sa.compile([y, g, t, *second], [x])(X)


@pytest.mark.parametrize("checkpoint", ["sqrt", "log"])
@pytest.mark.parametrize("make", [fori, repeat, scanned, backwards, short])
def test_values_and_derivatives_are_those_of_the_plain_loop(make: Make, checkpoint: str) -> None:
    # A loop of unknown length is cut by four nested loops, and their second derivative takes long to compile.
    order = 1 if (make, checkpoint) == (repeat, "log") else 2
    for found, expected in zip(derivatives(make, checkpoint, order), derivatives(make, None, order), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_a_free_number_of_steps() -> None:
    x, xs = sa.placeholder((3,), "float64"), sa.placeholder((None, 3), "float64")

    def gradient(checkpoint: str | None) -> list[sa.Tensor]:
        last, ys = sa.scan(lambda s, t: (sa.tanh(s + t * x), s * t), x, xs, checkpoint=checkpoint)
        return sa.gradients(last.sum() + (ys * ys).sum(), [x, xs])

    session = sa.compile([gradient("sqrt"), gradient(None)], [x, xs])
    for steps in (0, 1, 2, 5, 16, 30):
        found, expected = session(X, np.linspace(-1.0, 1.0, 3 * steps).reshape(steps, 3))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)


def test_while_loops_of_any_number_of_steps() -> None:
    x, n = sa.placeholder((3,), "float64"), sa.placeholder((), "int64")

    def gradient(checkpoint: str | None) -> list[sa.Tensor]:
        step = (lambda s: s[0] < n), (lambda s: (s[0] + 1, sa.sin(s[1]) * x))
        return sa.gradients(sa.while_loop(*step, (0, x), checkpoint=checkpoint)[1].sum(), [x])

    session = sa.compile([*gradient("log"), *gradient(None)], [x, n])
    for steps in (0, 1, 15, 16, 17, 255, 256, 257, 300, 4097):
        found, expected = session(X + 1.0, steps)
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)


def recorded_states(checkpoint: str | None, steps: int) -> int:
    """How many states of 5 numbers the loops of a gradient stack at most, all levels together."""
    x = sa.placeholder((5,), "float64")
    y = sa.fori_loop(0, steps, lambda i, s: sa.sin(s) * x, x, checkpoint=checkpoint)
    total = 0
    for node in all_nodes(sa.gradients(y.sum(), [x])):
        if node.op.name == "loop":
            stacked = [t.shape for t in node.types[node.attrs["shape"].carries :]]
            total += sum(shape[0] for shape in stacked if shape[-1:] == (5,))
    return total


def test_less_is_recorded() -> None:
    assert recorded_states(None, 400) >= 400
    assert recorded_states("sqrt", 400) <= 4 * 20
    assert recorded_states("log", 400) <= 4 * 9 + 8


def test_choices_that_do_not_exist() -> None:
    x = sa.placeholder((3,), "float64")
    with pytest.raises(sa.GraphError, match='None, "sqrt" or "log"'):
        fori(x, "all")
    xs = sa.placeholder((None, 3), "float64")
    with pytest.raises(sa.GraphError, match='use "sqrt"'):
        sa.scan(lambda s, t: (s + t, None), x, xs, checkpoint="log")
