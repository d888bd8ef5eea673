"""Variables without a value: what a name holds before it is assigned, or where only some runs would assign it."""

from __future__ import annotations

from typing import Any, NoReturn

from staticad.errors import GraphError
from staticad.ir.provenance import here

INTERNAL = "ag__"  # how names begin that the rewriting brings in; no user's name does
RETURNED, BROKE, SKIPPED = f"{INTERNAL}returned", f"{INTERNAL}broke_", f"{INTERNAL}skipped_"


class Undefined:
    """The value of a variable that has none. ``reason`` says why it has none that is known when the graph is built."""

    __slots__ = ("name", "reason")

    def __init__(self, name: str, reason: str = "") -> None:
        self.name, self.reason = name, reason

    def fail(self) -> NoReturn:
        """Raise what reading the variable raises."""
        if self.reason:
            raise GraphError(f"the variable {self.name!r} {self.reason}; it is used at {here()}")
        raise UnboundLocalError(f"cannot access local variable {self.name!r} where it is not associated with a value")

    def __repr__(self) -> str:
        return f"<undefined {self.name}>"


class Partial:
    """The value of a variable that has none where the block was left, by return, break or continue. Whatever reads it
    runs only where the block was not left; a loop's next step may read more, so that it has no value there."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value


def whole(value: Any) -> Any:
    """What a variable holds where its block was not left."""
    return value.value if isinstance(value, Partial) else value


def after_step(value: Any) -> Any:
    """What a variable holds after a step of a loop that may have been left before it was assigned."""
    if isinstance(value, Partial):
        return Undefined(value.name, "has no value where a step of its loop is left before it is assigned")
    return value


def read(value: Any) -> Any:
    """The value of a variable. Raises UnboundLocalError or GraphError where it has none."""
    value = whole(value)
    if isinstance(value, Undefined):
        value.fail()
    return value


def is_flag(name: str) -> bool:
    """True for the variables that say whether a block has been left."""
    return name == RETURNED or name.startswith((BROKE, SKIPPED))


def is_internal(name: str) -> bool:
    """True for variables that the rewriting brought in."""
    return name.startswith(INTERNAL)
