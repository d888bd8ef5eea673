"""Square roots of matrices and Sylvester's equation, by Schur forms: the kernels that call BLAS.

The conventions are those of `staticad.codegen.lapack`; matrices are complex ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import add, div, equal, hypot, less, load, mul, neg, pointer, sqrt, store, sub
    from staticad.codegen.machine_language import address_of, call_fortran, peek, poke, report, stack_words
    from staticad.codegen.routine_names import (
        CODE,
        DTYPE,
        IN1,
        IN2,
        IN3,
        IN4,
        IN5,
        IN6,
        ITEMSIZE,
        LETTER_C,
        LETTER_N,
        ONE,
        OUT0,
        OUT1,
        STATUS,
        STEP_IN1,
        STEP_IN2,
        STEP_IN3,
        STEP_IN4,
        STEP_IN5,
        STEP_IN6,
        STEP_OUT0,
        STEP_OUT1,
        STEP_WORK,
        WORK,
        M,
        N,
    )

    GEMM = 0  # the slot of BLAS's product


# The root of the triangle goes from its diagonal upwards, column by column (Bjoerck and Hammarling). The products with
# the basis are computed as transposed ones: BLAS sees Zᵀ, whose adjoint is the conjugate of Z.
def _sqrtm(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(18)  # thirteen addresses; two letters, the numbers 1, 0 and 0 (factors)
    n = peek(slots, N)
    form = pointer(args, IN1, DTYPE, 0, 1)
    root = pointer(args, OUT1, DTYPE, 0, 1)
    work = peek(slots, WORK) + lo * peek(slots, STEP_WORK)
    poke(words, 13, LETTER_N)
    poke(words, 14, LETTER_C)
    poke(words, 15, ONE)
    poke(words, 16, 0)
    poke(words, 17, 0)
    poke(words, 1, words + 8 * 13)
    poke(words, 2, slots + 8 * N)
    poke(words, 3, slots + 8 * N)
    poke(words, 4, slots + 8 * N)
    poke(words, 5, words + 8 * 15)
    poke(words, 7, slots + 8 * N)
    poke(words, 9, slots + 8 * N)
    poke(words, 10, words + 8 * 16)
    poke(words, 12, slots + 8 * N)
    for number in range(lo, hi):
        given = number * peek(slots, STEP_IN1) // ITEMSIZE
        origin = 2 * number * n * n
        info = 0
        for i in range(2 * n * n):
            store(root, origin + i, DTYPE(0))
        for j in range(n):
            for back in range(j + 1):
                i = j - back
                re = load(form, given + 2 * (i * n + j))
                im = load(form, given + 2 * (i * n + j) + 1)
                for k in range(i + 1, j):
                    left = origin + 2 * (i * n + k)
                    right = origin + 2 * (k * n + j)
                    a = load(root, left)
                    b = load(root, left + 1)
                    c = load(root, right)
                    d = load(root, right + 1)
                    re = sub(re, sub(mul(a, c), mul(b, d)))
                    im = sub(im, add(mul(a, d), mul(b, c)))
                if i == j:
                    size = hypot(re, im)
                    if not equal(size, DTYPE(0)):
                        x = sqrt(add(mul(DTYPE(0.5), abs(re)), mul(DTYPE(0.5), size)))
                        y = div(mul(DTYPE(0.5), im), x)
                        if less(re, DTYPE(0)):
                            re = abs(y)
                            if less(im, DTYPE(0)):
                                x = neg(x)
                            im = x
                        else:
                            re = x
                            im = y
                else:
                    c = add(load(root, origin + 2 * i * (n + 1)), load(root, origin + 2 * j * (n + 1)))
                    d = add(load(root, origin + 2 * i * (n + 1) + 1), load(root, origin + 2 * j * (n + 1) + 1))
                    if equal(c, DTYPE(0)) and equal(d, DTYPE(0)):
                        if not (equal(re, DTYPE(0)) and equal(im, DTYPE(0))):
                            info = j + 1
                    elif less(abs(c), abs(d)):
                        ratio = div(c, d)
                        size = add(mul(c, ratio), d)
                        kept = re
                        re = div(add(mul(re, ratio), im), size)
                        im = div(sub(mul(im, ratio), kept), size)
                    else:
                        ratio = div(d, c)
                        size = add(c, mul(d, ratio))
                        kept = re
                        re = div(add(re, mul(im, ratio)), size)
                        im = div(sub(im, mul(kept, ratio)), size)
                store(root, origin + 2 * (i * n + j), re)
                store(root, origin + 2 * (i * n + j) + 1, im)
        if info != 0:
            report(peek(slots, STATUS), peek(slots, CODE), number, info)
        if n > 0:
            basis = peek(slots, IN2) + number * peek(slots, STEP_IN2)
            poke(words, 0, words + 8 * 14)
            poke(words, 6, basis)
            poke(words, 8, peek(slots, OUT1) + number * peek(slots, STEP_OUT1))
            poke(words, 11, work)
            call_fortran(peek(slots, GEMM), words, 13, 2)
            poke(words, 0, words + 8 * 13)
            poke(words, 6, work)
            poke(words, 8, basis)
            poke(words, 11, peek(slots, OUT0) + number * peek(slots, STEP_OUT0))
            call_fortran(peek(slots, GEMM), words, 13, 2)


# With A = U R Uᴴ and B = V S Vᴴ: Uᴴ Q V is solved for R and S, row by row from the last one, and goes back as U Y Vᴴ.
# All products are computed as transposed ones. The workspace: two matrices of the size of the solution.
def _sylvester(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(18)  # thirteen addresses; two letters, the numbers 1, 0 and 0 (factors)
    m = peek(slots, M)
    n = peek(slots, N)
    first = pointer(args, IN2, DTYPE, 0, 1)
    second = pointer(args, IN4, DTYPE, 0, 1)
    room = pointer(args, WORK, DTYPE, 0, 1)
    work = peek(slots, WORK) + lo * peek(slots, STEP_WORK)
    other = work + ITEMSIZE * 2 * m * n
    solved = lo * peek(slots, STEP_WORK) // ITEMSIZE + 2 * m * n
    poke(words, 13, LETTER_N)
    poke(words, 14, LETTER_C)
    poke(words, 15, ONE)
    poke(words, 16, 0)
    poke(words, 17, 0)
    poke(words, 2, slots + 8 * N)
    poke(words, 3, slots + 8 * M)
    poke(words, 5, words + 8 * 15)
    poke(words, 7, slots + 8 * N)
    poke(words, 10, words + 8 * 16)
    poke(words, 12, slots + 8 * N)
    if m > 0 and n > 0:
        for number in range(lo, hi):
            u = peek(slots, IN3) + number * peek(slots, STEP_IN3)
            v = peek(slots, IN5) + number * peek(slots, STEP_IN5)
            for step in range(4):
                poke(words, 0, words + 8 * 13)
                poke(words, 1, words + 8 * 13)
                poke(words, 4, slots + 8 * N)
                poke(words, 9, slots + 8 * N)
                if step == 0:
                    poke(words, 1, words + 8 * 14)
                    poke(words, 4, slots + 8 * M)
                    poke(words, 6, peek(slots, IN6) + number * peek(slots, STEP_IN6))
                    poke(words, 8, u)
                    poke(words, 9, slots + 8 * M)
                    poke(words, 11, work)
                elif step == 1:
                    poke(words, 6, v)
                    poke(words, 8, work)
                    poke(words, 11, other)
                elif step == 2:
                    poke(words, 4, slots + 8 * M)
                    poke(words, 6, other)
                    poke(words, 8, u)
                    poke(words, 9, slots + 8 * M)
                    poke(words, 11, work)
                else:
                    poke(words, 0, words + 8 * 14)
                    poke(words, 6, v)
                    poke(words, 8, work)
                    poke(words, 11, peek(slots, OUT0) + number * peek(slots, STEP_OUT0))
                call_fortran(peek(slots, GEMM), words, 13, 2)
                if step == 1:
                    left = number * peek(slots, STEP_IN2) // ITEMSIZE
                    right = number * peek(slots, STEP_IN4) // ITEMSIZE
                    for back in range(m):
                        i = m - 1 - back
                        here = solved + 2 * i * n
                        for k in range(i + 1, m):
                            a = load(first, left + 2 * (i * m + k))
                            b = load(first, left + 2 * (i * m + k) + 1)
                            there = solved + 2 * k * n
                            for j in range(n):
                                c = load(room, there + 2 * j)
                                d = load(room, there + 2 * j + 1)
                                re = sub(mul(a, c), mul(b, d))
                                im = add(mul(a, d), mul(b, c))
                                store(room, here + 2 * j, sub(load(room, here + 2 * j), re))
                                store(room, here + 2 * j + 1, sub(load(room, here + 2 * j + 1), im))
                        for j in range(n):
                            c = add(load(first, left + 2 * i * (m + 1)), load(second, right + 2 * j * (n + 1)))
                            d = add(load(first, left + 2 * i * (m + 1) + 1), load(second, right + 2 * j * (n + 1) + 1))
                            re = load(room, here + 2 * j)
                            im = load(room, here + 2 * j + 1)
                            if equal(c, DTYPE(0)) and equal(d, DTYPE(0)):
                                report(peek(slots, STATUS), peek(slots, CODE), number, i + 1)
                            size = hypot(c, d)
                            c = div(c, size)
                            d = div(d, size)
                            a = div(add(mul(re, c), mul(im, d)), size)
                            b = div(sub(mul(im, c), mul(re, d)), size)
                            store(room, here + 2 * j, a)
                            store(room, here + 2 * j + 1, b)
                            for k in range(j + 1, n):
                                c = load(second, right + 2 * (j * n + k))
                                d = load(second, right + 2 * (j * n + k) + 1)
                                re = sub(mul(a, c), mul(b, d))
                                im = add(mul(a, d), mul(b, c))
                                store(room, here + 2 * k, sub(load(room, here + 2 * k), re))
                                store(room, here + 2 * k + 1, sub(load(room, here + 2 * k + 1), im))


def _root(slots: Mapping[str, int]) -> int:
    return 12 * slots["N"] ** 3


def _equation(slots: Mapping[str, int]) -> int:
    return 12 * slots["M"] * slots["N"] * (slots["M"] + slots["N"])


ROOTS: Mapping[str, RoutineText] = {
    "complex_sqrtm": RoutineText(function_text(_sqrtm), by_batch(_root)),
    "complex_sylvester": RoutineText(function_text(_sylvester), by_batch(_equation)),
}
