"""Every elementwise op in one place; the declarations stand in the files that they are imported from."""

from __future__ import annotations

from staticad.ops.arithmetic import (
    ABS,
    ADD,
    ARITHMETIC_OPS,
    DIV,
    FLOOR_DIVIDE,
    MUL,
    NEG,
    POW,
    RECIPROCAL,
    REMAINDER,
    RSQRT,
    SIGN,
    SQRT,
    SQUARE,
    SUB,
)
from staticad.ops.bitwise import (
    BITWISE_AND,
    BITWISE_OPS,
    BITWISE_OR,
    BITWISE_XOR,
    INVERT,
    LEFT_SHIFT,
    RIGHT_SHIFT,
)
from staticad.ops.comparison import (
    COMPARISON_OPS,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    ISFINITE,
    ISINF,
    ISNAN,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    LOGICAL_XOR,
    NOT_EQUAL,
)
from staticad.ops.conversion import CAST, CEIL, CONVERSION_OPS, FLOOR, ROUND, TRUNC
from staticad.ops.random import RANDOM_OPS, THREEFRY32, THREEFRY64
from staticad.ops.selection import MAXIMUM, MINIMUM, RELU, SELECTION_OPS, WHERE
from staticad.ops.transcendental import (
    COS,
    ERF,
    ERFINV,
    EXP,
    EXPM1,
    LOG,
    LOG1P,
    SIGMOID,
    SIN,
    SOFTPLUS,
    TAN,
    TANH,
    TRANSCENDENTAL_OPS,
)

ELEMENTWISE_OPS = (
    *ARITHMETIC_OPS, *TRANSCENDENTAL_OPS, *COMPARISON_OPS, *SELECTION_OPS, *CONVERSION_OPS, *BITWISE_OPS, *RANDOM_OPS,
)  # fmt: skip

__all__ = [
    "ABS", "ADD", "BITWISE_AND", "BITWISE_OR", "BITWISE_XOR", "CAST", "CEIL", "COS", "DIV", "ELEMENTWISE_OPS", "EQUAL",
    "ERF", "ERFINV", "EXP", "EXPM1", "FLOOR", "FLOOR_DIVIDE", "GREATER", "GREATER_EQUAL", "INVERT", "ISFINITE", "ISINF",
    "ISNAN", "LEFT_SHIFT", "LESS", "LESS_EQUAL", "LOG", "LOG1P", "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR",
    "LOGICAL_XOR", "MAXIMUM", "MINIMUM", "MUL", "NEG", "NOT_EQUAL", "POW", "RECIPROCAL", "RELU", "REMAINDER",
    "RIGHT_SHIFT", "ROUND", "RSQRT", "SIGMOID", "SIGN", "SIN", "SOFTPLUS", "SQRT", "SQUARE", "SUB", "TAN", "TANH",
    "THREEFRY32", "THREEFRY64", "TRUNC", "WHERE",
]  # fmt: skip
