"""NumPy's functions on tensors give what they give on arrays; what is not available says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import staticad as sa
from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.ir.dtypes import FLOAT32, FLOAT64
from staticad.ir.graph import Tensor
from staticad.reference import evaluate
from tests.harness import numpy_calls
from tests.harness.library_cases import FAMILIES
from tests.harness.numpy_calls import UFUNC_OPERANDS, A, B, T, check
from tests.harness.numpy_tables import FUNCTIONS, REDUCTIONS, UFUNCS

OPERANDS = {**UFUNC_OPERANDS, **{n: a for family in FAMILIES for n, a in family.ufunc_operands.items()}}


@pytest.mark.parametrize("ufunc", sorted(UFUNCS, key=lambda u: u.__name__), ids=lambda u: u.__name__)
def test_every_ufunc(ufunc: np.ufunc) -> None:
    arrays = OPERANDS.get(ufunc.__name__, (A, B)[: ufunc.nin])
    check(ufunc, *arrays, free=ufunc.signature is None)
    check(ufunc, *(a.astype(np.float32) if a.dtype == FLOAT64 else a for a in arrays), free=False)
    if ufunc.nin == 2:  # an array or a number at either side
        a, b = arrays
        check(lambda x: ufunc(x, b), a, free=False)
        check(lambda y: ufunc(a, y), b, free=False)
        if ufunc.signature is None:
            number = {"b": True, "i": 2, "f": 2.0}[b.dtype.kind]
            check(lambda x: ufunc(x, number), a)
            check(lambda y: ufunc(a[0, 0], y), b)


def test_scipy_ufuncs_have_a_meaning_too() -> None:
    check(special.erf, A)
    check(special.expit, A)
    check(special.erfinv, A / 4)
    with pytest.raises(GraphError, match=r"^obl_ang1 is not available"):
        special.obl_ang1(0, 1, 1, sa.placeholder(()))


@pytest.mark.parametrize("ufunc", REDUCTIONS, ids=lambda u: u.__name__)
@pytest.mark.parametrize("arguments", [{}, {"axis": 1}, {"axis": (0, 1)}, {"axis": None}, {"keepdims": True}], ids=str)
def test_every_reduction(ufunc: np.ufunc, arguments: dict[str, Any]) -> None:
    array = T if ufunc.__name__.startswith("logical") else A
    check(lambda x: ufunc.reduce(x, **arguments), array)


CALLS = {**numpy_calls.CALLS, **{name: calls for family in FAMILIES for name, calls in family.numpy_calls.items()}}
PLAIN = {np.shape, np.ndim, np.size}  # these give no tensors


def test_every_function_has_a_case() -> None:
    assert CALLS.keys() | PLAIN == FUNCTIONS.keys()


@pytest.mark.parametrize("function", CALLS, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_every_function(function: Callable[..., Any]) -> None:
    for case in CALLS[function]:
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
    for ufunc in (np.multiply, np.add, np.less, np.arctan2):
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
    (
        r"np\.add\.reduceat is not .*test_numpy_protocol\.py:\d+\); the nearest .* is np\.add\.reduce\. Write it",
        lambda: np.add.reduceat(X, [0]),
    ),
    (r"np\.isnat is not available .*; dates are no dtype", lambda: np.isnat(X)),
    (r"np\.add\.reduceat is not available .*; the nearest", lambda: np.add.reduceat(X, [0])),
    (r"np\.poly is not available .*; multiply the factors", lambda: np.poly(X)),
    (r"np\.add: a symbolic tensor can't be written into an array", lambda: np.add(A, X, out=A.copy())),
    (
        r"np\.add: dtype= is not supported .*; convert operands or the result with astype",
        lambda: np.add(X, 1, dtype="float32"),
    ),
    (r"np\.add: where= is not supported .*; sa\.where\(mask, result, other\) chooses", lambda: np.add(X, 1, where=T)),
    (r"np\.sum: out= is not supported", lambda: np.sum(X, out=np.zeros(()))),
    (r"np\.max: out= is not supported", lambda: np.max(X, 0, np.zeros(3))),
    (r"np\.full_like: order= is not supported .*; tensors have no order", lambda: np.full_like(X, 1, order="F")),
    (r"np\.matmul: axes= is not supported .*sa\.moveaxis", lambda: np.matmul(X, X, axes=[(0, 1), (1, 0), (0, 1)])),
    (r"np\.quantile: weights= is not .*; sa\.argsort", lambda: np.quantile(X, 0.5, weights=X, method="inverted_cdf")),
    (r"where: needs a condition, x and y; .* sa\.nonzero\(condition, size=n\)", lambda: np.where(X)),
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
    with pytest.raises(DTypeError, match="longdouble|float128"):
        X * np.array(1, "longdouble")
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
