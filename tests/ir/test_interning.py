"""Equal sizes and types are mostly one object, in every thread and after copying, and no longer than they are used."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

from staticad.errors import ShapeError
from staticad.ir import dims
from staticad.ir.dims import Dim, Size
from staticad.ir.dtypes import FLOAT32, FLOAT64
from staticad.ir.inference import infer
from staticad.ir.types import TensorType
from staticad.ops.arithmetic import ADD
from staticad.ops.base import Attrs
from staticad.ops.sources import placeholder

N, M = dims.symbol("n"), dims.symbol("m")


def test_equal_sizes_and_types_are_one_object() -> None:
    for one, other in (
        (dims.symbol("n"), N),
        (N * 2 + M, M + N + N),
        (N // 2, (N + M - M) // 2),
        (TensorType((N + 1, 3), FLOAT64), TensorType((1 + N, 3), np.dtype("float64"))),
    ):
        assert one is other and hash(one) == hash(other) and one == other
    assert TensorType((N, 3), FLOAT64) != TensorType((M, 3), FLOAT64) != TensorType((M, 3), FLOAT32)
    assert TensorType((3,), FLOAT64) != (3,)


def test_those_that_are_two_objects_are_equal() -> None:
    """As two threads may make them at one moment."""
    one, terms = N * 7 + 5, (N * 7 + 5).terms
    two = object.__new__(Dim)
    two.terms, two.key = terms, one.key
    assert two == one and hash(two) == hash(one) and {one: 1}[two] == 1 and two is not one
    first, second = TensorType((one,), FLOAT64), object.__new__(TensorType)
    second.shape, second.dtype, second._hash = (two,), FLOAT64, hash(first)
    assert second == first and {first: 1}[second] == 1


@pytest.mark.parametrize("value", [N, N * M // 3 + 1, TensorType((N, 4), FLOAT32)], ids=str)
def test_copies_and_pickles_are_the_object_itself(value: Dim | TensorType) -> None:
    assert copy.copy(value) is value and copy.deepcopy([value])[0] is value
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) is value


def test_a_type_that_is_wrong_stays_an_error() -> None:
    for _ in range(2):
        with pytest.raises(ShapeError, match="64 bits"):
            TensorType((2**62, 4), FLOAT64)


def test_what_is_no_longer_used_is_not_kept() -> None:
    size = dims.fresh("unused")
    kinds = [weakref.ref(TensorType((size, 5), FLOAT64)), weakref.ref(size)]
    del size
    gc.collect()
    assert [kind() for kind in kinds] == [None, None]
    before = len(dims._LIVING)
    for k in range(20_000):  # what is remembered of sums and products is bounded
        dims.fresh() * N + k
    gc.collect()
    assert len(dims._LIVING) - before < 15_000


def test_threads_make_the_same_sizes() -> None:
    found: list[list[Size]] = []
    together = threading.Barrier(4)

    def make() -> None:
        together.wait()
        found.append([(N * k + M) * k + TensorType((N * k, k), FLOAT64).shape[1] for k in range(1, 300)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(sizes == found[0] for sizes in found)


def test_types_are_inferred_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inferred = []
    infer_anew = type(ADD).infer

    def counted(op: object, *args: object) -> object:
        inferred.append(op)
        return infer_anew(op, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(type(ADD), "infer", counted)
    x = placeholder(("inferred", 17))
    for _ in range(5):
        assert infer(ADD, (x.type, x.type), Attrs())[0] == (x.type,)
    assert len(inferred) == 1
    y = placeholder(("inferred", 16))
    for _ in range(2):
        with pytest.raises(ShapeError):
            infer(ADD, (x.type, y.type), Attrs())
