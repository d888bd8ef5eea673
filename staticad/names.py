"""The names of a public module: those that `dir` shows, the functions behind them, and what a missing name is called.

A module that is public has an ``__all__`` and ends with ``__getattr__, __dir__ = public(globals(), TABLE)``. What it
imports for others stands under ``if TYPE_CHECKING``. `staticad.contents` has the same as a table, by which each name is
imported when somebody reads it first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

from staticad import late
from staticad.boundary import boundary
from staticad.contents import NAMES
from staticad.errors import MissingAttribute

if TYPE_CHECKING:
    import difflib

    from staticad import function_spellings, numpy_elsewhere, peer_spellings, spellings
else:
    difflib = late.later("difflib")
    spellings, function_spellings = late.later("staticad.spellings"), late.later("staticad.function_spellings")
    numpy_elsewhere, peer_spellings = late.later("staticad.numpy_elsewhere"), late.later("staticad.peer_spellings")

_guarded: dict[Any, Any] = {}
# Where users look for a function, in the order in which the others are searched for a name that one has not.
_SEARCHED = ("", "special", "linalg", "nn", "fft", "random", "optim")


def public(
    namespace: dict[str, Any], elsewhere: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """What a module needs to be public, whose ``__all__`` is complete: its ``__getattr__`` and its ``__dir__``.

    Errors of its functions show the user's lines only. ``elsewhere``: what to write instead of names of other
    libraries.
    """
    module: str = namespace["__name__"]
    names: list[str] = namespace["__all__"]
    places, shown = places_of(module), module.replace(".functional.", ".")

    @boundary
    def found(name: str) -> Any:
        if name in places:
            value = late.value(*places[name])
            namespace[name] = value = _guard(value) if isinstance(value, FunctionType) else value
            return value
        if name[:1] != "_" and name.isidentifier() and late.found(f"{module}.{name}") is not None:
            return late.value(f"{module}.{name}", ".")  # no public name, but as after an import of all of the package
        if name[:1] == "_":
            raise AttributeError(f"module {shown!r} has no attribute {name!r}")
        if name in elsewhere:
            raise MissingAttribute(f"{shown} has no {name!r}; use {elsewhere[name]}")
        if written := _instead(name):
            raise MissingAttribute(f"{shown} has no {name!r}; {written}")
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; the nearest name is {near[0]!r}" if near else "; dir() lists all names"
        raise MissingAttribute(f"module {shown!r} has no attribute {name!r}{hint}")

    return found, lambda: sorted(names)


def _instead(name: str) -> str | None:
    """What to write for a name that a public module has not and its table neither: where it is, what other tables
    say, or what makes a changed copy."""
    for area in _SEARCHED:
        module = f"staticad.functional.{area}"
        if name in places_of(module if module in NAMES else f"staticad.{area}".rstrip(".")):
            return f"use sa.{area}.{name}".replace("..", ".")
    tables = (function_spellings.SPECIAL, function_spellings.LINALG, spellings.NETWORKS, spellings.PACKAGE,
              function_spellings.FOURIER, spellings.RANDOM, peer_spellings.LAX, peer_spellings.TORCH)  # fmt: skip
    if text := next((table[name] for table in tables if name in table), None):
        return f"use {text}"
    if f"np.{name}" in numpy_elsewhere.WAYS:
        return numpy_elsewhere.WAYS[f"np.{name}"]
    changed = _instead(name[:-1]) if name[-1:] == "_" and name[:-1].isidentifier() else None
    return changed and f"tensors can't be changed in place; {changed}"


def places_of(public_module: str) -> dict[str, tuple[str, str]]:
    """Where each name of a public module is from: a module, and what it is called there; ``.`` is the module itself."""
    found = {}
    for module, words in NAMES[public_module].items():
        for word in words.split():
            name, _, there = word.partition("=")
            found[name] = (there, ".") if module == "." else (module, there or name)
    return found


def _guard(function: Any) -> Any:
    """One function for all modules in which it is public. Its own module is the first of them that has it by its own
    name, where pickle finds it."""
    if hasattr(function, "__guarded__"):
        return function
    if function not in _guarded:
        made = boundary(function, named=True)
        module, own = function.__module__, function.__name__
        made.__module__ = next((m for m, rows in NAMES.items() if own in rows.get(module, "").split()), module)
        made.__guarded__ = True
        return _guarded.setdefault(function, made)
    return _guarded[function]
