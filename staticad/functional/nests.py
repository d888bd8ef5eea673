"""Nests of tensors: lists, tuples, named tuples and dicts, as state of loops and results of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from staticad.errors import GraphError

DEEPEST = 100  # levels of a nest


def flatten(nest: Any) -> tuple[list[Any], Callable[[list[Any]], Any], Any]:
    """The leaves of a nest, what puts other leaves into the same form, and a description of the form to compare.

    None is a nest without leaves; dicts are taken in sorted order of their keys where those compare, else as they are.
    Raises GraphError for a nest that is too deep.
    """
    leaves: list[Any] = []
    form = _form(nest, leaves, DEEPEST)

    def rebuild(values: list[Any]) -> Any:
        return _rebuild(form, iter(values))

    return leaves, rebuild, form


def _form(nest: Any, leaves: list[Any], levels: int) -> Any:
    if nest is None:
        return ("none",)
    if levels == 0:
        raise GraphError(f"a nest of tensors is at most {DEEPEST} levels deep; does a list contain itself?")
    if isinstance(nest, dict):
        try:
            keys = sorted(nest)
        except TypeError:
            keys = list(nest)
        return ("dict", tuple(keys), tuple(_form(nest[k], leaves, levels - 1) for k in keys))
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return ("named", type(nest), tuple(_form(item, leaves, levels - 1) for item in nest))
    if isinstance(nest, (list, tuple)):
        return (type(nest).__name__, None, tuple(_form(item, leaves, levels - 1) for item in nest))
    leaves.append(nest)
    return ("leaf",)


def _rebuild(form: Any, values: Iterator[Any]) -> Any:
    kind = form[0]
    if kind == "none":
        return None
    if kind == "leaf":
        return next(values)
    parts = [_rebuild(part, values) for part in form[2]]
    if kind == "dict":
        return dict(zip(form[1], parts, strict=True))
    if kind == "named":
        return form[1](*parts)
    return parts if kind == "list" else tuple(parts)


def form_text(form: Any) -> str:
    """A form for a message: ``(tensor, [tensor])``."""
    kind = form[0]
    if kind in ("none", "leaf"):
        return "None" if kind == "none" else "tensor"
    parts = list(map(form_text, form[2]))
    if kind == "dict":
        return f"{{{', '.join(f'{key!r}: {part}' for key, part in zip(form[1], parts, strict=True))}}}"
    if kind == "named":
        return f"{form[1].__name__}({', '.join(parts)})"
    joined = ", ".join(parts)
    if kind == "list":
        return f"[{joined}]"
    return f"({joined},)" if len(parts) == 1 else f"({joined})"
