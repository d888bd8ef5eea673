"""gradcheck: derivatives compared with central differences of the reference evaluator."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from staticad.autodiff.connect import as_list
from staticad.autodiff.reverse import gradients
from staticad.errors import FeedError, GradientError
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe, sort_nodes
from staticad.ops.sources import PLACEHOLDER, placeholder
from staticad.reference import evaluate

# Weights of f(x + k*eps) that cancel all terms of the derivative's error below eps**4.
_STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))


def gradcheck(
    ys: Tensor | Sequence[Tensor],
    xs: Tensor | Sequence[Tensor],
    feeds: Mapping[Any, Any],
    *,
    order: int = 2,
    eps: float = 1e-3,
    rtol: float = 1e-6,
    atol: float = 1e-7,
) -> bool:
    """True if the gradients of ``ys`` by ``xs`` agree with central differences, up to the given order.

    ``feeds`` is the place: values of the placeholders (variables take their present values); ``xs`` are among both or
    are intermediates. Everything is computed in float64, also in a float32 graph. ``eps`` is the step of a five-point
    formula, relative to the larger of 1 and the element: choose the place at least 2 eps away from kinks. A number is
    accepted if it is off by at most ``atol * scale + rtol * |expected|``, where the scale is the largest derivative
    of that x, or 1.

    Raises GradientError that names the worst element, and FeedError as the reference evaluator does.
    """
    targets, sources = as_list(ys, "ys"), as_list(xs, "xs")
    rng = np.random.default_rng(0)
    values = _by_tensor([*targets, *sources], feeds)
    inside = [x for x in sources if x not in values]
    for x, value in zip(inside, evaluate(inside, values, precision=np.float64), strict=True):
        values[x] = value
    for level in range(1, order + 1):
        cotangents = [placeholder(y.shape, y.dtype) for y in targets]
        for cotangent, y in zip(cotangents, evaluate(targets, values, precision=np.float64), strict=True):
            values[cotangent] = _random(rng, y)
        derived = gradients(targets, sources, cotangents, stop_gradients=sources, unconnected="zero")
        found = evaluate(derived, values, precision=np.float64)
        for x, gradient in zip(sources, found, strict=True):
            expected = _differences(targets, cotangents, x, values, eps)
            _compare(gradient, expected, x, level, rtol, atol)
        targets = derived
    return True


def _random(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
    """Numbers that are not near 0, of the shape of y, and complex where that is."""
    size = rng.uniform(0.5, 1.5, y.shape)
    return size * (np.exp(2j * np.pi * size) if y.dtype.kind == "c" else rng.choice([-1.0, 1.0], y.shape))


def _by_tensor(tensors: list[Tensor], feeds: Mapping[Any, Any]) -> dict[Tensor, Any]:
    """The feeds by tensor: gradients need not contain the placeholders that the names stand for."""
    named = {n.name: n.out for n in sort_nodes(tensors) if n.op is PLACEHOLDER and n.name in feeds}
    unknown = [key for key in feeds if not isinstance(key, Tensor) and key not in named]
    if unknown:
        raise FeedError(f"gradcheck: no placeholder is named {unknown[0]!r}")
    return {named.get(key, key): value for key, value in feeds.items()}


def _differences(
    ys: list[Tensor], cotangents: list[Tensor], x: Tensor, values: dict[Tensor, Any], eps: float
) -> np.ndarray:
    """The derivative of the real part of the sum over y of <cotangent, y> by every element of x; by the parts of a
    complex one."""
    is_pair = is_complex(x.dtype)
    place = np.asarray(values[x], np.complex128 if is_pair else np.float64)
    weights = [values[c] for c in cotangents]
    result = np.zeros(place.shape, place.dtype)
    for index in np.ndindex(place.shape):
        step, slope = eps * max(1.0, abs(complex(place[index]))), 0j
        for direction, (offset, weight) in itertools.product((1, 1j) if is_pair else (1,), _STENCIL):
            moved = place.copy()
            moved[index] = moved[index] + offset * step * direction
            outputs = evaluate(ys, {**values, x: moved}, precision=np.float64)
            total = sum(float(np.sum(w * y).real) for w, y in zip(weights, outputs))
            slope += weight * total / step * complex(direction).conjugate()
        result[index] = slope if is_pair else slope.real
    return result


def _compare(gradient: np.ndarray, expected: np.ndarray, x: Tensor, level: int, rtol: float, atol: float) -> None:
    if gradient.size == 0:
        return
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))))
    excess = np.abs(gradient - expected) / (atol * scale + rtol * np.abs(expected))
    excess = np.where(np.isnan(excess), np.inf, excess)
    worst = np.unravel_index(int(np.argmax(excess)), excess.shape)
    if excess[worst] > 1:
        raise GradientError(
            f"derivative of order {level} by {describe(x)}, element {list(map(int, worst))}: "
            f"got {gradient[worst]!s}, central differences give {expected[worst]!s} "
            f"({int(np.sum(excess > 1))} of {excess.size} elements differ)"
        )
