"""Arrays whose dtype object is not NumPy's own: the machine takes those that say the same."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dtypes import ALL, as_dtype
from staticad.runtime.feeds import convert
from staticad.runtime.locks import Lock
from staticad.runtime.machine import ArraySpec, Program, misfit
from tests.harness.families import LAYOUTS

# Each gives a dtype object of its own, or that of another C type of equal size.
WAYS: list[Callable[[np.dtype], np.dtype]] = [
    lambda dtype: dtype,
    lambda dtype: pickle.loads(pickle.dumps(dtype)),
    copy.deepcopy,
    lambda dtype: dtype.newbyteorder("="),
    lambda dtype: np.dtype(dtype, metadata={"unit": "m"}),
    lambda dtype: np.dtype(dtype.str, align=True),
    lambda dtype: np.dtype({"i8": "q", "u8": "Q", "i4": "l", "u4": "L"}.get(dtype.str[1:], dtype)),
    lambda dtype: np.dtype({"i8": "l", "u8": "L", "i4": "i", "u4": "I"}.get(dtype.str[1:], dtype)),
]


def accepts(spec: ArraySpec) -> Program:
    """A program without a step: it runs if its feed is as the spec says."""
    return Program(feeds=[spec], outs=[], arguments=[], patches=[], compute=[], locks=[(Lock(), True)])


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_random_feeds_of_every_kind(dtype: np.dtype, rng: np.random.Generator) -> None:
    """What `convert` returns is what the machine takes; and what the machine takes as it is, is what it should be."""
    direct = 0
    for _ in range(150):
        shape = tuple(rng.integers(0, 4, rng.integers(0, 4)).tolist())
        values = rng.integers(0, 2, shape).astype(dtype)
        other = WAYS[rng.integers(len(WAYS))](dtype)
        if other != dtype:  # a C type of another size
            continue
        array = values.astype(other).view(other)
        if rng.random() < 0.2:
            array = array.astype(other.newbyteorder("S"))
        if rng.random() < 0.5:
            array = LAYOUTS[rng.integers(len(LAYOUTS))](array)
        if rng.random() < 0.2:
            array = array.view(np.matrix) if array.ndim == 2 else array.view(np.recarray)
        if rng.random() < 0.2:
            array = pickle.loads(pickle.dumps(array))
        feed = array[()] if array.ndim == 0 and rng.random() < 0.5 else array
        spec = ArraySpec(dtype, np.shape(feed))
        program = accepts(spec)
        fits = misfit([spec], [feed]) is None
        assert (program.run((feed,)) == ()) == fits
        direct += fits and type(feed) is np.ndarray and feed.dtype is not dtype
        found = convert(sa.placeholder([None] * len(spec.shape), dtype), feed)
        assert type(found) is np.ndarray and found.dtype is dtype
        assert program.run((found,)) == ()
        np.testing.assert_array_equal(found, values)
    assert direct > 20


def test_dtypes_that_only_look_alike_are_refused() -> None:
    for dtype in ALL:
        program = accepts(ArraySpec(dtype, (2,)))
        taken = [
            other
            for code in "?bBhHiIlLqQefdgFDGOSUVmM"
            for other in (np.dtype(code), np.dtype(code).newbyteorder("S"))
            if program.run((np.zeros(2, other),)) == ()
        ]
        assert dtype in taken and all(other == dtype for other in taken)


def test_sessions_take_them() -> None:
    x, k = sa.placeholder((None,), name="x"), sa.placeholder((), "int64", name="k")
    session = sa.compile(x * k, [x, k])
    for way in WAYS[:6]:
        array = np.arange(3).astype(way(x.dtype))
        np.testing.assert_array_equal(session(pickle.loads(pickle.dumps(array)), np.longlong(2)), [0, 2, 4])


def test_placeholders_and_variables_of_such_dtypes() -> None:
    for way in WAYS:
        dtype = way(np.dtype("int64"))
        if dtype.itemsize == 8:
            assert as_dtype(dtype) is np.dtype("int64")
            assert sa.placeholder((), dtype).dtype is np.dtype("int64")
            variable = sa.variable(np.zeros(2, dtype))
            variable.assign(np.arange(2).astype(dtype))
            assert variable.value.dtype is np.dtype("int64") and variable.value.tolist() == [0, 1]
            assert sa.evaluate(sa.constant(np.zeros(2, dtype)) + 1)[0].dtype is np.dtype("int64")
