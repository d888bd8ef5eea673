"""Every optimizer takes the steps of its paper, those of PyTorch, and keeps the dtype of its variables."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from staticad.runtime.variables import Variable, variable
from tests.optim import by_hand
from tests.optim.stepping import Runner, reference, runners

STEPS = 6
SHAPE = (2, 3)

Case = tuple[Callable[[], Optimizer], Callable[[], by_hand.Step], str, dict[str, Any]]
CASES: dict[str, Case] = {
    "sgd": (lambda: SGD(0.1), lambda: by_hand.sgd(0.1), "SGD", {"lr": 0.1}),
    "momentum": (
        lambda: SGD(0.1, momentum=0.9),
        lambda: by_hand.sgd(0.1, 0.9),
        "SGD",
        {"lr": 0.1, "momentum": 0.9},
    ),
    "nesterov": (
        lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda: by_hand.sgd(0.1, 0.9, True, 0.01),
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    "decay": (
        lambda: SGD(0.1, weight_decay=0.5),
        lambda: by_hand.sgd(0.1, weight_decay=0.5),
        "SGD",
        {"lr": 0.1, "weight_decay": 0.5},
    ),
    "adam": (lambda: Adam(0.01), lambda: by_hand.adam(0.01), "Adam", {"lr": 0.01}),
    "adam betas": (
        lambda: Adam(0.01, 0.5, 0.7, 1e-3),
        lambda: by_hand.adam(0.01, 0.5, 0.7, 1e-3),
        "Adam",
        {"lr": 0.01, "betas": (0.5, 0.7), "eps": 1e-3},
    ),
    "adam without means": (
        lambda: Adam(0.01, 0.0, 0.0),
        lambda: by_hand.adam(0.01, 0.0, 0.0),
        "Adam",
        {"lr": 0.01, "betas": (0.0, 0.0)},
    ),
    "adamw": (
        lambda: AdamW(0.01, weight_decay=0.3),
        lambda: by_hand.adam(0.01, weight_decay=0.3),
        "AdamW",
        {"lr": 0.01, "weight_decay": 0.3},
    ),
    "rmsprop": (
        lambda: RMSprop(0.01, 0.9),
        lambda: by_hand.rmsprop(0.01, 0.9),
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9},
    ),
    "rmsprop centered": (
        lambda: RMSprop(0.01, 0.9, momentum=0.5, centered=True),
        lambda: by_hand.rmsprop(0.01, 0.9, momentum=0.5, centered=True),
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "centered": True},
    ),
    "adagrad": (lambda: Adagrad(0.1), lambda: by_hand.adagrad(0.1), "Adagrad", {"lr": 0.1}),
    "adagrad initial": (
        lambda: Adagrad(0.1, 1e-3, 0.5),
        lambda: by_hand.adagrad(0.1, 1e-3, 0.5),
        "Adagrad",
        {"lr": 0.1, "eps": 1e-3, "initial_accumulator_value": 0.5},
    ),
}
TOLERANCE = {"float32": 2e-6, "float64": 1e-13}


def gradients_of_steps(dtype: str) -> tuple[np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(7)
    return rng.normal(size=SHAPE).astype(dtype), [rng.normal(size=SHAPE).astype(dtype) for _ in range(STEPS)]


def walk(optimizer: Optimizer, dtype: str, runner: Runner) -> list[np.ndarray]:
    """The values of a variable after each step."""
    start, given = gradients_of_steps(dtype)
    g, w = sa.placeholder(SHAPE, dtype, name="g"), variable(start, name="w")
    step = runner(optimizer.apply_gradients([(g, w)]), [g])
    values = []
    for array in given:
        step(array)
        values.append(w.value)
    return values


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("runner", runners(), ids=lambda r: r.__name__)
def test_the_steps_of_the_paper(name: str, dtype: str, runner: Runner) -> None:
    make, by_hand_rule, _, _ = CASES[name]
    step = by_hand_rule()
    w, given = gradients_of_steps(dtype)
    expected = w.astype("float64")
    for value, g in zip(walk(make(), dtype, runner), given, strict=True):
        expected = step(expected, g.astype("float64"))
        assert value.dtype == dtype
        np.testing.assert_allclose(value, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.extras("torch")
@pytest.mark.parametrize("name", CASES)
def test_the_steps_of_torch(name: str) -> None:
    torch = importlib.import_module("torch")
    make, _, peer, options = CASES[name]
    start, given = gradients_of_steps("float64")
    w = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, peer)([w], **options)
    for value, g in zip(walk(make(), "float64", reference), given, strict=True):
        w.grad = torch.tensor(g)
        optimizer.step()
        np.testing.assert_allclose(value, w.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_updates_have_the_types_of_their_variables(name: str) -> None:
    """Float64 rates and float64 gradients do not widen a float32 variable."""
    for rate in (None, sa.placeholder((), "float64"), variable(0.1, "float64"), sa.placeholder((), "float32")):
        optimizer = CASES[name][0]()
        if rate is not None:
            optimizer.learning_rate = rate
        w, v = variable(np.ones(3, "float32")), variable(np.ones((), "float64"))
        updates = optimizer.apply_gradients([(sa.placeholder((3,), "float64"), w), (sa.placeholder((), "float32"), v)])
        assert {w, v} <= updates.keys()
        for target, value in updates.items():
            assert isinstance(target, Variable) and target.type == value.type


@pytest.mark.parametrize("runner", runners(), ids=lambda r: r.__name__)
def test_the_bias_correction_of_adam_is_exact_in_float32(runner: Runner) -> None:
    """1 - 0.999**t in float32 is wrong in the fourth digit at t = 1; the first step has the size of the rate."""
    for beta2 in (0.999, 0.99999):
        w, g = variable(np.zeros(1, "float32")), sa.placeholder((1,), "float32")
        optimizer = Adam(1.0, beta2=beta2, eps=0.0)
        step = runner(optimizer.apply_gradients([(g, w)]), [g])
        step(np.full(1, 3.0, "float32"))
        np.testing.assert_allclose(w.value, -1.0, rtol=5e-7)
        assert optimizer.steps.value == 1 and optimizer.steps.dtype == "int64"


def test_a_schedule_through_a_variable_or_a_placeholder() -> None:
    for runner in runners():
        rate, w = variable(1.0, "float32"), variable(np.zeros((), "float32"))
        step = runner(SGD(rate).apply_gradients([(sa.constant(1.0, "float32"), w)]), [])
        step()
        rate.assign(0.25)
        step()
        assert w.value == -1.25
        lr, w = sa.placeholder((), "float64"), variable(np.zeros((), "float32"))
        step = runner(SGD(lr).apply_gradients([(sa.constant(1.0, "float32"), w)]), [lr])
        step(np.float64(0.5))
        step(np.float64(0.25))
        assert w.value == -0.75
