"""What is compared with a peer: one call, written once, of the names that both libraries have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Call = Callable[..., Any]
RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """A call of names of a module and of operands. It has one result or several, nested in lists."""

    call: Call
    operands: tuple[np.ndarray, ...]
    kinds: str = "f"  # of the operands: floats, complex numbers
    orders: int = 2  # of the derivatives that the peer has
    why: str = ""  # the peer has fewer than two, or what is compared is not all
    theirs: Call | None = None  # where the peer is called otherwise


Table = dict[str, Case]  # by names of public functions, several with commas between


class Names:
    """What the modules of a library have, in one place; sections such as `linalg` are places of their own."""

    def __init__(self, *modules: Any, **others: Any) -> None:
        self.modules, self.others = modules, others

    def __getattr__(self, name: str) -> Any:
        if name in self.others:
            return self.others[name]
        for module in self.modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


def named(m: Names, name: str) -> Any:
    """What a dotted name stands for."""
    found: Any = m
    for part in name.split("."):
        found = getattr(found, part)
    return found


def uniform(low: float, high: float, *shape: int) -> np.ndarray:
    return RNG.uniform(low, high, shape)


def leaves(result: Any) -> list[Any]:
    """The results of a call, one after the other."""
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def each(names: str | Sequence[str], make: Callable[[str], Case]) -> Table:
    """A case for each of the names."""
    return {name: make(name) for name in (names.split() if isinstance(names, str) else names)}
