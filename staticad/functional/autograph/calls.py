"""Calls in rewritten functions: Python's builtins are replaced by versions that also take tensors."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from functools import reduce, wraps
from typing import Any

import numpy as np

from staticad.functional import creation, elementwise, nested, reductions
from staticad.functional.autograph import identity
from staticad.functional.autograph.conditions import condition
from staticad.functional.autograph.steps import Steps, enumerate_, range_, reversed_, zip_
from staticad.ir import dims
from staticad.ir.dims import Dim
from staticad.ir.dtypes import FLOAT64, INT64
from staticad.ir.graph import Tensor
from staticad.ops.promotion import cast, to_tensor


def len_(value: Any) -> Any:
    """``len``; the first size of a tensor, also a free one."""
    if isinstance(value, Tensor) and value.shape:
        return value.shape[0]
    return value.length if isinstance(value, Steps) else len(value)


def int_(*args: Any, **kwargs: Any) -> Any:
    """``int``; a tensor becomes int64 (towards zero)."""
    if len(args) == 1 and isinstance(args[0], (Tensor, Dim)):
        return cast(args[0], INT64) if isinstance(args[0], Tensor) else args[0]
    return int(*args, **kwargs)


def float_(*args: Any) -> Any:
    """``float``; a tensor becomes float64."""
    if len(args) == 1 and isinstance(args[0], (Tensor, Dim)):
        return cast(to_tensor(args[0]), FLOAT64)
    return float(*args)


def bool_(*args: Any) -> Any:
    """``bool``; the truth of a tensor is a tensor."""
    return condition(args[0], "bool") if len(args) == 1 else bool(*args)


def abs_(value: Any) -> Any:
    """``abs``."""
    return value if isinstance(value, Dim) else abs(value)


def min_(*args: Any, **kwargs: Any) -> Any:
    """``min``; the smallest element of one tensor, the elementwise minimum of several."""
    return _extreme(min, elementwise.minimum, dims.minimum, reductions.min, args, kwargs)


def max_(*args: Any, **kwargs: Any) -> Any:
    """``max``, as `min_`."""
    return _extreme(max, elementwise.maximum, dims.maximum, reductions.max, args, kwargs)


def _extreme(
    python: Callable[..., Any],
    of_two: Callable[..., Any],
    of_sizes: Callable[..., Any],
    of_one: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    if kwargs or not args:
        return python(*args, **kwargs)
    if len(args) == 1 and isinstance(args[0], Tensor):
        return of_one(args[0]) if args[0].ndim == 1 else python(args[0])
    items = args if len(args) > 1 else list(args[0])
    if any(isinstance(i, Tensor) for i in items):
        return reduce(of_two, items)
    if any(isinstance(i, Dim) for i in items):
        sizes = all(isinstance(i, (int, Dim)) for i in items)
        return reduce(of_sizes, items) if sizes else reduce(of_two, map(to_tensor, items))
    return python(items)


def sum_(iterable: Any, /, start: Any = 0) -> Any:
    """``sum``; over the first axis of a tensor."""
    if isinstance(iterable, Tensor) and iterable.ndim:
        return start + reductions.sum(iterable, axis=0)
    return sum(iterable, start)


def any_(iterable: Any) -> Any:
    """``any``; of the elements of a tensor, or of conditions of which some are tensors."""
    return _quantify(any, reductions.any, iterable)


def all_(iterable: Any) -> Any:
    """``all``, as `any_`."""
    return _quantify(all, reductions.all, iterable)


def _quantify(python: Callable[..., bool], of_tensor: Callable[..., Tensor], iterable: Any) -> Any:
    if isinstance(iterable, Tensor):
        return of_tensor(iterable) if iterable.ndim == 1 else python(iterable)
    items = list(iterable)
    if not any(isinstance(i, Tensor) for i in items):
        return python(items)
    truths = [condition(i, python.__name__) for i in items]
    decided_by = python is any
    if any(t is decided_by for t in truths):
        return decided_by
    tensors = [t for t in truths if isinstance(t, Tensor)]
    return reduce((lambda a, b: a | b) if decided_by else (lambda a, b: a & b), tensors)


def _of_sizes(numpy: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's that makes arrays, in the graph where a size or a number is known only there."""

    @wraps(numpy)
    def create(*args: Any, **kwargs: Any) -> Any:
        given = nested.holds_tensors([*args, *kwargs.values()])
        return (ours if given else numpy)(*args, **kwargs)

    return create


# NumPy's functions that make arrays of sizes, or of lists, do not ask their arguments.
CREATORS: dict[Any, Callable[..., Any]] = {
    numpy: _of_sizes(numpy, ours)
    for numpy, ours in (
        (np.arange, creation.arange),
        (np.array, nested.array),
        (np.asarray, nested.asarray),
        (np.empty, creation.zeros),
        (np.eye, creation.eye),
        (np.full, creation.full),
        (np.identity, creation.identity),
        (np.ones, creation.ones),
        (np.zeros, creation.zeros),
    )
}

BUILTINS: dict[Any, Callable[..., Any]] = {
    builtins.abs: abs_,
    builtins.all: all_,
    builtins.any: any_,
    builtins.bool: bool_,
    builtins.enumerate: enumerate_,
    builtins.float: float_,
    builtins.int: int_,
    builtins.isinstance: identity.isinstance_,
    builtins.len: len_,
    builtins.max: max_,
    builtins.min: min_,
    builtins.range: range_,
    builtins.reversed: reversed_,
    builtins.sum: sum_,
    builtins.type: identity.type_,
    builtins.zip: zip_,
}
