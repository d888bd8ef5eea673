"""Automatic differentiation on static graphs, compiled to fused machine code with symbolic sizes."""

from __future__ import annotations

from staticad import errors
from staticad.errors import (
    CompileError,
    ConfigError,
    DTypeError,
    FeedError,
    GradientError,
    GraphError,
    IndexOutOfBounds,
    NonFiniteError,
    OutOfMemory,
    ShapeError,
    StaticadError,
    VerifyError,
)
from staticad.functional import methods
from staticad.functional.comparison import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    equal,
    greater,
    greater_equal,
    invert,
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
from staticad.functional.creation import (
    arange,
    asarray,
    eye,
    full,
    full_like,
    identity,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from staticad.functional.elementwise import (
    abs,
    absolute,
    add,
    astype,
    ceil,
    clip,
    cos,
    divide,
    divmod,
    erf,
    exp,
    expm1,
    floor,
    floor_divide,
    log,
    log1p,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    positive,
    pow,
    power,
    reciprocal,
    relu,
    remainder,
    rint,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    true_divide,
    trunc,
    where,
)
from staticad.ir.dims import Dim
from staticad.ir.graph import Tensor, no_grad
from staticad.ops.sources import constant, placeholder

methods.attach(Tensor)

__all__ = [
    # graphs
    "Dim", "Tensor", "constant", "no_grad", "placeholder",
    # creation
    "arange", "asarray", "eye", "full", "full_like", "identity", "linspace", "ones", "ones_like", "zeros", "zeros_like",
    # arithmetic and elementary functions
    "abs", "absolute", "add", "astype", "ceil", "clip", "cos", "divide", "divmod", "erf", "exp", "expm1", "floor",
    "floor_divide", "log", "log1p", "maximum", "minimum", "mod", "multiply", "negative", "positive", "pow", "power",
    "reciprocal", "relu", "remainder", "rint", "round", "rsqrt", "sigmoid", "sign", "sin", "softplus", "sqrt",
    "square", "subtract", "tan", "tanh", "true_divide", "trunc", "where",
    # comparisons and logic
    "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "equal", "greater", "greater_equal", "invert",
    "isfinite", "isinf", "isnan", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor",
    "not_equal",
    # errors
    "CompileError", "ConfigError", "DTypeError", "FeedError", "GradientError", "GraphError", "IndexOutOfBounds",
    "NonFiniteError", "OutOfMemory", "ShapeError", "StaticadError", "VerifyError", "errors",
]  # fmt: skip
