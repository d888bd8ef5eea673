"""Checks of derivatives on the reference evaluator: central differences, and forward against reverse mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from staticad.autodiff.check import gradcheck
from staticad.autodiff.connect import as_list
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
from staticad.ir.graph import Tensor
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from tests.harness.cases import Case, Sizes

NUDGES = 4  # times that values are changed a little
SIZES: Sizes = {"a": 2, "b": 3, "c": 2, "d": 3, "e": 2}
STEP = 1e-3  # of differences, relative to the larger of 1 and the element
STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))


@dataclass(frozen=True)
class Level:
    """Derivatives of ys by xs: ``pushed`` from ``tangents`` to ys, ``pulled`` from ``cotangents`` to xs."""

    ys: list[Tensor]
    tangents: list[Tensor]
    pushed: list[Tensor]
    cotangents: list[Tensor]
    pulled: list[Tensor]


def levels(ys: list[Tensor], xs: list[Tensor], order: int, forward: bool = True) -> list[Level]:
    """Derivatives of ys, then of their gradients, and so on; for all sizes. Without ``forward`` nothing is pushed."""
    found = []
    for _ in range(order):
        tangents = [placeholder(x.shape, x.dtype) for x in xs]
        cotangents = [placeholder(y.shape, y.dtype) for y in ys]
        pulled = gradients(ys, xs, cotangents, unconnected="zero")
        found.append(Level(ys, tangents, jvp(ys, xs, tangents) if forward else [], cotangents, pulled))
        ys = pulled
    return found


def check_duality(
    ys: list[Tensor], xs: list[Tensor], feeds: Mapping[Tensor, Any], rng: np.random.Generator, order: int = 2
) -> None:
    """<u, J v> = <Jᵀ u, v> for random u and v, for J the Jacobian of ys, then of their gradients, and so on."""
    check_levels(levels(ys, xs, order), xs, feeds, rng)


def check_levels(derived: list[Level], xs: list[Tensor], feeds: Mapping[Tensor, Any], rng: np.random.Generator) -> None:
    """Forward against reverse mode at each level.

    Where intermediate results cancel, both have lost digits. Then what is left between them is another number when the
    values change a little, which the difference that a wrong rule makes is not.
    """

    def run(tensors: list[Tensor]) -> list[np.ndarray]:
        return evaluate(tensors, values, precision=np.float64)

    def disagreement(level: Level) -> float:
        inner = sum(float(np.vdot(values[u], p)) for u, p in zip(level.cotangents, run(level.pushed)))
        return inner - sum(float(np.vdot(values[t], p)) for t, p in zip(level.tangents, run(level.pulled)))

    def is_rounding(difference: float, level: Level) -> bool:
        kept, found = dict(values), [difference]
        for _ in range(NUDGES):
            values.update({t: nudged(v, rng) for t, v in kept.items()})
            found.append(disagreement(level))
        values.update(kept)
        return max(found) - min(found) > abs(difference) / 4

    values: dict[Tensor, Any] = dict(feeds)
    sizes = {x: np.shape(values[x]) for x in xs}
    for order, level in enumerate(derived, 1):
        values.update({t: rng.normal(size=sizes[x]) for t, x in zip(level.tangents, xs)})
        forward_values = run(level.pushed)
        values.update({u: rng.normal(size=y.shape) for u, y in zip(level.cotangents, forward_values)})
        backward_values = run(level.pulled)
        forward = sum(float(np.vdot(values[u], p)) for u, p in zip(level.cotangents, forward_values))
        backward = sum(float(np.vdot(values[t], p)) for t, p in zip(level.tangents, backward_values))
        for x, p in zip(xs, backward_values):
            assert p.shape == sizes[x], f"order {order}: a gradient of shape {p.shape} for an x of shape {sizes[x]}"
        scale = sum(float(np.abs(values[t] * p).sum()) for t, p in zip(level.tangents, backward_values))
        # Both may be NaN where a derivative does not exist (the standard deviation of equal numbers).
        close = np.isnan([forward, backward]).all() or abs(forward - backward) <= 1e-11 * (1 + scale)
        assert close or is_rounding(forward - backward, level), (
            f"order {order}: <u, J v> = {forward!r} in forward mode, <Jᵀ u, v> = {backward!r} in reverse mode"
        )


def check_gradients(
    ys: Tensor | list[Tensor],
    xs: Tensor | list[Tensor],
    feeds: Mapping[Tensor, Any],
    order: int = 2,
    rtol: float = 1e-6,
    atol: float = 1e-7,
) -> None:
    """What `gradcheck` does, with less work: differences along one direction. The xs are placeholders."""
    targets, sources = as_list(ys, "ys"), as_list(xs, "xs")
    check_differences(levels(targets, sources, order, forward=False), sources, feeds, rtol, atol)


def check_differences(
    derived: list[Level], xs: list[Tensor], feeds: Mapping[Tensor, Any], rtol: float = 1e-6, atol: float = 1e-7
) -> None:
    """Gradients against central differences, by each x along one direction in which all its elements change.

    Where these differ, it is left to `gradcheck` to say whether an element is wrong."""
    rng = np.random.default_rng(0)
    values: dict[Tensor, Any] = dict(feeds)
    for level in derived:
        for cotangent, y in zip(level.cotangents, evaluate(level.ys, values, precision=np.float64)):
            values[cotangent] = away_from_zero(rng, y)
        for x, gradient in zip(xs, evaluate(level.pulled, values, precision=np.float64)):
            place = np.asarray(values[x], gradient.dtype)
            direction = away_from_zero(rng, place) * np.maximum(1.0, np.abs(place))
            slope = 0.0
            for offset, weight in STENCIL:
                moved = {**values, x: place + offset * STEP * direction}
                ys = evaluate(level.ys, moved, precision=np.float64)
                slope += weight / STEP * sum(float((values[u] * y).sum().real) for u, y in zip(level.cotangents, ys))
            scale = max(1.0, float(np.abs(gradient).max(initial=0.0)))
            if not abs((direction * gradient).sum().real - slope) <= atol * scale + rtol * abs(slope):
                gradcheck(derived[0].ys, xs, feeds, order=len(derived), rtol=rtol, atol=atol)
                return


def away_from_zero(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    """Numbers of an array's shape, complex ones if it is complex."""
    size = rng.uniform(0.5, 1.0, like.shape)
    return size * (np.exp(6j * np.pi * size) if like.dtype.kind == "c" else rng.choice([-1.0, 1.0], like.shape))


def nudged(value: Any, rng: np.random.Generator) -> Any:
    """Floats that are a little different."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return value
    return array.astype("float64") * (1 + 1e-7 * rng.normal(size=array.shape))


def make_feeds(
    case: Case, dtype: np.dtype, pool: dict[tuple[object, ...], Tensor], sizes: Sizes, rng: np.random.Generator
) -> dict[Tensor, np.ndarray]:
    """Ordinary values for a case's placeholders."""
    return {
        case.placeholder(i, dtype, pool): given.make(rng, sizes, dtype, case.domain)
        for i, given in enumerate(case.inputs)
    }


def check_case(case: Case, rng: np.random.Generator, order: int = 2) -> None:
    """Both checks for a case in float64 by all its float inputs; at sizes of 1 and 0 only the second."""
    dtype = np.dtype(np.float64)
    pool: dict[tuple[object, ...], Tensor] = {}
    y = case.tensor(dtype, pool)
    feeds = make_feeds(case, dtype, pool, SIZES, rng)
    xs = [x for x in feeds if x.dtype == dtype]
    derived = levels([y], xs, order)
    check_differences(derived, xs, feeds)
    check_levels(derived, xs, feeds, rng)
    names = sorted({s for given in case.inputs for s in given.shape if isinstance(s, str)} - case.nonzero)
    for sizes in (dict.fromkeys(SIZES, 1), *({**SIZES, name: 0} for name in names)):
        check_levels(derived, xs, make_feeds(case, dtype, pool, sizes, rng), rng)
