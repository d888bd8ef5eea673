"""Where a node comes from: the user's file and line, and the transformations applied since.

A node made by the user's call gets the innermost frame outside the package. A node that a transformation makes
(gradient, rewrite) inherits the place of the node that it was made for, with a note of how.
"""

from __future__ import annotations

import functools
import threading
from contextlib import AbstractContextManager
from dataclasses import field
from types import CodeType

from staticad.ir import name_scopes
from staticad.records import dataclass
from staticad.user_lines import place_text, user_frame


@dataclass(frozen=True, slots=True)
class Where:
    """A source line. ``notes`` reads from the newest to the oldest, e.g. ("gradient of exp",). ``scope`` is the name
    scope in which the line was executed; the line is the same one without it."""

    file: str
    line: int
    function: str
    notes: tuple[str, ...] = ()
    scope: str = field(default="", compare=False)

    def derived(self, note: str) -> Where:
        """The same line with one more note, kept once however often the same note recurs in a row."""
        if self.notes and self.notes[0] == note:
            return self
        return _place(self.file, self.line, self.function, (note, *self.notes[:7]), self.scope)

    def __str__(self) -> str:
        place = place_text(self.file, self.line)
        return f"{place} ({', '.join(self.notes)})" if self.notes else place


@functools.lru_cache(4096)
def _place(file: str, line: int, function: str, notes: tuple[str, ...], scope: str) -> Where:
    """Nodes of one line share its place."""
    return Where(file, line, function, notes, scope)


class _State(threading.local):
    inherited: Where | None = None


_state = _State()
_found: dict[tuple[int, int, str], tuple[CodeType, Where]] = {}  # by code, which stays with its number, and place in it
_MOST_FOUND = 4096


def here(inside: int = 2) -> Where:
    """The place for a node that is made now; see `user_frame`."""
    inherited = _state.inherited
    if inherited is not None:
        return inherited
    frame = user_frame(inside)
    code = frame.f_code
    key = id(code), frame.f_lasti, name_scopes.state.scope
    found = _found.get(key)
    if found is None:  # the line is looked for in a table as long as the function
        if len(_found) >= _MOST_FOUND:
            _found.clear()
        found = _found[key] = code, _place(code.co_filename, frame.f_lineno, code.co_name, (), key[2])
    return found[1]


class _Inheriting:
    __slots__ = ("before", "where")

    def __init__(self, where: Where) -> None:
        self.where = where

    def __enter__(self) -> None:
        self.before = _state.inherited
        _state.inherited = self.where

    def __exit__(self, *error: object) -> None:
        _state.inherited = self.before


def inherit(where: Where) -> AbstractContextManager[None]:
    """Nodes made inside get this place instead of the caller's line."""
    return _Inheriting(where)


def user_call() -> AbstractContextManager[None]:
    """Nodes made inside all get the place of the user's present line (for composites and transformations)."""
    return inherit(here())
