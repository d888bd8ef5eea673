"""matmul: shapes, dtypes, empty sizes, derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.forward import jvp
from staticad.errors import DTypeError, ShapeError
from staticad.ir import dtypes
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

SHAPES = [
    ((2, 3), (3, 4)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (6, 3, 4)),
    ((1, 2, 3), (0, 3, 4)),
]


@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("dtype", [d.name for d in dtypes.ALL])
def test_like_numpy(a: Any, b: Any, dtype: str, rng: np.random.Generator) -> None:
    values = [rng.integers(0, 2 if dtype == "bool" else 90, s).astype(dtype) for s in (a, b)]
    x, y = (sa.placeholder(s, dtype) for s in (a, b))
    product = apply(MATMUL, x, y)
    (found,) = evaluate(product, {x: values[0], y: values[1]})
    expected = np.matmul(*values)
    assert product.shape == expected.shape and product.dtype == expected.dtype == found.dtype
    np.testing.assert_array_equal(found, expected)


def test_free_sizes() -> None:
    x, y = sa.placeholder(("n", "k")), sa.placeholder(("m", 3))
    product = apply(MATMUL, x, y)
    assert product.shape == (x.shape[0], 3)
    assert product.node.constraints == ((x.shape[1], y.shape[0]),)


def test_errors_name_sizes_and_lines() -> None:
    x, w = sa.placeholder((2, 3), name="x"), sa.placeholder((4, 5), name="w")
    message = r"^matmul: inner sizes 3 and 4 differ .*transpose.*float64\[2,3\] 'x' from .*test_contract.*'w' from"
    with pytest.raises(ShapeError, match=message):
        apply(MATMUL, x, w)
    with pytest.raises(DTypeError, match="float64 and float32"):
        apply(MATMUL, x, sa.placeholder((3, 1), "float32"))
    with pytest.raises(ShapeError, match="matmul: .*do not broadcast"):
        apply(MATMUL, sa.placeholder((2, 2, 3)), sa.placeholder((5, 3, 3)))


@pytest.mark.parametrize(("a", "b"), [s for s in SHAPES if 0 not in (*s[0], *s[1])])
def test_derivatives(a: Any, b: Any, rng: np.random.Generator) -> None:
    x, y = sa.placeholder(a), sa.placeholder(b)
    feeds = {x: rng.standard_normal(a), y: rng.standard_normal(b)}
    check_gradients(apply(MATMUL, x * x, y), [x, y], feeds)


def test_tangents(rng: np.random.Generator) -> None:
    x, y = sa.placeholder((2, 3)), sa.placeholder((3, 4))
    a, b, ta, tb = (rng.standard_normal(s) for s in [(2, 3), (3, 4), (2, 3), (3, 4)])
    product = apply(MATMUL, x, y)
    feeds = {x: a, y: b}
    np.testing.assert_allclose(evaluate(jvp(product, x, ta), feeds)[0], ta @ b)
    np.testing.assert_allclose(evaluate(jvp(product, y, tb), feeds)[0], a @ tb)
    np.testing.assert_allclose(evaluate(jvp(product, [x, y], [ta, tb]), feeds)[0], ta @ b + a @ tb)


@pytest.mark.parametrize("key", [slice(1, 3), 4, (slice(None), slice(0, 4, 2)), "rows", "columns"])
def test_rows_that_nobody_has_read(key: Any, rng: np.random.Generator) -> None:
    """Gradients multiply only what was read, and so do not depend on the rest."""
    a, b = sa.placeholder((6, 3)), sa.placeholder((3, 5))
    values = rng.standard_normal((6, 3)), rng.standard_normal((3, 5))
    index = sa.constant(np.array([2, -5, 2]))
    named = {"rows": index, "columns": (slice(None), index)}
    part = named.get(key, key) if isinstance(key, str) else key
    loss = sa.square((a @ b)[part]).sum()
    check_gradients(loss, [a, b], dict(zip((a, b), values, strict=True)))
    unread = np.ones((6, 5), bool)
    unread[np.index_exp[[2, -5]] if key == "rows" else np.index_exp[:, [2, -5]] if key == "columns" else part] = False
    infinite = np.where(unread.all(axis=1, keepdims=True), np.inf, values[0])
    infinite = infinite, np.where(unread.all(axis=0), np.inf, values[1])
    finite, found = (evaluate(sa.gradients(loss, [a, b]), {a: x, b: w}) for x, w in (values, infinite))
    for one, other in zip(finite, found, strict=True):
        np.testing.assert_array_equal(one, other)
