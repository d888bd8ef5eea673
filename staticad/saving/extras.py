"""What a user saves besides variables: nests of numbers, texts, arrays, variables and NumPy's generators, as JSON.

Arrays and variables are entries of the file, to which the JSON refers. Everything that is no JSON value of its own is
an object with one key, which says what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from staticad.errors import GraphError
from staticad.ir.provenance import here
from staticad.runtime.variables import Variable
from staticad.saving.entries import EXTRA, Entry, as_array

_SIMPLE = (bool, int, float, str, type(None))


def encode(value: Any, entries: dict[str, Entry], path: str = "") -> Any:
    """The value in JSON. Arrays and variables go into ``entries``. Raises GraphError for what can't be saved."""
    if type(value) in _SIMPLE:
        return value
    if isinstance(value, Mapping):
        for key in value:
            if type(key) is not str:
                raise GraphError(f"save: keys of extra are strings, not {key!r} (at {here()})")
        return {"dict": {key: encode(item, entries, f"{path}.{key}" if path else key) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        items = [encode(item, entries, f"{path}.{position}") for position, item in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, np.random.Generator):
        return {"generator": encode(dict(value.bit_generator.state), entries, path)}
    if isinstance(value, (Variable, np.ndarray, np.generic)):
        name = EXTRA + path
        while name in entries:
            name += "'"  # a key may have a dot
        entries[name] = value if isinstance(value, Variable) else as_array(f"save: extra {path!r}", value)
        return {"scalar" if isinstance(value, np.generic) else "array": name}
    raise GraphError(
        f"save: extra {path!r} is a {type(value).__name__}; give numbers, texts, arrays, variables, NumPy generators, "
        f"and dicts, lists and tuples of them (at {here()})"
    )


def decode(document: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The value that JSON stands for. Raises KeyError, TypeError or ValueError for what `encode` does not make."""
    if isinstance(document, list):
        return [decode(item, arrays) for item in document]
    if not isinstance(document, dict):
        return document
    ((kind, content),) = document.items()
    if kind == "dict":
        return {key: decode(item, arrays) for key, item in content.items()}
    if kind == "tuple":
        return tuple(decode(item, arrays) for item in content)
    if kind == "generator":
        return _generator(decode(content, arrays))
    if kind in ("array", "scalar"):
        return arrays[content] if kind == "array" else arrays[content][()]
    raise ValueError(kind)


def _generator(state: Any) -> np.random.Generator:
    kind = {
        c.__name__: c
        for c in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
    }
    made = kind[state["bit_generator"]](0)
    made.state = state
    return np.random.Generator(made)


def targets(
    given: Any, document: Any, path: str, found: dict[str, Variable], missing: Callable[[str], None]
) -> list[tuple[np.random.Generator, Any]]:
    """Of what the user gives to be restored: the variables, by the names of their entries, and the generators, with
    what has their states. What the file does not have is told to ``missing``."""
    if isinstance(given, (Variable, np.random.Generator)):
        kind = "array" if isinstance(given, Variable) else "generator"
        if not isinstance(document, dict) or kind not in document:
            missing(f"{EXTRA}{path}")
        elif isinstance(given, Variable):
            found[document["array"]] = given
        else:
            return [(given, document)]
        return []
    inner: Any = document
    if isinstance(document, dict):
        inner = document.get("dict", document.get("tuple"))
    if isinstance(given, Mapping):
        items = [(key, item, inner.get(key) if isinstance(inner, dict) else None) for key, item in given.items()]
    elif isinstance(given, (list, tuple)):
        known = inner if isinstance(inner, list) else []
        items = [(k, item, known[k] if k < len(known) else None) for k, item in enumerate(given)]
    else:
        return []
    return [
        generator
        for key, item, below in items
        for generator in targets(item, below, f"{path}.{key}" if path else str(key), found, missing)
    ]
