"""How often Python executes the body of a loop while a graph is built; a warning where that makes the graph large."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any
from weakref import WeakSet

from staticad.errors import UnrolledLoopWarning
from staticad.functional.nests import flatten
from staticad.ir.graph import Tensor
from staticad.user_lines import place_text, user_frame

COPIES = 300  # of a loop's body that nobody is told of


class _State(threading.local):
    copies: dict[CodeType, int] | None = None  # by the loop; those in other loops are counted in all their steps


_state = _State()
_told: WeakSet[CodeType] = WeakSet()


@contextmanager
def unrolling(kind: str, body: Callable[..., None], get_state: Callable[[], tuple[Any, ...]]) -> Iterator[Any]:
    """A loop that Python executes; what is yielded is called for every step, and warns once for a loop whose variables
    are tensors."""
    code: CodeType = body.__code__
    outermost = _state.copies is None
    copies = _state.copies = {} if _state.copies is None else _state.copies

    def step() -> None:
        copies[code] = copies.get(code, 0) + 1
        if copies[code] > COPIES and code not in _told and _has_tensor(get_state()):
            _told.add(code)
            _warn(kind)

    try:
        yield step
    finally:
        if outermost:
            _state.copies = None


def _has_tensor(state: tuple[Any, ...]) -> bool:
    return any(isinstance(leaf, Tensor) for value in state for leaf in flatten(value)[0])


def _warn(kind: str) -> None:
    frame = user_frame()
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = (
        f"the {kind} loop at {place_text(file, line)} is unrolled to more than {COPIES} copies of its body, because "
        "Python knows its bounds: the graph grows with every copy, and so does the time that it takes to compile. For "
        "one loop in the graph make a bound a tensor, as in range(sa.constant(n)), loop over a tensor, or use sa.scan"
    )
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(text, UnrolledLoopWarning, file, line, frame.f_globals.get("__name__"), registry)
