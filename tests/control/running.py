"""One way to run and to differentiate in the tests of control flow: compiled, and compared with the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import staticad as sa
from tests.harness.derivatives import check_gradients

Feeds = Mapping[sa.Tensor, Any]


def arrays(feeds: Feeds) -> dict[sa.Tensor, np.ndarray]:
    return {tensor: np.asarray(value, tensor.dtype) for tensor, value in feeds.items()}


def run(fetches: sa.Tensor | Sequence[sa.Tensor], feeds: Feeds, rtol: float = 1e-11, atol: float = 1e-12) -> list[Any]:
    """The values by a compiled session, after a comparison with the reference evaluator."""
    wanted = [fetches] if isinstance(fetches, sa.Tensor) else list(fetches)
    given = arrays(feeds)
    found = sa.compile(wanted, inputs=list(given)).run(given)
    for tensor, value, expected in zip(wanted, found, sa.evaluate(wanted, given), strict=True):
        assert value.dtype == expected.dtype == tensor.dtype
        scale = 1.0 if tensor.dtype != np.float32 else 1e6
        np.testing.assert_allclose(value, expected, rtol=rtol * scale, atol=atol * scale)
    return found


def check_derivatives(
    ys: Sequence[sa.Tensor], xs: Sequence[sa.Tensor], feeds: Feeds, order: int = 2, rtol: float = 1e-6
) -> None:
    """Gradients against differences up to an order, jvp = vjp, and both in a compiled session."""
    given = arrays(feeds)
    check_gradients(list(ys), list(xs), given, order=order, rtol=rtol)
    rng = np.random.default_rng(1)
    tangents = [sa.placeholder(x.shape, x.dtype) for x in xs]
    cotangents = [sa.placeholder(y.shape, y.dtype) for y in ys]
    values = dict(given)
    values |= {t: rng.normal(size=given[x].shape) for t, x in zip(tangents, xs, strict=True)}
    sizes = sa.evaluate(ys, given)
    values |= {c: rng.normal(size=y.shape) for c, y in zip(cotangents, sizes, strict=True)}
    forward = sa.jvp(ys, xs, tangents)
    backward = sa.gradients(ys, xs, cotangents)
    found = run([*forward, *backward], values, rtol=1e-9, atol=1e-10)
    left = sum(float(np.sum(values[c] * f)) for c, f in zip(cotangents, found[: len(ys)], strict=True))
    right = sum(float(np.sum(values[t] * b)) for t, b in zip(tangents, found[len(ys) :], strict=True))
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-10)
