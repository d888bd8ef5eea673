"""How far a correct result may be from the reference: rounding errors simulated by noise in every inexact op.

A graph may amplify rounding errors without bound (cancellation, poles, jumps), so that no fixed tolerance is both
honest and tight. Here the graph is evaluated several times with a random relative error of a few units in the last
place in the result of every op that rounds. What moves under the noise may differ by as much in a compiled result;
what does not move has to agree to the last bits. Ops that are exact (views, maximum, where, comparisons…) get none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.base import Cast, Elementwise
from staticad.ops.convolution import Convolution
from staticad.ops.fourier import Fourier
from staticad.ops.indexing import Scatter
from staticad.ops.library import Library
from staticad.ops.sources import constant_array
from staticad.reference import evaluate
from tests.harness.compare import ulps

RUNS = 7
ROUGH = 10  # units in the last place
SAFETY = 8  # the noise is random and seldom the worst


@dataclass(frozen=True)
class Expected:
    """The reference and what each element may be off. ``loose`` marks elements that noise changes in kind: NaN or
    not, infinite or not, another integer. They are not compared."""

    value: np.ndarray
    allowed: np.ndarray
    loose: np.ndarray
    spread: np.ndarray  # by how far noise has moved it at most


class _Noise:
    """Watches an evaluation and disturbs it."""

    def __init__(self, feeds: Mapping[Any, Any], seed: int) -> None:
        self.values: dict[Any, np.ndarray] = {k: np.asarray(v) for k, v in feeds.items()}
        self.rng = np.random.default_rng(seed)

    def __call__(self, tensor: Tensor, value: np.ndarray) -> np.ndarray:
        disturbed = value
        if isinstance(tensor.op, Fourier):
            disturbed = self.transformed(value, tensor.node.attrs["axis"])
        elif tensor.dtype.kind in "fc":
            disturbed = self.disturb(tensor, value)
        self.values[tensor] = disturbed
        return disturbed

    def moved(self, array: np.ndarray, ulp: int) -> np.ndarray:
        """Every element one to so many units in the last place away, complex ones in both parts."""
        if array.dtype.kind not in "fc":
            return array
        steps = self.rng.choice((-1, 1), array.shape) * self.rng.integers(1, ulp + 1, array.shape)
        steps = self.turned(steps).astype(array.dtype) if array.dtype.kind == "c" else steps.astype(array.dtype)
        return np.where(np.isfinite(array), array + steps * np.spacing(np.abs(array)), array)

    def moved_together(self, array: np.ndarray, ulp: int) -> np.ndarray:
        """Every element so many units of the last place of the largest of its matrix away."""
        if array.dtype.kind not in "fc" or not array.size:
            return array
        largest = np.abs(array).max(axis=tuple(range(-min(2, array.ndim), 0)), keepdims=True)
        steps = self.rng.choice((-2, 2), array.shape) * ulp
        steps = self.turned(steps).astype(array.dtype) if array.dtype.kind == "c" else steps.astype(array.dtype)
        return np.where(np.isfinite(array), array + steps * np.spacing(largest), array)

    def transformed(self, array: np.ndarray, axis: int) -> np.ndarray:
        """Every element some units of the last place of the largest along the axis away, also if they are complex."""
        units = np.spacing(np.abs(array).max(axis=axis, keepdims=True, initial=0))
        steps = self.rng.choice((-2, 2), (2, *array.shape)).astype(units.dtype) * units
        moved = array + (steps[0] + 1j * steps[1] if array.dtype.kind == "c" else steps[0])
        return np.where(np.isfinite(array), moved, array)

    def turned(self, steps: np.ndarray) -> np.ndarray:
        """Steps along both axes of the plane."""
        return steps + 1j * self.rng.permutation(steps.reshape(-1)).reshape(steps.shape)

    def operand(self, tensor: Tensor) -> np.ndarray:
        if tensor not in self.values:
            constant = constant_array(tensor)
            self.values[tensor] = tensor.value if constant is None else constant
        return self.values[tensor]

    def disturb(self, tensor: Tensor, value: np.ndarray) -> np.ndarray:
        op, node = tensor.op, tensor.node
        if isinstance(op, Elementwise):
            if op.ulps == 0 or (isinstance(op, Cast) and node.inputs[0].dtype.kind not in "fc"):
                return value
            if rough(op):  # some units of the larger one of result and operands
                value = op.numpy(*(self.moved(self.operand(t), 2) for t in node.inputs), **node.attrs)
            return self.moved(value, math.ceil(op.ulps or 2))
        if isinstance(op, Library):
            if op.ulps == 0:  # it only moves elements
                return value
            # A factorization is that of a matrix some units away; the more of them the larger it is.
            operands = [self.operand(t) for t in node.inputs]
            move = self.moved_together if op.normwise else self.moved
            made = op.numpy(*(move(o, 2 + operands[0].shape[-1] // 4) for o in operands), **node.attrs)
            return move(np.asarray(made[tensor.index] if op.several_outputs else made), 2)
        if op.ulps is not None and not (isinstance(op, Scatter) and node.attrs["mode"] in op.accumulating):
            return value
        # The error of a long sum is relative to its terms, and grows with their number.
        operands = [self.operand(t) for t in node.inputs]
        terms = max(1, operands[0].size // max(1, value.size))
        attrs = dict(node.attrs)
        if isinstance(op, Convolution):
            terms = max(terms, operands[1].size // max(1, value.shape[1]))
            if "sizes" in attrs:  # which may be free
                attrs["sizes"] = value.shape[2:]
        operands = [self.moved(o, 1 + terms // 16) for o in operands]
        return self.moved(np.asarray(op.numpy(*operands, **attrs)), 1)


def rough(op: Elementwise) -> bool:
    """Whether the op, or its reference, is some units off, and more where its operands change much."""
    return op.ulps is None or op.ulps >= ROUGH


def expect(
    outputs: Sequence[Tensor], feeds: Mapping[Any, Any], variables: Mapping[Tensor, Any] | None = None
) -> list[Expected]:
    """The reference values of the outputs, with what rounding may do to them."""
    found = [_exact(center) for center in evaluate(outputs, feeds, variables)]
    for seed in range(RUNS):
        found = [_widened(known, run) for known, run in zip(found, _noisy(outputs, feeds, variables, seed))]
    return found


def mismatches(
    outputs: Sequence[Tensor],
    results: Sequence[Any],
    feeds: Mapping[Any, Any],
    variables: Mapping[Tensor, Any] | None = None,
) -> list[str | None]:
    """For each output what differs beyond rounding, or None.

    Noise widens what is allowed, so only outputs that are not near enough without it are evaluated with it.
    """
    known = [_exact(center) for center in evaluate(outputs, feeds, variables)]
    found = [mismatch_expected(result, expected) for result, expected in zip(results, known, strict=True)]
    for seed in range(RUNS):
        open_ = [i for i, text in enumerate(found) if text is not None]
        if not open_:
            break
        for i, run in zip(open_, _noisy([outputs[i] for i in open_], feeds, variables, seed)):
            known[i] = _widened(known[i], run)
            found[i] = mismatch_expected(results[i], known[i])
    return found


def _noisy(
    outputs: Sequence[Tensor], feeds: Mapping[Any, Any], variables: Mapping[Tensor, Any] | None, seed: int
) -> list[np.ndarray]:
    noise = _Noise({**feeds, **(variables or {})}, seed)
    with np.errstate(all="ignore"):
        return evaluate(outputs, feeds, variables, watch=noise)


def _exact(center: np.ndarray) -> Expected:
    """Off by no more than the last bits."""
    allowed = np.zeros(center.shape)
    if center.dtype.kind == "f":
        limits, wide = np.finfo(center.dtype), center.astype(np.float64)
        tiny = 2 * float(limits.smallest_subnormal)
        allowed = 2 * float(limits.eps) * np.where(np.isfinite(wide), np.abs(wide), 0) + tiny
    return Expected(center, allowed, np.zeros(center.shape, bool), np.zeros(center.shape))


def _widened(known: Expected, run: np.ndarray) -> Expected:
    """What one more evaluation with noise allows."""
    center = known.value
    if center.dtype.kind != "f":
        return replace(known, loose=known.loose | (run != center))
    with np.errstate(all="ignore"):
        kind = np.isnan(run) == np.isnan(center)
        kind &= np.isinf(run) == np.isinf(center)
        kind &= ~np.isinf(center) | (run == center)
        difference = np.abs(run.astype(np.float64) - center.astype(np.float64))
        spread = np.maximum(known.spread, np.where(np.isfinite(difference), difference, 0))
        allowed = known.allowed + SAFETY * (spread - known.spread)
    return Expected(center, allowed, known.loose | ~kind, spread)


def mismatch_expected(actual: np.ndarray, expected: Expected) -> str | None:
    """What differs beyond rounding, or None."""
    value = expected.value
    if not isinstance(actual, np.ndarray) or actual.dtype != value.dtype or actual.shape != value.shape:
        kind = f"{actual.dtype}{list(actual.shape)}" if isinstance(actual, np.ndarray) else type(actual).__name__
        return f"{kind} instead of {value.dtype}{list(value.shape)}"
    with np.errstate(all="ignore"):
        if value.dtype.kind != "f":
            wrong = actual != value
            off = wrong.astype(np.float64)
        else:
            same = (actual == value) | (np.isnan(actual) & np.isnan(value))
            off = np.abs(actual.astype(np.float64) - value.astype(np.float64))
            wrong = ~same & ~(off <= expected.allowed)
            off = np.where(np.isfinite(off), off / np.maximum(expected.allowed, 1e-300), np.inf)
    wrong &= ~expected.loose
    if not np.any(wrong):
        return None
    worst = np.unravel_index(int(np.argmax(np.where(wrong, off + 1, 0))), wrong.shape)
    text = (
        f"{int(np.sum(wrong))} of {wrong.size} elements of {actual.dtype}{list(actual.shape)} differ, the worst at "
        f"{list(map(int, worst))}: {actual[worst]!r} instead of {value[worst]!r}"
    )
    if value.dtype.kind == "f":
        text += f", {ulps(actual[worst], value[worst])[()]:.0f} ulp, allowed are {expected.allowed[worst]:.3g}"
    return text
