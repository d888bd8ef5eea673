"""Padding, updates at repeated places and segments against JAX's: values, first and second derivatives.

Products and `apply` at repeated places are left out: JAX has no derivatives of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("jax")
RNG = np.random.default_rng(0)
X, V = RNG.normal(size=(5, 4)) + 3, RNG.normal(size=(6, 4)) + 3
ROWS = np.array([0, 3, 3, 1, 3, 0])
Call = Callable[[Any, Any, Any], Any]  # of a module, x and v

CALLS: dict[str, Call] = {
    **{f"pad {mode}": lambda m, x, v, mode=mode: m.pad(x, ((2, 3), (1, 2)), mode) for mode in
       ("edge", "symmetric", "linear_ramp", "median")},
    "pad far": lambda m, x, v: m.pad(x, ((9, 13), (5, 8)), "reflect"),
    **{f"at {name}": lambda m, x, v, name=name: getattr(x.at[ROWS], name)(v) for name in
       ("add", "subtract", "min", "max")},
    "x[i, :, None, mask]": lambda m, x, v: m.reshape(x, (5, 2, 2))[ROWS[:2], :, None, np.array([True, True])],
    **{name: lambda m, x, v, name=name: getattr(segments(m), name)(v, ROWS, 4)[np.array([0, 1, 3])] for name in
       ("segment_sum", "segment_max", "segment_min")},
    "kron": lambda m, x, v: m.kron(x, v[:2]),
    "cross": lambda m, x, v: m.cross(x[:, :3], v[:5, 1:]),
    "vander": lambda m, x, v: m.vander(x[0], 5),
    "select": lambda m, x, v: m.select([x > 3.5, x < 2.5], [x * x, v[:5]], 1.0),
    "choose": lambda m, x, v: m.choose(ROWS[:4] % 2, [x, v[:5] * 2], mode="clip"),
    "insert, delete": lambda m, x, v: m.insert(m.delete(x, np.array([1, 3]), 0), np.array([0, 2]), v[:2], 0),
    "geomspace": lambda m, x, v: m.geomspace(m.abs(x[0]), m.abs(v[0]), 5),
    "fill_diagonal": lambda m, x, v: m.fill_diagonal(x, v[0], **({} if m is sa else {"inplace": False})),
    "resize": lambda m, x, v: m.resize(x, (7, 7)),
}  # fmt: skip


def segments(module: Any) -> Any:
    if module is sa:
        return sa
    import jax

    return jax.ops


def test_values_and_derivatives() -> None:
    import jax
    import jax.numpy as jnp

    x, v = sa.placeholder(X.shape), sa.placeholder(V.shape)
    fetched = []
    for call in CALLS.values():
        y = call(sa, x, v)
        first = sa.gradients((y * y * y).sum(), [x, v], unconnected="zero")
        second = sa.gradients(sum((sa.sin(g) * g).sum() for g in first), [x, v], unconnected="zero")
        fetched.append((y, *first, *second))
    with jax.enable_x64(True):
        for found, (name, call) in zip(sa.compile(fetched, inputs=[x, v])(X, V), CALLS.items(), strict=True):

            def cubes(a: Any, b: Any, call: Call = call) -> Any:
                return (call(jnp, a, b) ** 3).sum()

            def again(a: Any, b: Any, cubes: Any = cubes) -> Any:
                return sum((jnp.sin(g) * g).sum() for g in jax.grad(cubes, (0, 1))(a, b))

            a, b = jnp.asarray(X), jnp.asarray(V)
            expected = (call(jnp, a, b), *jax.grad(cubes, (0, 1))(a, b), *jax.grad(again, (0, 1))(a, b))
            for mine, theirs in zip(found, expected, strict=True):
                scale = 1 + np.abs(np.asarray(theirs)).max()
                np.testing.assert_allclose(mine / scale, theirs / scale, rtol=1e-9, atol=1e-11, err_msg=name)
