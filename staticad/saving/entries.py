"""The names of variables in a file: the paths of layers, the keys of dicts, and for optimizers those of their slots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.ir.arrays import read_array
from staticad.ir.dtypes import as_dtype
from staticad.ir.graph import Tensor, describe
from staticad.ir.name_scopes import joined
from staticad.ir.provenance import here
from staticad.nn.layer import Layer
from staticad.optim.optimizer import Optimizer
from staticad.runtime.variables import Variable

Entry = Variable | np.ndarray
OPTIMIZER, EXTRA = "optimizer:", "extra:"  # how the names of what is no model begin


def of_model(what: str, value: Any) -> dict[str, Entry]:
    """The variables and arrays of layers, dicts and lists, by name. Raises GraphError for anything else, for variables
    without a name, and where two have the same name."""
    found: dict[str, Entry] = {}
    for name, entry in _below(what, "", value):
        if name in found:
            raise GraphError(
                f"{what}: two entries are named {name!r}; give a layer, or a dict with different names (at {here()})"
            )
        if name.startswith((OPTIMIZER, EXTRA, "__")):
            raise GraphError(f"{what}: a name can't begin as that of {name!r} does; rename it (at {here()})")
        found[name] = entry
    return found


def _below(what: str, path: str, value: Any) -> Iterator[tuple[str, Entry]]:
    if isinstance(value, Layer):
        yield from ((joined(path, name), v) for name, v in value.named_variables().items())
    elif isinstance(value, Variable):
        yield path or _name_of(what, value), value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if type(key) not in (str, int):
                raise GraphError(f"{what}: names are strings, not {key!r} (at {here()})")
            yield from _below(what, joined(path, str(key)), item)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            own = not path and isinstance(item, Variable)
            yield from _below(what, "" if own else joined(path, str(position)), item)
    elif isinstance(value, Tensor) or not path:
        told = describe(value) if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise GraphError(f"{what}: give a layer, variables, or dicts and lists of them, not {told} (at {here()})")
    else:
        yield path, as_array(f"{what}: {path!r}", value)


def _name_of(what: str, variable: Variable) -> str:
    if variable.name is None:
        raise GraphError(
            f"{what}: {describe(variable)} has no name; give it one, sa.variable(…, name=…), or give a dict of names "
            f"to variables (at {here()})"
        )
    return variable.name


def as_array(what: str, value: Any) -> np.ndarray:
    """A value as an array of a supported dtype."""
    array = read_array(value, what, DTypeError, ShapeError)
    try:
        return array.astype(as_dtype(array.dtype), copy=False)
    except DTypeError as error:
        raise DTypeError(f"{what}: {error} (at {here()})") from None


def of_optimizers(what: str, optimizer: Any, model: Mapping[str, Entry]) -> dict[str, Variable]:
    """The state of an optimizer, or of several by name: its variables, and the slots by the names that their variables
    have. Raises GraphError where a slot belongs to none of them."""
    several = optimizer if isinstance(optimizer, Mapping) else {"": optimizer}
    names = {variable: name for name, variable in reversed([*model.items()]) if isinstance(variable, Variable)}
    found: dict[str, Variable] = {}
    for own, one in several.items():
        if not isinstance(one, Optimizer):
            raise GraphError(
                f"{what}: optimizer= is an optimizer, or a dict of several by name, not {one!r} (at {here()})"
            )
        prefix = OPTIMIZER + (f"{own}." if own else "")
        for attribute, value in vars(one).items():
            if isinstance(value, Variable):
                found[prefix + attribute] = value
        strangers = [v for v in one.slots if v not in names]
        if strangers:
            raise GraphError(
                f"{what}: the optimizer has state of {_listed(strangers)}, not among the variables that are given; add "
                f"{'it' if len(strangers) == 1 else 'them'} (at {here()})"
            )
        for variable, slots in one.slots.items():
            found.update({f"{prefix}{names[variable]}.{slot}": v for slot, v in slots.items()})
    return found


def _listed(variables: Iterable[Variable]) -> str:
    return ", ".join(repr(v.name) if v.name else describe(v) for v in variables)
