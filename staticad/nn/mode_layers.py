"""Layers that do one thing while a model is trained and another one when it is used: `BatchNorm` and `Dropout`."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.boundary import boundaries
from staticad.errors import ConfigError, DTypeError, ShapeError, typed_memory
from staticad.functional.axes import normalize_axis
from staticad.ir.dims import product
from staticad.ir.dtypes import DType, as_dtype, is_float
from staticad.ir.graph import Tensor, check_name
from staticad.nn.dropouts import dropout
from staticad.nn.layer import Layer
from staticad.nn.normalization import batch_norm, batch_statistics
from staticad.ops.promotion import Operand, to_tensor
from staticad.runtime.variables import Variable, variable


@typed_memory("the variables of a layer")
def _filled(features: int, value: float, dtype: DType, trainable: bool) -> Variable:
    return variable(np.full(features, value, dtype), trainable=trainable)


@boundaries("__call__")
class BatchNorm(Layer):
    """`batch_norm` of so many channels, which are the axis ``axis``, with variables for all that it needs.

    ``weight`` and ``bias`` (None without ``affine``) are trained. ``running_mean`` and ``running_var`` are not: give
    `Layer.updates` to the session that trains, and compile it with ``mode="train"``::

        train = sa.compile(loss, inputs, updates={**optimizer.minimize(loss), **model.updates()}, mode="train")

    ``momentum`` is the share of a batch in the running ones. Raises ShapeError for a number of channels below 1,
    DTypeError for a dtype that is no float.
    """

    __slots__ = ("_following",)  # of the last call: no attribute that is copied or saved

    _following: dict[Variable, Tensor]

    def __init__(
        self,
        features: int,
        momentum: float = 0.1,
        eps: float = 1e-5,
        axis: int = 1,
        affine: bool = True,
        dtype: Any = "float32",
        name: str | None = None,
    ) -> None:
        if name is not None:
            check_name("BatchNorm", name)
        if not isinstance(features, (int, np.integer)) or isinstance(features, bool) or features < 1:
            raise ShapeError(f"BatchNorm: the number of channels is an int from 1, not {features!r}")
        kind = as_dtype(dtype)
        if not is_float(kind):
            raise DTypeError(f"BatchNorm: weights of dtype {kind} can't be trained; use float32 or float64")
        self.name = name
        self.momentum, self.eps, self.axis = momentum, eps, axis
        self.weight = _filled(features, 1, kind, True) if affine else None
        self.bias = _filled(features, 0, kind, True) if affine else None
        self.running_mean = _filled(features, 0, kind, False)
        self.running_var = _filled(features, 1, kind, False)

    def __call__(self, x: Operand) -> Tensor:
        """Raises ShapeError if x has another number of channels."""
        a = to_tensor(x)
        running = self._statistics()
        y = batch_norm(a, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps, axis=self.axis)
        channels = normalize_axis("BatchNorm", self.axis, a)
        alone = product(size for axis, size in enumerate(a.shape) if axis != channels) == 1
        following = (
            running if alone else batch_statistics(a, self.running_mean, self.running_var, self.momentum, self.axis)
        )
        self._following = dict(zip(running, following))
        return y

    def _statistics(self) -> tuple[Variable, ...]:
        return self.running_mean, self.running_var

    def updates(self) -> dict[Variable, Tensor]:
        return dict(getattr(self, "_following", {}))

    def __repr__(self) -> str:
        return f"BatchNorm({self.running_mean.shape[0]}{f', name={self.name!r}' if self.name else ''})"


@boundaries("__call__")
class Dropout(Layer):
    """`dropout` with this rate, in sessions with ``mode="train"`` and without a mode.

    ``key`` decides which elements are left out. It has to be another one in every step, so a placeholder, or
    ``sa.random.fold_in(key, step)``; and another one in every layer, ``sa.random.fold_in(key, number)``. Raises
    ConfigError without one.
    """

    def __init__(self, rate: Operand, key: Operand | None = None, name: str | None = None) -> None:
        if name is not None:
            check_name("Dropout", name)
        if key is None:
            raise ConfigError(
                "Dropout: needs a key, which is another one in every step and layer: sa.nn.Dropout(0.5, "
                "sa.random.fold_in(key, 0)) with key = sa.placeholder((2,), 'uint32')"
            )
        self.name, self.rate, self.key = name, rate, to_tensor(key)

    def __call__(self, x: Operand) -> Tensor:
        return dropout(x, self.rate, self.key)

    def __repr__(self) -> str:
        return f"Dropout({self.rate}{f', name={self.name!r}' if self.name else ''})"
