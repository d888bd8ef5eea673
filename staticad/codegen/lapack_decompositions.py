"""Eigenvalues, singular values, orthogonal factors: the kernels that call LAPACK.

The conventions are those of `staticad.codegen.lapack`. What a routine destroys lies in the workspace; the matrices of a
range take turns with that of the first, so that the others are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch, of_parts

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import load, neg, pointer, store
    from staticad.codegen.machine_language import address_of, call_fortran, peek, peek_int32, poke, report, stack_words
    from staticad.codegen.routine_names import (
        CODE,
        DTYPE,
        IN0,
        ITEMSIZE,
        LETTER_A,
        LETTER_L,
        LETTER_N,
        LETTER_S,
        LETTER_U,
        LETTER_V,
        OUT0,
        OUT1,
        OUT2,
        PARTS,
        STATUS,
        STEP_IN0,
        STEP_OUT0,
        STEP_OUT1,
        STEP_OUT2,
        STEP_WORK,
        WORK,
        K,
        M,
        N,
        Q,
        U,
        V,
    )

    GELQF = GESDD = ORGLQ = SYEVD = UPPER = 0  # slots of single routines


# The workspace: the integers, the matrix, that of LAPACK, of complex matrices also its real numbers. LAPACK sees the
# transposed matrix, which is the conjugate one; eigenvectors are rows of the row-major matrix that it makes.
def _eigh(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(19)  # thirteen addresses; two letters, three sizes, the status
    n = peek(slots, N)
    vectors = peek(slots, OUT1) != 0
    source = pointer(args, IN0, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    out = pointer(args, OUT1, DTYPE, 0, 1)
    base = lo * peek(slots, STEP_WORK) + 8 * (3 + 5 * n)
    matrix = base // ITEMSIZE
    count = PARTS * n * n
    work = peek(slots, WORK) + base + ITEMSIZE * count
    poke(words, 13, LETTER_N)
    if vectors:
        poke(words, 13, LETTER_V)
    poke(words, 14, LETTER_U)
    if peek(slots, UPPER) != 0:
        poke(words, 14, LETTER_L)
    poke(words, 15, 1 + 6 * n + 2 * n * n)
    poke(words, 16, 3 + 5 * n)
    poke(words, 17, 1 + 5 * n + 2 * n * n)
    poke(words, 0, words + 8 * 13)
    poke(words, 1, words + 8 * 14)
    poke(words, 2, slots + 8 * N)
    poke(words, 3, peek(slots, WORK) + base)
    poke(words, 4, slots + 8 * N)
    poke(words, 6, work)
    poke(words, 7, words + 8 * 15)
    rest = 8
    if PARTS == 2:
        poke(words, 15, 2 * n + n * n)
        poke(words, 8, work + ITEMSIZE * 2 * (2 * n + n * n))
        poke(words, 9, words + 8 * 17)
        rest = 10
    poke(words, rest, peek(slots, WORK) + lo * peek(slots, STEP_WORK))
    poke(words, rest + 1, words + 8 * 16)
    poke(words, rest + 2, words + 8 * 18)
    if n > 0:
        for number in range(lo, hi):
            given = number * peek(slots, STEP_IN0) // ITEMSIZE
            for i in range(count):
                store(room, matrix + i, load(source, given + i))
            poke(words, 5, peek(slots, OUT0) + number * peek(slots, STEP_OUT0))
            poke(words, 18, 0)
            if PARTS == 2:
                call_fortran(peek(slots, SYEVD), words, 13, 2)
            else:
                call_fortran(peek(slots, SYEVD), words, 11, 2)
            info = peek_int32(words + 8 * 18)
            if info != 0:
                report(peek(slots, STATUS), peek(slots, CODE), number, info)
            if vectors:
                origin = number * count
                for i in range(n):
                    for j in range(n):
                        at = origin + PARTS * (i * n + j)
                        found = matrix + PARTS * (j * n + i)
                        store(out, at, load(room, found))
                        if PARTS == 2:
                            store(out, at + 1, neg(load(room, found + 1)))


# LAPACK sees the transposed matrix: what it calls V is U here, and its columns are rows. The workspace: the integers,
# the matrix, vectors that nobody reads, that of LAPACK, of complex matrices also its real numbers.
def _svd(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(18)  # fifteen addresses; the letter, the size of the workspace, the status
    m = peek(slots, M)
    n = peek(slots, N)
    k = peek(slots, K)
    u = peek(slots, U)
    v = peek(slots, V)
    vectors = peek(slots, OUT0) != 0 or peek(slots, OUT2) != 0
    source = pointer(args, IN0, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    left = pointer(args, OUT0, DTYPE, 0, 1)
    right = pointer(args, OUT2, DTYPE, 0, 1)
    base = lo * peek(slots, STEP_WORK) + 8 * 8 * k
    matrix = base // ITEMSIZE
    count = PARTS * m * n
    unread = peek(slots, WORK) + base + ITEMSIZE * count
    work = unread + ITEMSIZE * PARTS * (m * u + v * n)
    poke(words, 15, LETTER_N)
    if vectors:
        poke(words, 15, LETTER_S)
        if u + v > 2 * k:
            poke(words, 15, LETTER_A)
    poke(words, 16, m + n + 4 * k * k + 7 * k)
    poke(words, 0, words + 8 * 15)
    poke(words, 1, slots + 8 * N)
    poke(words, 2, slots + 8 * M)
    poke(words, 3, peek(slots, WORK) + base)
    poke(words, 4, slots + 8 * N)
    poke(words, 6, unread + ITEMSIZE * PARTS * m * u)
    poke(words, 7, slots + 8 * N)
    poke(words, 8, unread)
    poke(words, 9, slots + 8 * U)
    poke(words, 10, work)
    poke(words, 11, words + 8 * 16)
    rest = 12
    if PARTS == 2:
        poke(words, 16, m + n + k * k + 3 * k)
        poke(words, 12, work + ITEMSIZE * 2 * (m + n + k * k + 3 * k))
        rest = 13
    poke(words, rest, peek(slots, WORK) + lo * peek(slots, STEP_WORK))
    poke(words, rest + 1, words + 8 * 17)
    for number in range(lo, hi):
        if k > 0:
            given = number * peek(slots, STEP_IN0) // ITEMSIZE
            for i in range(count):
                store(room, matrix + i, load(source, given + i))
            poke(words, 5, peek(slots, OUT1) + number * peek(slots, STEP_OUT1))
            if peek(slots, OUT2) != 0:
                poke(words, 6, peek(slots, OUT2) + number * peek(slots, STEP_OUT2))
            if peek(slots, OUT0) != 0:
                poke(words, 8, peek(slots, OUT0) + number * peek(slots, STEP_OUT0))
            poke(words, 17, 0)
            if PARTS == 2:
                call_fortran(peek(slots, GESDD), words, 15, 1)
            else:
                call_fortran(peek(slots, GESDD), words, 14, 1)
            info = peek_int32(words + 8 * 17)
            if info != 0:
                report(peek(slots, STATUS), peek(slots, CODE), number, info)
        else:
            if peek(slots, OUT0) != 0:
                for i in range(PARTS * m * u):
                    store(left, number * PARTS * m * u + i, DTYPE(i % (PARTS * (u + 1)) == 0))
            if peek(slots, OUT2) != 0:
                for i in range(PARTS * v * n):
                    store(right, number * PARTS * v * n + i, DTYPE(i % (PARTS * (n + 1)) == 0))


# The QR of a row-major matrix is the LQ of the transposed one that LAPACK sees.
def _qr(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(19)  # eight and nine addresses; the size of the workspace, the status
    m = peek(slots, M)
    n = peek(slots, N)
    k = peek(slots, K)
    q = peek(slots, Q)
    source = pointer(args, IN0, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    left = pointer(args, OUT0, DTYPE, 0, 1)
    right = pointer(args, OUT1, DTYPE, 0, 1)
    base = lo * peek(slots, STEP_WORK)
    matrix = base // ITEMSIZE
    tau = peek(slots, WORK) + base + ITEMSIZE * PARTS * m * n
    poke(words, 17, (k if k < 32 else 32) * (n + q))
    poke(words, 0, slots + 8 * N)
    poke(words, 1, slots + 8 * M)
    poke(words, 2, peek(slots, WORK) + base)
    poke(words, 3, slots + 8 * N)
    poke(words, 4, tau)
    poke(words, 5, tau + ITEMSIZE * PARTS * k)
    poke(words, 6, words + 8 * 17)
    poke(words, 7, words + 8 * 18)
    poke(words, 8, slots + 8 * Q)
    poke(words, 9, slots + 8 * M)
    poke(words, 10, slots + 8 * K)
    poke(words, 12, slots + 8 * Q)
    poke(words, 13, tau)
    poke(words, 14, tau + ITEMSIZE * PARTS * k)
    poke(words, 15, words + 8 * 17)
    poke(words, 16, words + 8 * 18)
    for number in range(lo, hi):
        if k > 0:
            given = number * peek(slots, STEP_IN0) // ITEMSIZE
            for i in range(PARTS * m * n):
                store(room, matrix + i, load(source, given + i))
            call_fortran(peek(slots, GELQF), words, 8, 0)
        for i in range(q):
            for j in range(PARTS * n):
                value = DTYPE(0)
                if i < k and PARTS * i <= j:
                    value = load(room, matrix + PARTS * i * n + j)
                store(right, PARTS * (number * q + i) * n + j, value)
        for i in range(m):
            for j in range(PARTS * q):
                value = DTYPE(PARTS * i == j)
                if j < PARTS * k:
                    value = load(room, matrix + PARTS * i * n + j)
                store(left, PARTS * (number * m + i) * q + j, value)
        if k > 0:
            poke(words, 11, peek(slots, OUT0) + number * peek(slots, STEP_OUT0))
            call_fortran(peek(slots, ORGLQ), words + 8 * 8, 9, 0)


def _eigen(slots: Mapping[str, int]) -> int:
    return 9 * slots["N"] ** 3


def _singular(slots: Mapping[str, int]) -> int:
    return 14 * slots["M"] * slots["N"] * slots["K"]


def _factored(slots: Mapping[str, int]) -> int:
    return 4 * slots["M"] * slots["N"] * slots["Q"]


_REAL: Mapping[str, RoutineText] = {
    "eigh": RoutineText(function_text(_eigh), by_batch(_eigen)),
    "svd": RoutineText(function_text(_svd), by_batch(_singular)),
    "full_svd": RoutineText(function_text(_svd), by_batch(_singular)),
    "qr": RoutineText(function_text(_qr), by_batch(_factored)),
    "full_qr": RoutineText(function_text(_qr), by_batch(_factored)),
}
DECOMPOSITIONS: Mapping[str, RoutineText] = {**_REAL, **of_parts(_REAL)}
