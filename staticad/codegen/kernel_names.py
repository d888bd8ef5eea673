"""Every name that the source of a generated kernel may use, in one dict: the globals of the kernel's function."""

from __future__ import annotations

import math

from numba.core import types

from staticad.codegen import (
    indices,
    intrinsics,
    loop_hints,
    matrix_product,
    scalar_arithmetic,
    scalar_bitwise,
    scalar_cast,
    scalar_compare,
    scalar_division,
    scalar_halves,
    scalar_parts,
    scalar_power,
    scalar_random,
    scalar_reduce,
    wide_sums,
)
from staticad.codegen.special import (
    bessel,
    bessel_orders,
    beta_function,
    beta_parameters,
    dawson,
    digamma,
    entropy,
    erfc_integrals,
    error_functions,
    exponential_integral,
    gamma_function,
    gamma_parameter,
    hurwitz,
    incomplete_beta,
    incomplete_gamma,
    log_excess,
    phase_integrals,
    second_kind,
    von_mises,
)
from staticad.codegen.vecmath import (
    cube_root,
    error_function,
    exponential,
    hyperbolic,
    inverse_error,
    inverse_trigonometric,
    logarithm,
    other_bases,
    plane,
    sigmoidal,
    trigonometric,
)

DTYPES: dict[str, object] = {
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
}

CONSTANTS: dict[str, object] = {"inf": math.inf, "nan": math.nan}  # without a literal

# Each module lists the names of its own functions.
MODULES = (
    intrinsics,
    indices,
    loop_hints,
    matrix_product,
    scalar_arithmetic,
    scalar_division,
    scalar_parts,
    scalar_power,
    scalar_cast,
    scalar_halves,
    exponential,
    logarithm,
    other_bases,
    cube_root,
    trigonometric,
    inverse_trigonometric,
    hyperbolic,
    error_function,
    inverse_error,
    sigmoidal,
    plane,
    error_functions,
    erfc_integrals,
    gamma_function,
    digamma,
    hurwitz,
    beta_function,
    incomplete_gamma,
    gamma_parameter,
    incomplete_beta,
    beta_parameters,
    von_mises,
    bessel,
    bessel_orders,
    second_kind,
    exponential_integral,
    phase_integrals,
    dawson,
    log_excess,
    entropy,
    scalar_compare,
    scalar_bitwise,
    scalar_random,
    scalar_reduce,
    wide_sums,
)

KERNEL_NAMES: dict[str, object] = {**DTYPES, **CONSTANTS}
for module in MODULES:
    KERNEL_NAMES |= module.KERNEL_NAMES
