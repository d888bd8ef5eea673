"""Attention: means of values, weighted by how well keys fit queries."""

from __future__ import annotations

import numpy as np

from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.elementwise import where
from staticad.functional.linalg.products import matmul
from staticad.functional.movement import reshape, swapaxes
from staticad.functional.repeating import repeat
from staticad.functional.special.softmaxes import shifted, softmax
from staticad.ir import dims
from staticad.ir.dtypes import BOOL, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_equal
from staticad.nn.dropouts import dropout
from staticad.nn.reducing import floats
from staticad.ops.creation import indices
from staticad.ops.promotion import Operand, cast, to_tensor


def scaled_dot_product_attention(
    query: Operand,
    key: Operand,
    value: Operand,
    attn_mask: Operand | None = None,
    dropout_p: Operand = 0.0,
    is_causal: bool = False,
    scale: Operand | None = None,
    enable_gqa: bool = False,
    dropout_key: Operand | None = None,
) -> Tensor:
    """softmax(query keyᵀ scale + mask) value, of shapes (…, L, E), (…, S, E) and (…, S, V): (…, L, V).

    ``attn_mask`` broadcasts to (…, L, S): bools are true where a query may look at a key, floats are added to the
    scores. With ``is_causal`` query i looks at keys up to i. Both may be given. A query that may look at no key has the
    result 0. ``scale`` is 1 / sqrt(E) for None. A share ``dropout_p`` of the weights is left out, which
    ``dropout_key`` decides (`dropout`). With ``enable_gqa`` there may be several times as many heads (axis -3) of
    queries as of keys and values, which neighbouring queries share.

    A. Vaswani and others, Attention is all you need (2017), section 3.2.1. Raises ShapeError, DTypeError.
    """
    op = "scaled_dot_product_attention"
    q, k, v = floats(op, query, key, value)
    for tensor in (q, k, v):
        if tensor.ndim < 2:
            raise ShapeError(f"{op}: needs two axes at least, (…, length, features), not {describe(tensor)}")
    if not (may_be_equal(q.shape[-1], k.shape[-1]) and may_be_equal(k.shape[-2], v.shape[-2])):
        raise ShapeError(
            f"{op}: queries and keys need equally many features, keys and values equal lengths "
            f"({describe(q)}, {describe(k)}, {describe(v)})"
        )
    if enable_gqa:
        k, v = (_shared(op, t, q) for t in (k, v))
    size = q.shape[-1]
    factor: Operand = (
        scale
        if scale is not None
        else size**-0.5
        if isinstance(size, int)
        else elementwise.rsqrt(cast(to_tensor(size), q.dtype))
    )
    scores = matmul(q, swapaxes(k, -1, -2)) * factor
    if is_causal:
        later = comparison.greater(indices((1, k.shape[-2]), 1), indices((q.shape[-2], 1), 0))
        scores = where(later, -np.inf, scores)
    if attn_mask is None:
        weights = softmax(scores)
    else:
        weights = _masked_softmax(_masked(op, scores, to_tensor(attn_mask)))
    if not isinstance(dropout_p, (int, float)) or dropout_p != 0:
        if dropout_key is None:
            raise ConfigError(f"{op}: dropout needs a key: dropout_key=sa.random.fold_in(key, step)")
        weights = dropout(weights, dropout_p, dropout_key)
    return matmul(weights, v)


def _masked(op: str, scores: Tensor, mask: Tensor) -> Tensor:
    if mask.ndim > scores.ndim:
        raise ShapeError(f"{op}: the mask {describe(mask)} has more axes than the scores {describe(scores)}")
    if mask.dtype == BOOL:
        return where(mask, scores, -np.inf)
    if not is_float(mask.dtype):
        raise DTypeError(f"{op}: a mask has bools or floats, not {describe(mask)}; use astype")
    return scores + cast(mask, scores.dtype)


def _masked_softmax(scores: Tensor) -> Tensor:
    """The softmax, 0 where all are -inf: the sum is 0 there and at least 1 elsewhere."""
    e = elementwise.exp(shifted("scaled_dot_product_attention", scores, -1))
    return e / elementwise.maximum(reductions.sum(e, -1, keepdims=True), 0.5)


def _shared(op: str, x: Tensor, query: Tensor) -> Tensor:
    """Heads, repeated for the queries that share them."""
    if x.ndim < 3 or query.ndim < 3:
        raise ShapeError(f"{op}: heads are axis -3, which {describe(x if x.ndim < 3 else query)} does not have")
    few, many = x.shape[-3], query.shape[-3]
    if not (isinstance(few, int) and isinstance(many, int) and few and many % few == 0):
        raise ShapeError(f"{op}: {many} heads of queries are no multiple of {few} ({describe(query)}, {describe(x)})")
    return x if few == many else repeat(x, many // few, axis=-3)


def multi_head_attention(
    query: Operand,
    key: Operand,
    value: Operand,
    num_heads: int,
    attn_mask: Operand | None = None,
    dropout_p: Operand = 0.0,
    is_causal: bool = False,
    scale: Operand | None = None,
    dropout_key: Operand | None = None,
) -> Tensor:
    """`scaled_dot_product_attention` of every head, which are equal parts of the last axes: (…, L, heads * V).

    Queries, keys and values are projected already. The mask broadcasts to (…, heads, L, S).
    """
    op = "multi_head_attention"
    parts = []
    for tensor in floats(op, query, key, value):
        if type(num_heads) is not int or num_heads < 1:
            raise ConfigError(f"{op}: the number of heads is an int from 1, not {num_heads!r}")
        width = tensor.shape[-1] if tensor.ndim >= 2 else None
        if width is None or (isinstance(width, int) and width % num_heads):
            raise ShapeError(f"{op}: the last axis of {describe(tensor)} is not {num_heads} equal heads")
        heads = reshape(tensor, (*tensor.shape[:-1], num_heads, dims.floordiv(width, num_heads)))
        parts.append(swapaxes(heads, -3, -2))
    q, k, v = parts
    mixed = scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal, scale, False, dropout_key)
    joined = swapaxes(mixed, -3, -2)
    return reshape(joined, (*joined.shape[:-2], num_heads * joined.shape[-1]))
