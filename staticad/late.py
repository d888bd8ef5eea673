"""What is imported when it is first used, so that a start pays for nothing but what it uses.

This happens here and nowhere else, in four forms: a module behind a name (`later`), a module that may be missing
(`imported`), the names of a public package (`value`, see `staticad.names`) and the attributes of a class (`Attribute`).
All of them leave the work to Python's import, and remember nothing before it is done. So a second thread waits until
the first one has imported a module. A signal does not interrupt an import, only the wait for it (see
`staticad.uninterrupted`); an import that failed is made again by the next use.

Where another version of the package was installed meanwhile, what is imported late would not belong to what is there:
that is an ImportError.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from staticad.collection import no_collection
from staticad.uninterrupted import uninterrupted

_PACKAGE = os.path.dirname(__file__)
_NAME = f"{__package__}."


def _state() -> tuple[int, ...]:
    """What the system knows of the file that every installation of the package writes."""
    try:
        status = os.stat(os.path.join(_PACKAGE, "__init__.py"))
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


_STATE = _state()


def is_replaced() -> bool:
    """Whether the package was installed anew since it was imported."""
    return _state() != _STATE


def imported(module: str) -> ModuleType:
    """A module, of this package or of another one. Raises ImportError."""
    known = sys.modules.get(module)
    if known is not None and not getattr(known.__spec__, "_initializing", False):
        return known
    return uninterrupted(partial(_import, module))


def _import(module: str) -> ModuleType:
    if module in sys.modules:
        return import_module(module)  # another thread imports it at this moment
    if module.startswith(_NAME) and is_replaced():
        raise ImportError(
            f"{module} can't be imported: {_PACKAGE} was replaced by another version since this process has imported "
            "it; start a new process",
            name=module,
        )
    with no_collection():
        return import_module(module)


def found(module: str) -> ModuleSpec | None:
    """Where a module would be imported from; None where there is none."""
    return uninterrupted(partial(find_spec, module))


class _Later:
    """Stands for a module. Has its attributes, and imports it when one is read."""

    __slots__ = ("_module",)

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(imported(self._module), name)

    def __repr__(self) -> str:
        return f"<module {self._module!r}, imported when it is used>"


def later(module: str) -> Any:
    """A module that is imported when one of its attributes is first read.

    To be written where type checkers are shown an ordinary import::

        if TYPE_CHECKING:
            from staticad.runtime import lowering
        else:
            lowering = later("staticad.runtime.lowering")
    """
    return _Later(module)


def value(module: str, name: str) -> Any:
    """What a module calls so; the module itself for the name ``.``."""
    whole = imported(module)
    return whole if name == "." else getattr(whole, name)


class Attribute:
    """An attribute of a class that is made when it is first read; then it takes this one's place."""

    __slots__ = ("_make", "_name", "_owner")

    def __init__(self, owner: type, name: str, make: Callable[[], Any]) -> None:
        self._owner, self._name, self._make = owner, name, make

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        made = self._make()
        setattr(self._owner, self._name, made)
        try:
            return made.__get__(instance, owner)
        except Exception as error:  # of a property: it looks as it does later
            error.__traceback__ = None if error.__traceback__ is None else error.__traceback__.tb_next
            raise
