"""The namespace of the Python array API standard (2024.12), as far as it goes without values: what
``tensor.__array_namespace__()`` returns. Code that is written for the standard builds graphs with it.

`special` is no part of the standard: SciPy looks for its special functions there.

Results whose shape would depend on data (`nonzero`, `unique_values` and its like) need an argument ``size`` beyond the
standard.
"""

from __future__ import annotations

import typing as _typing
from math import e, inf, nan, pi

from staticad.names import public as _public

if _typing.TYPE_CHECKING:
    from staticad.functional import special
    from staticad.functional.angles import acos, acosh, asin, asinh, atan, atanh, cosh, sinh
    from staticad.functional.array_api import fft, linalg
    from staticad.functional.array_api.arrays import expand_dims, permute_dims, reshape, squeeze
    from staticad.functional.array_api.creation import (
        arange,
        asarray,
        empty,
        empty_like,
        eye,
        from_dlpack,
        full,
        full_like,
        linspace,
        meshgrid,
        ones,
        ones_like,
        zeros,
        zeros_like,
    )
    from staticad.functional.array_api.dtypes import (
        __array_namespace_info__,
        astype,
        bool,
        can_cast,
        complex64,
        complex128,
        finfo,
        float32,
        float64,
        iinfo,
        int8,
        int16,
        int32,
        int64,
        isdtype,
        result_type,
        uint8,
        uint16,
        uint32,
        uint64,
    )
    from staticad.functional.bitwise import (
        bitwise_and,
        bitwise_invert,
        bitwise_left_shift,
        bitwise_or,
        bitwise_right_shift,
        bitwise_xor,
    )
    from staticad.functional.comparison import (
        equal,
        greater,
        greater_equal,
        isfinite,
        isinf,
        isnan,
        less,
        less_equal,
        logical_and,
        logical_not,
        logical_or,
        logical_xor,
        not_equal,
    )
    from staticad.functional.complex import conj, imag, real
    from staticad.functional.cumulative import cumulative_prod, cumulative_sum
    from staticad.functional.differences import diff
    from staticad.functional.elementwise import (
        abs,
        add,
        ceil,
        clip,
        copysign,
        cos,
        divide,
        exp,
        expm1,
        floor,
        floor_divide,
        hypot,
        log,
        log1p,
        maximum,
        minimum,
        multiply,
        negative,
        positive,
        pow,
        reciprocal,
        remainder,
        sign,
        sin,
        sqrt,
        square,
        subtract,
        tan,
        tanh,
        trunc,
        where,
    )
    from staticad.functional.elementwise import (
        arctan2 as atan2,
    )
    from staticad.functional.elementwise import (
        rint as round,
    )
    from staticad.functional.float_parts import nextafter, signbit
    from staticad.functional.indexing import take, take_along_axis
    from staticad.functional.joining import concat, stack
    from staticad.functional.linalg import matmul, matrix_transpose, tensordot, tril, triu, vecdot
    from staticad.functional.movement import broadcast_arrays, broadcast_to, flip, moveaxis
    from staticad.functional.powers import log2, log10, logaddexp
    from staticad.functional.reductions import all, any, argmax, argmin, max, mean, min, prod, std, sum, var
    from staticad.functional.repeating import repeat, roll, tile
    from staticad.functional.sets import nonzero, unique_all, unique_counts, unique_inverse, unique_values
    from staticad.functional.sorting import argsort, searchsorted, sort
    from staticad.functional.splitting import unstack
    from staticad.functional.statistics import count_nonzero

__array_api_version__ = "2024.12"
newaxis = None

__all__ = [
    "__array_api_version__", "__array_namespace_info__", "abs", "acos", "acosh", "add", "all", "any", "arange",
    "argmax", "argmin", "argsort", "asarray", "asin", "asinh", "astype", "atan", "atan2", "atanh", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bool",
    "broadcast_arrays", "broadcast_to", "can_cast", "ceil", "clip", "complex128", "complex64", "concat", "conj",
    "copysign", "cos", "cosh", "count_nonzero", "cumulative_prod", "cumulative_sum", "diff", "divide", "e", "empty",
    "empty_like", "equal", "exp", "expand_dims", "expm1", "eye", "fft", "finfo", "flip", "float32", "float64",
    "floor", "floor_divide", "from_dlpack", "full", "full_like", "greater", "greater_equal", "hypot", "iinfo",
    "imag", "inf", "int16", "int32", "int64", "int8", "isdtype", "isfinite", "isinf", "isnan", "less", "less_equal",
    "linalg", "linspace", "log", "log10", "log1p", "log2", "logaddexp", "logical_and", "logical_not", "logical_or",
    "logical_xor", "matmul", "matrix_transpose", "max", "maximum", "mean", "meshgrid", "min", "minimum", "moveaxis",
    "multiply", "nan", "negative", "newaxis", "nextafter", "nonzero", "not_equal", "ones", "ones_like",
    "permute_dims", "pi", "positive", "pow", "prod", "real", "reciprocal", "remainder", "repeat", "reshape",
    "result_type", "roll", "round", "searchsorted", "sign", "signbit", "sin", "sinh", "sort", "special", "sqrt",
    "square", "squeeze", "stack", "std", "subtract", "sum", "take", "take_along_axis", "tan", "tanh", "tensordot",
    "tile", "tril", "triu", "trunc", "uint16", "uint32", "uint64", "uint8", "unique_all", "unique_counts",
    "unique_inverse", "unique_values", "unstack", "var", "vecdot", "where", "zeros", "zeros_like",
]  # fmt: skip

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), {})
