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
from staticad.ops.implicit import LOG_GAMMA_SLOPE, VON_MISES_SLOPE


class Sampler(Elementwise):
    """A function of `staticad.ops.rejection` of a key and a counter, both uint64, and of parameters that are floats of
    one dtype, which the result has, too."""

    family = "sampling"
    title = "Sampling"
    about = "Random numbers by rejection, as a part of the kernels around them, differentiated by their parameters."

    def __init__(self, name: str, function: Callable[..., float], parameters: int, **kwargs: Any) -> None:
        self.function = function
        super().__init__(
            f"{SAMPLE}{name}", numpy=self._evaluate, arity=2 + parameters, operands="f", cost=200, ulps=None, **kwargs
        )

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        if len(inputs) != self.arity:
            raise ShapeError(f"takes {self.arity} inputs, got {len(inputs)}")
        dtypes = {t.dtype for t in inputs[2:]}
        if len(dtypes) > 1 or any(t.dtype != UINT64 for t in inputs[:2]):
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
    return None, None, g * apply(LOG_GAMMA_SLOPE, alpha, y)


def _von_mises_vjp(g: Tensor, y: Tensor, key: Tensor, counter: Tensor, kappa: Tensor) -> tuple[None, None, Tensor]:
    return None, None, g * apply(VON_MISES_SLOPE, kappa, y)


SAMPLE_LOG_GAMMA = Sampler(
    "log_gamma", rejection.log_gamma, 1, vjp=_gamma_vjp, notes="differentiated implicitly, twice"
)
SAMPLE_POISSON = Sampler("poisson", rejection.poisson, 1, nondifferentiable=True, notes="-1 where the rate is none")
SAMPLE_BINOMIAL = Sampler(
    "binomial", rejection.binomial, 2, nondifferentiable=True, notes="-1 where a parameter is none"
)
SAMPLE_VON_MISES = Sampler(
    "von_mises", rejection.von_mises, 1, vjp=_von_mises_vjp, notes="differentiated implicitly, twice"
)

SAMPLER_OPS = (SAMPLE_LOG_GAMMA, SAMPLE_POISSON, SAMPLE_BINOMIAL, SAMPLE_VON_MISES)
