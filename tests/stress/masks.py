"""Random functions behind a `where`: derivatives are those of the taken elements alone, whatever the others hold.

The reference has no `where`: it picks the taken elements (or rows) by index before the function, and puts its results
into a copy of the other branch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.reference import evaluate
from tests.harness.families import specials
from tests.stress.program import Case, Finding

COMPILED = 0.05  # of all cases; the others are evaluated by the reference, whose graph is the same
WORD = dict[str, Callable[..., Any]]

ELEMENTWISE: WORD = {
    "sqrt(t)": sa.sqrt, "log(t)": sa.log, "1 / t": lambda t: 1.0 / t, "t ** -0.5": lambda t: t**-0.5,
    "exp(t)": sa.exp, "sin(t) / t": lambda t: sa.sin(t) / t, "log1p(-t)": lambda t: sa.log1p(-t),
    "tanh(t)": sa.tanh, "t ** 1.5": lambda t: t**1.5, "t * t": lambda t: t * t, "t - 1 / t": lambda t: t - 1.0 / t,
    "log(tan(t))": lambda t: sa.log(sa.sin(t) / sa.cos(t)), "sqrt(t + sqrt(t))": lambda t: sa.sqrt(t + sa.sqrt(t)),
}  # fmt: skip
OF_TWO: WORD = {
    "t * y": lambda t, y: t * y, "t / y": lambda t, y: t / y, "y / t": lambda t, y: y / t, "t + y": lambda t, y: t + y,
    "t ** y": lambda t, y: t**y, "log(t * y)": lambda t, y: sa.log(t * y), "t - y * y": lambda t, y: t - y * y,
}  # fmt: skip
OF_ROWS: WORD = {
    "t / sum": lambda t, w: t / t.sum(axis=1, keepdims=True),
    "t - mean / 2": lambda t, w: t - t.mean(axis=1, keepdims=True) / 2.0,
    "t / norm": lambda t, w: t / sa.sqrt((t * t).sum(axis=1, keepdims=True)), "t @ w": lambda t, w: t @ w,
    "softmax": lambda t, w: sa.softmax(t, axis=1), "t * prod": lambda t, w: t * t.prod(axis=1, keepdims=True),
    "log(t @ w)": lambda t, w: sa.log(t @ w),
}  # fmt: skip
VIEWS: WORD = {
    "x": lambda x: x, "x[::-1]": lambda x: x[::-1], "x[2:]": lambda x: x[2:],
    "x twice": lambda x: sa.concatenate([x, x]),
    "x[[3, 1, 1, 0]]": lambda x: x[sa.constant([3, 1, 1, 0])],
}  # fmt: skip
CONDITIONS: WORD = {  # they take numbers that no function makes much less certain
    "0.05 < t < 3": lambda t: sa.logical_and(t > 0.05, t < 3.0), "|t - 1| < 0.9": lambda t: abs(t - 1.0) < 0.9,
    "0.3 < t < 2": lambda t: sa.logical_not(sa.logical_or(sa.isnan(t), sa.logical_or(t <= 0.3, t >= 2.0))),
    "0.1 < t < 1 or t = 1.5": lambda t: sa.logical_or(sa.logical_and(t > 0.1, t < 1.0), t == 1.5),
}  # fmt: skip
OUTER: WORD = {
    "z": lambda z: z, "z * z": lambda z: z * z, "sin(z)": sa.sin, "z[::-1] * z": lambda z: z[::-1] * z,
    "z - mean": lambda z: z - z.mean(),
}  # fmt: skip


def pick(rng: np.random.Generator, words: WORD) -> tuple[str, Callable[..., Any]]:
    name = [*words][int(rng.integers(len(words)))]
    return name, words[name]


class Drawn:
    """A function, its condition, and both graphs of it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rows = bool(rng.random() < 0.4)
        self.view, self.condition, self.outer = pick(rng, VIEWS), pick(rng, CONDITIONS), pick(rng, OUTER)
        kinds = [ELEMENTWISE, ELEMENTWISE, OF_TWO, OF_ROWS] if self.rows else [ELEMENTWISE, OF_TWO]
        self.chain = [
            (k, *pick(rng, k)) for k in (kinds[int(i)] for i in rng.integers(len(kinds), size=rng.integers(1, 5)))
        ]
        self.reuse = bool(rng.random() < 0.3)
        shape = ("n", 3) if self.rows else ("n",)
        self.x, self.y = sa.placeholder(shape, name="x"), sa.placeholder(shape, name="y")
        self.w, self.index = sa.placeholder((3, 3), name="w"), sa.placeholder((None,), "int64", name="index")
        x, y = self.view[1](self.x), self.view[1](self.y)
        self.taken = self.condition[1](x)
        if self.rows:
            self.taken = self.taken.all(axis=1)
        self.base = sa.cos(sa.where(sa.isfinite(y), y, 0.0)) if rng.random() < 0.3 else sa.zeros_like(x)
        mask = sa.expand_dims(self.taken, 1) if self.rows else self.taken
        self.guarded = sa.where(mask, self.function(x, y), self.base)
        self.picked = self.base.at[self.index].set(self.function(x[self.index], y[self.index]))

    def function(self, x: Tensor, y: Tensor) -> Tensor:
        t = x
        for kind, _, act in self.chain:
            t = act(t) if kind is ELEMENTWISE else act(t, y if kind is OF_TWO else self.w)
        return t * x if self.reuse else t

    def derivatives(self, z: Tensor, directions: list[Tensor]) -> list[Tensor]:
        """In reverse mode, forward mode and both."""
        xs = [self.x, self.y, self.w]
        loss = self.outer[1](z).sum()
        found = sa.gradients(loss, xs, unconnected="zero")
        mixed = sa.hvp(loss, xs[:1], directions[:1])
        return [*found, *sa.jvp([z], xs, directions), *mixed]

    def __str__(self) -> str:
        steps = ", then ".join(name for _, name, _ in self.chain) + (", times x" if self.reuse else "")
        return (
            f"{'rows' if self.rows else 'elements'} of {self.view[0]}: {steps}, where {self.condition[0]}, "
            f"else {self.base.op.name}, sum of {self.outer[0]}"
        )


def feed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Everyday numbers, and in a third of the places anything."""
    anything = rng.choice(specials(np.dtype(np.float64)), shape)
    return np.where(rng.random(shape) < 0.3, anything, rng.uniform(0.1, 1.5, shape))


def prepare(short: bool) -> Case:
    def case(rng: np.random.Generator) -> int:
        with np.errstate(all="ignore"):
            return check(Drawn(rng), rng)

    return case


def check(drawn: Drawn, rng: np.random.Generator) -> int:
    n = int(rng.integers(4, 9))
    shape = (n, 3) if drawn.rows else (n,)
    x = feed(rng, shape)
    y = np.where(np.isfinite(x), rng.uniform(0.5, 1.5, shape), feed(rng, shape))
    feeds: dict[Tensor, Any] = {drawn.x: x, drawn.y: y, drawn.w: rng.uniform(0.5, 1.5, (3, 3))}
    feeds[drawn.index] = np.flatnonzero(evaluate(drawn.taken, feeds)[0])
    directions = [sa.placeholder(t.shape, t.dtype) for t in (drawn.x, drawn.y, drawn.w)]
    feeds |= {d: rng.normal(size=np.shape(feeds[t])) for d, t in zip(directions, (drawn.x, drawn.y, drawn.w))}
    found, wanted = (drawn.derivatives(z, directions) for z in (drawn.guarded, drawn.picked))
    values = evaluate([*found, *wanted], feeds)
    expected = values[len(found) :]
    results = [("evaluated", values[: len(found)])]
    if rng.random() < COMPILED:
        inputs = [t for t in feeds if t is not drawn.index]
        results.append(("compiled", sa.compile(found, inputs).run({t: feeds[t] for t in inputs})))
    names = ("gradient by x", "by y", "by w", "tangent", "second derivative")
    for way, parts in results:
        for name, part, want in zip(names, parts, expected, strict=True):
            if (wrong := difference(part, want)) is not None:
                raise Finding(f"{drawn}; {name}, {way}: {wrong}\nx = {x!r}\ny = {y!r}", f"{name}, {way}")
    return len(results) * len(found)


def difference(found: np.ndarray, wanted: np.ndarray) -> str | None:
    """What differs where a derivative is of everyday size; others are infinite or uncertain in both orders of terms."""
    near = np.isclose(found, wanted, 1e-7, 1e-9) | ~(abs(wanted) < 1e9)
    return None if np.all(near) else f"{found[~near][:3]} instead of {wanted[~near][:3]}, at {np.argwhere(~near)[:3]}"
