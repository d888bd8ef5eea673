"""Random programs with carries of several kinds, in one session for many sizes: values against the reference,
gradients against differences and tangents."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.control.typed_programs import TypedProgram
from tests.harness.poison import poisoned_memory

SIZES = ({}, {"a": 4, "b": 3, "t": 2}, {}, {"a": 1, "b": 1, "t": 1}, {"a": 2, "b": 5, "t": 0}, {"a": 3, "b": 1, "t": 7})
"""Sizes that come back find the tapes and bindings of runs before them."""

STEPS = (1e-5, 1e-6, 3e-5, 1e-4)

Feeds = dict[sa.Tensor, np.ndarray]


class Checked:
    """A program with its loss, gradients and a tangent in one session."""

    def __init__(self, program: TypedProgram) -> None:
        self.program = program
        self.variables = program.variables
        self.tangents = [sa.placeholder(x.shape, x.dtype, name=f"tangent of {x.name}") for x in self.variables]
        gradients = sa.gradients(program.loss, self.variables, unconnected="zero")
        (forward,) = sa.jvp([program.loss], self.variables, self.tangents)
        self.fetches = [program.loss, forward, *gradients, *program.outputs]
        with poisoned_memory():
            self.session = sa.compile(self.fetches, inputs=[*program.placeholders, *self.tangents])

    def feeds(self, seed: int, sizes: dict[str, int]) -> Feeds:
        found = self.program.feeds(seed, **sizes)
        rng = np.random.default_rng(seed)
        return found | {t: rng.uniform(-1, 1, found[x].shape) for t, x in zip(self.tangents, self.variables)}

    def run(self, feeds: Feeds) -> list[Any]:
        with poisoned_memory():
            return self.session.run(feeds)

    def check_values(self, feeds: Feeds) -> None:
        for tensor, value, expected in zip(
            self.fetches, self.run(feeds), sa.evaluate(self.fetches, feeds), strict=True
        ):
            assert (value.dtype, value.shape) == (expected.dtype, expected.shape), tensor
            if value.dtype.kind == "f":
                rtol = 1e-9 if "float32" not in self.program.dtypes else 3e-4
                np.testing.assert_allclose(value, expected, rtol=rtol, atol=rtol, err_msg=str(tensor))
            else:
                np.testing.assert_array_equal(value, expected, err_msg=str(tensor))

    def check_slope(self, feeds: Feeds) -> None:
        """The gradient along the tangent is the tangent of the loss, and a difference quotient."""
        here, forward, *others = self.run(feeds)
        slope = sum(float(np.sum(g * feeds[t])) for g, t in zip(others, self.tangents))
        if "float32" in self.program.dtypes:
            assert slope == pytest.approx(float(forward), rel=1e-3, abs=1e-3)
            return
        assert slope == pytest.approx(float(forward), rel=1e-8, abs=1e-8)
        quotients = []
        for h in STEPS:
            above, below = (self.run(self.moved(feeds, by))[0] for by in (h, -h))
            right, left = float(above - here) / h, float(here - below) / h
            quotients.append((left, right))
            if abs(left - right) > 0.05 * (abs(left) + abs(right)):
                return  # a kink or a jump is near
            if (left + right) / 2 == pytest.approx(slope, rel=2e-5, abs=2e-5):
                return
        raise AssertionError(f"the slope is {slope}, the differences to the left and right are {quotients}")

    def moved(self, feeds: Feeds, by: float) -> Feeds:
        return feeds | {x: feeds[x] + by * feeds[t] for x, t in zip(self.variables, self.tangents)}


@pytest.mark.parametrize("seed", [3, 14, 21, 48])
def test_values_and_slopes(seed: int) -> None:
    checked = Checked(TypedProgram(seed))
    for number, sizes in enumerate(SIZES):
        feeds = checked.feeds(number, sizes)
        checked.check_values(feeds)
        checked.check_slope(feeds)


@pytest.mark.parametrize("checkpoint", ["sqrt", "log"])
def test_checkpoints_change_nothing(checkpoint: str) -> None:
    plain, other = (Checked(TypedProgram(14, checkpoint=c, depth=2)) for c in (None, checkpoint))
    for number, sizes in enumerate(SIZES[:2]):
        mine, its = plain.feeds(number, sizes), other.feeds(number, sizes)
        for a, b in zip(plain.run(mine), other.run(its), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_threads_share_a_session() -> None:
    checked = Checked(TypedProgram(21))
    given = [checked.feeds(number, sizes) for number, sizes in enumerate(SIZES[:2])]
    expected = [checked.run(feeds) for feeds in given]

    def repeat(number: int) -> None:
        for _ in range(20):
            for value, first in zip(checked.session.run(given[number]), expected[number], strict=True):
                np.testing.assert_array_equal(value, first)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(repeat, range(2)))


@pytest.mark.parametrize("seed", range(5))
def test_wrong_indices_are_found(seed: int) -> None:
    """Where the reference finds an index outside its axis the session does, and names a line; else both agree."""
    program = TypedProgram(seed, strict=False, depth=2)
    session = sa.compile(program.outputs, inputs=program.placeholders)

    def outcome(run: Callable[[Feeds], list[Any]], feeds: Feeds) -> list[Any] | None:
        try:
            return run(feeds)
        except sa.IndexOutOfBounds as error:
            assert "typed_" in str(error)
            return None

    for number, sizes in enumerate(SIZES[:3]):
        feeds = program.feeds(number, **sizes)
        found = outcome(session.run, feeds)
        expected = outcome(lambda f: sa.evaluate(program.outputs, f), feeds)
        if found is None:
            assert expected is None
        elif expected is not None:  # else the wrong index is one that no result depends on
            for value, wanted in zip(found, expected, strict=True):
                np.testing.assert_allclose(value, wanted, rtol=1e-6, atol=1e-6)
