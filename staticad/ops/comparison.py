"""Comparisons, logic and the classification of floats: bool results, derivative zero wherever it exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ops.base import Elementwise

TRUTH = "operands count as true where they are not 0"


def _relation(name: str, numpy: Callable[..., Any], commutative: bool = False, notes: str = "") -> Elementwise:
    return Elementwise(
        name,
        numpy=numpy,
        arity=2,
        operands="biufc" if commutative else "biuf",  # complex numbers have no order
        result="bool",
        commutative=commutative,
        ulps=0,
        nondifferentiable=True,
        notes=notes,
    )


def _test(name: str, numpy: Callable[..., Any], notes: str = "") -> Elementwise:
    return Elementwise(name, numpy=numpy, operands="biufc", result="bool", ulps=0, nondifferentiable=True, notes=notes)


EQUAL = _relation("equal", np.equal, commutative=True)
NOT_EQUAL = _relation("not_equal", np.not_equal, commutative=True)
LESS = _relation("less", np.less)
LESS_EQUAL = _relation("less_equal", np.less_equal)
GREATER = _relation("greater", np.greater)
GREATER_EQUAL = _relation("greater_equal", np.greater_equal)

LOGICAL_AND = _relation("logical_and", np.logical_and, commutative=True, notes=TRUTH)
LOGICAL_OR = _relation("logical_or", np.logical_or, commutative=True, notes=TRUTH)
LOGICAL_XOR = _relation("logical_xor", np.logical_xor, commutative=True, notes=TRUTH)
LOGICAL_NOT = _test("logical_not", np.logical_not, notes=TRUTH)

ISNAN = _test("isnan", np.isnan)
ISFINITE = _test("isfinite", np.isfinite)
ISINF = _test("isinf", np.isinf)

COMPARISON_OPS = (
    EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL,
    LOGICAL_AND, LOGICAL_OR, LOGICAL_XOR, LOGICAL_NOT,
    ISNAN, ISFINITE, ISINF,
)  # fmt: skip
