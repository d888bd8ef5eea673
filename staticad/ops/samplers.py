"""Ops that draw random numbers by rejection: functions that Numba compiles as it does outside of kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.ir.dtypes import UINT64, unsupported
from staticad.ir.expressions import SAMPLE
from staticad.ir.graph import Attrs, Tensor
from staticad.ir.types import Demands, TensorType, broadcast_shapes
from staticad.ops import rejection
from staticad.ops.base import Elementwise, Inferred, apply


class Sampler(Elementwise):
    """A function of `staticad.ops.rejection`. With ``keyed`` the first operands are a key and a counter, both uint64;
    all others are floats of one dtype, and so is the result."""

    family = "sampling"
    title = "Sampling"
    about = "Random numbers by rejection, as a part of the kernels around them, and derivatives by their parameters."

    def __init__(self, name: str, function: Callable[..., float], keyed: bool, parameters: int, **kwargs: Any) -> None:
        self.function, self.keyed = function, keyed
        arity = parameters + 2 * keyed
        super().__init__(
            f"{SAMPLE}{name}", numpy=self._evaluate, arity=arity, operands="f", cost=200, ulps=None, **kwargs
        )

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        if len(inputs) != self.arity:
            raise ShapeError(f"takes {self.arity} inputs, got {len(inputs)}")
        drawn, parameters = inputs[: 2 * self.keyed], inputs[2 * self.keyed :]
        dtypes = {t.dtype for t in parameters}
        if len(dtypes) > 1 or any(t.dtype != UINT64 for t in drawn):
            raise DTypeError("operands are a key and a counter, uint64, and floats of one dtype")
        (dtype,) = dtypes
        if not self.accepts(dtype):
            raise DTypeError(unsupported(dtype))
        with Demands() as demands:
            shape = broadcast_shapes([t.shape for t in inputs], demands)
            return (TensorType(shape, dtype),), demands.close()

    def _evaluate(self, *arrays: np.ndarray) -> np.ndarray:
        spread = np.broadcast_arrays(*arrays)
        result = np.empty(spread[0].shape, spread[-1].dtype)
        for place in np.ndindex(result.shape):
            given = [a[place] if a.dtype == np.uint64 else float(a[place]) for a in spread]
            result[place] = self.function(*given)
        return result


def _gamma_vjp(g: Tensor, y: Tensor, key: Tensor, counter: Tensor, alpha: Tensor) -> tuple[None, None, Tensor]:
    return None, None, g * apply(SAMPLE_LOG_GAMMA_SLOPE, alpha, y)


def _von_mises_vjp(g: Tensor, y: Tensor, key: Tensor, counter: Tensor, kappa: Tensor) -> tuple[None, None, Tensor]:
    return None, None, g * apply(SAMPLE_VON_MISES_SLOPE, kappa, y)


SAMPLE_LOG_GAMMA_SLOPE = Sampler(
    "log_gamma_slope", rejection.log_gamma_slope, False, 2, notes="the derivative of sample_log_gamma by its parameter"
)
SAMPLE_LOG_GAMMA = Sampler(
    "log_gamma", rejection.log_gamma, True, 1, vjp=_gamma_vjp, notes="differentiated implicitly, once"
)
SAMPLE_POISSON = Sampler(
    "poisson", rejection.poisson, True, 1, nondifferentiable=True, notes="-1 where the rate is none"
)
SAMPLE_BINOMIAL = Sampler(
    "binomial", rejection.binomial, True, 2, nondifferentiable=True, notes="-1 where a parameter is none"
)
SAMPLE_VON_MISES_SLOPE = Sampler(
    "von_mises_slope", rejection.von_mises_slope, False, 2, notes="the derivative of sample_von_mises by its parameter"
)
SAMPLE_VON_MISES = Sampler(
    "von_mises", rejection.von_mises, True, 1, vjp=_von_mises_vjp, notes="differentiated implicitly, once"
)

SAMPLER_OPS = (
    SAMPLE_LOG_GAMMA, SAMPLE_LOG_GAMMA_SLOPE, SAMPLE_POISSON, SAMPLE_BINOMIAL, SAMPLE_VON_MISES, SAMPLE_VON_MISES_SLOPE,
)  # fmt: skip
