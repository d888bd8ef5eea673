"""NumPy's own functions on tensors: np.exp(x), np.sum(x), array + x make nodes.

The functions of the front say which they are (`staticad.functional.front`); the tables are collected here.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from staticad.errors import GraphError, ShapeError
from staticad.functional import (
    angles,
    bitwise,
    choosing,
    closeness,
    comparison,
    complex,
    creation,
    cumulative,
    differences,
    editing,
    einsum,
    elementwise,
    fft,
    filters,
    float_parts,
    grids,
    histograms,
    indexing,
    interpolation,
    joining,
    linalg,
    matrices,
    movement,
    nans,
    padding,
    powers,
    quantiles,
    ravelling,
    reductions,
    repeating,
    sets,
    sorting,
    special,
    splitting,
    statistics,
    windows,
)
from staticad.functional.front import Function, declared, implements
from staticad.functional.numpy_elsewhere import WAYS
from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.base import apply
from staticad.ops.movement import EXPAND_DIMS
from staticad.ops.promotion import OPERANDS, Operand, to_tensor


@implements(np.copy)
def _copy(x: Operand) -> Tensor:
    return to_tensor(x)


@implements(np.shape)
def _shape(x: Operand) -> Shape:
    return to_tensor(x).shape


@implements(np.ndim)
def _ndim(x: Operand) -> int:
    return to_tensor(x).ndim


@implements(np.size)
def _size(x: Operand, axis: int | None = None) -> Size:
    shape = to_tensor(x).shape
    return product(shape) if axis is None else shape[axis]


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(x: Operand) -> Tensor:
    return movement.swapaxes(x, -1, -2)


@implements(np.linalg.diagonal)
def _last_diagonal(x: Operand, offset: int = 0) -> Tensor:
    return linalg.diagonal(x, offset, -2, -1)


@implements(np.linalg.trace)
def _last_trace(x: Operand, offset: int = 0) -> Tensor:
    return linalg.trace(x, offset, -2, -1)


# The modules whose functions NumPy's names may mean; this one holds what only NumPy has.
FRONT = (
    elementwise,
    angles,
    powers,
    float_parts,
    closeness,
    comparison,
    complex,
    bitwise,
    reductions,
    cumulative,
    nans,
    statistics,
    differences,
    filters,
    interpolation,
    quantiles,
    creation,
    movement,
    joining,
    splitting,
    repeating,
    padding,
    editing,
    choosing,
    ravelling,
    windows,
    grids,
    matrices,
    indexing,
    einsum,
    linalg,
    fft,
    special,
    sorting,
    histograms,
    sets,
    sys.modules[__name__],
)
_DECLARED = [pair for module in FRONT for pair in declared(module)]
_NAMED: dict[Function, Function] = {name: f for f, names in _DECLARED for name in names.numpy}
UFUNCS: dict[np.ufunc, Function] = {name: f for name, f in _NAMED.items() if isinstance(name, np.ufunc)}
FUNCTIONS: dict[Function, Function] = {name: f for name, f in _NAMED.items() if not isinstance(name, np.ufunc)}
SCIPY_UFUNCS: dict[str, Function] = {name: f for f, names in _DECLARED for name in names.scipy}
# np.add.reduce(x, axis=0) and its like.
REDUCTIONS: dict[np.ufunc, Function] = {names.reduces: f for f, names in _DECLARED if names.reduces is not None}
# np.add.accumulate(x, axis=0) and its like.
ACCUMULATIONS: dict[np.ufunc, Function] = {
    names.accumulates: f for f, names in _DECLARED if names.accumulates is not None
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
    """NumPy's ufuncs on tensors, arrays and numbers together, also ``ufunc.outer``, and ``ufunc.reduce`` and
    ``ufunc.accumulate`` where there is one.

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
    if method == "accumulate" and ufunc in ACCUMULATIONS:
        (x,) = inputs
        if to_tensor(x).ndim == 0:
            raise ShapeError(f"{name}.accumulate: a number has no axis to accumulate along ({describe(to_tensor(x))})")
        return _call(f"{name}.accumulate", ACCUMULATIONS[ufunc], (x,), {"axis": 0, **_without_defaults(kwargs)})
    if method == "outer" and ufunc in UFUNCS:
        first, second = map(to_tensor, inputs)
        first = apply(EXPAND_DIMS, first, axes=tuple(range(first.ndim, first.ndim + second.ndim)))
        return _call(f"{name}.outer", UFUNCS[ufunc], (first, second), _without_defaults(kwargs))
    function = UFUNCS.get(ufunc) or SCIPY_UFUNCS.get(ufunc.__name__)
    if method != "__call__" or function is None:
        raise GraphError(_unavailable(name if method == "__call__" else f"{name}.{method}"))
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
        raise GraphError(_unavailable(name))
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


def _unavailable(name: str) -> str:
    """The error for a function of NumPy or SciPy that has no meaning here: a way around it, or the nearest name."""
    if name in WAYS:
        return f"{name} is not available for symbolic tensors (used at {here()}); {WAYS[name]}"
    whole = [*(f"np.{u.__name__}" for u in UFUNCS), *map(_name, FUNCTIONS), *SCIPY_UFUNCS]
    by_last_word = {available.rpartition(".")[2]: available for available in sorted(whole, reverse=True)}
    last_words = difflib.get_close_matches(name.rpartition(".")[2], sorted(by_last_word), n=1, cutoff=0.65)
    ufunc = name.removeprefix("np.").partition(".")[0]  # of np.add.accumulate
    reduced = [f"np.{u.__name__}.reduce" for u in REDUCTIONS if u.__name__ == ufunc]
    nearest = [*reduced, *(by_last_word[word] for word in last_words)]
    hint = f"the nearest name that is available is {nearest[0]}" if nearest else "nothing of a similar name is"
    return (
        f"{name} is not available for symbolic tensors (used at {here()}); {hint}. "
        "Write it with functions of staticad, or compute it before the run and feed the array"
    )


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
