"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from staticad.boundary import boundaries
from staticad.errors import ConfigError
from staticad.ir.graph import Tensor
from staticad.optim.optimizer import Optimizer, Rate, Updates, number
from staticad.runtime.variables import Variable


@boundaries()
class SGD(Optimizer):
    """``w -= rate * d``, where d is the gradient, or with momentum the velocity ``u = momentum * u + g``.

    Nesterov's momentum takes ``d = g + momentum * u`` (I. Sutskever et al., On the importance of initialization and
    momentum in deep learning, 2013, in the form of PyTorch). ``weight_decay`` adds ``weight_decay * w`` to the
    gradient. The slot is called "momentum". Raises ConfigError for numbers out of range.
    """

    def __init__(
        self, learning_rate: Rate, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate)
        self.momentum = number("momentum", momentum, 0.0, 1.0)
        self.weight_decay = number("weight_decay", weight_decay, 0.0, float("inf"))
        self.nesterov = bool(nesterov)
        if self.nesterov and not self.momentum:
            raise ConfigError("SGD: nesterov=True needs a momentum above 0")

    def _step(self, g: Tensor, v: Variable, scalars: Sequence[Any], updates: Updates) -> Tensor:
        (rate,) = scalars
        if self.weight_decay:
            g = g + self.weight_decay * v
        if self.momentum:
            velocity = self._slot(v, "momentum")
            updates[velocity] = moved = self.momentum * velocity + g
            g = g + self.momentum * moved if self.nesterov else moved
        return v - rate * g
