"""Elementwise ops whose code is made of several kernel functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.codegen.source import render
from staticad.ir.expressions import Expression, call, div, mul, sub
from staticad.lower.kernel.language import Kernel
from staticad.ops.base import Elementwise, apply
from tests.lower.checking import computes
from tests.lower.planning import plan_for

DTYPES = ("float32", "float64")


def _sinh(x: Expression) -> Expression:
    return mul(sub(call("exp", x), call("exp", call("neg", x))), 0.5)


def _logit(x: Expression) -> Expression:
    return call("log", div(x, sub(1, x)))


SINH = Elementwise("sinh", numpy=np.sinh, code=_sinh, operands="f", cost=25)
LOGIT = Elementwise("logit", numpy=lambda x: np.log(x / (1 - x)), code=_logit, operands="f", cost=15)
HYPOT = Elementwise(
    "hypot", numpy=np.hypot, code=lambda a, b: call("sqrt", call("add", call("square", a), call("square", b))), arity=2
)


def close(found: Any, expected: Any, dtype: str) -> None:
    assert found.dtype == expected.dtype == dtype
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(found, expected, rtol=8 * eps, atol=8 * eps)  # small differences of exponentials


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_composite_op_alone(dtype: str) -> None:
    x = sa.placeholder((None,), dtype)
    given = np.linspace(0.05, 0.95, 37).astype(dtype)
    for op, reference in ((SINH, np.sinh), (LOGIT, LOGIT.numpy)):
        close(sa.compile(apply(op, x))(given), reference(given), dtype)
    y = apply(HYPOT, x, apply(SINH, x))
    close(sa.compile(y)(given), np.hypot(given, np.sinh(given)), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_composite_op_in_a_loop(dtype: str) -> None:
    x = sa.placeholder((None,), dtype)
    given = np.linspace(-0.9, 0.9, 37).astype(dtype)
    expected = given
    for _ in range(3):
        expected = np.sinh(expected * given)
    y = sa.fori_loop(0, 3, lambda i, s: apply(SINH, s * x), x)
    assert any("for t in" in render(s.kernel) for s in plan_for(y).steps if isinstance(s.kernel, Kernel))
    close(sa.compile(y)(given), expected, dtype)


def test_equal_parts_are_computed_once() -> None:
    x = sa.placeholder((None,))
    (step,) = computes([apply(SINH, x) * sa.exp(x), apply(HYPOT, x, x)]).steps
    assert isinstance(step.kernel, Kernel)
    text = render(step.kernel)
    assert text.count("exp(") == 2 and text.count("square(") == 1
