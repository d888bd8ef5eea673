"""Functions that are computed in float64 whatever they are given: their code, and what their references are made of.

SciPy is imported when a reference runs: importing the package stays quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad import late
from staticad.ir.dtypes import FLOAT64, DType
from staticad.ir.expressions import Cast, Expression, call


def in_double(name: str) -> Callable[..., Expression]:
    """The code of an op that calls a kernel function of float64."""

    def as_dtype(x: Expression, dtype: DType) -> Expression:
        return x if x.dtype == dtype else Cast(x, dtype)

    def code(*operands: Expression) -> Expression:
        return as_dtype(call(name, *(as_dtype(x, FLOAT64) for x in operands)), operands[0].dtype)

    return code


def integral(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """The integral of a function of t from 0 to x, which may be singular at 0, by tanh-sinh quadrature; the function
    gets an array with one axis more."""
    u = np.linspace(-5.6, 3.3, 320)
    place = np.exp(-np.pi * np.sinh(u))
    t = np.asarray(x, np.float64)[..., None] / (1 + place)
    weight = np.pi * np.cosh(u) * place / (1 + place) * (u[1] - u[0])
    return np.asarray((function(t) * t * weight).sum(axis=-1))


def scipy_function(name: str) -> Callable[..., Any]:
    """The function of that name in ``scipy.special``, of floats."""

    def function(*operands: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = getattr(late.imported("scipy.special"), name)(*(np.asarray(x, "f8") for x in operands))
            return np.asarray(found, np.result_type(*operands))

    return function
