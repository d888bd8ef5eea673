"""Assignment to items, and changes in place: ``x[i] = v`` and ``x += v`` make a new x where x is a tensor, or an array
that gets a tensor. Otherwise they do what Python does."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ir.dtypes import BOOL, is_float
from staticad.ir.graph import Tensor
from staticad.ops.promotion import common_dtype, to_tensor


class _Key:
    """``key[1:2, i]`` is the index itself."""

    def __getitem__(self, index: Any) -> Any:
        return index


key = _Key()


def set_item(container: Any, index: Any, value: Any) -> Any:
    """``container[index] = value``; what the variable then holds."""
    container = _container(container, index, value)
    if isinstance(container, Tensor):
        return container.at[index].set(value)
    container[index] = value
    return container


def update_item(container: Any, index: Any, symbol: str, value: Any) -> Any:
    """``container[index] += value`` and the like; what the variable then holds."""
    container = _container(container, index, value)
    if isinstance(container, Tensor):
        adds = symbol == "Add" or (symbol == "Sub" and is_float(container.dtype))
        if adds and _adds_up(container, index, value):
            return container.at[index].add(value if symbol == "Add" else -value)
        return container.at[index].set(BINARY[symbol](container[index], value))
    container[index] = IN_PLACE[symbol](container[index], value)
    return container


def update(current: Any, symbol: str, value: Any) -> Any:
    """``name += value`` and the like; what the variable then holds. An array to which a tensor is added becomes a
    tensor, of the type that ``name + value`` has, like any tensor."""
    if isinstance(current, np.ndarray) and isinstance(value, Tensor):
        return BINARY[symbol](to_tensor(current), value)
    return IN_PLACE[symbol](current, value)


def _adds_up(container: Tensor, index: Any, value: Any) -> bool:
    """Whether adding at the index does the same and reads nothing. Where an array of indices names a place twice,
    NumPy adds there once. What is no number of the container's dtype is computed in another one."""
    if any(np.ndim(part) for part in _parts(index) if isinstance(part, (Tensor, np.ndarray, list))):
        return False
    if container.dtype == BOOL or not isinstance(value, (Tensor, np.ndarray, np.generic, int, float)):
        return False
    return common_dtype(container, value) == container.dtype


def _container(container: Any, index: Any, value: Any) -> Any:
    """An array that a tensor is put into, or at a place that a tensor says, becomes a tensor itself."""
    if isinstance(container, np.ndarray) and any(isinstance(part, Tensor) for part in (*_parts(index), value)):
        return to_tensor(container)
    return container


def _parts(index: Any) -> list[Any]:
    found: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        found += [part.start, part.stop, part.step] if isinstance(part, slice) else [part]
    return found


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "MatMult": operator.matmul,
    "BitAnd": operator.and_,
    "BitOr": operator.or_,
    "BitXor": operator.xor,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
}
IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.iadd,
    "Sub": operator.isub,
    "Mult": operator.imul,
    "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv,
    "Mod": operator.imod,
    "Pow": operator.ipow,
    "MatMult": operator.imatmul,
    "BitAnd": operator.iand,
    "BitOr": operator.ior,
    "BitXor": operator.ixor,
    "LShift": operator.ilshift,
    "RShift": operator.irshift,
}
