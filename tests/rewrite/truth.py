"""Values of expressions in arithmetic of a thousand digits, in which nothing over- or underflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np

from staticad.ops.arithmetic import ABS, ADD, DIV, MUL, NEG, SQRT, SQUARE, SUB
from staticad.ops.transcendental import EXP, EXPM1, LOG, LOG1P, SIGMOID, SOFTPLUS
from staticad.rewrite.pattern import Call, Literal, Pattern, Variable

MP = mpmath.mp.clone()
MP.dps = 1000

FUNCTIONS: dict[Any, Callable[..., Any]] = {
    ABS: lambda x: abs(x),
    ADD: lambda x, y: x + y,
    DIV: lambda x, y: x / y,
    EXP: MP.exp,
    EXPM1: lambda x: MP.exp(x) - 1,
    LOG: MP.log,
    LOG1P: lambda x: MP.log(1 + x),
    MUL: lambda x, y: x * y,
    NEG: lambda x: -x,
    SIGMOID: lambda x: 1 / (1 + MP.exp(-x)),
    SOFTPLUS: lambda x: MP.log(1 + MP.exp(x)),
    SQRT: MP.sqrt,
    SQUARE: lambda x: x * x,
    SUB: lambda x, y: x - y,
}


def number(x: float) -> Any:
    return MP.mpf(float(x))


def value_of(pattern: Pattern, variables: Mapping[str, Any]) -> Any:
    """The value of a pattern for real numbers."""
    if isinstance(pattern, Variable):
        return variables[pattern.name]
    if isinstance(pattern, Literal):
        return number(pattern.value)
    assert isinstance(pattern, Call)
    return FUNCTIONS[pattern.op](*(value_of(o, variables) for o in pattern.operands))


def sigmoid(x: float) -> Any:
    return FUNCTIONS[SIGMOID](number(x))


def softplus(x: float) -> Any:
    return FUNCTIONS[SOFTPLUS](number(x))


def error_in_ulps(got: float, truth: Any) -> float:
    """How far a float64 is from the truth, in units in the last place of the truth (at least the smallest normal)."""
    nearest = float(truth)
    if np.isinf(nearest) or np.isinf(got) or np.isnan(got):
        return 0.0 if got == nearest else np.inf
    unit = np.spacing(max(abs(nearest), np.finfo(np.float64).tiny))
    return float(abs(number(got) - truth) / number(unit))
