"""Which numbers stand in the source, and what the emitter computes where."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.codegen.source import render
from staticad.lower.emission.emit import is_plain
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import CONSTANT, Plan
from tests.lower.checking import computes
from tests.lower.planning import loop_steps


@pytest.mark.parametrize(
    ("value", "plain"),
    [(0, True), (16, True), (-16, True), (17, False), (0.5, True), (0.0625, True), (0.1, False), (1e-5, False)],
)
def test_plain_numbers_stand_in_the_source(value: float, plain: bool) -> None:
    assert is_plain(value) is plain
    assert is_plain(np.inf) and is_plain(np.nan)


def texts(plan: Plan) -> list[str]:
    return [render(s.kernel) for s in loop_steps(plan) if isinstance(s.kernel, Kernel)]


def test_kernels_that_differ_in_a_number_are_one() -> None:
    x = sa.placeholder((None,))
    one, other = computes(x * 0.1 + 0.3), computes(x * 0.2 + 0.7)
    assert texts(one) == texts(other)
    assert sorted(float(b.array) for b in one.buffers if b.role == CONSTANT and b.array is not None) == [0.1, 0.3]
    assert texts(computes(x * 2.0)) != texts(computes(x * 4.0))  # plain numbers are worth a kernel


def test_kernels_that_differ_in_sizes_are_one() -> None:
    found = {
        tuple(texts(computes(sa.softmax(sa.placeholder(shape), axis=1), 4)))
        for shape in ((None, 5), (None, 7), (5, 9), (6, 7))
    }
    assert len(found) == 1


def test_equal_constants_share_memory() -> None:
    x, array = sa.placeholder((3,)), np.array([0.1, 0.2, 0.3])
    plan = computes([x * sa.constant(array), x + sa.constant(array.copy())])
    assert len([b for b in plan.buffers if b.role == CONSTANT]) == 1


def test_a_value_is_loaded_and_computed_once() -> None:
    x = sa.placeholder((None,))
    (text,) = texts(computes(sa.exp(x) * sa.exp(x) + x, optimized=False))
    assert text.count("load(") == 1 and text.count("exp(") == 1


def test_infinities_and_nan_are_constants() -> None:
    x = sa.placeholder((None,))
    computes([x + np.inf, x * np.nan, sa.where(x > 0, x, -np.inf), x + -0.0])


def test_integers_from_indices() -> None:
    x = sa.placeholder((None, 4), "int32")
    computes([x + sa.arange(4, dtype="int32"), x * sa.arange(x.shape[0], dtype="int32")[:, None]])
    computes([sa.eye(3), sa.tril(sa.placeholder((4, 4)), -1), sa.one_hot(sa.placeholder((None,), "int8"), 3)])
