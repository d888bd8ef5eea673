"""Whether a block is executed now to build the body of a branch or loop, which a run may or may not execute."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from staticad.errors import GraphError
from staticad.functional.nests import flatten
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here

Effect = tuple[str, int]  # an assignment to something other than a variable: its text and line


class _State(threading.local):
    depth = 0


_state = _State()


@contextmanager
def staged() -> Iterator[None]:
    """Blocks that run inside are the bodies of branches or loops in the graph."""
    _state.depth += 1
    try:
        yield
    finally:
        _state.depth -= 1


def fresh(value: Any) -> Any:
    """A value whose lists and dicts are copies, so that a block which changes them does so for itself."""
    if isinstance(value, (list, dict, tuple)):
        leaves, rebuild, _ = flatten(value)
        return rebuild(leaves)
    return value


def refuse(effects: Sequence[Effect], what: str) -> None:
    """Raise GraphError for a block that stores into attributes or items: a graph has only variables."""
    if effects:
        text, line = effects[0]
        raise GraphError(
            f"the {what} at {here()} depends on a tensor, but its block assigns {text} (line {line}), which would "
            "happen once, when the graph is built; assign to a local variable and store that after the block"
        )


def raised(exception: Any) -> Any:
    """What a ``raise`` statement raises: the user's exception, or GraphError where only a run would raise it."""
    if not _state.depth:
        return exception
    name = exception.__name__ if isinstance(exception, type) else type(exception).__name__
    return GraphError(
        f"whether {name} is raised at {here()} depends on a tensor and shows only at run time; check the result of "
        "the run instead, or choose a NaN with sa.where"
    )


def assertable(value: Any) -> Any:
    """The condition of an assert statement. Raises GraphError for a tensor."""
    if isinstance(value, Tensor):
        raise GraphError(
            f"assert at {here()}: {describe(value)} is known only at run time; assert on the result of the run instead"
        )
    return value
