"""The leaves of variables: which can be tensors, which stay Python values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.functional.autograph.undefined import Undefined
from staticad.functional.nests import flatten
from staticad.ir.dims import Dim
from staticad.ir.dtypes import FLOAT64, DType, is_float, kind_of
from staticad.ir.graph import Tensor, describe
from staticad.ops.promotion import common_dtype, to_tensor
from staticad.ops.sources import is_weak


def is_numeric(value: Any) -> bool:
    """True for tensors and what can become one."""
    if isinstance(value, (np.ndarray, np.generic)):
        return kind_of(value.dtype) in "biufc"
    return is_scalar(value) or isinstance(value, Tensor)


def is_scalar(value: Any) -> bool:
    """True for Python numbers and sizes, which have no dtype of their own."""
    return is_weak(value) or isinstance(value, Dim)


def same_constant(one: Any, other: Any) -> bool:
    """True for Python values that are the same, so that no run has to tell them apart."""
    if one is other:
        return True
    if isinstance(one, Tensor) or isinstance(other, Tensor) or type(one) is not type(other):
        return False
    if isinstance(one, (np.ndarray, np.generic)):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, float):
        return one.hex() == other.hex()
    return bool(one == other) if isinstance(one, (bool, int, str, bytes, Dim)) else False


def promoted(dtype: DType, value: Any) -> DType:
    """The dtype of a tensor of that dtype combined with a value."""
    return common_dtype(to_tensor(0, dtype), value)


def float_beside(values: Sequence[Any]) -> DType:
    """The dtype for Python floats that met no tensor: that of the float tensors among the values, else float64."""
    leaves, _, _ = flatten([v for v in values if not isinstance(v, Undefined)])
    floats = [leaf for leaf in leaves if isinstance(leaf, Tensor) and is_float(leaf.dtype)]
    return common_dtype(*floats) if floats else FLOAT64


def outline(value: Any) -> str:
    """A value for an error message."""
    if isinstance(value, Tensor):
        return describe(value)
    if value is None or is_scalar(value) or isinstance(value, str):
        return repr(value)
    leaves, _, _ = flatten(value)
    if isinstance(value, (list, tuple, dict)):
        return f"a {type(value).__name__} of {len(leaves)} values"
    return f"a {type(value).__name__}"
