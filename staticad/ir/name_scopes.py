"""Name scopes: what is made inside of one is called after it, ``encoder.weight`` for a ``weight`` in ``encoder``."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from staticad.errors import GraphError

Given = TypeVar("Given")


class _State(threading.local):
    scope = ""


state = _State()
_numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)


def current() -> str:
    """The scope in force; empty outside of all."""
    return state.scope


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Names that are given inside begin with this one and a dot; scopes may stand in each other.

    Placeholders, variables, constants and layers have names. Drawings group what a scope makes. The same scope may be
    entered again. Raises GraphError for a name that is no string, or empty.
    """
    if not isinstance(name, str) or not name:
        raise GraphError(f"name_scope: a name is a string of one character at least, not {name!r}")
    before = state.scope
    state.scope = joined(before, name)
    try:
        yield
    finally:
        state.scope = before


def joined(scope: str, name: str) -> str:
    """The full name of what has this one in a scope."""
    return f"{scope}.{name}" if scope and name else scope or name


def scoped(name: Given) -> Given | str:
    """The full name of what is made now with this name. None, and what is no name, is left as it is."""
    return joined(state.scope, name) if isinstance(name, str) and state.scope else name


def numbered(name: str) -> str:
    """A name that nothing else of this process got here: ``dense``, then ``dense_1``."""
    number = next(_numbers[name])
    return f"{name}_{number}" if number else name
