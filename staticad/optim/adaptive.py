"""RMSprop and Adagrad: a step size for every element, from the squares of its gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from staticad.boundary import boundaries
from staticad.functional.elementwise import sqrt
from staticad.ir.graph import Tensor
from staticad.optim.optimizer import Optimizer, Rate, Updates, number, squared
from staticad.runtime.variables import Variable


@boundaries()
class RMSprop(Optimizer):
    """``w -= rate * g / (sqrt(s) + eps)`` with the running mean ``s = rho * s + (1 - rho) * g²``.

    T. Tieleman, G. Hinton, Lecture 6.5 of Neural networks for machine learning (2012), with eps outside the root.
    With ``centered`` s is the running variance; with ``momentum`` the steps are summed with that decay. The slots
    are called "square", "mean" and "momentum". Raises ConfigError for numbers out of range.
    """

    def __init__(
        self,
        learning_rate: Rate = 1e-2,
        rho: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(learning_rate)
        self.rho = number("rho", rho, 0.0, 1.0)
        self.eps = number("eps", eps, 0.0, math.inf)
        self.momentum = number("momentum", momentum, 0.0, 1.0)
        self.centered = bool(centered)

    def _step(self, g: Tensor, v: Variable, scalars: Sequence[Any], updates: Updates) -> Tensor:
        (rate,) = scalars
        square = self._slot(v, "square", of_squares=True)
        updates[square] = s = self.rho * square + (1.0 - self.rho) * squared(g)
        if self.centered:
            mean = self._slot(v, "mean")
            updates[mean] = m = self.rho * mean + (1.0 - self.rho) * g
            s = s - squared(m)
        d = g / (sqrt(s) + self.eps)
        if self.momentum:
            velocity = self._slot(v, "momentum")
            updates[velocity] = d = self.momentum * velocity + d
        return v - rate * d


@boundaries()
class Adagrad(Optimizer):
    """``w -= rate * g / (sqrt(s) + eps)`` with the sum ``s += g²`` of all steps, which starts at ``initial``.

    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods (2011). The slot is called "square".
    Raises ConfigError for numbers out of range.
    """

    def __init__(self, learning_rate: Rate = 1e-2, eps: float = 1e-10, initial: float = 0.0) -> None:
        super().__init__(learning_rate)
        self.eps = number("eps", eps, 0.0, math.inf)
        self.initial = number("initial", initial, 0.0, math.inf)

    def _step(self, g: Tensor, v: Variable, scalars: Sequence[Any], updates: Updates) -> Tensor:
        (rate,) = scalars
        square = self._slot(v, "square", self.initial, of_squares=True)
        updates[square] = s = square + squared(g)
        return v - rate * g / (sqrt(s) + self.eps)
