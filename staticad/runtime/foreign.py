"""Functions outside of compiled code that it calls: what prints, and routines of users."""

from __future__ import annotations

import ctypes
import functools
import re
from typing import Any

import numpy as np

from staticad.codegen.numba_import import with_numba
from staticad.ops.effects import whole, written

_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
_FIRST = 5  # slots: the function, the status, the token, the text and its length
_routines: list[Any] = []  # which keep their machine code
_KIND = re.compile(r"(.)(\d+)")


@functools.cache
def foreign_address(name: str) -> int:
    """Address of a function by its name, for ever: "print", or that of a routine and the dtypes of what it gets and
    makes. Raises CompileError where Numba refuses it."""
    if name != "print":
        op, _, kinds = name.partition(":")
        _routines.append(with_numba("user_functions", "routine_function", op, kinds.split("/")))
        return int(_routines[-1].address)
    address = ctypes.cast(_PRINT, ctypes.c_void_p).value
    assert address is not None
    return address


def _print(slots: int) -> int:
    """Print what the argument block of a step holds (see `staticad.lower.families.effects`). 0, or 1 where the user has
    interrupted it."""
    try:
        words = ctypes.cast(slots, ctypes.POINTER(ctypes.c_int64))
        head = ctypes.string_at(words[_FIRST - 2], words[_FIRST - 1]).decode("utf-8", "surrogatepass")
        kinds, pairs, text = head.split("\n", 2)
        values = []
        at = _FIRST
        for char, rank in _KIND.findall(kinds):
            shape = tuple(words[at + 1 + axis] for axis in range(int(rank)))
            values.append(_array(words[at], shape, np.dtype(char)))
            at += 1 + int(rank)
        print(written(text, whole(values, [int(number) for number in pairs.split(",") if number])), flush=True)
    except KeyboardInterrupt:
        return 1
    return 0


def _array(address: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray[Any, Any]:
    """A copy of what is at an address."""
    count = int(np.prod(shape, dtype=np.int64))
    content = ctypes.string_at(address, count * dtype.itemsize) if count else b""
    return np.frombuffer(content, dtype).reshape(shape)


_PRINT = _PROTOTYPE(_print)
