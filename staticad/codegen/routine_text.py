"""What a routine is in compiled code: the text of its kernel, and how a step that calls it is cut over threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum

import numpy as np

from staticad.lower.kernel.routine import COMPLEX, FEW_ROWS, FEW_TERMS, GEMM_TERMS, Routine
from staticad.records import dataclass


class Cut(IntEnum):
    """What the range ``[lo, hi)`` of a routine's kernel counts: matrices of the batch, or rows or columns of one."""

    BATCH = 0
    ROWS = 1
    COLUMNS = 2


class Sums(IntEnum):
    """What `matrix_sums` does with a matrix of sums in float64: set it to zero or to C, add C, write it to C."""

    CLEAR = 0
    FETCH = 1
    COLLECT = 2
    WRITE = 3


Cutting = tuple[Cut, int, int]  # what is cut, the extent of the step and its grain (0: not at all)


@dataclass(frozen=True)
class RoutineText:
    """``text`` is the source of a kernel in which names of slots, of `Cut` and of `Sums` stand for their numbers,
    ITEMSIZE for the bytes of an element, DTYPE for its dtype, ONE for the bits of 1, PARTS for the numbers that
    an element of a matrix has, and LETTER_N for the letter N. The slot CUT is the last one.

    ``cut`` decides by the contents of the slots and the number of matrices: by sizes alone, never by the number of
    threads, so that results do not depend on that.
    """

    text: str
    cut: Callable[[Mapping[str, int], int], Cutting]

    def source(self, routine: Routine) -> str:
        """The text for the slots and the dtype of a routine."""
        values = {name: str(number) for number, name in enumerate((*routine.slots, "CUT"))}
        values |= {name.name: str(int(name)) for kind in (Cut, Sums) for name in kind}
        values |= {"FEW_ROWS": str(FEW_ROWS), "FEW_TERMS": str(FEW_TERMS), "GEMM_TERMS": str(GEMM_TERMS)}
        values |= {"ITEMSIZE": str(routine.dtype.itemsize), "DTYPE": routine.dtype.name}
        values["PARTS"] = "2" if routine.name.startswith(COMPLEX) else "1"
        values["ONE"] = str(int.from_bytes(np.ones((), routine.dtype).tobytes(), "little"))

        def value(match: re.Match[str]) -> str:
            return str(ord(match[1])) if match[1] else values[match[0]]

        return re.sub(r"\b(?:LETTER_([A-Z])|[A-Z][A-Z0-9_]*)\b", value, self.text)
