"""Compiled code as a built-in Python function: a call takes tens of nanoseconds, through ctypes it takes hundreds."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

METH_FASTCALL = 0x0080


class _MethodDefinition(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("documentation", ctypes.c_char_p),
    )


def method_definition(name: str, address: int, flags: int) -> ctypes.Structure:
    """A PyMethodDef for the C function at ``address``; ``flags`` says how it takes arguments (METH_...).

    Python functions made from it read it when they are freed, some of them (what forks call) after all modules are gone
    when a process ends. So it is never freed.
    """
    definition = _MethodDefinition(name.encode(), address, flags, None)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(definition))
    return definition


def builtin_function(definition: ctypes.Structure, owner: object) -> Callable[..., Any]:
    """A built-in function that passes ``owner`` to the C function as ``self`` and keeps it alive."""
    return _new_function(ctypes.addressof(definition), owner, None)


_new_function = ctypes.pythonapi.PyCFunction_NewEx
_new_function.restype = ctypes.py_object
_new_function.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
