"""What a run does besides computing: it prints, and it ends where something does not hold.

Such a node makes a number that nobody needs, its *token*. What is to wait for it reads the token: `AFTER` is its first
operand in value. Derivatives go past it, so that nothing is printed twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.errors import AssertionFailed
from staticad.ir.dims import Size
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Attrs
from staticad.ir.types import TensorType
from staticad.ops.barrier import Barrier
from staticad.ops.base import Inferred, Op

TOKEN = TensorType((), INT64)


class Effect(Op):
    """An op whose output is a token."""

    family = "effect"
    title = "Effects"
    about = "What a run does besides computing, as a step of its own; the result is a number that nobody needs."
    result = "int64"

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        return (TOKEN,), ()


class Print(Effect):
    """Inputs: the values, a complex one as its two parts. attrs text: what `written` takes; number: the place of the
    print among all, in the order in which they were made."""


class Assert(Effect):
    """Input: how many elements of a condition do not hold, int64. attrs message, and size, how many there are."""


class After(Barrier):
    """Inputs: a value, and a token that has to be made."""


class _Shown:
    """A value as a field of a format shows it."""

    def __init__(self, value: np.ndarray, summarize: int) -> None:
        self.value, self.summarize = value, summarize

    def __format__(self, how: str) -> str:
        if not self.value.ndim:
            return format(self.value[()], how)
        edge = max(self.summarize, 1) if self.summarize >= 0 else self.value.size
        least = 2 * edge if self.summarize >= 0 else self.value.size
        shown: Any = {"all": lambda element: format(element, how)} if how else None
        return np.array2string(
            self.value, separator=" ", threshold=least, edgeitems=edge, formatter=shown, max_line_width=120
        )

    def __str__(self) -> str:
        return format(self, "")

    __repr__ = __str__


def print_text(form: str, summarize: int) -> str:
    """What `written` takes: a format, and how many elements are shown at the ends of an axis (-1: all)."""
    return json.dumps([form, summarize])


def written(text: str, values: Sequence[np.ndarray]) -> str:
    """The values as a format says."""
    form, summarize = json.loads(text)
    return str(form).format(*(_Shown(value, summarize) for value in values))


def whole(parts: Sequence[np.ndarray], pairs: Sequence[int]) -> list[np.ndarray]:
    """The values of which the parts are: those with numbers in ``pairs`` are real parts, the next ones imaginary."""
    left = list(enumerate(parts))
    found = []
    while left:
        number, part = left.pop(0)
        found.append(part + 1j * left.pop(0)[1] if number in pairs else part)
    return found


def _print_numpy(*values: np.ndarray, text: str, number: int, pairs: tuple[int, ...]) -> np.ndarray:
    print(written(text, whole(values, pairs)), flush=True)
    return np.zeros((), np.int64)


def failure(message: str, size: Size) -> str:
    """The text of an error, with {number} for the elements that do not hold and {info} for all."""
    text = message.replace("{", "{{").replace("}", "}}")
    return text if size == 1 else f"{text} (the condition does not hold for {{number}} of {{info}} elements)"


def _assert_numpy(count: np.ndarray, message: str, size: int) -> np.ndarray:
    if count:
        raise AssertionFailed(failure(message, size).format(number=int(count), info=size))
    return np.asarray(count, np.int64)


PRINT = Print("print", numpy=_print_numpy, nondifferentiable=True, notes="`print_`")
ASSERT = Assert("assert", numpy=_assert_numpy, nondifferentiable=True, notes="`assert_`")
AFTER = After(
    "after",
    numpy=lambda x, token: x,
    vjp=lambda g, y, x, token: (g, None),
    jvp=lambda ts, y, x, token: ts[0],
    notes="the first operand, when the second one is made: what `print_` and `assert_` return",
)

EFFECT_OPS = (PRINT, ASSERT, AFTER)
