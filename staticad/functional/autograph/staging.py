"""Whether a block is executed now to build the body of a branch or loop, which a run may or may not execute."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from staticad.errors import GraphError
from staticad.functional.nests import flatten
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.sources import CONSTANT

Effect = tuple[str, int]  # an assignment to something other than a variable: its text and line


class _State(threading.local):
    depth = 0


_state = _State()


_turned: WeakKeyDictionary[Node, dict[int, bool]] = WeakKeyDictionary()


def turned(tensor: Tensor, python: bool) -> Tensor:
    """A tensor that a branch or loop has made of a variable; ``python``: of numbers of Python's."""
    _turned.setdefault(tensor.node, {})[tensor.index] = python
    return tensor


def is_turned(tensor: Tensor) -> bool:
    """Whether a branch or loop has made the tensor of a variable."""
    return tensor.index in _turned.get(tensor.node, {})


def was_number(tensor: Tensor) -> bool:
    """Whether the value would be a number of Python's, had no branch or loop turned its variables into tensors."""
    seen: set[Node] = set()
    pending, found = [tensor], False
    while pending:
        current = pending.pop()
        python = _turned.get(current.node, {}).get(current.index)
        if python is None:
            if current.op is not CONSTANT and not current.inputs:
                return False
            if current.node not in seen:
                seen.add(current.node)
                pending += current.inputs
        elif not python:
            return False
        else:
            found = True
    return found


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
