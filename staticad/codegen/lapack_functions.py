"""LU of any shape: the kernels that call LAPACK.

The conventions are those of `staticad.codegen.lapack`. What a routine destroys lies in the workspace; the matrices of a
range take turns with that of the first, so that the others are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch, of_parts

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call_fortran, peek, peek_int32, poke, stack_words
    from staticad.codegen.routine_names import (
        IN1,
        OUT0,
        OUT1,
        STEP_IN1,
        STEP_OUT0,
        STEP_OUT1,
        STEP_WORK,
        WORK,
        K,
        M,
        N,
    )

    GEMM = GESV = GETRF = 0  # slots of single routines


# A second pivot stands in the upper half of the first word where INTEGER has 32 bits; pivots are never 0.
def _lu(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(7)  # six addresses; the status
    k = peek(slots, K)
    work = peek(slots, WORK) + lo * peek(slots, STEP_WORK)
    poke(words, 0, slots + 8 * N)
    poke(words, 1, slots + 8 * M)
    poke(words, 3, slots + 8 * N)
    poke(words, 4, work)
    poke(words, 5, words + 8 * 6)
    if k > 0:
        for number in range(lo, hi):
            poke(words, 2, peek(slots, OUT0) + number * peek(slots, STEP_OUT0))
            poke(work, 0, 0)
            call_fortran(peek(slots, GETRF), words, 6, 0)
            width = 8
            if peek(work, 0) >> 32 != 0:
                width = 4
            pivots = peek(slots, OUT1) + number * peek(slots, STEP_OUT1)
            for i in range(k):
                poke(pivots, i, peek_int32(work + width * i) - 1)


def _pivot_order(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    n = peek(slots, N)
    k = peek(slots, K)
    for number in range(lo, hi):
        pivots = peek(slots, IN1) + number * peek(slots, STEP_IN1)
        order = peek(slots, OUT0) + number * peek(slots, STEP_OUT0)
        inverse = peek(slots, OUT1) + number * peek(slots, STEP_OUT1)
        for i in range(n):
            poke(order, i, i)
        for i in range(k):
            other = peek(pivots, i)
            if i < n and other >= 0 and other < n:
                kept = peek(order, i)
                poke(order, i, peek(order, other))
                poke(order, other, kept)
        for i in range(n):
            poke(inverse, peek(order, i), i)


def _factored(slots: Mapping[str, int]) -> int:
    return slots["M"] * slots["N"] * slots["K"]


_REAL: Mapping[str, RoutineText] = {
    "lu": RoutineText(function_text(_lu), by_batch(_factored)),
    "pivot_order": RoutineText(function_text(_pivot_order), by_batch(lambda slots: 4 * slots["N"])),
}
MATRIX_FUNCTIONS: Mapping[str, RoutineText] = {**_REAL, **of_parts(_REAL)}
