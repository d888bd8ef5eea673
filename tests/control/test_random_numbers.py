"""Random numbers in loops and branches: those of the unrolled graph, also in gradients, checkpoints and threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config
from tests.control.running import check_derivatives, run

random = sa.random
STEPS = 6
KEY = np.array([1, 2], np.uint32)


def noisy(x: sa.Tensor, z: sa.Tensor, scale: sa.Tensor) -> sa.Tensor:
    return sa.sin(x) + scale * x * z


class Walks:
    """The same random walk, written in every way."""

    def __init__(self, shape: tuple[int, ...] = (3,)) -> None:
        self.shape = shape
        self.key = sa.placeholder((2,), "uint32")
        self.x, self.scale = sa.placeholder(shape), sa.placeholder(())
        self.feeds = {self.key: KEY, self.x: np.linspace(0.1, 0.9, int(np.prod(shape))).reshape(shape), self.scale: 0.3}

    def draw(self, key: sa.Tensor) -> sa.Tensor:
        return random.normal(key, self.shape)

    def unrolled(self) -> sa.Tensor:
        x = self.x
        keys = random.split(self.key, STEPS)
        for i in range(STEPS):
            x = noisy(x, self.draw(keys[i]), self.scale)
        return x

    def scanned(self, **options: Any) -> sa.Tensor:
        def body(x: sa.Tensor, key: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
            new = noisy(x, self.draw(key), self.scale)
            return new, new.sum()

        return sa.scan(body, self.x, random.split(self.key, STEPS), **options)[0]

    def counted(self, **options: Any) -> sa.Tensor:
        def body(i: sa.Tensor, x: sa.Tensor) -> sa.Tensor:
            return noisy(x, self.draw(random.fold_in(self.key, i)), self.scale)

        return sa.fori_loop(0, STEPS, body, self.x, **options)

    def repeated(self, **options: Any) -> sa.Tensor:
        def body(state: Any) -> Any:
            i, x = state
            return i + 1, noisy(x, self.draw(random.fold_in(self.key, i)), self.scale)

        return sa.while_loop(lambda state: state[0] < STEPS, body, (0, self.x), **options)[1]


LOOPS: list[Callable[..., sa.Tensor]] = [Walks.scanned, Walks.counted, Walks.repeated]


@pytest.mark.parametrize("shape", [(), (3,), (2, 5)], ids=str)
@pytest.mark.parametrize("loop", LOOPS)
def test_loops_draw_the_numbers_of_the_unrolled_graph(loop: Callable[..., sa.Tensor], shape: tuple[int, ...]) -> None:
    walks = Walks(shape)
    looped, unrolled = loop(walks), walks.unrolled()
    (found, expected) = run([looped, unrolled], walks.feeds)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    (alone,) = run(looped, walks.feeds)
    np.testing.assert_array_equal(alone, found)


@pytest.mark.parametrize("loop", LOOPS)
def test_gradients_see_the_numbers_of_the_forward_pass(loop: Callable[..., sa.Tensor]) -> None:
    walks = Walks()
    check_derivatives([loop(walks)], [walks.x, walks.scale], walks.feeds)
    choices = (None, "sqrt") if loop is Walks.repeated else (None, "sqrt", "log")
    results = [loop(walks, checkpoint=c) for c in choices] + [walks.unrolled()]
    gradients = [g for y in results for g in sa.gradients((y * y).sum(), [walks.x, walks.scale])]
    found = run(gradients, walks.feeds)
    for by_x, by_scale in zip(found[2::2], found[3::2], strict=True):
        np.testing.assert_allclose(by_x, found[0], rtol=1e-12)
        np.testing.assert_allclose(by_scale, found[1], rtol=1e-12)


def test_a_carried_key() -> None:
    key = sa.placeholder((2,), "uint32")

    def body(state: Any, _: None) -> Any:
        new, use = random.split(state)
        return new, random.uniform(use, (4,))

    last, drawn = sa.scan(body, key, None, length=STEPS)
    expected, state = [], key
    for _ in range(STEPS):
        state, use = random.split(state)
        expected.append(random.uniform(use, (4,)))
    found = run([last, drawn, state, sa.stack(expected)], {key: KEY})
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])
    assert len(np.unique(found[1])) == 4 * STEPS


def test_a_key_from_outside_gives_every_step_the_same_numbers() -> None:
    key = sa.placeholder((2,), "uint32")
    _, drawn = sa.scan(lambda c, _: (c, random.normal(key, (3,)) + c), sa.constant(0.0), None, length=4)
    (found, once) = run([drawn, random.normal(key, (3,))], {key: KEY})
    np.testing.assert_array_equal(found, np.stack([once] * 4))


def test_branches_draw_their_own() -> None:
    key, left = sa.placeholder((2,), "uint32"), sa.placeholder((), "bool")
    scale = sa.placeholder(())
    y = sa.cond(
        left,
        lambda k: random.normal(k, (5,)) * scale,
        lambda k: random.uniform(random.fold_in(k, 1), (5,)) * scale**2,
        key,
    )
    wanted = [random.normal(key, (5,)), random.uniform(random.fold_in(key, 1), (5,))]
    (g,) = sa.gradients(y.sum(), [scale])
    for taken in (True, False):
        found, slope, normal, uniform = run([y, g, *wanted], {key: KEY, left: taken, scale: 0.5})
        np.testing.assert_allclose(found, normal * 0.5 if taken else uniform * 0.25, rtol=1e-15)
        np.testing.assert_allclose(slope, normal.sum() if taken else uniform.sum(), rtol=1e-13)


def test_a_number_of_steps_that_is_drawn() -> None:
    """Rejection: the loop runs until a pair lies in the circle."""

    def body(state: Any) -> Any:
        key, _ = state
        key, use = random.split(key)
        return key, random.uniform(use, (2,), minval=-1.0, maxval=1.0)

    key = sa.placeholder((2,), "uint32")
    _, point = sa.while_loop(lambda s: (s[1] * s[1]).sum() > 1, body, (key, sa.constant(np.array([2.0, 0.0]))))
    session = sa.compile(point, inputs=[key])
    points = np.stack([session(np.array([0, seed], np.uint32)) for seed in range(300)])
    assert (np.sum(points**2, axis=1) <= 1).all() and len(np.unique(points)) == 600
    assert abs(np.mean(points)) < 4 * 0.5 / np.sqrt(600)
    run(point, {key: KEY})


def test_ordinary_python_with_random_numbers() -> None:
    @sa.function
    def walk(key: Any, x: Any) -> Any:
        i = 0
        while i < STEPS:
            x = x + 0.1 * random.normal(random.fold_in(key, i))
            if x > 0.2:
                x = x * 0.5
            i = i + 1
        return x

    key = sa.placeholder((2,), "uint32")
    (found,) = run(walk(key, sa.constant(0.0)), {key: KEY})
    x = 0.0
    draws = run([random.normal(random.fold_in(key, i)) for i in range(STEPS)], {key: KEY})
    for z in draws:
        x = x + 0.1 * float(z)
        x = x * 0.5 if x > 0.2 else x
    np.testing.assert_allclose(found, x, rtol=1e-13)


def test_the_number_of_threads_does_not_matter() -> None:
    key = sa.placeholder((2,), "uint32")
    x = random.normal(key, (700, 301))
    fetches = [x, x.T, x.sum(), (x > 0).sum(axis=0), random.uniform(key, (10**6,), "float32")]
    results = []
    for threads in (1, 2, 3):
        with config.override(threads=threads):
            results.append(sa.compile(fetches, inputs=[key])(KEY))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    alone = sa.compile(x.T, inputs=[key])(KEY)
    np.testing.assert_array_equal(alone, results[0][1])
    np.testing.assert_array_equal(results[0][0].T, results[0][1])
