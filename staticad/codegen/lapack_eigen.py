"""Eigenvalues of any square matrix and Schur forms: the kernels that call LAPACK.

The conventions are those of `staticad.codegen.lapack`. LAPACK gets matrices that are turned around here, so that it
sees what the user wrote, and the order of eigenvalues is NumPy's. It is not asked for matrices with elements that are
not finite, which might keep it busy for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import inf, less, load, mul, pointer, store
    from staticad.codegen.machine_language import address_of, call_fortran, peek, peek_int32, poke, report, stack_words
    from staticad.codegen.routine_names import (
        CODE,
        DTYPE,
        IN0,
        ITEMSIZE,
        LETTER_N,
        LETTER_V,
        OUT0,
        OUT1,
        PARTS,
        STATUS,
        STEP_IN0,
        STEP_OUT0,
        STEP_WORK,
        WORK,
        N,
    )

    GEES = GEEV = 0  # slots of single routines


# The workspace: the matrix, two rows of numbers, vectors, that of LAPACK. Vectors of a conjugate pair of eigenvalues of
# a real matrix stand in two columns, the real and the imaginary part of the first.
def _eig(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(18)  # fourteen addresses; two letters, the size of the workspace, the status
    n = peek(slots, N)
    vectors = peek(slots, OUT1) != 0
    source = pointer(args, IN0, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    values = pointer(args, OUT0, DTYPE, 0, 1)
    out = pointer(args, OUT1, DTYPE, 0, 1)
    matrix = lo * peek(slots, STEP_WORK) // ITEMSIZE
    numbers = matrix + PARTS * n * n
    right = numbers + 2 * n
    own = peek(slots, WORK)
    poke(words, 14, LETTER_N)
    poke(words, 15, LETTER_N)
    if vectors:
        poke(words, 15, LETTER_V)
    poke(words, 16, 36 * n)
    poke(words, 0, words + 8 * 14)
    poke(words, 1, words + 8 * 15)
    poke(words, 2, slots + 8 * N)
    poke(words, 3, own + ITEMSIZE * matrix)
    poke(words, 4, slots + 8 * N)
    poke(words, 5, own + ITEMSIZE * numbers)
    rest = 6
    if PARTS == 1:
        poke(words, 6, own + ITEMSIZE * (numbers + n))
        rest = 7
    poke(words, rest, own + ITEMSIZE * right)
    poke(words, rest + 1, slots + 8 * N)
    poke(words, rest + 2, own + ITEMSIZE * right)
    poke(words, rest + 3, slots + 8 * N)
    poke(words, rest + 4, own + ITEMSIZE * (right + PARTS * n * n))
    poke(words, rest + 5, words + 8 * 16)
    poke(words, 12, own + ITEMSIZE * numbers)
    if PARTS == 1:
        poke(words, 12, words + 8 * 16)
    poke(words, 13, words + 8 * 17)
    if n > 0:
        for number in range(lo, hi):
            given = number * peek(slots, STEP_IN0) // ITEMSIZE
            wrong = False
            for i in range(n):
                for j in range(n):
                    for p in range(PARTS):
                        value = load(source, given + PARTS * (i * n + j) + p)
                        if not less(abs(value), DTYPE(inf)):
                            wrong = True
                        store(room, matrix + PARTS * (j * n + i) + p, value)
            if PARTS == 2:
                poke(words, 5, peek(slots, OUT0) + number * peek(slots, STEP_OUT0))
            info = -1
            if not wrong:
                poke(words, 17, 0)
                call_fortran(peek(slots, GEEV), words, 14, 2)
                info = peek_int32(words + 8 * 17)
            if info != 0:
                report(peek(slots, STATUS), peek(slots, CODE), number, info)
            if PARTS == 1:
                for i in range(n):
                    store(values, 2 * (number * n + i), load(room, numbers + i))
                    store(values, 2 * (number * n + i) + 1, load(room, numbers + n + i))
            if vectors:
                for j in range(n):
                    first = right + PARTS * j * n
                    second = first
                    sign = DTYPE(1)
                    if PARTS == 1:
                        turn = load(room, numbers + n + j)
                        sign = DTYPE(0)
                        if less(DTYPE(0), turn):
                            second = first + n
                            sign = DTYPE(1)
                        elif less(turn, DTYPE(0)):
                            first = first - n
                            sign = DTYPE(-1)
                    for i in range(n):
                        at = 2 * (number * n * n + i * n + j)
                        store(out, at, load(room, first + PARTS * i))
                        store(out, at + 1, mul(sign, load(room, second + PARTS * i + PARTS - 1)))


# The workspace: the matrix, its vectors, three rows of numbers, that of LAPACK.
def _schur(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(20)  # fifteen addresses; two letters, the size of the workspace, a count, the status
    n = peek(slots, N)
    source = pointer(args, IN0, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    form = pointer(args, OUT0, DTYPE, 0, 1)
    basis = pointer(args, OUT1, DTYPE, 0, 1)
    matrix = lo * peek(slots, STEP_WORK) // ITEMSIZE
    turned = matrix + PARTS * n * n
    numbers = turned + PARTS * n * n
    own = peek(slots, WORK)
    poke(words, 15, LETTER_V)
    poke(words, 16, LETTER_N)
    poke(words, 17, 36 * n)
    poke(words, 0, words + 8 * 15)
    poke(words, 1, words + 8 * 16)
    poke(words, 2, words + 8 * 18)
    poke(words, 3, slots + 8 * N)
    poke(words, 4, own + ITEMSIZE * matrix)
    poke(words, 5, slots + 8 * N)
    poke(words, 6, words + 8 * 18)
    poke(words, 7, own + ITEMSIZE * numbers)
    rest = 8
    if PARTS == 1:
        poke(words, 8, own + ITEMSIZE * (numbers + n))
        rest = 9
    poke(words, rest, own + ITEMSIZE * turned)
    poke(words, rest + 1, slots + 8 * N)
    poke(words, rest + 2, own + ITEMSIZE * (numbers + 3 * n))
    poke(words, rest + 3, words + 8 * 17)
    poke(words, 12, own + ITEMSIZE * (numbers + 2 * n))
    if PARTS == 1:
        poke(words, 12, words + 8 * 17)
    poke(words, 13, words + 8 * 18)
    poke(words, 14, words + 8 * 19)
    if n > 0:
        for number in range(lo, hi):
            given = number * peek(slots, STEP_IN0) // ITEMSIZE
            wrong = False
            for i in range(n):
                for j in range(n):
                    for p in range(PARTS):
                        value = load(source, given + PARTS * (i * n + j) + p)
                        if not less(abs(value), DTYPE(inf)):
                            wrong = True
                        store(room, matrix + PARTS * (j * n + i) + p, value)
            info = -1
            if not wrong:
                poke(words, 18, 0)
                poke(words, 19, 0)
                call_fortran(peek(slots, GEES), words, 15, 2)
                info = peek_int32(words + 8 * 19)
            if info != 0:
                report(peek(slots, STATUS), peek(slots, CODE), number, info)
            origin = PARTS * number * n * n
            for i in range(n):
                for j in range(n):
                    for p in range(PARTS):
                        at = origin + PARTS * (i * n + j) + p
                        store(form, at, load(room, matrix + PARTS * (j * n + i) + p))
                        store(basis, at, load(room, turned + PARTS * (j * n + i) + p))


def _eigen(slots: Mapping[str, int]) -> int:
    return 25 * slots["N"] ** 3


EIGEN: Mapping[str, RoutineText] = {
    "real_eig": RoutineText(function_text(_eig), by_batch(_eigen)),
    "complex_eig": RoutineText(function_text(_eig), by_batch(_eigen)),
    "schur": RoutineText(function_text(_schur), by_batch(_eigen)),
    "complex_schur": RoutineText(function_text(_schur), by_batch(_eigen)),
}
