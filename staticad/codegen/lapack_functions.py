"""LU of any shape, exponentials: the kernels that call LAPACK.

The conventions are those of `staticad.codegen.lapack`. What a routine destroys lies in the workspace; the matrices of a
range take turns with that of the first, so that the others are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch, of_parts

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import add, hypot, inf, less, load, mul, nan, pointer, store, sub
    from staticad.codegen.machine_language import address_of, call_fortran, peek, peek_int32, poke, stack_words
    from staticad.codegen.routine_names import (
        DTYPE,
        IN0,
        IN1,
        ITEMSIZE,
        LETTER_N,
        ONE,
        OUT0,
        OUT1,
        PARTS,
        STEP_IN0,
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


# The workspace: A, its powers 2, 4 and 6, a sum, the odd and the even part; pivots.
def _expm(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(26)  # thirteen and eight addresses; a letter, the numbers 1, 0 and 0 (factors), the status
    n = peek(slots, N)
    source = pointer(args, IN0, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    out = pointer(args, OUT0, DTYPE, 0, 1)
    base = peek(slots, WORK) + lo * peek(slots, STEP_WORK)
    size = PARTS * n * n
    first = lo * peek(slots, STEP_WORK) // ITEMSIZE
    poke(words, 21, LETTER_N)
    poke(words, 22, ONE)
    poke(words, 23, 0)
    poke(words, 24, 0)
    poke(words, 0, words + 8 * 21)
    poke(words, 1, words + 8 * 21)
    poke(words, 2, slots + 8 * N)
    poke(words, 3, slots + 8 * N)
    poke(words, 4, slots + 8 * N)
    poke(words, 5, words + 8 * 22)
    poke(words, 7, slots + 8 * N)
    poke(words, 9, slots + 8 * N)
    poke(words, 10, words + 8 * 23)
    poke(words, 12, slots + 8 * N)
    poke(words, 13, slots + 8 * N)
    poke(words, 14, slots + 8 * N)
    poke(words, 16, slots + 8 * N)
    poke(words, 17, base + 8 * 7 * size)
    poke(words, 19, slots + 8 * N)
    poke(words, 20, words + 8 * 25)
    if n > 0:
        for number in range(lo, hi):
            given = number * peek(slots, STEP_IN0) // ITEMSIZE
            norm = DTYPE(0)
            wrong = False
            for i in range(n):
                row = DTYPE(0)
                for j in range(n):
                    at = given + PARTS * (i * n + j)
                    if PARTS == 2:
                        row = add(row, hypot(load(source, at), load(source, at + 1)))
                    else:
                        row = add(row, abs(load(source, at)))
                if not less(row, DTYPE(inf)):
                    wrong = True
                if less(norm, row):
                    norm = row
            halvings = 0
            factor = DTYPE(1)
            while not wrong and less(DTYPE(5.371920351148152), norm):
                norm = mul(norm, DTYPE(0.5))
                factor = mul(factor, DTYPE(0.5))
                halvings += 1
            for i in range(size):
                value = mul(load(source, given + i), factor)
                if wrong:
                    value = DTYPE(nan)
                store(room, first + i, value)
                store(room, first + 4 * size + i, value)
            if not wrong:
                for step in range(6):
                    a = 0
                    b = 0
                    c = 1
                    if step == 1:
                        a = 1
                        b = 1
                        c = 2
                    elif step == 2:
                        a = 1
                        b = 2
                        c = 3
                    elif step == 3:
                        a = 3
                        b = 4
                        c = 6
                    elif step == 4:
                        b = 4
                        c = 5
                    elif step == 5:
                        a = 3
                        b = 4
                        c = 6
                    poke(words, 6, base + ITEMSIZE * size * a)
                    poke(words, 8, base + ITEMSIZE * size * b)
                    poke(words, 11, base + ITEMSIZE * size * c)
                    call_fortran(peek(slots, GEMM), words, 13, 2)
                    for i in range(size):
                        at = first + i
                        one = DTYPE(0)
                        if i % (PARTS * (n + 1)) == 0:
                            one = DTYPE(1)
                        a2 = load(room, at + size)
                        a4 = load(room, at + 2 * size)
                        a6 = load(room, at + 3 * size)
                        if step == 2:
                            value = add(a6, add(mul(a4, DTYPE(16380.0)), mul(a2, DTYPE(40840800.0))))
                            store(room, at + 4 * size, value)
                        elif step == 3:
                            value = add(mul(a6, DTYPE(33522128640.0)), mul(a4, DTYPE(10559470521600.0)))
                            value = add(value, mul(a2, DTYPE(1187353796428800.0)))
                            value = add(value, mul(one, DTYPE(32382376266240000.0)))
                            store(room, at + 4 * size, add(value, load(room, at + 6 * size)))
                        elif step == 4:
                            value = add(mul(a4, DTYPE(960960.0)), mul(a2, DTYPE(1323241920.0)))
                            store(room, at + 4 * size, add(mul(a6, DTYPE(182.0)), value))
                        elif step == 5:
                            value = add(mul(a6, DTYPE(670442572800.0)), mul(a4, DTYPE(129060195264000.0)))
                            value = add(value, mul(a2, DTYPE(7771770303897600.0)))
                            value = add(value, mul(one, DTYPE(64764752532480000.0)))
                            value = add(value, load(room, at + 6 * size))
                            odd = load(room, at + 5 * size)
                            store(room, at + 6 * size, sub(value, odd))
                            store(room, at + 4 * size, add(value, odd))
                poke(words, 15, base + ITEMSIZE * size * 6)
                poke(words, 18, base + ITEMSIZE * size * 4)
                call_fortran(peek(slots, GESV), words + 8 * 13, 8, 0)
                here = 4
                for _ in range(halvings):
                    poke(words, 6, base + ITEMSIZE * size * here)
                    poke(words, 8, base + ITEMSIZE * size * here)
                    here = 9 - here
                    poke(words, 11, base + ITEMSIZE * size * here)
                    call_fortran(peek(slots, GEMM), words, 13, 2)
                if here == 5:
                    for i in range(size):
                        store(room, first + 4 * size + i, load(room, first + 5 * size + i))
            for i in range(size):
                store(out, number * size + i, load(room, first + 4 * size + i))


def _factored(slots: Mapping[str, int]) -> int:
    return slots["M"] * slots["N"] * slots["K"]


_REAL: Mapping[str, RoutineText] = {
    "lu": RoutineText(function_text(_lu), by_batch(_factored)),
    "pivot_order": RoutineText(function_text(_pivot_order), by_batch(lambda slots: 4 * slots["N"])),
    "expm": RoutineText(function_text(_expm), by_batch(lambda slots: 20 * slots["N"] ** 3)),
}
MATRIX_FUNCTIONS: Mapping[str, RoutineText] = {**_REAL, **of_parts(_REAL)}
