"""Frozen dataclasses that are cheap to declare: the package has a hundred, and importing it makes them all.

For ``@dataclass(frozen=True)`` the standard library compiles six functions for each class, which was a third of the
time of the import. Here a class gets one, its ``__init__``; the others are closures, or the same for all classes.
Everything else is as there: fields, defaults, ``replace``, matching by position, copies, pickles.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # which checkers understand

_Class = TypeVar("_Class", bound=type)
_ABSENT = object()  # an argument that was not given


def _frozen(*, frozen: bool, eq: bool = True, slots: bool = False) -> Callable[[_Class], _Class]:
    """As `dataclasses.dataclass` with these arguments, for classes without fields of keywords alone."""
    assert frozen

    def make(cls: Any) -> Any:
        if cls.__doc__ is None:
            cls.__doc__ = cls.__name__  # else the signature is made for it
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
        fields = dataclasses.fields(cls)
        methods: dict[str, Any] = {
            "__init__": _init(cls, fields),
            "__repr__": _repr,
            "__setattr__": _no_assignment,
            "__delattr__": _no_deletion,
        }
        if slots:
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
        if eq:
            methods["__eq__"], methods["__hash__"] = _comparing([field.name for field in fields if field.compare])
        own = vars(cls)
        hashed = own.get("__hash__") is not None  # a class with __eq__ has a None there
        for name, method in methods.items():
            if name not in own or (name == "__hash__" and not hashed):
                setattr(cls, name, method)
        return cls

    return make


if not TYPE_CHECKING:
    dataclass = _frozen


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """The constructor, which is compiled: it is what takes time later."""
    scope: dict[str, Any] = {"assign": object.__setattr__, "absent": _ABSENT}
    parameters, lines = ["self"], []
    for number, field in enumerate(fields):
        value = field.name
        if field.default is not dataclasses.MISSING:
            scope[f"default{number}"] = field.default
            parameters.append(f"{field.name}=default{number}")
        elif field.default_factory is not dataclasses.MISSING:
            scope[f"default{number}"] = field.default_factory
            parameters.append(f"{field.name}=absent")
            value = f"default{number}() if {field.name} is absent else {field.name}"
        else:
            parameters.append(field.name)
        lines.append(f"    assign(self, {field.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    exec("\n".join([f"def __init__({', '.join(parameters)}):", *lines, "    return None"]), scope)
    made = scope["__init__"]
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return made


def _comparing(names: list[str]) -> tuple[Any, Any]:
    """``__eq__`` and ``__hash__`` by the values of these fields."""
    read: Any = attrgetter(*names) if names else lambda _: ()
    if len(names) == 1:
        only = read

        def read(self: Any) -> Any:
            return (only(self),)

    def __eq__(self: Any, other: Any) -> Any:
        return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(read(self))

    return __eq__, __hash__


@reprlib.recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _no_assignment(self: Any, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_deletion(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
