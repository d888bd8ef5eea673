"""16-bit floats against JAX and PyTorch: dtypes of results and derivatives, values, and feeds of theirs."""

from __future__ import annotations

import operator
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import staticad as sa

HALVES = ("float16", "bfloat16")


def given(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x, w = (
        rng.normal(size=shape).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
        for shape in ((4, 5), (5, 3))
    )
    return x, w


@pytest.mark.extras("jax")
@pytest.mark.parametrize("dtype", HALVES)
def test_a_layer_and_its_gradients_are_those_of_jax(dtype: str) -> None:
    import jax
    import jax.numpy as jnp

    x, w = given(dtype)

    def loss(xp: Any, x: Any, w: Any) -> Any:
        return (xp.tanh(x @ w) * 2.0).sum() / 3

    px, pw = sa.placeholder((None, 5), dtype), sa.placeholder((5, 3), dtype)
    y = loss(sa, px, pw)
    found = sa.compile([y, *sa.gradients(y, [px, pw])], [px, pw])(jnp.asarray(x), jnp.asarray(w))
    wanted = jax.value_and_grad(lambda x, w: loss(jnp, x, w), argnums=(0, 1))(jnp.asarray(x), jnp.asarray(w))
    for a, b in zip(found, (wanted[0], *wanted[1]), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a.astype(float), np.asarray(b).astype(float), rtol=0.03, atol=0.03)


@pytest.mark.extras("jax")
def test_promotion_among_floats_is_that_of_jax() -> None:
    import jax.numpy as jnp

    names = (*HALVES, "float32", "int8", "uint8", "bool")
    for a in HALVES:
        for b in names:
            ours = sa.placeholder((), a) + sa.placeholder((), b)
            assert ours.dtype == (jnp.zeros((), a) + jnp.zeros((), b)).dtype, (a, b)
        for number in (True, 2, 2.5):
            for op in (operator.add, operator.mul, operator.pow):
                assert op(sa.placeholder((), a), number).dtype == op(jnp.zeros((), a), number).dtype


@pytest.mark.extras("torch")
@pytest.mark.parametrize("dtype", HALVES)
def test_feeds_of_torch(dtype: str) -> None:
    import torch

    x, _ = given(dtype)
    tensor = torch.tensor(x.astype("float32")).to(getattr(torch, dtype))
    p = sa.placeholder((4, None), dtype)
    for value in (tensor, tensor[:, ::2]):
        (found,) = sa.compile([p * 2], [p])(value)
        assert found.dtype == x.dtype
        np.testing.assert_array_equal(found.astype("float32"), (value * 2).float().numpy())
    assert sa.constant(tensor).dtype == sa.variable(tensor).value.dtype == x.dtype
    with pytest.raises(sa.FeedError, match=r"call \.detach\(\) first"):
        sa.compile(p * 2, [p])(tensor.requires_grad_())
