"""All ops: ALL_OPS lists them."""

from __future__ import annotations

from staticad.ops.activations import ACTIVATION_OPS
from staticad.ops.angles import ANGLE_OPS
from staticad.ops.arithmetic import ARITHMETIC_OPS
from staticad.ops.assemble import CONCATENATE
from staticad.ops.barrier import BARRIER_OPS
from staticad.ops.base import Op
from staticad.ops.bessel import BESSEL_OPS
from staticad.ops.bitwise import BITWISE_OPS
from staticad.ops.comparison import COMPARISON_OPS
from staticad.ops.complex import COMPLEX_OPS
from staticad.ops.complex_linalg import COMPLEX_LIBRARY_OPS, REAL_LIBRARY_OPS
from staticad.ops.contract import MATMUL
from staticad.ops.control import COND, LOOP, PARAMETER
from staticad.ops.conversion import CONVERSION_OPS
from staticad.ops.convolution import CONVOLUTION_OPS
from staticad.ops.creation import CREATION_OPS
from staticad.ops.cumulative import CUMULATIVE_OPS
from staticad.ops.custom import CUSTOM_OPS
from staticad.ops.decompositions import DECOMPOSITION_OPS
from staticad.ops.effects import EFFECT_OPS
from staticad.ops.eigen import EIGEN_OPS
from staticad.ops.entropy import ENTROPY_OPS
from staticad.ops.error_functions import ERROR_FUNCTION_OPS
from staticad.ops.float_parts import FLOAT_PART_OPS
from staticad.ops.fourier import FOURIER_OPS
from staticad.ops.gamma_functions import GAMMA_OPS
from staticad.ops.halves import HALF_OPS
from staticad.ops.hyperbolic import HYPERBOLIC_OPS
from staticad.ops.implicit import IMPLICIT_OPS
from staticad.ops.incomplete import INCOMPLETE_OPS
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG
from staticad.ops.integrals import INTEGRAL_OPS
from staticad.ops.linalg import LIBRARY_OPS
from staticad.ops.matrix_exponential import EXPM
from staticad.ops.matrix_functions import MATRIX_FUNCTION_OPS
from staticad.ops.mode import MODE_OPS
from staticad.ops.movement import BROADCAST_TO, DIAGONAL, EXPAND_DIMS, RESHAPE, SQUEEZE, TRANSPOSE
from staticad.ops.phase_integrals import PHASE_INTEGRAL_OPS
from staticad.ops.plane import PLANE_OPS
from staticad.ops.powers import POWER_OPS
from staticad.ops.random import RANDOM_OPS
from staticad.ops.reduce import REDUCE_OPS
from staticad.ops.samplers import SAMPLER_OPS
from staticad.ops.second_kind import SECOND_KIND_OPS
from staticad.ops.selection import SELECTION_OPS
from staticad.ops.skewing import SKEW
from staticad.ops.slicing import EMBED, REPLACE, SLICE
from staticad.ops.sorting import SORTING_OPS
from staticad.ops.sources import CONSTANT, PLACEHOLDER, VARIABLE
from staticad.ops.transcendental import TRANSCENDENTAL_OPS
from staticad.ops.windows import WINDOW_OPS

SOURCE_OPS = (PLACEHOLDER, VARIABLE, CONSTANT, PARAMETER)
ELEMENTWISE_OPS = (
    *ARITHMETIC_OPS,
    *TRANSCENDENTAL_OPS,
    *PLANE_OPS,
    *POWER_OPS,
    *ANGLE_OPS,
    *HYPERBOLIC_OPS,
    *FLOAT_PART_OPS,
    *ACTIVATION_OPS,
    *ERROR_FUNCTION_OPS,
    *GAMMA_OPS,
    *INCOMPLETE_OPS,
    *IMPLICIT_OPS,
    *BESSEL_OPS,
    *SECOND_KIND_OPS,
    *INTEGRAL_OPS,
    *PHASE_INTEGRAL_OPS,
    *ENTROPY_OPS,
    *COMPARISON_OPS,
    *SELECTION_OPS,
    *CONVERSION_OPS,
    *BITWISE_OPS,
    *RANDOM_OPS,
    *HALF_OPS,
)
MOVEMENT_OPS = (TRANSPOSE, EXPAND_DIMS, SQUEEZE, BROADCAST_TO, SLICE, DIAGONAL, SKEW, RESHAPE)
ASSEMBLE_OPS = (CONCATENATE, EMBED, REPLACE)
INDEXING_OPS = (GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG)
CONTRACT_OPS = (MATMUL,)
CONTROL_OPS = (COND, LOOP)

ALL_OPS: tuple[Op, ...] = (
    *SOURCE_OPS,
    *CREATION_OPS,
    *MODE_OPS,
    *ELEMENTWISE_OPS,
    *SAMPLER_OPS,
    *COMPLEX_OPS,
    *REDUCE_OPS,
    *CUMULATIVE_OPS,
    *MOVEMENT_OPS,
    *ASSEMBLE_OPS,
    *INDEXING_OPS,
    *CONTRACT_OPS,
    *CONVOLUTION_OPS,
    *FOURIER_OPS,
    *WINDOW_OPS,
    *LIBRARY_OPS,
    *COMPLEX_LIBRARY_OPS.values(),
    *REAL_LIBRARY_OPS.values(),
    *DECOMPOSITION_OPS,
    *MATRIX_FUNCTION_OPS,
    EXPM,
    *EIGEN_OPS,
    *SORTING_OPS,
    *BARRIER_OPS,
    *CUSTOM_OPS,
    *EFFECT_OPS,
    *CONTROL_OPS,
)
