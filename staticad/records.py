"""Dataclasses and named tuples that are cheap to declare: the package has many, and importing it makes them all.

The standard library compiles six functions for each class, which was a third of the time of the import. Here none is
compiled: an ``__init__`` is a copy of one for so many fields (`staticad.constructors`), with other names; the other
functions are closures, or the same for all classes. Everything else is as there: fields, defaults, ``replace``,
matching by position, copies and pickles.

So it is with :class:`typing.NamedTuple`, which compiles a function for each class, too.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import reprlib
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from staticad import constructors

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # which checkers understand
    from typing import NamedTuple as NamedTuple

_Class = TypeVar("_Class", bound=type)
_Field = dataclasses.Field[Any]
_FIELDS, _PARAMETERS, _KIND = "__dataclass_fields__", "__dataclass_params__", "_field_type"  # where they are kept there
_NO_ANNOTATIONS: dict[str, str] = {}


def _record(
    cls: Any = None, *, frozen: bool = False, eq: bool = True, slots: bool = False
) -> Callable[[_Class], _Class] | Any:
    """As `dataclasses.dataclass` with these arguments, for classes without fields of keywords alone."""
    return _made(cls, frozen, eq, slots) if cls is not None else lambda cls: _made(cls, frozen, eq, slots)


if not TYPE_CHECKING:
    dataclass = _record


@dataclasses.dataclass
class _Plain:
    field: int


@dataclasses.dataclass(frozen=True)
class _Frozen:
    field: int


_PARAMETERS_OF = {False: getattr(_Plain, _PARAMETERS), True: getattr(_Frozen, _PARAMETERS)}
_KIND_OF_FIELDS = getattr(dataclasses.fields(_Plain)[0], _KIND)


def _made(cls: Any, frozen: bool, eq: bool, slots: bool) -> Any:
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # else the signature is made for it
    if slots:
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    else:
        setattr(cls, _FIELDS, _declared(cls))
        setattr(cls, _PARAMETERS, _PARAMETERS_OF[frozen])
    fields = [*getattr(cls, _FIELDS).values()]
    methods: dict[str, Any] = {
        "__init__": _init(cls, fields, frozen),
        "__match_args__": tuple(field.name for field in fields),
        "__repr__": _repr,
    }
    if frozen:
        methods |= {"__setattr__": _no_assignment, "__delattr__": _no_deletion}
        if slots:
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
    if eq:
        methods["__eq__"], methods["__hash__"] = _comparing([field.name for field in fields if field.compare])
        if not frozen:
            methods["__hash__"] = None
    own = vars(cls)
    hashed = own.get("__hash__") is not None  # a class with __eq__ has a None there
    for name, method in methods.items():
        if name not in own or (name == "__hash__" and not hashed):
            setattr(cls, name, method)
    return cls


def _declared(cls: Any) -> dict[str, _Field]:
    """The fields of a class by name: those of its bases, then its own."""
    found: dict[str, _Field] = {}
    for base in cls.__mro__[-2:0:-1]:
        found |= getattr(base, _FIELDS, {})
    own = cls.__dict__
    for name, annotation in own.get("__annotations__", _NO_ANNOTATIONS).items():
        if annotation.startswith("ClassVar"):
            continue
        field = own.get(name, dataclasses.MISSING)
        if not isinstance(field, dataclasses.Field):
            field = dataclasses.field(default=field)
        elif field.default is dataclasses.MISSING:
            delattr(cls, name)
        else:
            setattr(cls, name, field.default)
        field.name, field.type = name, annotation
        setattr(field, _KIND, _KIND_OF_FIELDS)
        found[name] = field
    return found


def _init(cls: type, fields: Sequence[_Field], frozen: bool) -> Any:
    """The constructor."""
    names = [field.name for field in fields]
    factories = {f.name: f.default_factory for f in fields if f.default_factory is not dataclasses.MISSING}
    template = _template(constructor_of(cls, fields, frozen))
    generic = {f"field{number}": name for number, name in enumerate(names)}
    code = template.replace(
        co_varnames=tuple(generic.get(name, name) for name in template.co_varnames),
        co_names=tuple(generic.get(name, name) for name in template.co_names),
        co_consts=tuple(generic.get(c, c) if isinstance(c, str) else c for c in template.co_consts),
        co_name="__init__",
        co_qualname=f"{cls.__qualname__}.__init__",
    )
    scope = {"assign": object.__setattr__, "factories": factories, "absent": _ABSENT}
    given = [_ABSENT if f.name in factories else f.default for f in fields]
    made = FunctionType(code, scope, "__init__", tuple(x for x in given if x is not dataclasses.MISSING))
    made.__module__ = cls.__module__
    return made


_ABSENT = object()  # an argument that was not given


def constructor_of(cls: type, fields: Sequence[_Field], frozen: bool) -> str:
    """The name of a class's constructor: how it sets fields, how many, with or without factories and a last check."""
    way = ("frozen" if cls.__dictoffset__ else "slots") if frozen else "plain"
    made = "_made" if any(f.default_factory is not dataclasses.MISSING for f in fields) else ""
    return f"{way}{len(fields)}{made}{'_checked' if hasattr(cls, '__post_init__') else ''}"


def constructor_text(name: str) -> str:
    """What `constructor_of` names: a function that sets fields, in the dict of frozen instances that have one."""
    form, *more = name.split("_")
    way, count = form[:6].rstrip("0123456789"), int(form.lstrip("abcdefghijklmnopqrstuvwxyz"))
    assigned = {
        "frozen": "own['{0}'] = {1}",  # takes half the time of `object.__setattr__`
        "slots": "assign(self, '{0}', {1})",
        "plain": "self.{0} = {1}",
    }[way]
    names = [f"field{n}" for n in range(count)]
    lines = [f"def {name}({', '.join(['self', *names])}):"]
    if way == "frozen" and count:
        lines.append("own = self.__dict__")
    value = "factories['{0}']() if {0} is absent else {0}" if "made" in more else "{0}"
    lines += [assigned.format(field, value.format(field)) for field in names]
    if "checked" in more:
        lines.append("self.__post_init__()")
    return "\n    ".join(lines if len(lines) > 1 else [*lines, "pass"]).replace("'", '"')


def _template(name: str) -> CodeType:
    """The code of a constructor: one of those that lie ready, or a new one for a class outside of the package."""
    known = getattr(constructors, name, None)
    return known.__code__ if known is not None else _compiled(name)


@functools.cache
def _compiled(name: str) -> CodeType:
    scope: dict[str, Any] = {}
    exec(constructor_text(name), scope)
    code: CodeType = scope[name].__code__
    return code


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


# ---- named tuples ----------------------------------------------------------------------------------------------------

_MOST = 16  # fields
# Held, as `vars` of a class does not hold it, and the collector empties the namespace of a class that nobody holds.
_make_class: Any = collections.namedtuple
_WIDEST = _make_class("_Widest", [f"field{n}" for n in range(_MOST)])
_GETTERS = vars(_WIDEST)


class _Naming(type):
    """Its classes are ordinary ones below ``tuple``, as those of `typing.NamedTuple` are."""

    def __new__(cls, name: str, bases: tuple[type, ...], own: dict[str, Any]) -> Any:
        fields = tuple(own.get("__annotations__", ()))
        defaults = {field: own.pop(field) for field in fields if field in own}
        own = {"__doc__": f"{name}({', '.join(fields)})", **_COMMON, **own}
        own |= {field: _GETTERS[f"field{n}"] for n, field in enumerate(fields)}
        own |= {"__slots__": (), "_fields": fields, "__match_args__": fields, "_field_defaults": defaults}
        own["__new__"] = made = _maker(own["__module__"], own["__qualname__"], fields, tuple(defaults.values()))
        made.__annotations__ = dict(own.get("__annotations__", {}))
        return type(name, (tuple,), own)


def _maker(module: str, name: str, fields: tuple[str, ...], defaults: tuple[Any, ...]) -> Any:
    template = _tuple_template(len(fields))
    code = template.replace(co_varnames=("_cls", *fields), co_qualname=f"{name}.__new__")
    made = FunctionType(code, {"make": tuple.__new__}, "__new__", defaults)
    made.__module__ = module
    return made


@functools.cache
def _tuple_template(count: int) -> CodeType:
    """The code of a constructor of so many fields."""
    names = ", ".join(f"field{n}" for n in range(count))
    scope: dict[str, Any] = {}
    exec(f"def __new__(_cls, {names}): return make(_cls, ({names},))", scope)
    code: CodeType = scope["__new__"].__code__
    return code


def _make(cls: Any, values: Iterable[Any]) -> Any:
    """A new one of the values."""
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _replaced(self: Any, /, **values: Any) -> Any:
    """The same with other values of some fields."""
    made = self._make([values.pop(name, value) for name, value in zip(self._fields, self, strict=True)])
    if values:
        raise ValueError(f"Got unexpected field names: {list(values)!r}")
    return made


def _shown(self: Any) -> str:
    values = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{type(self).__name__}({values})"


def _as_dict(self: Any) -> dict[str, Any]:
    """The values by the names of the fields."""
    return dict(zip(self._fields, self, strict=True))


def _new_arguments(self: Any) -> tuple[Any, ...]:
    return tuple(self)


_COMMON = {
    "_make": classmethod(_make),
    "_replace": _replaced,
    "_asdict": _as_dict,
    "__repr__": _shown,
    "__getnewargs__": _new_arguments,
}

if not TYPE_CHECKING:
    NamedTuple = type.__new__(_Naming, "NamedTuple", (), {})
