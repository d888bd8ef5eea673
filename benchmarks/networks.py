"""Parts of networks by the functions that libraries have for them: a normalization with its activation, attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.compiled import Arrays, Differentiated, Functions, normal


@dataclass(frozen=True)
class NormGelu(Differentiated):
    """The mean square of gelu(layer norm), and its gradients by all operands; float32."""

    rows: int = 2048
    width: int = 512
    tolerance = 2e-3

    @property
    def data(self) -> Arrays:
        return []

    @cached_property
    def parameters(self) -> Arrays:
        return normal(((self.rows, self.width), (self.width,), (self.width,)), 1.0)

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        y = f.gelu(f.layer_norm(*parameters))
        return (y * y).mean()


@dataclass(frozen=True)
class AttentionBlock(Differentiated):
    """Causal attention behind a layer norm, added to what comes in: the mean square, and the gradients by input and
    weights; float32."""

    batch: int = 8
    length: int = 128
    width: int = 256
    heads: int = 4

    @property
    def data(self) -> Arrays:
        return []

    @cached_property
    def parameters(self) -> Arrays:
        w = self.width
        x, gain, bias = normal(((self.batch, self.length, w), (w,), (w,)), 1.0)
        return [x, gain, bias, *normal(((w, 3 * w), (w, w)), w**-0.5)]

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        x, gain, bias, qkv, out = parameters
        np_, w = f.numpy, self.width
        parts = f.layer_norm(x, gain, bias) @ qkv

        def heads(part: Any) -> Any:
            shape = (self.batch, self.length, self.heads, w // self.heads)
            return np_.swapaxes(np_.reshape(part, shape), 1, 2)

        mixed = f.attention(*(heads(parts[..., i * w : (i + 1) * w]) for i in range(3)))
        y = x + np_.reshape(np_.swapaxes(mixed, 1, 2), (self.batch, self.length, w)) @ out
        return (y * y).mean()


@dataclass(frozen=True)
class Embedding(Differentiated):
    """The mean square of rows of a table, and its gradient by the table; float32."""

    rows: int = 100_000
    width: int = 64
    count: int = 8192

    @cached_property
    def data(self) -> Arrays:
        return [np.random.default_rng(1).integers(0, self.rows, self.count)]

    @cached_property
    def parameters(self) -> Arrays:
        return normal(((self.rows, self.width),), 1.0)

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        y = f.embedding(data[0], parameters[0])
        return (y * y).mean()


@dataclass(frozen=True)
class Convolutions(Differentiated):
    """Two convolutions with tanh between them, with the image added where ``residual``: the mean square, and the
    gradients by image and filters; float32."""

    image: tuple[int, ...]
    filters: tuple[tuple[int, ...], ...]
    paddings: tuple[int, int]
    residual: bool = False

    @property
    def data(self) -> Arrays:
        return []

    @cached_property
    def parameters(self) -> Arrays:
        return [*normal((self.image,), 1.0), *(normal((w,), float(np.prod(w[1:])) ** -0.5)[0] for w in self.filters)]

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        x, first, second = parameters
        y = f.convolution(f.numpy.tanh(f.convolution(x, first, self.paddings[0])), second, self.paddings[1])
        y = y + x if self.residual else y
        return (y * y).mean()


LENET = Convolutions((64, 1, 28, 28), ((6, 1, 5, 5), (16, 6, 5, 5)), (2, 0))
RESNET = Convolutions((4, 64, 56, 56), ((64, 64, 3, 3), (64, 64, 3, 3)), (1, 1), residual=True)
