"""Nests of fetches: what the user asks for, flattened to a list, and results put back in the same form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from staticad.errors import GraphError
from staticad.functional.nests import DEEPEST
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.runtime.variables import Variable

Pack = Callable[[tuple[Any, ...]], Any]


def flatten(fetches: Any) -> tuple[list[Tensor], Pack]:
    """The tensors of a nest of lists, tuples, named tuples and dicts, and what rebuilds the nest from their values.

    Raises GraphError for anything else in it.
    """
    leaves: list[Tensor] = []
    if isinstance(fetches, Tensor):
        return [fetches], itemgetter(0)
    plain = isinstance(fetches, (list, tuple)) and all(isinstance(f, Tensor) for f in fetches)
    if plain and type(fetches) in (list, tuple):
        return list(fetches), list if isinstance(fetches, list) else tuple
    build = _collect(fetches, leaves, DEEPEST)
    return leaves, build


def names(fetches: Any, leaves: Sequence[Tensor]) -> list[str]:
    """What the tensors of a nest are called: the keys and positions that lead to them, else their own names, or "".

    A sequence of tensors, the usual nest, has no names of its own.
    """
    found: list[str] = []
    _paths(fetches, (), found)
    plain = isinstance(fetches, (list, tuple)) and not hasattr(fetches, "_fields")
    return [
        ("" if plain and path.isdecimal() else path) or leaf.name or ""
        for path, leaf in zip(found, leaves, strict=True)
    ]


def _paths(item: Any, path: tuple[str, ...], found: list[str]) -> None:
    if isinstance(item, dict):
        parts = list(item.items())
    elif isinstance(item, tuple) and hasattr(item, "_fields"):
        parts = list(zip(item._fields, item, strict=True))
    elif isinstance(item, (list, tuple)):
        parts = list(enumerate(item))
    else:
        found.append(".".join(path))
        return
    for key, value in parts:
        _paths(value, (*path, str(key)), found)


def _collect(item: Any, leaves: list[Tensor], levels: int) -> Pack:
    if isinstance(item, Tensor):
        position = len(leaves)
        leaves.append(item)
        return lambda values: values[position]
    if levels == 0:
        raise GraphError(f"fetches are a nest of at most {DEEPEST} levels; does a list contain itself? (at {here()})")
    if isinstance(item, dict):
        _refuse_updates(item)
        parts = {key: _collect(value, leaves, levels - 1) for key, value in item.items()}
        return lambda values: {key: part(values) for key, part in parts.items()}
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        named = [_collect(value, leaves, levels - 1) for value in item]
        return lambda values: type(item)(*(part(values) for part in named))
    if isinstance(item, (list, tuple)):
        kind = list if isinstance(item, list) else tuple
        members = [_collect(value, leaves, levels - 1) for value in item]
        return lambda values: kind(part(values) for part in members)
    raise GraphError(
        f"can't fetch {item!r} ({type(item).__name__}): fetches are tensors, or lists, tuples, dicts of them "
        f"(at {here()})"
    )


def _refuse_updates(item: dict[Any, Any]) -> None:
    """What an optimizer makes is given to `compile` as updates: fetched it would be computed, and train nothing."""
    for variable, value in item.items():
        if isinstance(variable, Variable) and isinstance(value, Tensor):
            if any(note.startswith("update of") for note in value.where.notes):
                raise GraphError(
                    f"the fetches hold updates, of {describe(variable)}: fetched they are computed, and no variable "
                    f"changes; write sa.compile(loss, updates=optimizer.minimize(loss)) (at {here()})"
                )
