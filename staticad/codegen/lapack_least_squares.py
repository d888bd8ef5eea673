"""Least squares: the kernel that calls LAPACK.

The conventions are those of `staticad.codegen.lapack`. Where nobody reads the singular values, a triangular factor
finds the solution of a matrix of full rank, in a fraction of the time of a singular value decomposition. The rank has
to be the one that singular values would show: that of the factor is full beyond doubt if the Frobenius norms of it and
of its inverse, whose product is no less than the quotient of the largest and the smallest singular value, stay clear
of the limit. All other matrices get the decomposition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch, of_parts

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import add, less, load, mul, neg, pointer, store
    from staticad.codegen.machine_language import address_of, call_fortran, peek, peek_int32, poke, report, stack_words
    from staticad.codegen.routine_names import (
        CODE,
        DTYPE,
        IN0,
        IN1,
        IN2,
        ITEMSIZE,
        LETTER_C,
        LETTER_N,
        LETTER_T,
        LETTER_U,
        OUT0,
        OUT1,
        OUT2,
        PARTS,
        STATUS,
        STEP_IN0,
        STEP_IN1,
        STEP_IN2,
        STEP_OUT2,
        STEP_WORK,
        WORK,
        K,
        M,
        N,
        R,
        S,
    )

    GELS = GELSD = TRTRI = 0  # slots of single routines


# The workspace: integers, the matrix, right sides, singular values, that of LAPACK, of complex matrices also its real
# numbers. Right sides stand in columns as long as the larger size. The factors are those of a matrix with at least as
# many rows as columns: of the matrix turned, or if it has more columns, of it as it lies, which LAPACK sees transposed
# and solves transposed again, complex ones with all numbers conjugate. The decomposition is one of the matrix turned.
def _lstsq(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    # Fifteen addresses; the size of the workspace, the status, the rank, the right sides; eleven and six addresses;
    # three letters: how to transpose, the triangle, its diagonal.
    words = stack_words(39)
    m = peek(slots, M)
    n = peek(slots, N)
    k = peek(slots, K)
    r = peek(slots, R)
    s = peek(slots, S)
    source = pointer(args, IN0, DTYPE, 0, 1)
    sides = pointer(args, IN1, DTYPE, 0, 1)
    limits = pointer(args, IN2, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    out = pointer(args, OUT0, DTYPE, 0, 1)
    own = peek(slots, WORK) + lo * peek(slots, STEP_WORK)
    base = lo * peek(slots, STEP_WORK) + 8 * (72 * r + 1)
    matrix = base // ITEMSIZE
    side = matrix + PARTS * m * n
    rights = k if k > 0 else 1
    length = 301 * r + r * k + 2 * s + 700
    values = peek(slots, WORK) + ITEMSIZE * (side + PARTS * s * rights)
    work = values + ITEMSIZE * r
    least = DTYPE(2.3e-16)
    small = DTYPE(1e-250)
    large = DTYPE(1e250)
    if ITEMSIZE == 4:
        least = DTYPE(1.2e-7)
        small = DTYPE(1e-30)
        large = DTYPE(1e30)
    least = mul(least, DTYPE(s))
    poke(words, 15, length)
    poke(words, 18, rights)
    poke(words, 36, LETTER_N)
    if n >= m:
        poke(words, 36, LETTER_T if PARTS == 1 else LETTER_C)
    poke(words, 37, LETTER_U)
    poke(words, 38, LETTER_N)
    poke(words, 0, slots + 8 * M)
    poke(words, 1, slots + 8 * N)
    poke(words, 2, words + 8 * 18)
    poke(words, 3, peek(slots, WORK) + base)
    poke(words, 4, slots + 8 * M)
    poke(words, 5, peek(slots, WORK) + ITEMSIZE * side)
    poke(words, 6, slots + 8 * S)
    poke(words, 9, words + 8 * 17)
    poke(words, 10, work)
    poke(words, 11, words + 8 * 15)
    rest = 12
    if PARTS == 2:
        poke(words, 12, work + ITEMSIZE * 2 * length)
        rest = 13
    poke(words, rest, own)
    poke(words, rest + 1, words + 8 * 16)
    first = words + 8 * 19
    poke(first, 0, words + 8 * 36)
    poke(first, 1, slots + 8 * S)
    poke(first, 2, slots + 8 * R)
    poke(first, 3, words + 8 * 18)
    poke(first, 4, peek(slots, WORK) + base)
    poke(first, 5, slots + 8 * S)
    poke(first, 6, peek(slots, WORK) + ITEMSIZE * side)
    poke(first, 7, slots + 8 * S)
    poke(first, 8, work)
    poke(first, 9, words + 8 * 15)
    poke(first, 10, words + 8 * 16)
    second = words + 8 * 30
    poke(second, 0, words + 8 * 37)
    poke(second, 1, words + 8 * 38)
    poke(second, 2, slots + 8 * R)
    poke(second, 3, peek(slots, WORK) + base)
    poke(second, 4, slots + 8 * S)
    poke(second, 5, words + 8 * 16)
    for number in range(lo, hi):
        rank = 0
        given = number * peek(slots, STEP_IN0) // ITEMSIZE
        right = number * peek(slots, STEP_IN1) // ITEMSIZE
        turned = False  # whether the solutions are conjugate
        if r > 0 and peek(slots, OUT2) == 0:
            if n >= m:
                for i in range(PARTS * m * n):
                    store(room, matrix + i, load(source, given + i))
            else:
                for i in range(m):
                    for j in range(n):
                        for p in range(PARTS):
                            value = load(source, given + PARTS * (i * n + j) + p)
                            store(room, matrix + PARTS * (j * m + i) + p, value)
            for j in range(k):
                for i in range(m):
                    for p in range(PARTS):
                        value = load(sides, right + PARTS * (i * k + j) + p)
                        if p == 1 and n >= m:
                            value = neg(value)
                        store(room, side + PARTS * (j * s + i) + p, value)
            poke(words, 16, 0)
            call_fortran(peek(slots, GELS), first, 11, 1)
            product = mul(DTYPE(16), load(limits, number * peek(slots, STEP_IN2) // ITEMSIZE))
            if less(product, mul(DTYPE(16), least)):
                product = mul(DTYPE(16), least)
            product = mul(product, product)
            for turn in range(2):
                if turn == 1 and peek_int32(words + 8 * 16) == 0:
                    call_fortran(peek(slots, TRTRI), second, 6, 2)
                square = DTYPE(0)
                for j in range(r):
                    for i in range(PARTS * (j + 1)):
                        value = load(room, matrix + PARTS * j * s + i)
                        square = add(square, mul(value, value))
                if not less(small, square) or not less(square, large):
                    poke(words, 16, 1)
                product = mul(product, square)
            if peek_int32(words + 8 * 16) == 0 and less(product, DTYPE(1)):
                rank = r
                turned = n >= m
        if r > 0 and rank == 0:
            for i in range(m):
                for j in range(n):
                    for p in range(PARTS):
                        value = load(source, given + PARTS * (i * n + j) + p)
                        store(room, matrix + PARTS * (j * m + i) + p, value)
            for j in range(k):
                for i in range(s):
                    for p in range(PARTS):
                        value = DTYPE(0)
                        if i < m:
                            value = load(sides, right + PARTS * (i * k + j) + p)
                        store(room, side + PARTS * (j * s + i) + p, value)
            poke(words, 7, values)
            if peek(slots, OUT2) != 0:
                poke(words, 7, peek(slots, OUT2) + number * peek(slots, STEP_OUT2))
            poke(words, 8, peek(slots, IN2) + number * peek(slots, STEP_IN2))
            poke(words, 16, 0)
            poke(words, 17, 0)
            if PARTS == 2:
                call_fortran(peek(slots, GELSD), words, 15, 0)
            else:
                call_fortran(peek(slots, GELSD), words, 14, 0)
            info = peek_int32(words + 8 * 16)
            if info != 0:
                report(peek(slots, STATUS), peek(slots, CODE), number, info)
            rank = peek_int32(words + 8 * 17)
        poke(peek(slots, OUT1), number, rank)
        for i in range(n):
            for j in range(k):
                for p in range(PARTS):
                    value = DTYPE(0)
                    if r > 0:
                        value = load(room, side + PARTS * (j * s + i) + p)
                    if p == 1 and turned:
                        value = neg(value)
                    store(out, PARTS * ((number * n + i) * k + j) + p, value)


def _least(slots: Mapping[str, int]) -> int:
    return 4 * slots["M"] * slots["N"] * (slots["K"] + 4 * slots["R"])


_REAL: Mapping[str, RoutineText] = {"lstsq": RoutineText(function_text(_lstsq), by_batch(_least))}
LEAST_SQUARES: Mapping[str, RoutineText] = {**_REAL, **of_parts(_REAL)}
