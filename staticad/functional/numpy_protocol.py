"""NumPy's own functions on tensors: np.exp(x), np.sum(x), array + x make nodes, through two explicit tables."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from staticad.errors import GraphError
from staticad.functional import (
    bitwise,
    comparison,
    creation,
    einsum,
    elementwise,
    indexing,
    joining,
    linalg,
    movement,
    reductions,
    special,
)
from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.promotion import OPERANDS, Operand, to_tensor

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
    np.bitwise_and: bitwise.bitwise_and,
    np.bitwise_or: bitwise.bitwise_or,
    np.bitwise_xor: bitwise.bitwise_xor,
    np.invert: bitwise.invert,
    np.left_shift: bitwise.left_shift,
    np.right_shift: bitwise.right_shift,
    np.isnan: comparison.isnan,
    np.isfinite: comparison.isfinite,
    np.isinf: comparison.isinf,
    np.matmul: linalg.matmul,
}

# SciPy's ufuncs, by name: the package does not import SciPy to know them.
SCIPY_UFUNCS: dict[str, Function] = {
    "erf": elementwise.erf,
    "erfinv": special.erfinv,
    "expit": elementwise.sigmoid,
}

# np.add.reduce(x, axis=0) and its like.
REDUCTIONS: dict[np.ufunc, Function] = {
    np.add: reductions.sum,
    np.multiply: reductions.prod,
    np.maximum: reductions.max,
    np.minimum: reductions.min,
    np.logical_and: reductions.all,
    np.logical_or: reductions.any,
}


def _shape(x: Operand) -> Shape:
    return to_tensor(x).shape


def _ndim(x: Operand) -> int:
    return to_tensor(x).ndim


def _size(x: Operand, axis: int | None = None) -> Size:
    shape = to_tensor(x).shape
    return product(shape) if axis is None else shape[axis]


def _matrix_transpose(x: Operand) -> Tensor:
    return movement.swapaxes(x, -1, -2)


def _last_diagonal(x: Operand, offset: int = 0) -> Tensor:
    return linalg.diagonal(x, offset, -2, -1)


def _last_trace(x: Operand, offset: int = 0) -> Tensor:
    return linalg.trace(x, offset, -2, -1)


FUNCTIONS: dict[Function, Function] = {
    np.all: reductions.all,
    np.amax: reductions.max,
    np.amin: reductions.min,
    np.any: reductions.any,
    np.argmax: reductions.argmax,
    np.argmin: reductions.argmin,
    np.around: elementwise.round,
    np.atleast_1d: movement.atleast_1d,
    np.atleast_2d: movement.atleast_2d,
    np.broadcast_arrays: movement.broadcast_arrays,
    np.broadcast_to: movement.broadcast_to,
    np.clip: elementwise.clip,
    np.concatenate: joining.concatenate,
    np.copy: to_tensor,
    np.diag: linalg.diag,
    np.diagonal: linalg.diagonal,
    np.dot: linalg.dot,
    np.einsum: einsum.einsum,
    np.expand_dims: movement.expand_dims,
    np.flip: movement.flip,
    np.full_like: creation.full_like,
    np.hstack: joining.hstack,
    np.inner: linalg.inner,
    np.linspace: creation.linspace,
    np.max: reductions.max,
    np.mean: reductions.mean,
    np.min: reductions.min,
    np.moveaxis: movement.moveaxis,
    np.ndim: _ndim,
    np.ones_like: creation.ones_like,
    np.outer: linalg.outer,
    np.pad: joining.pad,
    np.prod: reductions.prod,
    np.ravel: movement.ravel,
    np.repeat: movement.repeat,
    np.reshape: movement.reshape,
    np.roll: joining.roll,
    np.round: elementwise.round,
    np.shape: _shape,
    np.size: _size,
    np.split: joining.split,
    np.squeeze: movement.squeeze,
    np.stack: joining.stack,
    np.std: reductions.std,
    np.sum: reductions.sum,
    np.swapaxes: movement.swapaxes,
    np.take: indexing.take,
    np.take_along_axis: indexing.take_along_axis,
    np.tensordot: linalg.tensordot,
    np.tile: movement.tile,
    np.trace: linalg.trace,
    np.transpose: movement.transpose,
    np.tril: linalg.tril,
    np.triu: linalg.triu,
    np.var: reductions.var,
    np.vdot: linalg.vdot,
    np.vstack: joining.vstack,
    np.where: elementwise.where,
    np.zeros_like: creation.zeros_like,
    np.matrix_transpose: _matrix_transpose,
    np.linalg.diagonal: _last_diagonal,
    np.linalg.matmul: linalg.matmul,
    np.linalg.matrix_transpose: _matrix_transpose,
    np.linalg.norm: linalg.norm,
    np.linalg.outer: linalg.outer,
    np.linalg.tensordot: linalg.tensordot,
    np.linalg.trace: _last_trace,
    np.linalg.vector_norm: linalg.norm,
}

# NumPy's names of parameters that are called otherwise here.
RENAMED = {"a_min": "min", "a_max": "max"}

# Parameters about memory, which mean nothing for a graph.
ABOUT_MEMORY: dict[str, tuple[Any, ...]] = {
    "casting": ("same_kind",),
    "copy": (None, False, True),
    "device": (None, "cpu"),
    "optimize": (False, True, "greedy", "optimal"),
    "order": (None, "C", "K", "A"),
    "subok": (False, True),
}


# Reading a signature takes much longer than making a node.
_signature = functools.lru_cache(maxsize=None)(inspect.signature)


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NumPy's ufuncs on tensors, arrays and numbers together; ``ufunc.reduce`` where there is a reduction.

    Raises GraphError for a ufunc, method or parameter that is not available.
    """
    if not all(isinstance(value, OPERANDS) for value in inputs):
        return NotImplemented
    name = f"np.{ufunc.__name__}" if getattr(np, ufunc.__name__, None) is ufunc else ufunc.__name__
    if any(target is not None for target in kwargs.pop("out", ())):
        raise GraphError(
            f"{name}: a symbolic tensor can't be written into an array at {here()}; "
            "use no out= and no in-place operator on an array, write array = array + tensor"
        )
    if method == "reduce" and ufunc in REDUCTIONS:
        (x,) = inputs
        return _call(f"{name}.reduce", REDUCTIONS[ufunc], (x,), {"axis": 0, **_without_defaults(kwargs)})
    function = UFUNCS.get(ufunc) or SCIPY_UFUNCS.get(ufunc.__name__)
    if method != "__call__" or function is None:
        wanted = name if method == "__call__" else f"{name}.{method}"
        available = sorted({f"np.{u.__name__}" for u in UFUNCS} | {f"np.{u.__name__}.reduce" for u in REDUCTIONS})
        raise GraphError(_unavailable(wanted, available))
    return _call(name, function, inputs, _without_defaults(kwargs))


def array_function(
    self: Tensor, function: Function, types: Sequence[type], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """NumPy's other functions on tensors.

    Raises GraphError for a function or parameter that is not available.
    """
    if not all(issubclass(kind, (Tensor, np.ndarray)) for kind in types):
        return NotImplemented
    ours = FUNCTIONS.get(function)
    name = _name(function)
    if ours is None:
        raise GraphError(_unavailable(name, sorted(map(_name, FUNCTIONS))))
    positional, named = _translate(name, function, ours, args, kwargs)
    return _call(name, ours, positional, named)


def array(self: Tensor, *_: Any, **__: Any) -> NoReturn:
    """Keeps NumPy from making an array of objects. Raises GraphError."""
    raise GraphError(
        f"{describe(self)} can't become a NumPy array at {here()}: it has no value before a session runs; "
        "join tensors with sa.stack or sa.concatenate"
    )


def _name(function: Function) -> str:
    return f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}"


def _unavailable(name: str, available: Sequence[str]) -> str:
    return f"{name} is not available for symbolic tensors (used at {here()}); available are {', '.join(available)}"


def _translate(
    name: str, function: Function, ours: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Arguments by NumPy's signature as arguments of our function: what has no default goes by position, what has
    one by name, and what our function does not know has to be at its default."""
    parameters = _signature(function).parameters
    accepted = _signature(ours).parameters
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter, value in _signature(function).bind(*args, **kwargs).arguments.items():
        kind, default = parameters[parameter].kind, parameters[parameter].default
        target = RENAMED.get(parameter, parameter)
        if kind is inspect.Parameter.VAR_POSITIONAL:
            positional += value
        elif kind is inspect.Parameter.VAR_KEYWORD:
            named.update(value)
        elif default is inspect.Parameter.empty:
            positional.append(value)
        elif target in accepted:
            named[target] = value
        elif not _is_neutral(parameter, value, default):
            raise GraphError(f"{name}: {parameter}= is not supported for symbolic tensors (used at {here()})")
    return positional, {key: value for key, value in named.items() if value is not np._NoValue}


def _is_neutral(parameter: str, value: Any, default: Any) -> bool:
    if value is default or value is np._NoValue:
        return True
    return isinstance(value, (bool, str, type(None))) and value in ABOUT_MEMORY.get(parameter, (default,))


def _without_defaults(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a ufunc was given beyond its operands, without what is a default."""
    return {
        key: value
        for key, value in kwargs.items()
        if value is not np._NoValue
        and not (key == "where" and value is True)
        and not (key in ("dtype", "signature") and value is None)
        and not (key in ABOUT_MEMORY and value in ABOUT_MEMORY[key])
    }


def _call(name: str, function: Function, positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
    try:
        bound = _signature(function).bind(*positional, **named)
    except TypeError as error:
        raise GraphError(f"{name}: {error} for symbolic tensors (used at {here()})") from None
    return function(*bound.args, **bound.kwargs)
