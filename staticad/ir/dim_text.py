"""Sizes as text: functions to a certain depth and number, "…" for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticad.ir.symbols import Symbol

if TYPE_CHECKING:
    from staticad.ir.dims import Atom, Function, Size

SHOWN_LEVELS, SHOWN_FUNCTIONS = 16, 100  # of a nest of functions as text


def size_text(size: Size) -> str:
    """A size as users write it."""
    return _Text().size(size, SHOWN_LEVELS)


def function_text(function: Function) -> str:
    """A function of sizes as users write it."""
    return _Text().function(function, SHOWN_LEVELS)


class _Text:
    def __init__(self) -> None:
        self.left = SHOWN_FUNCTIONS

    def size(self, size: Size, levels: int) -> str:
        text = ""
        for monomial, coefficient in size.terms if not isinstance(size, int) else (((), size),) if size else ():
            amount = abs(coefficient)
            alone = coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1
            name = "*".join(self.factor(a, p, alone, levels) for a, p in monomial)
            body = str(amount) if not name else name if amount == 1 else f"{amount}*{name}"
            sign = "-" if coefficient < 0 else "+"
            text = (f"-{body}" if coefficient < 0 else body) if not text else f"{text} {sign} {body}"
        return text or "0"

    def factor(self, atom: Atom, power: int, alone: bool, levels: int) -> str:
        text = str(atom) if isinstance(atom, Symbol) else self.function(atom, levels)
        if not alone and not isinstance(atom, Symbol) and atom.name == "floordiv":
            text = f"({text})"
        return text if power == 1 else f"{text}**{power}"

    def function(self, function: Function, levels: int) -> str:
        self.left -= 1
        if levels == 0 or self.left < 0:
            return "…"
        left, right = self.size(function.left, levels - 1), self.size(function.right, levels - 1)
        if function.name == "floordiv":
            return f"({left})//({right})" if not isinstance(function.right, int) else f"({left})//{right}"
        return f"{function.name}({left}, {right})"
