"""Adam: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.boundary import boundaries
from staticad.functional.elementwise import sqrt
from staticad.ir.graph import Tensor
from staticad.optim.optimizer import Optimizer, Rate, Updates, number, squared
from staticad.runtime.variables import Variable, variable


@boundaries()
class Adam(Optimizer):
    """``w -= rate * m̂ / (sqrt(v̂) + eps)`` with the running means m of g and v of g², free of their start at zero:
    ``m̂ = m / (1 - beta1**t)``, ``v̂ = v / (1 - beta2**t)`` at step t.

    D. Kingma, J. Ba, Adam: a method for stochastic optimization (2015), algorithm 1. The slots are called "mean" and
    "square"; the step counter ``steps`` is an int64 variable, and the two corrections are computed in float64
    whatever the dtype of the variables. For complex variables g² is |g|², so that a step does not depend on the
    direction of the axes. Raises ConfigError for numbers out of range.
    """

    def __init__(self, learning_rate: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__(learning_rate)
        self.beta1 = number("beta1", beta1, 0.0, 1.0)
        self.beta2 = number("beta2", beta2, 0.0, 1.0)
        self.eps = number("eps", eps, 0.0, math.inf)
        self.steps = variable(np.int64(0), name=f"{type(self).__name__}.steps")

    def _advance(self, updates: Updates) -> list[Rate]:
        updates[self.steps] = step = self.steps + 1
        t = step.astype("float64")
        rate = self.learning_rate
        wide = rate.astype("float64") if isinstance(rate, Tensor) else rate
        return [wide / (1.0 - self.beta1**t), 1.0 / sqrt(1.0 - self.beta2**t), rate]

    def _step(self, g: Tensor, v: Variable, scalars: Sequence[Any], updates: Updates) -> Tensor:
        scale, root, rate = scalars
        mean, square = self._slot(v, "mean"), self._slot(v, "square", of_squares=True)
        updates[mean] = m = self.beta1 * mean + (1.0 - self.beta1) * g
        updates[square] = s = self.beta2 * square + (1.0 - self.beta2) * squared(g)
        return self._decay(v, rate) - scale * m / (sqrt(s) * root + self.eps)

    def _decay(self, v: Variable, rate: Rate) -> Tensor:
        return v


@boundaries()
class AdamW(Adam):
    """Adam with weight decay that does not go through the running means: ``w`` shrinks by ``rate * weight_decay * w``.

    I. Loshchilov, F. Hutter, Decoupled weight decay regularization (2019), algorithm 2, in the form of PyTorch.
    """

    def __init__(
        self,
        learning_rate: Rate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, eps)
        self.weight_decay = number("weight_decay", weight_decay, 0.0, math.inf)

    def _decay(self, v: Variable, rate: Rate) -> Tensor:
        return v * (1.0 - rate * self.weight_decay) if self.weight_decay else v
