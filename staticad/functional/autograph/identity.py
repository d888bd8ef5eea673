"""What asks for the identity or the type of a value: ``is``, ``isinstance``, ``type``, patterns of ``match``.

A branch or loop in the graph makes tensors of variables that were numbers. Such a variable is another object than it
would be in Python, so these questions would have other answers, and a program would silently take another way. They are
errors there. That a tensor is not None, or no string, is true in either case.
"""

from __future__ import annotations

from typing import Any

from staticad.errors import GraphError
from staticad.functional.autograph.staging import is_turned, was_number
from staticad.functional.nests import flatten
from staticad.ir.dims import Dim
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here

_NUMBERS = (bool, int, float)


def is_(left: Any, right: Any) -> bool:
    """``left is right``. Raises GraphError where only a run could tell."""
    if left is not right:
        for value, other in ((left, right), (right, left)):
            if isinstance(value, (Tensor, Dim)) and isinstance(other, _NUMBERS):
                raise GraphError(
                    f"whether {_named(value)} is {other!r} is known only at run time, at {here()}; {_remedy(other)}"
                )
            if isinstance(value, Tensor) and isinstance(other, (Tensor, *_NUMBERS)) and is_turned(value):
                raise GraphError(
                    f"whether {describe(value)} and {_named(other)} are one object is decided by the run, at {here()}: "
                    "it is the value of a variable that a branch or loop chooses; compare values with =="
                )
    return left is right


def is_not(left: Any, right: Any) -> bool:
    """``left is not right``, as `is_`."""
    return not is_(left, right)


def _remedy(other: Any) -> str:
    if isinstance(other, bool):
        return f"write `{'' if other else 'not '}flag`, which may be a tensor, in the place of `flag is {other}`"
    return "compare with =="


def _named(value: Any) -> str:
    return describe(value) if isinstance(value, Tensor) else str(value)


def isinstance_(value: Any, kinds: Any, /) -> bool:
    """``isinstance``. Raises GraphError for a number that has become a tensor, if numbers are asked for."""
    found = isinstance(value, kinds)
    if not found and isinstance(value, Tensor) and any(issubclass(kind, kinds) for kind in _NUMBERS):
        _refuse_number("isinstance", value)
    return found


def type_(value: Any, *arguments: Any, **keywords: Any) -> Any:
    """``type``. Raises GraphError for a number that has become a tensor."""
    if not arguments and isinstance(value, Tensor):
        _refuse_number("type", value)
    return type(value, *arguments, **keywords) if arguments else type(value)


def _refuse_number(what: str, value: Tensor) -> None:
    if was_number(value):
        raise GraphError(
            f"{what} at {here()}: {describe(value)} is a number of Python's that a branch or loop has turned into a "
            "tensor, so that its type tells nothing; ask before the branch or loop, or use isinstance(v, sa.Tensor)"
        )


def matchable(subject: Any, singletons: bool, classes: bool) -> Any:
    """The subject of a match statement. Raises GraphError for tensors where patterns ask whether they are True or
    False, or numbers."""
    leaves, _, _ = flatten(subject)
    for leaf in leaves:
        if isinstance(leaf, Tensor):
            if singletons:
                raise GraphError(
                    f"match at {here()}: whether {describe(leaf)} is True or False is known only at run time; "
                    "write if and else in the place of these patterns"
                )
            if classes:
                _refuse_number("match", leaf)
    return subject
