"""Choosing among arrays and elements with NumPy's names: select, choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise
from staticad.functional.front import implements, public_names
from staticad.functional.ravelling import checked
from staticad.ir.dtypes import BOOL, INT64, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor


@implements(np.select)
def select(condlist: Sequence[Operand], choicelist: Sequence[Operand], default: Operand = 0) -> Tensor:
    """For every element the choice of the first condition that holds, else the default. All operands broadcast.

    Choices that are not taken have no derivative, whatever they are. Raises ShapeError for lists of different lengths,
    DTypeError for conditions that are not bool.
    """
    conditions = [to_tensor(c) for c in condlist]
    if len(conditions) != len(choicelist) or not conditions:
        raise ShapeError(f"select: {len(conditions)} conditions for {len(choicelist)} choices; needs at least one each")
    for condition in conditions:
        if condition.dtype != BOOL:
            raise DTypeError(f"select: conditions have to be bool, not {describe(condition)}")
    *choices, result = as_operands("select", *choicelist, default)
    for condition, choice in zip(conditions[::-1], choices[::-1]):
        result = elementwise.where(condition, choice, result)
    return result


@implements(np.choose)
def choose(x: Operand, choices: Sequence[Operand] | Operand, mode: str = "raise") -> Tensor:
    """For every element of an integer array the element of the choice that it numbers. All operands broadcast.

    ``mode`` says what a number without a choice does: "raise" IndexOutOfBounds, "clip" to the first or last, "wrap"
    around. Choices that are not taken have no derivative, whatever they are.
    """
    a = to_tensor(x)
    if not (is_integer(a.dtype) or a.dtype == BOOL):
        raise DTypeError(f"choose: the numbers of the choices have to be integers ({describe(a)})")
    whole = isinstance(choices, (Tensor, np.ndarray))
    if not whole and not isinstance(choices, (list, tuple)):
        raise DTypeError(f"choose: choices are a list, a tuple or an array, not {choices!r} ({describe(a)})")
    listed = list(to_tensor(choices)) if whole else list(choices)  # type: ignore[arg-type]
    if not listed:
        raise ShapeError(f"choose: there are no choices ({describe(a)})")
    options = as_operands("choose", *listed)
    number = checked("choose", cast(a, INT64), len(options), mode)
    result = options[-1]
    for i, option in reversed(list(enumerate(options[:-1]))):
        result = elementwise.where(number == i, option, result)
    # The last choice alone does not say which shape all of them have.
    return elementwise.where(number >= 0, result, result) if len(options) == 1 else result


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
