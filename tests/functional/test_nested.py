"""Lists that hold tensors become arrays, as NumPy makes arrays of lists of numbers."""

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, ShapeError

X = sa.placeholder((3,), "float32", name="x")
FREE = sa.placeholder((None,), "float32", name="free")
VALUE = np.array([2, -1, 5], "float32")


def _nests(m):
    """The same nests of tensors and of numbers."""
    x, size = (X, FREE.shape[0]) if m is sa else (VALUE, 3)
    yield m.array([x[0], 2.0])
    yield m.asarray([[x[0], 2], [0, -x[1]]])
    yield m.array(([x, (1, 2, 3)], [x * 2, np.ones(3, "float32")]))
    yield m.array([[[x[0] > 1, False]]])
    yield m.array([size, 4])
    yield m.array([x[0], 1j])
    yield m.array([x[2]], dtype="float64", ndmin=3)
    yield m.array([[], []])
    yield m.array(x)
    yield m.array([x, FREE if m is sa else VALUE])


def test_nests_are_arrays_as_those_of_numbers_are():
    found = sa.compile(list(_nests(sa)), inputs=[X, FREE])(VALUE, VALUE)
    for result, expected in zip(found, _nests(np), strict=True):
        np.testing.assert_array_equal(result, expected)
        assert result.shape == expected.shape


def test_numbers_of_python_widen_no_dtype():
    assert sa.array([[X[0], 2.0], [1, 0.5]]).dtype == "float32"
    assert sa.array([X[0], np.float64(2)], dtype="float32").dtype == "float32"
    assert sa.array([X.astype("int32")[0], 1]).dtype == "int32"
    assert sa.array([X.shape[0], FREE.shape[0]]).dtype == "int64"


def test_a_nest_is_differentiable():
    a, b = sa.placeholder((), name="a"), sa.placeholder((), name="b")
    rotation = sa.array([[sa.cos(a), -sa.sin(a)], [sa.sin(a), sa.cos(a)]])
    slopes = sa.gradients((rotation @ sa.array([b, 1.0]))[0], [a, b])
    by_a, by_b = sa.compile(slopes, inputs=[a, b])(0.3, 2.0)
    assert (by_a, by_b) == pytest.approx((-np.sin(0.3) * 2 - np.cos(0.3), np.cos(0.3)))


def test_numpy_makes_arrays_of_tensors_in_a_function():
    @sa.function
    def turned(x):
        copy = np.array(x)
        copy[0] = 7.0
        return np.array([[x[0], 1.0], [x[1], x[2]]]).sum(0) + np.asarray(copy)[:2] + np.array([0.0, 1.0], "float32")

    np.testing.assert_array_equal(sa.compile(turned(X), inputs=[X])(VALUE), [2 - 1 + 7, 1 + 5 - 1 + 1])


def test_the_array_api_takes_nests():
    namespace = X.__array_namespace__()
    np.testing.assert_array_equal(sa.compile(namespace.asarray([[X[0]], [X[1]]]), inputs=[X])(VALUE), [[2], [-1]])


@pytest.mark.parametrize(
    ("nest", "error", "message"),
    [
        (lambda: [X, [1, 2]], ShapeError, "differ in shape"),
        (lambda: [[X[0]], 1], ShapeError, "differ in shape"),
        (lambda: [[X[0], 1], []], ShapeError, "differ in shape"),
        (lambda: [X[0], "one"], DTypeError, "not supported"),
        (lambda: _deep(100), ShapeError, "maximum number of dimension"),
        (lambda: [X[0], _deep(100)], ShapeError, "nested more than 64 deep"),
    ],
)
def test_what_is_no_array_is_refused(nest, error, message):
    with pytest.raises(error, match=message):
        sa.array(nest())


def test_a_number_of_axes_that_no_array_has_is_refused():
    with pytest.raises(ShapeError, match="ndmin is a number of axes from 0 to 64, not 65"):
        sa.array(X, ndmin=65)


def _deep(depth):
    nest = X[0]
    for _ in range(depth):
        nest = [nest]
    return nest


def test_constants_have_their_names():
    assert (sa.pi, sa.e, sa.inf, sa.newaxis) == (np.pi, np.e, np.inf, None)
    assert np.isnan(sa.nan)
    assert X[sa.newaxis].shape == (1, 3)
