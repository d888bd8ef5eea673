"""Attention, normalization and cross entropy against jax.nn: values and gradients, free batch sizes.

JAX takes the products of attention in float32, whatever the dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import nn

pytestmark = pytest.mark.extras("jax")


def compare(ours: Callable[..., Any], theirs: Callable[..., Any], arrays: list[np.ndarray], rtol: float = 1e-9) -> None:
    """Values, and the gradients of the sum of their squares."""
    import jax

    inputs = [sa.placeholder(("n", *a.shape[1:])) for a in arrays]
    y = ours(*inputs)
    found = sa.compile([y, *sa.gradients((y * y).sum(), inputs)], inputs=inputs)(*arrays)
    with jax.enable_x64(True):
        given = [jax.numpy.asarray(a) for a in arrays]
        slopes = jax.grad(lambda xs: (theirs(*xs) ** 2).sum())(given)
        expected = [theirs(*given), *slopes]
    for got, answer in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, np.asarray(answer), rtol=rtol, atol=rtol)


def test_like_jax(rng: np.random.Generator) -> None:
    import jax

    def attention(q: Any, k: Any, v: Any, **options: Any) -> Any:
        q, k, v = (jax.numpy.swapaxes(x, 1, 2) for x in (q, k, v))
        return jax.numpy.swapaxes(jax.nn.dot_product_attention(q, k, v, **options), 1, 2)

    mask = rng.random((4, 6)) < 0.6
    mask[:, 0] = True
    arrays = [rng.normal(size=shape) for shape in ((3, 2, 4, 8), (3, 2, 6, 8), (3, 2, 6, 8))]
    attend = nn.scaled_dot_product_attention
    compare(
        lambda q, k, v: attend(q, k, v, mask), lambda q, k, v: attention(q, k, v, mask=mask[None, None]), arrays, 1e-5
    )
    compare(
        lambda q, k, v: attend(q, k, v, is_causal=True, scale=0.5),
        lambda q, k, v: attention(q, k, v, is_causal=True, scale=0.5),
        arrays,
        1e-5,
    )
    x = rng.normal(size=(5, 7))
    compare(lambda x: nn.layer_norm(x), lambda x: jax.nn.standardize(x, epsilon=1e-5), [x])
    labels = np.array([0, 6, 3, 3, 1])
    compare(
        lambda x: nn.cross_entropy(x, labels),
        lambda x: -jax.nn.log_softmax(x)[np.arange(5), labels],
        [x],
    )
