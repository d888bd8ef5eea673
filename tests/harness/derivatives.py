"""Checks of derivatives on the reference evaluator: central differences, and forward against reverse mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from staticad.autodiff.check import gradcheck
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
from staticad.ir.graph import Tensor
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from tests.harness.cases import Case, Sizes

NUDGES = 4  # times that values are changed a little
SIZES: Sizes = {"a": 2, "b": 3, "c": 2, "d": 3, "e": 2}


def check_duality(
    ys: list[Tensor], xs: list[Tensor], feeds: Mapping[Tensor, Any], rng: np.random.Generator, order: int = 2
) -> None:
    """<u, J v> = <Jᵀ u, v> for random u and v, for J the Jacobian of ys, then of their gradients, and so on.

    Where intermediate results cancel, both have lost digits. Then what is left between them is another number when the
    values change a little, which the difference that a wrong rule makes is not.
    """

    def run(tensors: list[Tensor]) -> list[np.ndarray]:
        return evaluate(tensors, values, precision=np.float64)

    def disagreement() -> float:
        inner = sum(float(np.vdot(values[u], p)) for u, p in zip(cotangents, run(pushed)))
        return inner - sum(float(np.vdot(values[t], p)) for t, p in zip(tangents, run(pulled)))

    def is_rounding(difference: float) -> bool:
        kept, found = dict(values), [difference]
        for _ in range(NUDGES):
            values.update({t: nudged(v, rng) for t, v in kept.items()})
            found.append(disagreement())
        values.update(kept)
        return max(found) - min(found) > abs(difference) / 4

    values: dict[Tensor, Any] = dict(feeds)
    sizes = {x: np.shape(values[x]) for x in xs}
    for level in range(1, order + 1):
        tangents = [placeholder(x.shape, x.dtype) for x in xs]
        values.update({t: rng.normal(size=sizes[x]) for t, x in zip(tangents, xs)})
        pushed = jvp(ys, xs, tangents)
        forward_values = run(pushed)
        cotangents = [placeholder(y.shape, y.dtype) for y in ys]
        values.update({u: rng.normal(size=y.shape) for u, y in zip(cotangents, forward_values)})
        pulled = gradients(ys, xs, cotangents, unconnected="zero")
        backward_values = run(pulled)
        forward = sum(float(np.vdot(values[u], p)) for u, p in zip(cotangents, forward_values))
        backward = sum(float(np.vdot(values[t], p)) for t, p in zip(tangents, backward_values))
        for x, p in zip(xs, backward_values):
            assert p.shape == sizes[x], f"order {level}: a gradient of shape {p.shape} for an x of shape {sizes[x]}"
        scale = sum(float(np.abs(values[t] * p).sum()) for t, p in zip(tangents, backward_values))
        # Both may be NaN where a derivative does not exist (the standard deviation of equal numbers).
        close = np.isnan([forward, backward]).all() or abs(forward - backward) <= 1e-11 * (1 + scale)
        assert close or is_rounding(forward - backward), (
            f"order {level}: <u, J v> = {forward!r} in forward mode, <Jᵀ u, v> = {backward!r} in reverse mode"
        )
        ys = pulled


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
    gradcheck(y, xs, feeds, order=order)
    check_duality([y], xs, feeds, rng, order)
    check_duality([y], xs, make_feeds(case, dtype, pool, dict.fromkeys(SIZES, 1), rng), rng, order)
    for name in sorted({s for given in case.inputs for s in given.shape if isinstance(s, str)} - case.nonzero):
        check_duality([y], xs, make_feeds(case, dtype, pool, {**SIZES, name: 0}, rng), rng, order)
