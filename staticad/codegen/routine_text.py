"""What a routine is in compiled code: the text of its kernel, and how a step that calls it is cut over threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum

import numpy as np

from staticad.ir.dtypes import DType
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


class Pass(IntEnum):
    """The words of one pass of a Fourier transform (`staticad.codegen.fourier_passes`): addresses of what is read and
    written and of the roots of unity, the factor, how many columns go together, distances in the table for groups and
    for legs, those of groups (or rows) and legs (or columns) in memory, and the `Form`."""

    FROM_RE = 0
    FROM_IM = 1
    TO_RE = 2
    TO_IM = 3
    COS = 4
    SIN = 5
    RADIX = 6
    RUN = 7
    STEP = 8
    ROOT = 9
    FROM_ROW = 10
    FROM_LEG = 11
    TO_ROW = 12
    TO_LEG = 13
    FORM = 14
    WORDS = 15


class Form(IntEnum):
    """How a pass with a factor reads and writes (`staticad.codegen.fourier_butterflies`): parts that lie apart; first a
    pass whose columns are numbers with both parts side by side, perhaps in the other order; then passes of one group
    that multiply their result by a table of its form, or write such numbers one after the other."""

    BETWEEN = 0
    FIRST = 1
    FIRST_EXCHANGED = 2
    TWISTED = 3
    LAST = 4
    LAST_EXCHANGED = 5


Cutting = tuple[Cut, int, int]  # what is cut, the extent of the step and its grain (0: not at all)


# LAPACK takes longer to begin than a few loops to factor so many rows.
SMALL_MATRIX = 8
SMALL_FACTORS = 32  # of LU factors, for which LAPACK looks for each pivot by a call


@dataclass(frozen=True)
class RoutineText:
    """``text`` is the source of a kernel in which names of slots, of `Cut`, `Sums`, `Pass` and `Form` stand for their
    numbers, ITEMSIZE for the bytes of an element, DTYPE for its dtype, ONE for the bits of 1, PARTS for the numbers
    that an element of a matrix has, SMALL_MATRIX and SMALL_FACTORS for the rows of the largest small ones, and LETTER_N
    for the letter N. The slot CUT is the last one. For elements as signed integers BITS is their dtype, LOWEST and
    LARGEST its ends and INFINITY the bits of infinity; FLOATING and UNSIGNED are 1 where that is what they are, else 0.

    ``cut`` decides by the contents of the slots and the number of matrices: by sizes alone, never by the number of
    threads, so that results do not depend on that.
    """

    text: str
    cut: Callable[[Mapping[str, int], int], Cutting]

    def source(self, routine: Routine) -> str:
        """The text for the slots and the dtype of a routine."""
        values = {name.name: str(int(name)) for kind in (Cut, Sums, Pass, Form) for name in kind}
        values |= {name: str(number) for number, name in enumerate((*routine.slots, "CUT"))}
        values |= {"FEW_ROWS": str(FEW_ROWS), "FEW_TERMS": str(FEW_TERMS), "GEMM_TERMS": str(GEMM_TERMS)}
        values |= {"ITEMSIZE": str(routine.dtype.itemsize), "DTYPE": routine.dtype.name}
        values |= {"SMALL_MATRIX": str(SMALL_MATRIX), "SMALL_FACTORS": str(SMALL_FACTORS)}
        values["PARTS"] = "2" if routine.name.startswith(COMPLEX) else "1"
        if routine.dtype.kind in "biuf":
            values |= _as_integers(routine.dtype)
        values["ONE"] = str(int.from_bytes(np.ones((), routine.dtype).tobytes(), "little"))

        def value(match: re.Match[str]) -> str:
            return str(ord(match[1])) if match[1] else values[match[0]]

        return re.sub(r"\b(?:LETTER_([A-Z])|[A-Z][A-Z0-9_]*)\b", value, self.text)


def _as_integers(dtype: DType) -> dict[str, str]:
    """What a text says of elements that it reads as integers."""
    bits = np.dtype(f"int{8 * dtype.itemsize}")
    ends = np.iinfo(bits)
    kinds = {"FLOATING": "f", "UNSIGNED": "u"}
    infinity = int(np.array(np.inf, dtype).view(bits)) if dtype.kind == "f" else 0
    found = {"BITS": bits.name, "LOWEST": str(ends.min), "LARGEST": str(ends.max), "INFINITY": str(infinity)}
    return found | {name: str(int(dtype.kind == kind)) for name, kind in kinds.items()}


def of_parts(texts: Mapping[str, RoutineText]) -> dict[str, RoutineText]:
    """The same texts under the names of routines for complex matrices, whose elements have two parts."""
    return {f"{COMPLEX}{name}": text for name, text in texts.items()}


# About the operations of half a millisecond on one core, of which a call costs some hundreds.
_SMALLEST_CHUNK = 1 << 20
_CALL = 500
_COLUMNS = 64  # at least, in a chunk of right sides: TRSM packs the factor for each

Work = Callable[[Mapping[str, int]], int]


def by_batch(work: Work) -> Callable[[Mapping[str, int], int], Cutting]:
    """Cut into groups of matrices."""

    def cut(slots: Mapping[str, int], batch: int) -> Cutting:
        grain = max(1, _SMALLEST_CHUNK // (work(slots) + _CALL))
        return Cut.BATCH, batch, grain if grain < batch else 0

    return cut


def by_columns(work: Work) -> Callable[[Mapping[str, int], int], Cutting]:
    """Cut into groups of matrices, or if there is one, into columns of its right side."""
    batches = by_batch(work)

    def cut(slots: Mapping[str, int], batch: int) -> Cutting:
        columns = slots["K"]
        if batch != 1 or columns < 2 * _COLUMNS or work(slots) < 2 * _SMALLEST_CHUNK:
            return batches(slots, batch)
        chunks = min(work(slots) // _SMALLEST_CHUNK, columns // _COLUMNS)
        grain = -(-columns // (16 * chunks)) * 16
        return Cut.COLUMNS, columns, grain if grain < columns else 0

    return cut
