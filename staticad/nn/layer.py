"""What a layer is: a function of tensors that holds variables and other layers, found and named by its attributes."""

from __future__ import annotations

import functools
import inspect
import weakref
from abc import ABCMeta
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from staticad.boundary import boundaries, shorten
from staticad.errors import GraphError
from staticad.ir import name_scopes
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Tensor
from staticad.runtime.variables import Variable


class _Place:
    """Where a layer stands: the scope in which it was made, and the layer that holds it, with its name there."""

    __slots__ = ("_owner", "scope", "segment")

    _owner: weakref.ref[Layer] | None

    def __init__(self, scope: str) -> None:
        self._owner, self.scope, self.segment = None, scope, ""


@boundaries("__call__")
class LayerType(ABCMeta):
    """The class of layers: names the variables of a layer when it is complete."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            scope = name_scopes.current()
            layer = super().__call__(*args, **kwargs)
            _place(layer, scope)
            _name_variables(layer)
        except Exception as error:
            shorten(error)
            raise
        return layer

    @property
    def __signature__(cls) -> inspect.Signature:
        """The arguments of a layer, for help and editors."""
        found = inspect.signature(cls.__init__)  # type: ignore[misc]
        return found.replace(parameters=list(found.parameters.values())[1:])


@boundaries()
class Layer(metaclass=LayerType):
    """A function of tensors with variables of its own. A subclass gives ``__call__``.

    Its variables and sublayers are what its attributes hold, directly or in lists, tuples and dicts. Their names are
    their paths, ``encoder.0.weight``::

        class Network(sa.nn.Layer):
            def __init__(self):
                self.encoder = [sa.nn.Dense(64, 32), sa.nn.Dense(32, 16)]
                self.scale = sa.variable(1.0)

            def __call__(self, x):
                for layer in self.encoder:
                    x = sa.tanh(layer(x))
                return x * self.scale
    """

    __slots__ = ("__dict__", "__weakref__", "_place")  # what is no attribute of the user's, and of no copy

    _place: _Place

    def __getstate__(self) -> dict[str, Any]:
        return vars(self)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("__call__")
        if isinstance(own, FunctionType):
            cls.__call__ = _in_scope(own)  # type: ignore[method-assign]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result for the arguments, as new nodes of the graph."""
        raise GraphError(f"{type(self).__name__} has no __call__; define it: def __call__(self, x): …")

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Every variable of the layer and its sublayers, each once, in the order of the attributes."""
        return tuple(self.named_variables().values())

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The variables that are not frozen."""
        return tuple(v for v in self.variables if v.trainable)

    def named_variables(self) -> dict[str, Variable]:
        """Every variable by its path, such as ``encoder.0.weight``. One that is held twice has its first path.

        Raises GraphError where two have the same path, or a variable stands in a dict under a key that is neither a
        string nor an int.
        """
        return {path: part for path, part in walk(self) if isinstance(part, Variable)}

    def named_layers(self) -> dict[str, Layer]:
        """Every sublayer by its path, such as ``encoder.0``. One that is held twice has its first path."""
        return {path: part for path, part in walk(self) if isinstance(part, Layer)}

    def updates(self) -> dict[Variable, Tensor]:
        """What variables become in a step that no optimizer changes, such as the running statistics of `BatchNorm`:
        what the last call of each layer made of them. For ``updates=`` of the session that trains."""
        found: dict[Variable, Tensor] = {}
        for layer in self.named_layers().values():
            if type(layer).updates is not Layer.updates:
                found |= layer.updates()
        return found

    def parts(self) -> Iterator[tuple[str, Any]]:
        """The names and values in which variables and sublayers are looked for: by default all attributes."""
        slots = (cls.__dict__.get("__slots__", ()) for cls in reversed(type(self).__mro__) if cls is not Layer)
        for name in (name for names in slots for name in ((names,) if isinstance(names, str) else names)):
            if name not in ("__dict__", "__weakref__") and hasattr(self, name):
                yield name, getattr(self, name)
        yield from vars(self).items()

    def freeze(self) -> None:
        """Keep all variables as they are: graphs made by an optimizer from now on leave them and their gradients out.

        Sessions that are compiled already go on as before.
        """
        for v in self.variables:
            v.trainable = False

    def unfreeze(self) -> None:
        """Let optimizers change the variables again, those of float and complex dtype that are no statistics."""
        layers = (self, *self.named_layers().values())
        statistics = {v for layer in layers for v in layer._statistics()}
        for v in self.variables:
            v.trainable = is_inexact(v.dtype) and v not in statistics

    def _statistics(self) -> tuple[Variable, ...]:
        """The variables that are never trained."""
        return ()


def walk(layer: Layer) -> Iterator[tuple[str, Variable | Layer]]:
    """The variables and layers below a layer, with their paths, each once. Raises GraphError."""
    seen = {id(layer)}
    paths: set[str] = set()
    pending = [_held(layer.parts())]
    prefixes = [""]
    while pending:
        found = next(pending[-1], None)
        if found is None:
            pending.pop()
            prefixes.pop()
            continue
        path, part = prefixes[-1] + found[0], found[1]
        if id(part) in seen:
            continue
        seen.add(id(part))
        if path in paths:
            raise GraphError(f"two parts of a layer have the path {path!r}; rename an attribute or a key")
        paths.add(path)
        yield path, part
        if isinstance(part, Layer):
            pending.append(_held(part.parts()))
            prefixes.append(f"{path}.")


def _held(named: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Variable | Layer]]:
    """The variables and layers that these values are, or hold in lists, tuples and dicts; not those of layers."""
    for name, value in named:
        yield from _in_containers(name, value, ())


def _in_containers(path: str, value: Any, inside: tuple[int, ...]) -> Iterator[tuple[str, Variable | Layer]]:
    if isinstance(value, (Variable, Layer)):
        yield path, value
    elif isinstance(value, (list, tuple, dict)) and id(value) not in inside:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            for below, part in _in_containers(f"{path}.{key}", item, (*inside, id(value))):
                if type(key) not in (str, int):
                    raise GraphError(f"{path}: the key {key!r} of a dict with variables; use strings or ints")
                yield below, part


def _name_variables(layer: Layer) -> None:
    """Give the variables of a layer that no other layer names their paths in it. What was made in another scope than
    the layer keeps its name, as do variables of layers that belong to another one."""
    held = list(_held(layer.parts()))
    name = name_scopes.joined(_place(layer).scope, _own_name(layer) or "")
    if _own_name(layer) is None and held and all(isinstance(part, Variable) for _, part in held):
        name = name_scopes.numbered(name_scopes.joined(name, type(layer).__name__.lower()))
    _name_below(layer, held, name, {id(layer)})


def _name_below(layer: Layer, held: list[tuple[str, Variable | Layer]], prefix: str, seen: set[int]) -> None:
    taken = {path for path, _ in held}
    for path, part in held:
        if id(part) in seen or not _belongs(part, layer):
            continue
        seen.add(id(part))
        own = part._given_name if isinstance(part, Variable) else _own_name(part)
        segment = own if own is not None and own not in taken else path
        taken.add(segment)
        name = name_scopes.joined(prefix, segment)
        if isinstance(part, Variable):
            part.node.name = name
        else:
            _place(part).segment = segment
            _name_below(part, list(_held(part.parts())), name, seen)


def _belongs(part: Variable | Layer, layer: Layer) -> bool:
    """Whether the layer names this part of it: it is the first one that holds it, in the same scope."""
    place: Variable | _Place = part if isinstance(part, Variable) else _place(part)
    scope = part.node.where.scope if isinstance(part, Variable) else _place(part).scope
    if scope != _place(layer).scope:
        return False
    if place._owner is None or place._owner() is None:
        place._owner = weakref.ref(layer)
    return place._owner() is layer


def _place(layer: Layer, scope: str | None = None) -> _Place:
    """Where it stands. One that is not complete, or a copy, stands nowhere so far."""
    if not hasattr(layer, "_place"):
        place = _Place(name_scopes.current() if scope is None else scope)
        object.__setattr__(layer, "_place", place)  # the user's class may refuse it
    return layer._place


def _own_name(layer: Layer) -> str | None:
    """The name that the user has given to a layer."""
    name = getattr(layer, "name", None)
    return name if isinstance(name, str) and name else None


def _in_scope(call: Callable[..., Any]) -> Callable[..., Any]:
    """What a layer makes when it is called stands in a scope of its name in the layer that holds it."""

    @functools.wraps(call)
    def scoped(self: Layer, *args: Any, **kwargs: Any) -> Any:
        segment = _place(self).segment if type(self).__call__ is scoped else ""
        try:
            if not segment:
                return call(self, *args, **kwargs)
            with name_scopes.name_scope(segment):
                return call(self, *args, **kwargs)
        except Exception as error:
            shorten(error)
            raise

    return scoped
