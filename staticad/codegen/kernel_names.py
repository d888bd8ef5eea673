"""Every name that the source of a generated kernel may use, in one dict: the globals of the kernel's function."""

from __future__ import annotations

import math

from numba.core import types

from staticad.codegen import (
    intrinsics,
    loop_hints,
    matrix_product,
    scalar_arithmetic,
    scalar_bitwise,
    scalar_cast,
    scalar_compare,
    scalar_division,
    scalar_power,
    scalar_random,
    scalar_reduce,
)
from staticad.codegen.vecmath import error_function, exponential, inverse_error, logarithm, sigmoidal, trigonometric

KERNEL_NAMES: dict[str, object] = {
    # dtypes
    "bool_": types.boolean,
    "int8": types.int8,
    "int16": types.int16,
    "int32": types.int32,
    "int64": types.int64,
    "uint8": types.uint8,
    "uint16": types.uint16,
    "uint32": types.uint32,
    "uint64": types.uint64,
    "float32": types.float32,
    "float64": types.float64,
    # constants without a literal
    "inf": math.inf,
    "nan": math.nan,
    # memory
    "pointer": intrinsics.pointer,
    "size": intrinsics.size,
    "load": intrinsics.load,
    "store": intrinsics.store,
    "check_index": intrinsics.check_index,
    "failure": intrinsics.failure,
    # loops
    "short_loop": loop_hints.short_loop,
    "deep_loop": loop_hints.deep_loop,
    # small matrix products
    "matrix_product": matrix_product.matrix_product,
    "matrix_product_add": matrix_product.matrix_product_add,
    # arithmetic in the dtype of the operands
    "add": scalar_arithmetic.add,
    "sub": scalar_arithmetic.sub,
    "mul": scalar_arithmetic.mul,
    "div": scalar_arithmetic.div,
    "neg": scalar_arithmetic.neg,
    "abs": scalar_arithmetic.absolute,
    "sign": scalar_arithmetic.sign,
    "square": scalar_arithmetic.square,
    "reciprocal": scalar_arithmetic.reciprocal,
    "sqrt": scalar_arithmetic.sqrt,
    "rsqrt": scalar_arithmetic.rsqrt,
    "maximum": scalar_arithmetic.maximum,
    "minimum": scalar_arithmetic.minimum,
    "relu": scalar_arithmetic.relu,
    "floor": scalar_arithmetic.floor,
    "ceil": scalar_arithmetic.ceil,
    "trunc": scalar_arithmetic.trunc,
    "round": scalar_arithmetic.round_half_even,
    "floor_divide": scalar_division.floor_divide,
    "remainder": scalar_division.remainder,
    "pow": scalar_power.power,
    "power": scalar_power.power,
    "cast": scalar_cast.cast,
    # elementary functions
    "exp": exponential.exp_intrinsic,
    "expm1": exponential.expm1_intrinsic,
    "log": logarithm.log_intrinsic,
    "log1p": logarithm.log1p_intrinsic,
    "sin": trigonometric.sin_intrinsic,
    "cos": trigonometric.cos_intrinsic,
    "tan": trigonometric.tan_intrinsic,
    "erf": error_function.erf_intrinsic,
    "erfinv": inverse_error.erfinv_intrinsic,
    "tanh": sigmoidal.tanh_intrinsic,
    "sigmoid": sigmoidal.sigmoid_intrinsic,
    "softplus": sigmoidal.softplus_intrinsic,
    # comparisons and logic
    "equal": scalar_compare.equal,
    "not_equal": scalar_compare.not_equal,
    "less": scalar_compare.less,
    "less_equal": scalar_compare.less_equal,
    "greater": scalar_compare.greater,
    "greater_equal": scalar_compare.greater_equal,
    "logical_and": scalar_compare.logical_and,
    "logical_or": scalar_compare.logical_or,
    "logical_xor": scalar_compare.logical_xor,
    "logical_not": scalar_compare.logical_not,
    "isnan": scalar_compare.isnan,
    "isinf": scalar_compare.isinf,
    "isfinite": scalar_compare.isfinite,
    "where": scalar_compare.where,
    # bits
    "bitwise_and": scalar_bitwise.bitwise_and,
    "bitwise_or": scalar_bitwise.bitwise_or,
    "bitwise_xor": scalar_bitwise.bitwise_xor,
    "invert": scalar_bitwise.invert,
    "left_shift": scalar_bitwise.left_shift,
    "right_shift": scalar_bitwise.right_shift,
    "threefry64": scalar_random.threefry64,
    "threefry32": scalar_random.threefry32,
    # reductions
    "add_reduce": scalar_reduce.add_reduce,
    "mul_reduce": scalar_reduce.mul_reduce,
    "max_reduce": scalar_reduce.max_reduce,
    "min_reduce": scalar_reduce.min_reduce,
    "max_key": scalar_reduce.max_key,
    "min_key": scalar_reduce.min_key,
    "key_value": scalar_reduce.key_value,
    "or_reduce": scalar_reduce.or_reduce,
    "and_reduce": scalar_reduce.and_reduce,
}
