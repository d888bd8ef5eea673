"""NumPy's functions on tensors give what they give on arrays; what is not available says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import staticad as sa
from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional.numpy_protocol import FUNCTIONS, REDUCTIONS, UFUNCS
from staticad.ir.dtypes import FLOAT32, FLOAT64
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


OPERANDS_OF: dict[str, tuple[np.ndarray, ...]] = {
    **dict.fromkeys(["sqrt", "log", "log1p"], (P,)),
    **dict.fromkeys(["power"], (P, B)),
    **dict.fromkeys(["bitwise_and", "bitwise_or", "bitwise_xor"], (T, ~T)),
    **dict.fromkeys(["left_shift", "right_shift"], (W, np.abs(W) % 5)),
    "invert": (T,),
    "matmul": (A, B.T),
}


@pytest.mark.parametrize("ufunc", sorted(UFUNCS, key=lambda u: u.__name__), ids=lambda u: u.__name__)
def test_every_ufunc(ufunc: np.ufunc) -> None:
    arrays = OPERANDS_OF.get(ufunc.__name__, (A, B)[: ufunc.nin])
    check(ufunc, *arrays, free=ufunc is not np.matmul)
    check(ufunc, *(a.astype(np.float32) if a.dtype == FLOAT64 else a for a in arrays), free=False)
    if ufunc.nin == 2:  # an array or a number at either side
        a, b = arrays
        check(lambda x: ufunc(x, b), a, free=False)
        check(lambda y: ufunc(a, y), b, free=False)
        if ufunc is not np.matmul:
            number = {"b": True, "i": 2, "f": 2.0}[a.dtype.kind]
            check(lambda x: ufunc(x, number), a)
            check(lambda y: ufunc(a[0, 0], y), b)


def test_scipy_ufuncs_have_a_meaning_too() -> None:
    check(special.erf, A)
    check(special.expit, A)
    check(special.erfinv, A / 4)
    with pytest.raises(GraphError, match=r"^gamma is not available"):
        special.gamma(sa.placeholder(()))


@pytest.mark.parametrize("ufunc", REDUCTIONS, ids=lambda u: u.__name__)
@pytest.mark.parametrize("arguments", [{}, {"axis": 1}, {"axis": (0, 1)}, {"axis": None}, {"keepdims": True}], ids=str)
def test_every_reduction(ufunc: np.ufunc, arguments: dict[str, Any]) -> None:
    array = T if ufunc.__name__.startswith("logical") else A
    check(lambda x: ufunc.reduce(x, **arguments), array)


CASES: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.all: [lambda x: np.all(x > 0), lambda x: np.all(x > 0, axis=0)],
    np.amax: [lambda x: np.amax(x, 0), lambda x: np.amax(x, axis=-1, keepdims=True)],
    np.amin: [lambda x: np.amin(x, 0)],
    np.any: [lambda x: np.any(x > 2, axis=1, keepdims=True), lambda x: np.any(x > 2)],
    np.argmax: [lambda x: np.argmax(x), lambda x: np.argmax(x, axis=1), lambda x: np.argmax(x, 0, keepdims=True)],
    np.argmin: [lambda x: np.argmin(x, 1)],
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
    np.linspace: [lambda x: np.linspace(x[0], x[1], 5), lambda x: np.linspace(0, x, num=3, endpoint=False, axis=-1)],
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

PLAIN = {np.shape, np.ndim, np.size}  # these give no tensors


def test_every_function_has_a_case() -> None:
    assert CASES.keys() | PLAIN == FUNCTIONS.keys()


@pytest.mark.parametrize("function", CASES, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_every_function(function: Callable[..., Any]) -> None:
    for case in CASES[function]:
        check(case, A, free=False)


def test_functions_of_free_sizes() -> None:
    for case in (
        lambda x: np.sum(x, axis=0),
        lambda x: np.mean(x),
        lambda x: np.concatenate([x, x]),
        lambda x: np.where(x > 0, x, np.zeros_like(x)),
        lambda x: np.linalg.norm(x, axis=1),
        lambda x: np.reshape(x, -1),
        lambda x: np.flip(x, 0),
        lambda x: np.matmul(np.transpose(x), x),
    ):
        check(case, A)


def test_shape_ndim_and_size() -> None:
    x = sa.placeholder(("n", 3), "float32")
    n = x.shape[0]
    assert np.shape(x) == (n, 3)
    assert np.ndim(x) == 2
    assert np.size(x) == 3 * n == x.size
    assert np.size(x, 1) == 3


@pytest.mark.parametrize(
    "operation",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a // b,
        lambda a, b: a % b,
        lambda a, b: divmod(a, b),
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: a == b,
        lambda a, b: a != b,
        lambda a, b: abs(a) ** b,
        lambda a, b: a @ b,
    ],
)
def test_arrays_meet_tensors_in_operators(operation: Callable[[Any, Any], Any]) -> None:
    square, other = A[:, :2].copy(), B[:, 1:].copy()
    check(lambda y: operation(square, y), other, free=False)
    check(lambda x: operation(x, other), square, free=False)


def test_logic_of_arrays_and_tensors() -> None:
    check(lambda x: T & x, ~T)
    check(lambda x: T | x, ~T)
    check(lambda x: x ^ T, ~T)


@pytest.mark.parametrize("scalar", [np.float64(2), np.float32(2), np.int8(2), np.int64(-3), np.bool_(True)], ids=repr)
def test_numpy_scalars_make_nodes_from_the_left(scalar: np.generic) -> None:
    x = sa.placeholder((2,), FLOAT32)
    array = np.array([1.5, -2], FLOAT32)
    for operation in (
        lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a / b, lambda a, b: a == b, lambda a, b: a > b,
    ):  # fmt: skip
        result = operation(scalar, x)
        assert isinstance(result, Tensor)
        expected = operation(scalar, array)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(evaluate([result], {x: array})[0], expected)


def test_outer_products_of_ufuncs() -> None:
    x, y = np.arange(3.0), np.arange(4.0).reshape(2, 2) + 1.0
    a, b = sa.placeholder((3,)), sa.placeholder((2, 2))
    for ufunc in (np.multiply, np.add, np.less, np.arctan2 if np.arctan2 in UFUNCS else np.maximum):
        for given, fed in ((ufunc.outer(a, b), ufunc.outer(x, y)), (ufunc.outer(a, y), ufunc.outer(x, y))):
            np.testing.assert_array_equal(evaluate([given], {a: x, b: y})[0], fed)


def test_results_are_differentiable_nodes() -> None:
    x = sa.placeholder((3,))
    y = np.sum(np.square(x) * np.array([1.0, 2.0, 3.0]))
    (slope,) = sa.gradients(y, [x])
    np.testing.assert_array_equal(evaluate([slope], {x: np.ones(3)})[0], [2.0, 4.0, 6.0])
    assert y.where.file == __file__


X = sa.placeholder((2, 3), "float64", name="x")

REFUSED: list[tuple[str, Callable[[], Any]]] = [
    (r"np\.sinh is not available .*test_numpy_protocol\.py:\d+.*available are np\.absolute, ", lambda: np.sinh(X)),
    (r"np\.arctan2 is not available", lambda: np.arctan2(X, A)),
    (r"np\.add\.accumulate is not available", lambda: np.add.accumulate(X)),
    (r"np\.subtract\.reduce is not available", lambda: np.subtract.reduce(X)),
    (r"np\.sort is not available .*available are np\.all, ", lambda: np.sort(X)),
    (r"np\.linalg\.qr is not available", lambda: np.linalg.qr(X)),
    (r"np\.fft\.fft is not available", lambda: np.fft.fft(X)),
    (r"np\.add: a symbolic tensor can't be written into an array", lambda: np.add(A, X, out=A.copy())),
    (r"np\.add: got an unexpected keyword argument 'dtype'", lambda: np.add(X, 1, dtype="float32")),
    (r"np\.add: got an unexpected keyword argument 'where'", lambda: np.add(X, 1, where=T)),
    (r"np\.add\.reduce: got an unexpected keyword argument 'initial'", lambda: np.add.reduce(X, initial=3)),
    (r"np\.sum: where= is not supported", lambda: np.sum(X, where=T)),
    (r"np\.sum: out= is not supported", lambda: np.sum(X, out=np.zeros(()))),
    (r"np\.max: initial= is not supported", lambda: np.max(X, initial=0)),
    (r"np\.max: out= is not supported", lambda: np.max(X, 0, np.zeros(3))),
    (r"np\.ravel: order= is not supported", lambda: np.ravel(X, order="F")),
    (r"np\.reshape: order= is not supported", lambda: np.reshape(X, (3, 2), order="F")),
    (r"np\.linspace: retstep= is not supported", lambda: np.linspace(X, 1, retstep=True)),
    (r"np\.where: missing a required argument", lambda: np.where(X)),
    (r"placeholder 'x' .* can't become a NumPy array .*sa\.stack", lambda: np.asarray(X)),
    (r"can't become a NumPy array", lambda: np.array([X, X])),
    (r"can't become a NumPy array", lambda: np.zeros(3)[X]),
]


@pytest.mark.parametrize(("message", "call"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_not_available_says_so(message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        call()
    assert isinstance(caught.value, TypeError)
    assert "test_numpy_protocol.py" in str(caught.value)


def test_an_array_is_not_changed_in_place() -> None:
    array = A.copy()
    with pytest.raises(GraphError, match=r"write array = array \+ tensor"):
        array += X
    np.testing.assert_array_equal(array, A)
    with pytest.raises((GraphError, ValueError)):
        array[0] = X[0]


def test_errors_of_the_functions_come_through() -> None:
    with pytest.raises(ShapeError, match="add: shapes"):
        A[:, :2] + X
    with pytest.raises(DTypeError, match="complex128"):
        X * np.array(1j)
    with pytest.raises(TypeError):
        np.add(X, "text")


def test_foreign_array_types_get_their_turn() -> None:
    class Foreign:
        def __array_ufunc__(self, *_: Any, **__: Any) -> str:
            return "foreign ufunc"

        def __array_function__(self, *_: Any, **__: Any) -> str:
            return "foreign function"

    assert np.add(X, Foreign()) == "foreign ufunc"
    assert np.concatenate([X, Foreign()]) == "foreign function"
