"""The optimizers once more, in NumPy, straight from their papers: what the graphs are compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Step = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (w, g) -> new w, with its state inside


def sgd(rate: float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0) -> Step:
    velocity = 0.0

    def step(w: np.ndarray, g: np.ndarray) -> np.ndarray:
        nonlocal velocity
        g = g + weight_decay * w
        velocity = momentum * velocity + g
        return w - rate * (g + momentum * velocity if nesterov else velocity)

    return step


def adam(rate: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.0) -> Step:
    m = v = 0.0
    t = 0

    def step(w: np.ndarray, g: np.ndarray) -> np.ndarray:
        nonlocal m, v, t
        t += 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * weight_decay * w
        return w - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)

    return step


def rmsprop(rate: float, rho: float, eps: float = 1e-8, momentum: float = 0.0, centered: bool = False) -> Step:
    square = mean = velocity = 0.0

    def step(w: np.ndarray, g: np.ndarray) -> np.ndarray:
        nonlocal square, mean, velocity
        square = rho * square + (1 - rho) * g**2
        mean = rho * mean + (1 - rho) * g
        variance = square - mean**2 if centered else square
        velocity = momentum * velocity + g / (np.sqrt(variance) + eps)
        return w - rate * velocity

    return step


def adagrad(rate: float, eps: float = 1e-10, initial: float = 0.0) -> Step:
    square = initial

    def step(w: np.ndarray, g: np.ndarray) -> np.ndarray:
        nonlocal square
        square = square + g**2
        return w - rate * g / (np.sqrt(square) + eps)

    return step
