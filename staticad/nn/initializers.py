"""First values of weights: variances that keep signals and gradients at one size through the layers.

An initializer is a function of a shape and a generator that returns an array. The fans of a shape (…, in, out) are
its last two sizes, each times the sizes before them (the receptive field of a convolution).

Sources: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks (2010),
eq. 16; K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers (2015), eq. 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from staticad.errors import ConfigError, ShapeError

Initializer = Callable[[tuple[int, ...], "np.random.Generator"], np.ndarray]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs feed an output, and how many outputs an input feeds. Raises ShapeError below two axes."""
    if len(shape) < 2:
        raise ShapeError(f"an initializer with fans needs a shape (…, in, out), not {shape}; use zeros or constant")
    receptive = math.prod(shape[:-2])
    return receptive * shape[-2], receptive * shape[-1]


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Uniform with variance 2 / (fan in + fan out): for tanh, sigmoid and softmax. Float64."""
    return _uniform(shape, rng, 2.0 / max(1, sum(fans(shape))))


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / (fan in + fan out): for tanh, sigmoid and softmax. Float64."""
    return _normal(shape, rng, 2.0 / max(1, sum(fans(shape))))


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Uniform with variance 2 / fan in: for relu, which drops half of the signal. Float64."""
    return _uniform(shape, rng, 2.0 / max(1, fans(shape)[0]))


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / fan in: for relu, which drops half of the signal. Float64."""
    return _normal(shape, rng, 2.0 / max(1, fans(shape)[0]))


def zeros(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Zeros: for biases. Float64."""
    return np.zeros(shape)


def constant(value: float) -> Initializer:
    """An initializer that fills with one number."""

    def fill(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return np.full(shape, float(value))

    return fill


BY_NAME: Mapping[str, Initializer] = {
    "glorot": glorot_uniform,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he": he_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "zeros": zeros,
}


def find(initializer: str | Initializer) -> Initializer:
    """The initializer of that name, or the function itself. Raises ConfigError for an unknown name."""
    if callable(initializer):
        return initializer
    if not isinstance(initializer, str) or initializer not in BY_NAME:
        raise ConfigError(f"no initializer is called {initializer!r}; use a function or one of {', '.join(BY_NAME)}")
    return BY_NAME[initializer]


def _uniform(shape: tuple[int, ...], rng: np.random.Generator, variance: float) -> np.ndarray:
    limit = math.sqrt(3.0 * variance)
    return rng.uniform(-limit, limit, shape)


def _normal(shape: tuple[int, ...], rng: np.random.Generator, variance: float) -> np.ndarray:
    return rng.normal(0.0, math.sqrt(variance), shape)


__all__ = ["constant", "fans", "find", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "zeros"]


def __dir__() -> list[str]:
    return __all__
