"""The supported dtypes, and promotion between them as NumPy does it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from staticad.errors import DTypeError
from staticad.ir import dtypes
from staticad.ir.dtypes import ALL, BOOL, COMPLEX128, FLOAT32, FLOAT64, INT64, as_dtype, floating, promote, summing


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_every_spelling_of_a_dtype(dtype: np.dtype) -> None:
    for spec in (dtype, dtype.name, dtype.type, dtype.newbyteorder(">"), dtype.newbyteorder("<"), dtype.str):
        found = as_dtype(spec)
        assert found == dtype
        assert found.isnative


def test_python_types() -> None:
    assert [as_dtype(t) for t in (bool, int, float, complex)] == [BOOL, INT64, FLOAT64, COMPLEX128]


@pytest.mark.parametrize(
    "spec", ["longdouble", "clongdouble", "U3", "S1", object, "datetime64[s]", "timedelta64[s]", "V4",
             [("a", "int8")], (np.int8, 3)], ids=str,
)  # fmt: skip
def test_unsupported_dtypes(spec: Any) -> None:
    with pytest.raises(DTypeError, match="not supported; use one of bool, int8"):
        as_dtype(spec)


@pytest.mark.parametrize("spec", ["flaot32", 7, object()], ids=["misspelt", "number", "object"])
def test_what_is_no_dtype(spec: Any) -> None:
    with pytest.raises(DTypeError, match="is not a dtype"):
        as_dtype(spec)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(ALL, ALL)), ids=str)
def test_promotion_of_pairs(a: np.dtype, b: np.dtype) -> None:
    assert promote(a, b) == np.result_type(a, b)
    assert promote(a, b) == promote(b, a)
    assert promote(a) == a


@pytest.mark.parametrize("weak", [(bool,), (int,), (float,), (int, float), (bool, int)], ids=str)
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_promotion_with_weak_scalars(dtype: np.dtype, weak: tuple[type, ...]) -> None:
    result = np.ones(1, dtype)
    for kind in weak:
        result = result + kind(0)
    assert promote(dtype, weak=weak) == result.dtype


def test_kinds() -> None:
    assert [d for d in ALL if dtypes.is_float(d)] == [FLOAT32, FLOAT64]
    assert [d for d in ALL if dtypes.is_integer(d)] == list(dtypes.INTEGERS)
    assert len(ALL) == 11 == len(set(ALL))


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_floating(dtype: np.dtype) -> None:
    numpys = np.exp(np.ones(1, dtype)).dtype
    assert floating(dtype) == (FLOAT32 if numpys == np.float16 else numpys)


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_summing(dtype: np.dtype) -> None:
    assert summing(dtype) == np.sum(np.ones(1, dtype)).dtype == np.prod(np.ones(1, dtype)).dtype
