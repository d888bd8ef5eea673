"""Attention: rows without a key, free lengths, heads, dropout, errors. Torch is asked in `tests/outside`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import staticad as sa
from staticad import nn
from staticad.errors import ConfigError, DTypeError, ShapeError

Q, K, V = (sa.placeholder(shape, name=n) for shape, n in (((2, 4, 3), "q"), ((2, 6, 3), "k"), ((2, 6, 5), "v")))
attend = nn.scaled_dot_product_attention


def test_free_lengths_and_masks(rng: np.random.Generator) -> None:
    """A query that may look at no key has the result 0, and the derivative too."""
    q, k, v = (sa.placeholder(("b", n, w)) for n, w in (("l", 3), ("s", 3), ("s", 5)))
    mask = sa.placeholder(("b", 1, "s"), "bool")
    y = attend(q, k, v, mask, is_causal=True)
    session = sa.compile([y, *sa.gradients((y * y).sum(), [q, k, v])], inputs=[q, k, v, mask])
    arrays = [rng.normal(size=shape) for shape in ((2, 4, 3), (2, 6, 3), (2, 6, 5))]
    seen = np.array([[1, 0, 1, 1, 1, 0], [0, 0, 1, 1, 1, 1]], bool)[:, None]
    found, *slopes = session(*arrays, seen)
    scores = arrays[0] @ arrays[1].swapaxes(1, 2) / np.sqrt(3)
    allowed = seen & np.tri(4, 6, dtype=bool)
    weights = scipy.special.softmax(np.where(allowed, scores, -1e300), axis=-1) * allowed
    np.testing.assert_allclose(found, weights @ arrays[2], rtol=1e-12, atol=1e-15)
    assert not found[1, :2].any()
    assert not slopes[0][1, :2].any()
    assert all(np.isfinite(s).all() for s in slopes)


def test_heads_are_equal_parts(rng: np.random.Generator) -> None:
    x = sa.placeholder(("b", "l", 8), "float32")
    array = rng.normal(size=(2, 5, 8)).astype("float32")
    parts = [x[..., i : i + 4] for i in (0, 4)]
    expected = sa.concatenate([attend(p, p, p, is_causal=True) for p in parts], axis=-1)
    found, alone = sa.compile([nn.multi_head_attention(x, x, x, 2, is_causal=True), expected], inputs=[x])(array)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-6)


def test_dropout_leaves_weights_out() -> None:
    v = np.broadcast_to(np.eye(50), (1, 50, 50))
    (found,) = sa.evaluate(
        attend(np.zeros((1, 40, 3)), np.zeros((1, 50, 3)), v, dropout_p=0.5, dropout_key=sa.random.key(1))
    )
    np.testing.assert_allclose(np.unique(found), [0, 2 / 50])
    assert 0.45 < (found == 0).mean() < 0.55


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: attend(Q, V, V), ShapeError, "equally many features, keys and values equal lengths .*'q'"),
        (lambda: attend(Q, K, V[:, :2]), ShapeError, "equally many features, keys and values equal lengths"),
        (lambda: attend(Q[0, 0], K, V), ShapeError, "needs two axes at least"),
        (lambda: attend(Q, K, V, np.ones((4, 6), int)), DTypeError, "a mask has bools or floats, not .*; use astype"),
        (lambda: attend(Q, K, V, np.ones((1, 1, 4, 6))), ShapeError, "more axes than the scores"),
        (lambda: attend(Q, K, V, dropout_p=0.1), ConfigError, "dropout needs a key: dropout_key="),
        (
            lambda: attend(Q[:, None].repeat(3, 1), K[:, None].repeat(2, 1), V, enable_gqa=True),
            ShapeError,
            "no multiple of",
        ),
        (lambda: nn.multi_head_attention(Q, K, V, 2), ShapeError, "the last axis of .* is not 2 equal heads"),
        (lambda: nn.multi_head_attention(Q, K, V, 0), ConfigError, "the number of heads is an int from 1, not 0"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make()
    assert "test_attention.py:" in str(raised.value)
