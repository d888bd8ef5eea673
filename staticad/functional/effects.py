"""Values that are printed or checked on their way."""

from __future__ import annotations

import itertools
import operator
import string

import numpy as np

from staticad.errors import ConfigError, DTypeError
from staticad.functional import comparison, reductions
from staticad.ir.dims import product
from staticad.ir.dtypes import BOOL, INT64, is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here, user_call
from staticad.ops.base import apply
from staticad.ops.complex import IMAG, REAL
from staticad.ops.effects import AFTER, ASSERT, PRINT, print_text, written
from staticad.ops.promotion import Operand, cast, to_tensor

_numbers = itertools.count()


def print_(x: Operand, format: str = "{}", *values: Operand, summarize: int = 3) -> Tensor:
    """x, which is printed in every run that computes what is returned: use it in the place of x.

    ``format`` is one of ``str.format``: its fields are x and further ``values``, ``{:.3f}`` formats every element; a
    text without a field is put before x. Of longer axes ``summarize`` elements at each end are shown, -1 shows all.
    Prints are made in the order of the calls, also in loops and branches, as far as none needs what a later one shows.
    They print nothing in derivatives, which go through. Raises ConfigError for a format that does not fit.
    """
    shown = [to_tensor(value) for value in (x, *values)]
    text = print_text(_checked(format, shown), operator.index(summarize))
    parts: list[Tensor] = []
    pairs = []
    with user_call():
        for value in shown:
            if is_complex(value.dtype):
                pairs.append(len(parts))
                parts += [apply(REAL, value), apply(IMAG, value)]
            else:
                parts.append(value)
        token = apply(PRINT, *parts, text=text, number=next(_numbers), pairs=tuple(pairs))
        return apply(AFTER, shown[0], token)


def _checked(form: str, shown: list[Tensor]) -> str:
    """The format with a field. Raises ConfigError."""
    try:
        if not any(field is not None for _, field, _, _ in string.Formatter().parse(form)):
            form = f"{form}{{}}" if not form or form[-1].isspace() else f"{form} {{}}"
        written(print_text(form, 3), [np.zeros((), value.dtype) for value in shown])
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        listed = ", ".join(map(describe, shown))
        raise ConfigError(f"print_: the format {form!r} does not fit {listed}: {error} (at {here()})") from None
    return form


def assert_(x: Operand, condition: Operand, message: str = "an assertion does not hold") -> Tensor:
    """x, if all elements of a bool ``condition`` hold; else the run ends with AssertionFailed, which has the message
    and the user's line, and variables keep their values. Use it in the place of x.

    Raises DTypeError for a condition that is not bool.
    """
    value, checked = to_tensor(x), to_tensor(condition)
    if checked.dtype != BOOL:
        raise DTypeError(f"assert_: a condition is bool, not {describe(checked)}; compare it with something")
    with user_call():
        count = reductions.sum(cast(comparison.logical_not(checked), INT64))
        token = apply(ASSERT, count, message=message, size=product(checked.shape))
        return apply(AFTER, value, token)
