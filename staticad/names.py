"""The names of a public module: those that `dir` shows, the functions behind them, and what a missing name is called.

A module that is public ends with ``__getattr__, __dir__ = public(globals(), TABLE)``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, NoReturn

from staticad.boundary import boundary
from staticad.errors import MissingAttribute

_guarded: dict[Any, Any] = {}


def public(
    namespace: dict[str, Any], elsewhere: Mapping[str, str]
) -> tuple[Callable[[str], NoReturn], Callable[[], list[str]]]:
    """What a module needs to be public, whose ``__all__`` is complete: its ``__getattr__`` and its ``__dir__``.

    Its functions are replaced by ones whose errors show the user's lines only. ``elsewhere``: what to write instead of
    names of other libraries.
    """
    module: str = namespace["__name__"]
    names: list[str] = namespace["__all__"]
    for name in names:
        if isinstance(namespace[name], FunctionType):
            namespace[name] = _guard(namespace[name], module)

    @boundary
    def missing(name: str) -> NoReturn:
        if name[:1] == "_":
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if name in elsewhere:
            raise MissingAttribute(f"{module} has no {name!r}; use {elsewhere[name]}")
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; the nearest name is {near[0]!r}" if near else "; dir() lists all names"
        raise MissingAttribute(f"module {module!r} has no attribute {name!r}{hint}")

    return missing, lambda: sorted(names)


def _guard(function: Any, module: str) -> Any:
    """One function for all modules in which it is public. Its module is the first of them, where pickle finds it."""
    if hasattr(function, "__guarded__"):
        return function
    if function not in _guarded:
        made = _guarded[function] = boundary(function)
        made.__module__ = module
        made.__guarded__ = True
    return _guarded[function]
