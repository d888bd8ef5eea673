"""NumPy's own functions on tensors: np.exp(x), np.sum(x), array + x make nodes, through two explicit tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from staticad.errors import GraphError
from staticad.functional import comparison, elementwise
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.promotion import OPERANDS

Function = Callable[..., Any]

UFUNCS: dict[np.ufunc, Function] = {
    np.add: elementwise.add,
    np.subtract: elementwise.subtract,
    np.multiply: elementwise.multiply,
    np.true_divide: elementwise.divide,
    np.floor_divide: elementwise.floor_divide,
    np.remainder: elementwise.remainder,
    np.divmod: elementwise.divmod,
    np.power: elementwise.power,
    np.negative: elementwise.negative,
    np.positive: elementwise.positive,
    np.absolute: elementwise.absolute,
    np.sign: elementwise.sign,
    np.square: elementwise.square,
    np.reciprocal: elementwise.reciprocal,
    np.sqrt: elementwise.sqrt,
    np.exp: elementwise.exp,
    np.expm1: elementwise.expm1,
    np.log: elementwise.log,
    np.log1p: elementwise.log1p,
    np.sin: elementwise.sin,
    np.cos: elementwise.cos,
    np.tan: elementwise.tan,
    np.tanh: elementwise.tanh,
    np.maximum: elementwise.maximum,
    np.minimum: elementwise.minimum,
    np.floor: elementwise.floor,
    np.ceil: elementwise.ceil,
    np.trunc: elementwise.trunc,
    np.rint: elementwise.rint,
    np.equal: comparison.equal,
    np.not_equal: comparison.not_equal,
    np.less: comparison.less,
    np.less_equal: comparison.less_equal,
    np.greater: comparison.greater,
    np.greater_equal: comparison.greater_equal,
    np.logical_and: comparison.logical_and,
    np.logical_or: comparison.logical_or,
    np.logical_xor: comparison.logical_xor,
    np.logical_not: comparison.logical_not,
    np.bitwise_and: comparison.bitwise_and,
    np.bitwise_or: comparison.bitwise_or,
    np.bitwise_xor: comparison.bitwise_xor,
    np.invert: comparison.invert,
    np.isnan: comparison.isnan,
    np.isfinite: comparison.isfinite,
    np.isinf: comparison.isinf,
}

# SciPy's ufuncs, by name: the package does not import SciPy to know them.
SCIPY_UFUNCS: dict[str, Function] = {
    "erf": elementwise.erf,
    "expit": elementwise.sigmoid,
}
