"""Factorizations of matrices and what is solved with them: the kernels that call LAPACK, and how they are cut.

Matrices are row-major, and so are the transposes of what LAPACK works on: a lower triangle is an upper one there, and
``A x = b`` is ``xᵀ Aᵀ = bᵀ``, which triangular solves from the right take as it lies. No matrix is turned around.

Arguments are passed by address: a kernel fills a table of addresses on its stack. INTEGER has 32 or 64 bits, as the
library was built. What is read by LAPACK stands in a 64-bit word, whose lower half is the same number; and what it
writes is read so that both are understood. Real matrices of few rows (SMALL_MATRIX, SMALL_FACTORS) are done by loops:
calls cost more than they compute. Complex matrices have elements of two PARTS; the same kernels do for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.lapack_decompositions import DECOMPOSITIONS
from staticad.codegen.lapack_determinants import DETERMINANTS
from staticad.codegen.lapack_eigen import EIGEN
from staticad.codegen.lapack_exponential import EXPONENTIALS
from staticad.codegen.lapack_functions import MATRIX_FUNCTIONS
from staticad.codegen.lapack_least_squares import LEAST_SQUARES
from staticad.codegen.lapack_roots import ROOTS
from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch, by_columns, of_parts

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import (
        div,
        equal,
        int64,
        less,
        load,
        mul,
        pointer,
        sqrt,
        store,
        sub,
        where,
    )
    from staticad.codegen.machine_language import address_of, call_fortran, peek, peek_int32, poke, report, stack_words
    from staticad.codegen.routine_names import (
        CODE,
        COLUMNS,
        CUT,
        DTYPE,
        IN0,
        IN1,
        IN2,
        ITEMSIZE,
        LETTER_L,
        LETTER_N,
        LETTER_R,
        LETTER_T,
        LETTER_U,
        ONE,
        OUT0,
        OUT1,
        PARTS,
        SMALL_FACTORS,
        SMALL_MATRIX,
        STATUS,
        STEP_IN0,
        STEP_IN1,
        STEP_IN2,
        STEP_OUT0,
        STEP_OUT1,
        STEP_WORK,
        WORK,
        K,
        N,
    )

    GETRF = LOWER = POTRF = TRANS = TRSM = UNIT = 0  # slots of single routines: functions and attributes


def _cholesky(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(7)  # five addresses; the letter and the status
    n = peek(slots, N)
    matrix = peek(slots, OUT0) + lo * peek(slots, STEP_OUT0)
    out = pointer(args, OUT0, DTYPE, 0, 1)
    poke(words, 5, LETTER_U)
    poke(words, 0, words + 8 * 5)
    poke(words, 1, slots + 8 * N)
    poke(words, 3, slots + 8 * N)
    poke(words, 4, words + 8 * 6)
    if n > 0:
        for number in range(lo, hi):
            info = 0
            if PARTS == 1 and n <= SMALL_MATRIX:
                origin = number * n * n
                for i in range(n):
                    for j in range(i + 1):
                        value = load(out, origin + i * n + j)
                        for k in range(j):
                            value = sub(value, mul(load(out, origin + i * n + k), load(out, origin + j * n + k)))
                        if j < i:
                            value = div(value, load(out, origin + j * n + j))
                        elif less(DTYPE(0), value):
                            value = sqrt(value)
                        elif info == 0:
                            info = i + 1
                        store(out, origin + i * n + j, value)
            else:
                poke(words, 2, matrix)
                poke(words, 6, 0)
                call_fortran(peek(slots, POTRF), words, 5, 1)
                info = peek_int32(words + 8 * 6)
            if info != 0:
                report(peek(slots, STATUS), peek(slots, CODE), number, info)
            row = PARTS * number * n * n
            for i in range(n):
                for j in range(PARTS * (i + 1), PARTS * n):
                    store(out, row + j, DTYPE(0))
                row += PARTS * n
            matrix += peek(slots, STEP_OUT0)


# A second pivot stands in the upper half of the first word where INTEGER has 32 bits; pivots are never 0.
def _lu_factor(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(7)  # six addresses; the status
    n = peek(slots, N)
    matrix = peek(slots, OUT0) + lo * peek(slots, STEP_OUT0)
    pivots = peek(slots, OUT1) + lo * peek(slots, STEP_OUT1)
    work = peek(slots, WORK) + lo * peek(slots, STEP_WORK)
    poke(words, 0, slots + 8 * N)
    poke(words, 1, slots + 8 * N)
    poke(words, 3, slots + 8 * N)
    poke(words, 5, words + 8 * 6)
    out = pointer(args, OUT0, DTYPE, 0, 1)
    if n > 0:
        for number in range(lo, hi):
            if PARTS == 1 and n <= SMALL_FACTORS:
                origin = number * n * n
                for i in range(n):
                    row = origin + i * n
                    pivot = i
                    largest = abs(load(out, row + i))
                    for j in range(i + 1, n):
                        size = abs(load(out, row + j))
                        larger = less(largest, size)
                        largest = where(larger, size, largest)
                        pivot = where(larger, j, pivot)
                    poke(pivots, i, pivot)
                    for j in range(n):  # also where the pivot is in its place, which is as good as random
                        at = origin + j * n
                        kept = load(out, at + i)
                        store(out, at + i, load(out, at + pivot))
                        store(out, at + pivot, kept)
                    diagonal = load(out, row + i)
                    if not equal(diagonal, DTYPE(0)):
                        for j in range(i + 1, n):
                            store(out, row + j, div(load(out, row + j), diagonal))
                        for below in range(i + 1, n):
                            at = origin + below * n
                            factor = load(out, at + i)
                            for j in range(i + 1, n):
                                store(out, at + j, sub(load(out, at + j), mul(factor, load(out, row + j))))
            else:
                poke(words, 2, matrix)
                poke(words, 4, work)
                poke(work, 0, 0)
                call_fortran(peek(slots, GETRF), words, 6, 0)
                width = 8
                if peek(work, 0) >> 32 != 0:
                    width = 4
                for i in range(n):
                    poke(pivots, i, peek_int32(work + width * i) - 1)
            matrix += peek(slots, STEP_OUT0)
            pivots += peek(slots, STEP_OUT1)
            work += peek(slots, STEP_WORK)


# The words of a call of TRSM: eleven addresses, then letters, number of columns and the factor 1, which may be complex.
def _solve_triangular(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(18)
    n = peek(slots, N)
    k = peek(slots, K)
    first = 0
    count = k
    begin = lo
    end = hi
    if peek(slots, CUT) == COLUMNS:
        first = lo
        count = hi - lo
        begin = 0
        end = 1
    poke(words, 11, LETTER_R)
    poke(words, 15, count)
    poke(words, 16, ONE)
    poke(words, 17, 0)
    poke(words, 0, words + 8 * 11)
    poke(words, 1, words + 8 * 12)
    poke(words, 2, words + 8 * 13)
    poke(words, 3, words + 8 * 14)
    poke(words, 4, words + 8 * 15)
    poke(words, 5, slots + 8 * N)
    poke(words, 6, words + 8 * 16)
    poke(words, 8, slots + 8 * N)
    poke(words, 10, slots + 8 * K)
    factor = pointer(args, IN0, DTYPE, 0, 1)
    poke(words, 12, LETTER_L)
    if peek(slots, LOWER) != 0:
        poke(words, 12, LETTER_U)
    poke(words, 13, LETTER_N)
    if peek(slots, TRANS) != 0:
        poke(words, 13, LETTER_T)
    poke(words, 14, LETTER_N)
    if peek(slots, UNIT) != 0:
        poke(words, 14, LETTER_U)
    for number in range(begin, end):
        at = number * peek(slots, STEP_IN0)
        if peek(slots, UNIT) == 0:
            for i in range(n):
                first_part = at // ITEMSIZE + PARTS * i * (n + 1)
                if equal(load(factor, first_part), DTYPE(0)):
                    if equal(load(factor, first_part + PARTS - 1), DTYPE(0)):
                        report(peek(slots, STATUS), peek(slots, CODE), number, i + 1)
        if n > 0 and count > 0:
            poke(words, 7, peek(slots, IN0) + at)
            poke(words, 9, peek(slots, OUT0) + number * peek(slots, STEP_OUT0) + ITEMSIZE * PARTS * first)
            call_fortran(peek(slots, TRSM), words, 11, 4)


# The words of a call of TRSM: eleven addresses, then letters, number of columns and the factor 1, which may be complex.
# The lower factor is a transposed upper one for TRSM, and the unit upper factor a transposed lower one.
def _lu_solve(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(18)
    n = peek(slots, N)
    k = peek(slots, K)
    first = 0
    count = k
    begin = lo
    end = hi
    if peek(slots, CUT) == COLUMNS:
        first = lo
        count = hi - lo
        begin = 0
        end = 1
    poke(words, 11, LETTER_R)
    poke(words, 15, count)
    poke(words, 16, ONE)
    poke(words, 17, 0)
    poke(words, 0, words + 8 * 11)
    poke(words, 1, words + 8 * 12)
    poke(words, 2, words + 8 * 13)
    poke(words, 3, words + 8 * 14)
    poke(words, 4, words + 8 * 15)
    poke(words, 5, slots + 8 * N)
    poke(words, 6, words + 8 * 16)
    poke(words, 8, slots + 8 * N)
    poke(words, 10, slots + 8 * K)
    factor = pointer(args, IN1, DTYPE, 0, 1)
    pivots = pointer(args, IN2, int64, 0, 1)
    out = pointer(args, OUT0, DTYPE, 0, 1)
    transposed = peek(slots, TRANS) != 0
    poke(words, 13, LETTER_N)
    if transposed:
        poke(words, 13, LETTER_T)
    for number in range(begin, end):
        at = number * peek(slots, STEP_IN1)
        for i in range(n):
            first_part = at // ITEMSIZE + PARTS * i * (n + 1)
            if equal(load(factor, first_part), DTYPE(0)):
                if equal(load(factor, first_part + PARTS - 1), DTYPE(0)):
                    report(peek(slots, STATUS), peek(slots, CODE), number, i + 1)
        if n > 0 and count > 0:
            pivot = number * peek(slots, STEP_IN2) // 8
            origin = PARTS * (number * n * k + first)
            poke(words, 7, peek(slots, IN1) + at)
            poke(words, 9, peek(slots, OUT0) + ITEMSIZE * origin)
            for turn in range(2):
                if (turn == 0) == transposed:
                    for step in range(n):
                        i = step
                        if not transposed:
                            i = n - 1 - step
                        other = load(pivots, pivot + i)
                        if other > i and other < n:
                            here = origin + PARTS * i * k
                            there = origin + PARTS * other * k
                            for j in range(PARTS * count):
                                kept = load(out, here + j)
                                store(out, here + j, load(out, there + j))
                                store(out, there + j, kept)
                if turn == 0 and PARTS == 1 and n <= SMALL_MATRIX:
                    for half in range(2):
                        upper = (half == 0) == transposed
                        for step in range(n):
                            i = step
                            if upper != transposed:
                                i = n - 1 - step
                            here = origin + i * k
                            for known in range(step):
                                j = known
                                if upper != transposed:
                                    j = n - 1 - known
                                there = origin + j * k
                                value = load(factor, at // ITEMSIZE + i * n + j)
                                if transposed:
                                    value = load(factor, at // ITEMSIZE + j * n + i)
                                for c in range(count):
                                    moved = mul(value, load(out, there + c))
                                    store(out, here + c, sub(load(out, here + c), moved))
                            if not upper:
                                value = load(factor, at // ITEMSIZE + i * (n + 1))
                                for c in range(count):
                                    store(out, here + c, div(load(out, here + c), value))
                elif turn == 0:
                    for half in range(2):
                        if (half == 0) == transposed:
                            poke(words, 12, LETTER_L)
                            poke(words, 14, LETTER_U)
                        else:
                            poke(words, 12, LETTER_U)
                            poke(words, 14, LETTER_N)
                        call_fortran(peek(slots, TRSM), words, 11, 4)


def _cube(slots: Mapping[str, int]) -> int:
    return slots["N"] ** 3 // 3


def _solved(slots: Mapping[str, int]) -> int:
    return slots["N"] ** 2 * slots["K"]


_REAL: Mapping[str, RoutineText] = {
    "cholesky": RoutineText(function_text(_cholesky), by_batch(_cube)),
    "solve_triangular": RoutineText(function_text(_solve_triangular), by_columns(_solved)),
    "lu_factor": RoutineText(function_text(_lu_factor), by_batch(_cube)),
    "lu_solve": RoutineText(function_text(_lu_solve), by_columns(_solved)),
}
LAPACK: Mapping[str, RoutineText] = {
    **_REAL,
    **of_parts(_REAL),
    **DETERMINANTS,
    **DECOMPOSITIONS,
    **EIGEN,
    **EXPONENTIALS,
    **LEAST_SQUARES,
    **MATRIX_FUNCTIONS,
    **ROOTS,
}
