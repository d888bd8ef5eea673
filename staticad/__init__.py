"""Automatic differentiation on static graphs, compiled to fused machine code with symbolic sizes."""

from __future__ import annotations

from staticad import errors, nn, optim
from staticad.autodiff.check import gradcheck
from staticad.autodiff.derivatives import hessian, hvp, jacobian, stop_gradient
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
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
from staticad.export import to_dot, to_networkx, to_svg
from staticad.functional import linalg, methods, random, special
from staticad.functional.autograph.convert import function
from staticad.functional.bitwise import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    invert,
    left_shift,
    right_shift,
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
from staticad.functional.control import cond, fori_loop, scan, switch, while_loop
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
from staticad.functional.einsum import einsum
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
from staticad.functional.indexing import take, take_along_axis
from staticad.functional.joining import concatenate, hstack, pad, roll, split, stack, vstack
from staticad.functional.linalg import (
    diag,
    diagonal,
    dot,
    inner,
    matmul,
    outer,
    tensordot,
    trace,
    tril,
    triu,
    vdot,
)
from staticad.functional.movement import (
    atleast_1d,
    atleast_2d,
    broadcast_arrays,
    broadcast_to,
    expand_dims,
    flip,
    moveaxis,
    ravel,
    repeat,
    reshape,
    squeeze,
    swapaxes,
    tile,
    transpose,
)
from staticad.functional.reductions import all, any, argmax, argmin, max, mean, min, prod, std, sum, var
from staticad.functional.special import cross_entropy, log_softmax, logsumexp, mse, one_hot, softmax
from staticad.ir.dims import Dim
from staticad.ir.graph import Tensor, no_grad
from staticad.ops.sources import constant, placeholder
from staticad.reference import evaluate
from staticad.runtime.session import Session, compile
from staticad.runtime.variables import Variable, variable

methods.attach(Tensor)

__all__ = [
    # graphs
    "Dim", "Session", "Tensor", "Variable", "compile", "constant", "evaluate", "placeholder", "variable",
    # derivatives
    "gradcheck", "gradients", "hessian", "hvp", "jacobian", "jvp", "no_grad", "stop_gradient",
    # creation
    "arange", "asarray", "eye", "full", "full_like", "identity", "linspace", "ones", "ones_like", "zeros", "zeros_like",
    # arithmetic and elementary functions
    "abs", "absolute", "add", "astype", "ceil", "clip", "cos", "divide", "divmod", "erf", "exp", "expm1", "floor",
    "floor_divide", "log", "log1p", "maximum", "minimum", "mod", "multiply", "negative", "positive", "pow", "power",
    "reciprocal", "relu", "remainder", "rint", "round", "rsqrt", "sigmoid", "sign", "sin", "softplus", "sqrt",
    "square", "subtract", "tan", "tanh", "true_divide", "trunc", "where",
    # comparisons and logic
    "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "equal", "greater", "greater_equal", "invert",
    "isfinite", "isinf", "isnan", "left_shift", "less", "less_equal", "logical_and", "logical_not", "logical_or",
    "logical_xor", "not_equal", "right_shift",
    # reductions
    "all", "any", "argmax", "argmin", "max", "mean", "min", "prod", "std", "sum", "var",
    # shapes, joining, indexing
    "atleast_1d", "atleast_2d", "broadcast_arrays", "broadcast_to", "concatenate", "expand_dims", "flip", "hstack",
    "moveaxis", "pad", "ravel", "repeat", "reshape", "roll", "split", "squeeze", "stack", "swapaxes", "take",
    "take_along_axis", "tile", "transpose", "vstack",
    # control flow
    "cond", "fori_loop", "function", "scan", "switch", "while_loop",
    # export
    "to_dot", "to_networkx", "to_svg",
    # products and matrices
    "diag", "diagonal", "dot", "einsum", "inner", "linalg", "matmul", "outer", "special", "tensordot", "trace", "tril",
    "triu", "vdot",
    # random numbers
    "random",
    # training
    "cross_entropy", "log_softmax", "logsumexp", "mse", "nn", "one_hot", "optim", "softmax",
    # errors
    "CompileError", "ConfigError", "DTypeError", "FeedError", "GradientError", "GraphError", "IndexOutOfBounds",
    "NonFiniteError", "OutOfMemory", "ShapeError", "StaticadError", "VerifyError", "errors",
]  # fmt: skip
