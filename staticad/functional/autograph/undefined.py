"""Variables without a value: what a name holds before it is assigned, or where only some runs would assign it."""

from __future__ import annotations

from typing import Any, NoReturn

from staticad.errors import GraphError
from staticad.ir.provenance import here

INTERNAL = "ag__"  # how names begin that the rewriting brings in; no user's name does


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


def read(value: Any) -> Any:
    """The value of a variable. Raises UnboundLocalError or GraphError where it has none."""
    if isinstance(value, Undefined):
        value.fail()
    return value


def is_internal(name: str) -> bool:
    """True for variables that the rewriting brought in."""
    return name.startswith(INTERNAL)
