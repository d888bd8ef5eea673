"""Matrix products in the forms in which users write them, single functions, and two losses with a product.

A formula is written once, in what NumPy, JAX, PyTorch and staticad have under the same names. NumPy's program is the
form that one would write by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.compiled import Differentiated, Functions

Arrays = list[np.ndarray]
Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Formula:
    """``compute(namespace, *inputs)`` of normal numbers; of indices below ``below`` for the last input, where that is
    given. ``by_hand`` is the same in NumPy's best form. The answer is [the result]."""

    compute: Callable[..., Any]
    shapes: Shapes
    dtype: str = "float64"
    below: int | None = None
    by_hand: Callable[..., Any] | None = None
    calls = 1

    @property
    def tolerance(self) -> float:
        return 1e-10 if self.dtype == "float64" else 1e-3

    @cached_property
    def inputs(self) -> Arrays:
        rng = np.random.default_rng(1)
        values = [rng.standard_normal(shape).astype(self.dtype) for shape in self.shapes]
        return [*values[:-1], rng.integers(0, self.below, self.shapes[-1])] if self.below else values

    def hand_written(self) -> Any:
        """NumPy's result."""
        return self.by_hand(*self.inputs) if self.by_hand else self.compute(np, *self.inputs)

    def answer(self) -> Arrays:
        return [np.asarray(self.hand_written())]


def product(f: Any, a: Any, b: Any) -> Any:
    return a @ b


def product_of_transpose(f: Any, a: Any, b: Any) -> Any:
    return a @ b.T


def rows_of_product(f: Any, a: Any, b: Any, rows: Any) -> Any:
    return (a @ b)[rows]


def stack_of_vectors(f: Any, w: Any, v: Any) -> Any:
    return (w @ v[..., None])[..., 0]


def einsum_of_vectors(f: Any, w: Any, v: Any) -> Any:
    return f.einsum("ij,nj->ni", w, v)


def mixture(f: Any, x: Any, means: Any, factors: Any) -> Any:
    """Squared distances of points to the components of a Gaussian mixture."""
    moved = f.einsum("kij,nj->nki", factors, x) - f.einsum("kij,kj->ki", factors, means)
    return (moved * moved).sum(-1)


def mixture_of_differences(f: Any, x: Any, means: Any, factors: Any) -> Any:
    moved = f.einsum("kij,nkj->nki", factors, x[:, None, :] - means)
    return (moved * moved).sum(-1)


def mixture_by_hand(x: np.ndarray, means: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """One large product."""
    count, rows, columns = factors.shape
    moved = x @ factors.reshape(count * rows, columns).T
    moved -= np.einsum("kij,kj->ki", factors, means).reshape(-1)
    moved *= moved
    return moved.reshape(-1, count, rows).sum(axis=-1)


def function(name: str) -> Formula:
    return Formula(lambda f, x: getattr(f, name)(x), ((1_000_000,),), "float32")


_VECTORS = ((200, 200), (5000, 200))
_MIXTURE = ((20_000, 16), (10, 16), (10, 16, 16))
FORMULAS: dict[str, tuple[str, Formula]] = {
    "product-rows": (
        "(a @ b)[rows], 140 of 2000 rows, 300 terms, 200 columns",
        Formula(rows_of_product, ((2000, 300), (300, 200), (140,)), below=2000, by_hand=lambda a, b, rows: a[rows] @ b),
    ),
    "product-vectors": (
        "(w @ v[..., None])[..., 0], w 200 x 200, 5000 vectors",
        Formula(stack_of_vectors, _VECTORS, by_hand=lambda w, v: v @ w.T),
    ),
    "product-einsum": (
        'einsum("ij,nj->ni"), the same',
        Formula(einsum_of_vectors, _VECTORS, by_hand=lambda w, v: v @ w.T),
    ),
    "product-mixture": (
        'einsum("kij,nj->nki", l, x) - l @ m, squared and summed; 20,000 points, k = 10, 16 axes',
        Formula(mixture, _MIXTURE, by_hand=mixture_by_hand),
    ),
    "product-differences": (
        'einsum("kij,nkj->nki", l, x - m), the same',
        Formula(mixture_of_differences, _MIXTURE, by_hand=mixture_by_hand),
    ),
    "product-long": ("1000 x 1600 times 1600 x 64, float32", Formula(product, ((1000, 1600), (1600, 64)), "float32")),
    "product-large-32": ("1600 x 1600 times itself, float32", Formula(product, ((1600, 1600),) * 2, "float32")),
    "product-large-64": ("1600 x 1600 times itself, float64", Formula(product, ((1600, 1600),) * 2)),
    "product-few-4": (
        "4 x 2000 times (30,000 x 2000).T, float32",
        Formula(product_of_transpose, ((4, 2000), (30_000, 2000)), "float32"),
    ),
    "product-few-8": (
        "8 x 2000 times (30,000 x 2000).T, float32",
        Formula(product_of_transpose, ((8, 2000), (30_000, 2000)), "float32"),
    ),
    "product-few-16": (
        "16 x 2000 times (30,000 x 2000).T, float32",
        Formula(product_of_transpose, ((16, 2000), (30_000, 2000)), "float32"),
    ),
    "cumsum": ("cumsum of 1e6 doubles", Formula(lambda f, x: f.cumsum(x, 0), ((1_000_000,),))),
    **{name: (f"{name} of 1e6 float32", function(name)) for name in ("tanh", "sin", "exp")},
}


@dataclass(frozen=True)
class SumOfProduct(Differentiated):
    """sum(a @ b @ c); float64."""

    size: int = 400
    data: Arrays = ()  # type: ignore[assignment]
    tolerance = 1e-6

    @cached_property
    def parameters(self) -> Arrays:
        return list(np.random.default_rng(1).standard_normal((3, self.size, self.size)))

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        a, b, c = parameters
        return (a @ b @ c).sum()


@dataclass(frozen=True)
class Layers(Differentiated):
    """Three layers tanh(h @ w + b), as wide as the batch, then the mean of h²."""

    dtype: str
    width: int = 800
    tolerance = 2e-3

    def _normal(self, seed: int, *shape: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal(shape).astype(self.dtype)

    @cached_property
    def data(self) -> Arrays:
        return [self._normal(1, self.width, self.width)]

    @cached_property
    def parameters(self) -> Arrays:
        n = self.width
        scale = np.asarray(n**-0.5, self.dtype)
        return [value for seed in (2, 3, 4) for value in (scale * self._normal(seed, n, n), np.zeros(n, self.dtype))]

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        (h,) = data
        for w, b in zip(parameters[::2], parameters[1::2], strict=True):
            h = f.numpy.tanh(h @ w + b)
        return (h * h).mean()


@dataclass(frozen=True)
class CrossEntropy(Differentiated):
    """Mean softmax cross entropy of logits; float32. Its gradient is by the logits."""

    rows: int = 256
    classes: int = 1000

    @cached_property
    def data(self) -> Arrays:
        return [np.random.default_rng(1).integers(0, self.classes, self.rows)]

    @cached_property
    def parameters(self) -> Arrays:
        return [np.random.default_rng(2).standard_normal((self.rows, self.classes), dtype=np.float32)]

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        log_p = f.log_softmax(parameters[0])
        return -log_p[f.numpy.arange(self.rows), data[0]].mean()


@dataclass(frozen=True)
class Logistic(Differentiated):
    """The mean loss of a logistic regression, and its gradient by the weights."""

    dtype: str
    rows: int = 100_000
    columns: int = 50

    @cached_property
    def data(self) -> Arrays:
        rng = np.random.default_rng(1)
        x = rng.standard_normal((self.rows, self.columns)).astype(self.dtype)
        return [x, rng.integers(0, 2, self.rows).astype(self.dtype)]

    @cached_property
    def parameters(self) -> Arrays:
        return [np.random.default_rng(2).standard_normal(self.columns).astype(self.dtype)]

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        x, t = data
        z = x @ parameters[0]
        softplus = f.numpy.log1p(f.numpy.exp(-abs(z))) + f.numpy.where(z > 0, z, 0 * z)
        return (softplus - t * z).mean()
