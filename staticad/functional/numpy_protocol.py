"""NumPy's own functions on tensors: np.exp(x), np.sum(x), array + x make nodes.

The functions of the front say which they are (`staticad.functional.front`). `staticad.contents` has the modules that
they are in, each of which is imported when NumPy first asks for one of its functions.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from staticad.boundary import boundary
from staticad.contents import NUMPY
from staticad.errors import GraphError, ShapeError
from staticad.functional.front import Function, declared
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.late import imported, later
from staticad.ops.base import apply
from staticad.ops.movement import EXPAND_DIMS
from staticad.ops.promotion import OPERANDS, to_tensor

if TYPE_CHECKING:
    import difflib

    from staticad import function_spellings, numpy_elsewhere
else:
    difflib, numpy_elsewhere = later("difflib"), later("staticad.numpy_elsewhere")
    function_spellings = later("staticad.function_spellings")

_MODULES = {name: module for module, names in NUMPY.items() for name in names.split()}
# What functions of NumPy, with a method of theirs, and names of SciPy's mean, as far as somebody has asked.
MEANINGS: dict[Any, Function] = {}

# NumPy's names of parameters that are called otherwise here.
RENAMED = {"a_min": "min", "a_max": "max"}

# Parameters about memory, which mean nothing for a graph.
ABOUT_MEMORY: dict[str, tuple[Any, ...]] = {
    "casting": ("same_kind",),
    "copy": (None, False, True),
    "device": (None, "cpu"),
    "optimize": (False, True, "greedy", "optimal"),
    "order": (None, "C", "K", "A"),
    "overwrite_input": (False, True),
    "subok": (False, True),
}

# What to write instead of parameters that functions of NumPy have and ours do not.
INSTEAD = {
    "axes": "move the axes with sa.moveaxis",
    "casting": "convert operands with astype",
    "dtype": "convert operands or the result with astype",
    "order": "tensors have no order in memory; sa.transpose arranges axes",
    "out": "tensors can't be written into; use the result",
    "weights": "sa.argsort, sa.cumsum of the weights and sa.searchsorted find the place",
    "where": "sa.where(mask, result, other) chooses elements",
}


# Reading a signature takes much longer than making a node.
_signature = functools.lru_cache(maxsize=None)(inspect.signature)
_guarded = functools.lru_cache(maxsize=None)(functools.partial(boundary, named=True))


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
    called = name if method == "__call__" else f"{name}.{method}"
    function = _meaning(ufunc, "" if method in ("__call__", "outer") else method)
    if function is None and method == "__call__":
        function = _found(ufunc.__name__, f"scipy.{ufunc.__name__}")
    if function is None:
        raise GraphError(_unavailable(called))
    if method == "outer":
        first, second = map(to_tensor, inputs)
        first = apply(EXPAND_DIMS, first, axes=tuple(range(first.ndim, first.ndim + second.ndim)))
        return _call(called, function, (first, second), _without_defaults(kwargs))
    if method == "__call__":
        return _call(called, function, inputs, _without_defaults(kwargs))
    (x,) = inputs
    if method == "accumulate" and to_tensor(x).ndim == 0:
        raise ShapeError(f"{called}: a number has no axis to accumulate along ({describe(to_tensor(x))})")
    return _call(called, function, (x,), {"axis": 0, **_without_defaults(kwargs)})


def array_function(
    self: Tensor, function: Function, types: Sequence[type], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """NumPy's other functions on tensors.

    Raises GraphError for a function or parameter that is not available.
    """
    if not all(issubclass(kind, (Tensor, np.ndarray)) for kind in types):
        return NotImplemented
    ours = _meaning(function)
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


def table_name(function: Any, method: str = "") -> str:
    """What a function of NumPy, or a method of a ufunc, is called in the table. Modules within NumPy move."""
    module = "" if isinstance(function, np.ufunc) else function.__module__
    area = next((f"{part}." for part in ("linalg", "fft") if part in module.split(".")), "")
    return f"numpy.{area}{function.__name__}{method and '.'}{method}"


def _meaning(function: Any, method: str = "") -> Function | None:
    """What a function of NumPy, or a method of a ufunc, means here; None for nothing."""
    return _found((function, method) if method else function, table_name(function, method))


def _found(key: Any, name: str) -> Function | None:
    if key not in MEANINGS and name in _MODULES:
        for ours, names in declared(imported(_MODULES[name])):
            MEANINGS.update(dict.fromkeys((*names.numpy, *names.scipy), ours))
            MEANINGS.update({(names.reduces, "reduce"): ours, (names.accumulates, "accumulate"): ours})
    return MEANINGS.get(key)


def _name(function: Function) -> str:
    return f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}"


def _unavailable(name: str) -> str:
    """The error for a function of NumPy or SciPy that has no meaning here: a way around it, or the nearest name."""
    missing = f"{name} is not available for symbolic tensors (used at {here()}); "
    if name in numpy_elsewhere.WAYS:
        return missing + numpy_elsewhere.WAYS[name]
    if name in function_spellings.SPECIAL:
        return f"{missing}use {function_spellings.SPECIAL[name]}"
    whole = [word.replace("numpy.", "np.", 1).removeprefix("scipy.") for word in _MODULES]
    methods = [word for word in whole if word.endswith((".reduce", ".accumulate"))]
    by_last_word = {word.rpartition(".")[2]: word for word in sorted(whole, reverse=True) if word not in methods}
    last_words = difflib.get_close_matches(name.rpartition(".")[2], sorted(by_last_word), n=1, cutoff=0.65)
    ufunc = name.removeprefix("np.").partition(".")[0]  # of np.add.accumulate
    reduced = [word for word in methods if word == f"np.{ufunc}.reduce"]
    nearest = [*reduced, *(by_last_word[word] for word in last_words)]
    hint = f"the nearest name that is available is {nearest[0]}" if nearest else "nothing of a similar name is"
    return f"{missing}{hint}. Write it with functions of staticad, or compute it before the run and feed the array"


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
            raise GraphError(_refusal(name, parameter))
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


def _refusal(name: str, parameter: str) -> str:
    instead = f"; {INSTEAD[parameter]}" if parameter in INSTEAD else ""
    return f"{name}: {parameter}= is not supported for symbolic tensors (used at {here()}){instead}"


def _call(name: str, function: Function, positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
    parameters = _signature(function).parameters
    if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        for unknown in named.keys() - parameters.keys():
            raise GraphError(_refusal(name, unknown))
    try:
        bound = _signature(function).bind(*positional, **named)
    except TypeError as error:
        raise GraphError(f"{name}: {error} for symbolic tensors (used at {here()})") from None
    return _guarded(function)(*bound.args, **bound.kwargs)
