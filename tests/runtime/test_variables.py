"""Variables hold a value in storage that stays where it is, and refuse what does not fit, as a whole."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest

from staticad.errors import DTypeError, GradientError, GraphError, ShapeError
from staticad.ir.dtypes import ALL
from staticad.ir.graph import no_grad
from staticad.ops.sources import VARIABLE, constant, placeholder
from staticad.runtime.memory import ALIGNMENT
from staticad.runtime.variables import Variable, aligned_empty, variable
from tests.runtime.test_locks import held


@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 0, 3), (4, 5), (1, 1, 7)])
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_it_starts_with_the_given_value(shape: tuple[int, ...], dtype: np.dtype, rng: np.random.Generator) -> None:
    array = rng.integers(0, 2, shape).astype(dtype)
    v = variable(array, name="v")
    assert (v.shape, v.dtype, v.name) == (shape, dtype, "v")
    assert v.op is VARIABLE and v.node.outputs == (v,) and v.inputs == ()
    assert v.value.dtype == dtype and v.value.shape == shape
    np.testing.assert_array_equal(v.value, array)


def test_the_value_is_a_copy_both_ways() -> None:
    array = np.arange(3.0)
    v = variable(array)
    array[:] = 9
    np.testing.assert_array_equal(v.value, [0, 1, 2])
    v.value[:] = 9
    np.testing.assert_array_equal(v.value, [0, 1, 2])
    scalar = variable(2.5)
    assert isinstance(scalar.value, np.ndarray) and scalar.value.shape == ()


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1.5, None, "float64"),
        (2, None, "int64"),
        (True, None, "bool"),
        ([1, 2], None, "int64"),
        (np.float32(1), None, "float32"),
        (1, "float32", "float32"),
        ([[True], [False]], "int8", "int8"),
        (np.arange(3), "float32", "float32"),
        (np.arange(3.0), "float32", "float32"),
        ([], "int64", "int64"),
        ([1, 255], "uint8", "uint8"),
        (np.arange(3, dtype=">f4"), None, "float32"),
    ],
)
def test_dtypes_of_new_variables(value: Any, dtype: str | None, expected: str) -> None:
    v = variable(value, dtype)
    assert v.dtype == expected and v.dtype.isnative
    np.testing.assert_array_equal(v.value, np.asarray(value).astype(expected))


def test_storage_never_moves_and_is_aligned() -> None:
    v = variable(np.zeros((3, 5), "float32"))
    address = v._storage.ctypes.data
    assert address % ALIGNMENT == 0 and v._storage.flags.c_contiguous
    v.assign(np.ones((5, 3), "float32").T)
    assert v._storage.ctypes.data == address
    np.testing.assert_array_equal(v.value, np.ones((3, 5)))


@pytest.mark.parametrize("shape", [(), (0, 4), (3, 7)])
def test_aligned_empty(shape: tuple[int, ...]) -> None:
    for dtype in ALL:
        array = aligned_empty(shape, dtype)
        address, read_only = array.__array_interface__["data"]
        assert address % ALIGNMENT == 0 and not read_only and array.flags.c_contiguous
        assert (array.shape, array.dtype) == (shape, dtype)


@pytest.mark.parametrize(
    ("initial", "value", "expected"),
    [
        (np.zeros(2, "float32"), [1, 2.5], [1, 2.5]),
        (np.zeros(2, "float32"), (1, True), [1, 1]),
        (np.zeros(2, "float64"), np.array([1, 2], "float32"), [1, 2]),
        (np.zeros(2, "float64"), np.array([1, 2], "int32"), [1, 2]),
        (np.zeros((), "float32"), 0.1, np.float32(0.1)),
        (np.zeros((), "uint8"), 255, 255),
        (np.zeros((), "int64"), True, 1),
        (np.zeros(2, "float32"), [np.nan, np.inf], [np.nan, np.inf]),
        (np.zeros(2), np.array([1, 2], ">f8"), [1, 2]),
        (np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2))),
    ],
)
def test_assign(initial: np.ndarray, value: Any, expected: Any) -> None:
    v = variable(initial)
    v.assign(value)
    assert v.value.dtype == initial.dtype
    np.testing.assert_array_equal(v.value, expected)


@pytest.mark.parametrize(
    ("initial", "value", "error"),
    [
        (np.ones(2, "float32"), np.ones(3, "float32"), ShapeError),
        (np.ones(2, "float32"), np.ones((2, 1), "float32"), ShapeError),
        (np.ones(2, "float32"), 1.0, ShapeError),
        (np.ones(2), [[1.0], [2.0, 3.0]], ShapeError),
        (np.ones(2, "float32"), np.ones(2, "float64"), DTypeError),
        (np.ones(2, "float32"), np.ones(2, "int64"), DTypeError),
        (np.ones(2, "int64"), [1.5, 2.5], DTypeError),
        (np.ones(2, "bool"), [1, 0], DTypeError),
        (np.ones(2, "uint8"), [1, 256], DTypeError),
        (np.ones(2, "uint64"), [1, -1], DTypeError),
        (np.ones(2, "float32"), [1.0, 1e300], DTypeError),
        (np.ones(()), 2**70, DTypeError),
        (np.ones(()), "text", DTypeError),
        (np.ones(()), None, DTypeError),
        (np.ones(()), 1j, DTypeError),
        (np.ones(2), placeholder((2,), name="p"), GraphError),
        (np.ones(()), variable(1.0, name="other"), GraphError),
    ],
)
def test_a_refused_assign_changes_nothing(initial: np.ndarray, value: Any, error: type[Exception]) -> None:
    v = variable(initial, name="weights")
    with pytest.raises(error, match=r"test_variables\.py:\d+"):
        v.assign(value)
    np.testing.assert_array_equal(v.value, initial)


@pytest.mark.parametrize(
    ("value", "dtype", "error"),
    [
        (1.5, "int64", DTypeError),
        (np.ones(2), "int32", DTypeError),
        (2, "bool", DTypeError),
        (300, "uint8", DTypeError),
        (-1, "uint8", DTypeError),
        (1e300, "float32", DTypeError),
        (1.0, "longdouble", DTypeError),
        (1.0, "nonsense", DTypeError),
        ("text", None, DTypeError),
        ([1, [2]], None, ShapeError),
        (constant(1.0), None, GraphError),
    ],
)
def test_values_that_make_no_variable(value: Any, dtype: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        variable(value, dtype)


def test_an_error_names_the_variable_its_line_and_the_remedy() -> None:
    v = variable(np.ones(2, "float32"), name="weights")
    with pytest.raises(DTypeError, match=r"float64.*'weights' float32\[2\] \(made at .*test_variables\.py.*astype"):
        v.assign(np.ones(2))


def test_freezing() -> None:
    v = variable(1.0)
    assert v.trainable
    v.trainable = False
    assert not v.trainable and "not trainable" in repr(v)
    v.trainable = True
    assert v.trainable and "not trainable" not in repr(v)
    assert not variable(1.0, trainable=False).trainable


def test_integers_and_detached_variables_are_never_trainable() -> None:
    count = variable(0)
    assert not count.trainable
    count.trainable = False
    with pytest.raises(DTypeError, match="derivatives"):
        count.trainable = True
    with no_grad():
        hidden = variable(1.0)
    assert not hidden.trainable
    with pytest.raises(GradientError, match="no_grad"):
        hidden.trainable = True


def test_it_prints() -> None:
    assert repr(variable(np.zeros((2, 3), "float32"), name="w")) == "<Variable 'w' float32[2,3]>"
    assert repr(variable(1)) == "<Variable int64[] not trainable>"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_copies_and_pickles_are_refused(duplicate: Any) -> None:
    v = variable(1.0, name="w")
    with pytest.raises(GraphError, match=r"sa\.variable\(v\.value\)"):
        duplicate([v])[0] if duplicate is not copy.copy else duplicate(v)


def test_variables_are_keys_of_dicts_and_differ_by_identity() -> None:
    a, b = variable(1.0), variable(1.0)
    assert {a: 1, b: 2}[b] == 2 and len({a, b}) == 2
    assert isinstance(a, Variable)


def test_readers_see_whole_values() -> None:
    v = variable(np.zeros(10_000))
    stop = threading.Event()
    mixed = []

    def read() -> None:
        while not stop.is_set():
            value = v.value
            if value.min() != value.max():
                mixed.append(value)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(200):
        v.assign(np.full(10_000, float(number)))
    stop.set()
    for reader in readers:
        reader.join()
    assert not mixed and v.value[0] == 199


def test_the_lock_holds_readers_back() -> None:
    v = variable(1.0)
    seen = []
    with held(v._lock):
        reader = threading.Thread(target=lambda: seen.append(v.value))
        reader.start()
        reader.join(timeout=0.05)
        assert not seen
        v._storage[...] = 2.0  # as a session does
    reader.join()
    assert seen[0] == 2.0
