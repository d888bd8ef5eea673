"""Values, first and second derivatives of cases, by staticad and by a peer, and how far apart they may be.

The peer in double precision is the judge. In single precision the error of the peer itself says how many digits a
function loses at these numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import staticad as sa
from staticad.reference import evaluate
from tests.outside.comparisons.table import Case, Names, leaves

WIDE = {"f": "float64", "c": "complex128"}
NARROW = {"f": "float32", "c": "complex64"}
UNITS, TIMES = 16, 4  # of float32, relative to the largest element; the error of the peer
CLOSE = 1e-9  # in double precision, relative to the largest element
Weigh = Callable[[Any, np.ndarray], Any]
OURS = Names(
    sa, linalg=Names(sa.linalg), special=Names(sa.special), fft=Names(sa.fft), nn=Names(sa.nn), random=Names(sa.random),
)  # fmt: skip


def operands(case: Case, dtype: str) -> list[np.ndarray]:
    """The same numbers in every precision; complex ones have the same real parts."""
    rng, kind = np.random.default_rng(7), dtype[0]
    parts = [rng.uniform(-0.4, 0.4, a.shape) for a in case.operands]
    exact = [a + 1j * b if kind == "c" else a for a, b in zip(case.operands, parts, strict=True)]
    return [a.astype(NARROW[kind]).astype(dtype) for a in exact]


def strided(array: np.ndarray) -> np.ndarray:
    """The same elements, which do not lie one behind the other."""
    if not array.ndim:
        return array
    return np.repeat(array[..., ::-1], 2, axis=-1)[..., ::-2]


def total(results: Iterable[Any], turn: float, constant: Callable[[np.ndarray], Any]) -> Any:
    """A real number that depends on all of the inexact results, and not linearly."""
    found: Any = 0.0
    for y in results:
        dtype = np.dtype(str(y.dtype).removeprefix("torch."))
        if dtype.kind not in "fc":
            continue
        places = np.arange(np.prod(y.shape, dtype=int)).reshape(y.shape) + turn
        wave, other = (constant(f(places).astype(np.real(dtype.type(0)).dtype)) for f in (np.cos, np.sin))
        if dtype.kind == "f":
            found = found + (y * (wave + y)).sum()
        else:
            a, b = y.real, y.imag
            found = found + (a * (wave + b) + b * other).sum()
    return found


def ours(case: Case, xs: Sequence[sa.Tensor]) -> list[sa.Tensor]:
    """Values, and then derivatives by order."""
    results = leaves(case.call(OURS, *xs))
    found = list(results)
    for order in range(case.orders):
        results = sa.gradients(sa.asarray(total(results, order, sa.constant)), list(xs), unconnected="zero")
        found += results
    return [sa.asarray(result) for result in found]


def by_jax(case: Case, names: Names, *arrays: Any) -> list[Any]:
    import jax
    import jax.numpy as jnp

    def values(*xs: Any) -> tuple[list[Any], list[Any]]:
        results = list(map(jnp.asarray, leaves((case.theirs or case.call)(names, *xs))))
        return results, results

    def derived(function: Callable[..., Any], order: int) -> Callable[..., Any]:
        """The gradient of the last results of a function, and all results with it."""

        def number(*xs: Any) -> Any:
            results, found = function(*xs)
            return jnp.asarray(total(results, order, jnp.asarray)), found

        def gradients(*xs: Any) -> Any:
            slopes, found = jax.grad(number, tuple(range(len(xs))), has_aux=True)(*xs)
            return slopes, [*found, *slopes]

        return gradients

    function: Callable[..., Any] = values
    for order in range(case.orders):
        function = derived(function, order)
    return function(*arrays)[1]


def by_torch(case: Case, names: Names, *arrays: np.ndarray) -> list[np.ndarray]:
    """torch's gradients are the conjugates of JAX's."""
    import torch

    xs = [torch.tensor(a, requires_grad=case.orders > 0) for a in arrays]
    results = leaves((case.theirs or case.call)(names, *xs))
    found = list(results)
    for order in range(case.orders):
        number = torch.as_tensor(total(results, order, torch.as_tensor))
        if number.requires_grad:
            results = torch.autograd.grad(number, xs, create_graph=True, allow_unused=True, materialize_grads=True)
            results = [g.conj() for g in results]
        else:
            results = [torch.zeros_like(x) for x in xs]
        found += results
    return [torch.as_tensor(t).detach().resolve_conj().resolve_neg().numpy() for t in found]


def differences(cases: dict[str, Case], wanted: Callable[[str], dict[str, list[Any]]], kind: str) -> list[str]:
    """What is wrong with the cases, of floats or of complex numbers. `wanted` has the peer's results by dtype."""
    wrong = []
    wide, narrow = wanted(WIDE[kind]), wanted(NARROW[kind])
    for name, case in cases.items():
        for dtype in (WIDE[kind], NARROW[kind]):
            arrays = operands(case, dtype)
            xs = [sa.placeholder(a.shape, a.dtype) for a in arrays]
            nodes = ours(case, xs)
            found = evaluate(nodes, dict(zip(xs, map(strided, arrays))))
            other = wide[name] if dtype == WIDE[kind] else narrow[name]
            wrong += [f"{name}, {dtype}, {text}" for text in compared(found, other, wide[name])]
    return wrong


def compared(found: Sequence[np.ndarray], other: Sequence[Any], exact: Sequence[Any]) -> Iterable[str]:
    """What is wrong with results, by those of the peer in the same precision and in double."""
    if len(found) != len(other):
        yield f"{len(found)} results, those of the peer are {len(other)}"
        return
    for place, (mine, theirs, judge) in enumerate(zip(found, map(np.asarray, other), map(np.asarray, exact))):
        alike = mine.dtype.kind == theirs.dtype.kind if mine.dtype.kind in "biu" else mine.dtype == theirs.dtype
        if mine.shape != theirs.shape or not alike:
            yield f"result {place}: {mine.dtype}{mine.shape}, that of the peer is {theirs.dtype}{theirs.shape}"
        elif mine.dtype.kind not in "fc":
            if not np.array_equal(mine, theirs):
                yield f"result {place}: {mine.ravel()[:8]}, that of the peer is {theirs.ravel()[:8]}"
        elif not near(mine, theirs, judge):
            yield f"result {place}: {mine.ravel()[:8]}, that of the peer is {theirs.ravel()[:8]}"


def near(mine: np.ndarray, theirs: np.ndarray, judge: np.ndarray) -> bool:
    """Whether NaN and infinities are at the same places, and the rest is near enough."""
    with np.errstate(invalid="ignore", over="ignore"):
        same = (mine == judge) | (np.isnan(mine) & np.isnan(judge))
        scale = np.max(np.abs(judge), where=np.isfinite(judge), initial=1e-3)
        error = np.abs(np.where(same, 0, mine - judge)) / scale
        if mine.dtype.itemsize == judge.dtype.itemsize:
            return bool((error <= CLOSE).all())
        others = np.abs(np.where(np.isfinite(theirs) & np.isfinite(judge), theirs - judge, 0)) / scale
        return bool((error <= UNITS * np.finfo(np.float32).eps + TIMES * others.max(initial=0)).all())
