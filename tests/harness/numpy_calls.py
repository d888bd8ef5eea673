"""Calls of NumPy's functions, made on arrays and on tensors: the functions of the first families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.reference import evaluate

A = np.array([[0.5, -1.25, 2.0], [3.0, 0.25, -0.5]])
B = np.array([[1.5, 2.0, -0.5], [0.75, -3.0, 1.0]])
P = np.abs(A) + 0.1
T = np.array([[True, False, True], [False, False, True]])
W = np.array([[5, -12, 2], [3, 0, -7]])


def check(function: Callable[..., Any], *arrays: np.ndarray, free: bool = True) -> None:
    """The same call on tensors and on arrays; tensors of fixed and of free sizes."""
    expected = function(*arrays)
    for shapes in [[a.shape for a in arrays]] + ([[(None, *a.shape[1:]) for a in arrays]] if free else []):
        xs = [sa.placeholder(shape, a.dtype) for shape, a in zip(shapes, arrays)]
        result = function(*xs)
        several = isinstance(result, (list, tuple)) and any(isinstance(r, Tensor) for r in result)
        results = list(result) if several else [result]
        assert all(isinstance(r, Tensor) for r in results)
        for value, wanted in zip(evaluate(results, dict(zip(xs, arrays))), expected if several else [expected]):
            assert value.dtype == np.asarray(wanted).dtype
            assert value.shape == np.shape(wanted)
            np.testing.assert_allclose(value, wanted, rtol=1e-14)


UFUNC_OPERANDS: dict[str, tuple[np.ndarray, ...]] = {
    **dict.fromkeys(["sqrt", "log", "log1p"], (P,)),
    **dict.fromkeys(["power"], (P, B)),
    **dict.fromkeys(["bitwise_and", "bitwise_or", "bitwise_xor"], (T, ~T)),
    **dict.fromkeys(["left_shift", "right_shift"], (W, np.abs(W) % 5)),
    "invert": (T,),
    "matmul": (A, B.T),
}

CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.all: [lambda x: np.all(x > 0), lambda x: np.all(x > 0, axis=0)],
    np.amax: [lambda x: np.amax(x, 0), lambda x: np.amax(x, axis=-1, keepdims=True)],
    np.amin: [lambda x: np.amin(x, 0)],
    np.any: [lambda x: np.any(x > 2, axis=1, keepdims=True), lambda x: np.any(x > 2)],
    np.argmax: [lambda x: np.argmax(x), lambda x: np.argmax(x, axis=1), lambda x: np.argmax(x, 0, keepdims=True)],
    np.argmin: [lambda x: np.argmin(x, 1)],
    **({np.astype: [lambda x: np.astype(x, "float32", copy=False)]} if hasattr(np, "astype") else {}),
    np.array_equiv: [lambda x: np.array_equiv(x, x[:1]), lambda x: np.array_equiv(x[:1] * [[1], [1]], x[0]),
                     lambda x: np.array_equiv(x, x.T)],
    np.around: [lambda x: np.around(x), lambda x: np.around(x, 1)],
    np.atleast_1d: [lambda x: np.atleast_1d(x[0, 0]), lambda x: np.atleast_1d(x)],
    np.atleast_2d: [lambda x: np.atleast_2d(x[0])],
    np.broadcast_arrays: [lambda x: np.broadcast_arrays(x, x[:1])],
    np.broadcast_to: [lambda x: np.broadcast_to(x[0], (4, 3))],
    np.clip: [
        lambda x: np.clip(x, 0, 1),
        lambda x: np.clip(x, a_min=0, a_max=None),
        lambda x: np.clip(x, max=1, min=0.5),
        lambda x: np.clip(A[0], x, 1),
    ],
    np.concatenate: [
        lambda x: np.concatenate([x, B]),
        lambda x: np.concatenate((x, x), axis=1),
        lambda x: np.concatenate([x, x], axis=None),
    ],
    np.copy: [lambda x: np.copy(x)],
    np.diag: [lambda x: np.diag(x[0]), lambda x: np.diag(x[:2], k=1)],
    np.diagonal: [lambda x: np.diagonal(x), lambda x: np.diagonal(x, 1, axis1=1, axis2=0)],
    np.dot: [lambda x: np.dot(x, B.T), lambda x: np.dot(B.T, x), lambda x: np.dot(x[0], x[1])],
    np.einsum: [lambda x: np.einsum("ij,ij->i", x, x), lambda x: np.einsum("ij,kj->ik", x, B, optimize=True)],
    np.expand_dims: [lambda x: np.expand_dims(x, 1), lambda x: np.expand_dims(x, (0, -1))],
    np.flip: [lambda x: np.flip(x), lambda x: np.flip(x, 0)],
    np.full_like: [lambda x: np.full_like(x, 3), lambda x: np.full_like(x, 3, dtype="int8", shape=(2,))],
    np.hstack: [lambda x: np.hstack([x, x])],
    np.inner: [lambda x: np.inner(x, B)],
    np.polyval: [lambda x: np.polyval([2, 0.5, -1], x), lambda x: np.polyval(x[0], 2.0),
                 lambda x: np.polyval(x[0, :0], x)],
    np.unwrap: [
        lambda x: np.unwrap(x * 4), lambda x: np.unwrap(x * 9, 5.0, axis=0), lambda x: np.unwrap(x, period=0.75),
        lambda x: np.unwrap(W, period=7) + x * 0, lambda x: np.unwrap((x * 4).astype("int64"), period=4),
    ],
    np.linspace: [lambda x: np.linspace(x[0], x[1], 5), lambda x: np.linspace(0, x, num=3, endpoint=False, axis=-1),
                  lambda x: np.linspace(x, 1, 4, True, True), lambda x: np.linspace(x[0, 0], 1, 1, retstep=True)],
    np.max: [lambda x: np.max(x), lambda x: np.max(x, (0, 1), keepdims=True)],
    np.mean: [lambda x: np.mean(x), lambda x: np.mean(x, 0, None, None, True), lambda x: np.mean(x, dtype="float32")],
    np.min: [lambda x: np.min(x), lambda x: np.min(x, axis=1)],
    np.moveaxis: [lambda x: np.moveaxis(x, 0, 1), lambda x: np.moveaxis(x, source=0, destination=-1)],
    np.ones_like: [lambda x: np.ones_like(x), lambda x: np.ones_like(x, "int8", order="C")],
    np.outer: [lambda x: np.outer(x[0], x[1])],
    np.pad: [lambda x: np.pad(x, 1), lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=5)],
    np.prod: [lambda x: np.prod(x), lambda x: np.prod(x, axis=0)],
    np.ravel: [lambda x: np.ravel(x), lambda x: np.ravel(x, "C")],
    np.repeat: [lambda x: np.repeat(x, 2), lambda x: np.repeat(x, 3, axis=1)],
    np.reshape: [lambda x: np.reshape(x, (3, 2)), lambda x: np.reshape(x, -1), lambda x: np.reshape(x, shape=(1, -1))],
    np.roll: [lambda x: np.roll(x, 1), lambda x: np.roll(x, -1, axis=1)],
    np.round: [lambda x: np.round(x), lambda x: np.round(x, decimals=1)],
    np.split: [lambda x: np.split(x, 3, axis=1), lambda x: np.split(x, [1], 1)],
    np.squeeze: [lambda x: np.squeeze(x[:1], 0)],
    np.stack: [lambda x: np.stack([x, B]), lambda x: np.stack((x, x), axis=-1)],
    np.std: [lambda x: np.std(x), lambda x: np.std(x, 1, ddof=1)],
    np.sum: [
        lambda x: np.sum(x),
        lambda x: np.sum(x, axis=(0, 1)),
        lambda x: np.sum(x, 1, keepdims=True),
        lambda x: np.sum(x, 0, "float32"),
        lambda x: np.sum(x, out=None),
    ],
    np.swapaxes: [lambda x: np.swapaxes(x, 0, 1)],
    np.take: [lambda x: np.take(x, [0, 2], axis=1), lambda x: np.take(x, 4)],
    np.take_along_axis: [lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1)],
    np.tensordot: [lambda x: np.tensordot(x, B), lambda x: np.tensordot(x, B, axes=[[1], [1]])],
    np.tile: [lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1))],
    np.trace: [lambda x: np.trace(x), lambda x: np.trace(x, offset=1)],
    np.transpose: [lambda x: np.transpose(x), lambda x: np.transpose(x, axes=(1, 0))],
    np.tril: [lambda x: np.tril(x), lambda x: np.tril(x, -1)],
    np.triu: [lambda x: np.triu(x, k=1)],
    np.var: [lambda x: np.var(x), lambda x: np.var(x, axis=0, keepdims=True)],
    np.vdot: [lambda x: np.vdot(x, B)],
    np.vstack: [lambda x: np.vstack([x, x[0]])],
    np.where: [lambda x: np.where(x > 0, x, 0), lambda x: np.where(T, x, B), lambda x: np.where(x, 1, 2)],
    np.zeros_like: [lambda x: np.zeros_like(x), lambda x: np.zeros_like(x, shape=(4,), dtype=bool)],
    np.empty_like: [lambda x: np.empty_like(x) * 0.0],
    np.matrix_transpose: [lambda x: np.matrix_transpose(x)],
    np.linalg.cholesky: [
        lambda x: np.linalg.cholesky(x @ x.T + np.eye(2)),
        lambda x: np.linalg.cholesky(x @ x.T + np.eye(2), upper=True),
    ],
    np.linalg.det: [lambda x: np.linalg.det(x @ x.T + np.eye(2))],
    np.linalg.diagonal: [lambda x: np.linalg.diagonal(np.stack([x, x]), offset=1)],
    np.linalg.inv: [lambda x: np.linalg.inv(x @ x.T + np.eye(2))],
    np.linalg.matmul: [lambda x: np.linalg.matmul(x, B.T)],
    np.linalg.matrix_transpose: [lambda x: np.linalg.matrix_transpose(x)],
    np.linalg.norm: [lambda x: np.linalg.norm(x), lambda x: np.linalg.norm(x, axis=1, keepdims=True)],
    np.linalg.outer: [lambda x: np.linalg.outer(x[0], x[1])],
    np.linalg.slogdet: [lambda x: np.linalg.slogdet(x @ x.T + np.eye(2)).logabsdet],
    np.linalg.solve: [
        lambda x: np.linalg.solve(x @ x.T + np.eye(2), x), lambda x: np.linalg.solve(x.T @ x + np.eye(3), x[0]),
    ],
    np.linalg.tensordot: [lambda x: np.linalg.tensordot(x, B, axes=2)],
    np.linalg.trace: [lambda x: np.linalg.trace(np.stack([x, x]))],
    np.linalg.vector_norm: [lambda x: np.linalg.vector_norm(x, axis=0)],
}  # fmt: skip
