"""Exponentials of matrices: the kernel that calls LAPACK.

The conventions are those of `staticad.codegen.lapack`. An approximation by polynomials of degree 13 holds near 0, so
the matrix is halved and the result squared. How often is what A. Al-Mohy and N. Higham say (A new scaling and squaring
algorithm for the matrix exponential, 2009): by the powers of the matrix, whose norms may be far below the powers of its
norm. As they do, each squaring of a triangular matrix computes its diagonal and the one beside it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch, of_parts

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import (
        add,
        cos,
        cosh,
        div,
        equal,
        exp,
        hypot,
        inf,
        less,
        load,
        mul,
        nan,
        pointer,
        sin,
        sinh,
        store,
        sub,
    )
    from staticad.codegen.machine_language import address_of, call_fortran, peek, poke, stack_words
    from staticad.codegen.routine_names import (
        DTYPE,
        IN0,
        ITEMSIZE,
        LETTER_N,
        ONE,
        OUT0,
        PARTS,
        STEP_IN0,
        STEP_WORK,
        WORK,
        N,
    )

    GEMM = GESV = 0  # slots of this routine alone


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
    sum_at = first + 4 * size
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
    # The tenth power of the first is a number. The second is (c / u)**(1 / 26), for the coefficient c of the first term
    # that the approximation leaves out, and the rounding u.
    limit = DTYPE(1.2e30)
    left_out = DTYPE(0.184249)
    if ITEMSIZE == 4:
        limit = DTYPE(4096)
        left_out = DTYPE(0.0850435)
    if n > 0:
        for number in range(lo, hi):
            given = number * peek(slots, STEP_IN0) // ITEMSIZE
            norm = DTYPE(0)
            wrong = False
            below = False
            above = False
            for i in range(n):
                row = DTYPE(0)
                for j in range(n):
                    at = given + PARTS * (i * n + j)
                    value = abs(load(source, at))
                    if PARTS == 2:
                        value = hypot(load(source, at), load(source, at + 1))
                    row = add(row, value)
                    if not equal(value, DTYPE(0)):
                        if j < i:
                            below = True
                        if j > i:
                            above = True
                if not less(row, DTYPE(inf)):
                    wrong = True
                if less(norm, row):
                    norm = row
            halvings = 0
            factor = DTYPE(1)
            # The solver, which sees columns as rows, would exchange those of upper triangles.
            turned = above and not below
            if wrong:
                for i in range(size):
                    store(room, sum_at + i, DTYPE(nan))
            else:
                step = 0 - 1
                while step < 7:
                    step += 1
                    if step == 0:
                        for i in range(size):
                            at = i
                            if turned:
                                at = i // PARTS % n * PARTS * n + i // PARTS // n * PARTS + i % PARTS
                            store(room, first + i, mul(load(source, given + at), factor))
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
                        a = 2
                        b = 2
                        c = 5
                    elif step == 4:
                        a = 2
                        b = 3
                        c = 6
                    elif step == 6:
                        b = 4
                        c = 5
                    elif step > 4:
                        a = 3
                        b = 4
                        c = 6
                    if (step == 3 or step == 4) and not less(DTYPE(5.371920351148152), norm):
                        continue
                    poke(words, 6, base + ITEMSIZE * size * a)
                    poke(words, 8, base + ITEMSIZE * size * b)
                    poke(words, 11, base + ITEMSIZE * size * c)
                    call_fortran(peek(slots, GEMM), words, 13, 2)
                    if step == 4:
                        # The norms of the powers 6, 8 and 10, and absolute values of the matrix.
                        sixth = DTYPE(0)
                        eighth = DTYPE(0)
                        tenth = DTYPE(0)
                        for i in range(n):
                            for power in range(4):
                                row = DTYPE(0)
                                for j in range(n):
                                    at = first + PARTS * (i * n + j)
                                    if power > 0:
                                        at += size * (3 if power == 1 else power + 3)
                                    value = abs(load(room, at))
                                    if PARTS == 2:
                                        value = hypot(load(room, at), load(room, at + 1))
                                    row = add(row, value)
                                    if power == 0:
                                        store(room, sum_at + i * n + j, value)
                                if power == 1 and less(sixth, row):
                                    sixth = row
                                if power == 2 and less(eighth, row):
                                    eighth = row
                                if power == 3 and less(tenth, row):
                                    tenth = row
                        finite = less(sixth, DTYPE(inf)) and less(eighth, DTYPE(inf)) and less(tenth, DTYPE(inf))
                        if not finite and less(limit, norm):
                            while less(limit, norm):
                                norm = mul(norm, DTYPE(0.5))
                                factor = mul(factor, DTYPE(0.5))
                                halvings += 1
                            step = 0 - 1
                            continue
                        near = False
                        shrunk = DTYPE(1)
                        while not near and less(DTYPE(5.371920351148152), norm):
                            near = not less(DTYPE(106441.6), eighth)
                            if less(DTYPE(5892.9), sixth) and less(DTYPE(1922601.6), tenth):
                                near = False
                            if near:
                                # What the terms left out may sum up to, by the power 27 of the absolute values.
                                for i in range(n):
                                    store(room, first + 5 * size + i, DTYPE(1))
                                scale = mul(left_out, shrunk)
                                largest = DTYPE(0)
                                for _ in range(27):
                                    largest = DTYPE(0)
                                    for i in range(n):
                                        row = DTYPE(0)
                                        for j in range(n):
                                            value = load(room, sum_at + i * n + j)
                                            row = add(row, mul(value, load(room, first + 5 * size + j)))
                                        row = mul(row, scale)
                                        store(room, first + 6 * size + i, row)
                                        if less(largest, row):
                                            largest = row
                                    for i in range(n):
                                        store(room, first + 5 * size + i, load(room, first + 6 * size + i))
                                near = not less(mul(left_out, norm), largest)
                            if not near:
                                norm = mul(norm, DTYPE(0.5))
                                shrunk = mul(shrunk, DTYPE(0.5))
                                sixth = mul(sixth, DTYPE(0.015625))
                                eighth = mul(eighth, DTYPE(0.00390625))
                                tenth = mul(tenth, DTYPE(0.0009765625))
                                halvings += 1
                        factor = mul(factor, shrunk)
                        square = mul(shrunk, shrunk)
                        fourth = mul(square, square)
                        for i in range(size):
                            at = first + i
                            store(room, at, mul(load(room, at), shrunk))
                            store(room, at + size, mul(load(room, at + size), square))
                            store(room, at + 2 * size, mul(load(room, at + 2 * size), fourth))
                            store(room, at + 3 * size, mul(load(room, at + 3 * size), mul(square, fourth)))
                    if step < 2 or step == 3:
                        continue
                    for i in range(size):
                        at = first + i
                        one = DTYPE(0)
                        if i % (PARTS * (n + 1)) == 0:
                            one = DTYPE(1)
                        a2 = load(room, at + size)
                        a4 = load(room, at + 2 * size)
                        a6 = load(room, at + 3 * size)
                        if step == 2 or step == 4:
                            value = add(a6, add(mul(a4, DTYPE(16380.0)), mul(a2, DTYPE(40840800.0))))
                            store(room, at + 4 * size, value)
                        elif step == 5:
                            value = add(mul(a6, DTYPE(33522128640.0)), mul(a4, DTYPE(10559470521600.0)))
                            value = add(value, mul(a2, DTYPE(1187353796428800.0)))
                            value = add(value, mul(one, DTYPE(32382376266240000.0)))
                            store(room, at + 4 * size, add(value, load(room, at + 6 * size)))
                        elif step == 6:
                            value = add(mul(a4, DTYPE(960960.0)), mul(a2, DTYPE(1323241920.0)))
                            store(room, at + 4 * size, add(mul(a6, DTYPE(182.0)), value))
                        else:
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
                for squared in range(halvings + 1):
                    if squared > 0:
                        poke(words, 6, base + ITEMSIZE * size * here)
                        poke(words, 8, base + ITEMSIZE * size * here)
                        here = 9 - here
                        poke(words, 11, base + ITEMSIZE * size * here)
                        call_fortran(peek(slots, GEMM), words, 13, 2)
                        factor = add(factor, factor)
                    here_at = first + here * size
                    for k in range(n if halvings > 0 and not (below and above) else 0):
                        at = PARTS * k * (n + 1)
                        following = at + PARTS * (n + 1)
                        beside = at + PARTS * n
                        other = beside
                        if turned:
                            other = at + PARTS
                        if k + 1 == n:
                            following = at
                            other = at
                        u = mul(load(source, given + at), factor)
                        v = mul(load(source, given + following), factor)
                        re = mul(load(source, given + other), factor)
                        turn = DTYPE(0)
                        slope = DTYPE(0)
                        im = DTYPE(0)
                        if PARTS == 2:
                            turn = mul(load(source, given + at + 1), factor)
                            slope = mul(load(source, given + following + 1), factor)
                            im = mul(load(source, given + other + 1), factor)
                        store(room, here_at + at, mul(exp(u), cos(turn)))
                        if PARTS == 2:
                            store(room, here_at + at + 1, mul(exp(u), sin(turn)))
                        if k + 1 < n:
                            # exp(m) sinh(h) / h times the element, for the mean m of two elements of the diagonal, and
                            # half of their difference.
                            grown = exp(mul(DTYPE(0.5), add(u, v)))
                            x = mul(DTYPE(0.5), sub(u, v))
                            y = mul(DTYPE(0.5), sub(turn, slope))
                            turn = mul(DTYPE(0.5), add(turn, slope))
                            length = add(mul(x, x), mul(y, y))
                            a2 = sub(mul(x, x), mul(y, y))
                            a4 = mul(DTYPE(2), mul(x, y))
                            even = add(mul(a2, DTYPE(20)), sub(mul(a2, a2), mul(a4, a4)))
                            even = add(DTYPE(1), div(even, DTYPE(120)))
                            odd = div(add(mul(a4, DTYPE(20)), mul(DTYPE(2), mul(a2, a4))), DTYPE(120))
                            if less(DTYPE(0.0001), length):
                                a2 = mul(sinh(x), cos(y))
                                a4 = mul(cosh(x), sin(y))
                                even = div(add(mul(a2, x), mul(a4, y)), length)
                                odd = div(sub(mul(a4, x), mul(a2, y)), length)
                            x = mul(grown, sub(mul(cos(turn), even), mul(sin(turn), odd)))
                            y = mul(grown, add(mul(cos(turn), odd), mul(sin(turn), even)))
                            store(room, here_at + beside, sub(mul(re, x), mul(im, y)))
                            if PARTS == 2:
                                store(room, here_at + beside + 1, add(mul(re, y), mul(im, x)))
                if here == 5:
                    for i in range(size):
                        store(room, sum_at + i, load(room, first + 5 * size + i))
            for i in range(size):
                at = i
                if turned:
                    at = i // PARTS % n * PARTS * n + i // PARTS // n * PARTS + i % PARTS
                store(out, number * size + i, load(room, sum_at + at))


_REAL: Mapping[str, RoutineText] = {
    "expm": RoutineText(function_text(_expm), by_batch(lambda slots: 24 * slots["N"] ** 3)),
}
EXPONENTIALS: Mapping[str, RoutineText] = {**_REAL, **of_parts(_REAL)}
