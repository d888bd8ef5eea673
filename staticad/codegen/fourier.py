"""Discrete Fourier transforms: the kernel that plans, and calls a function for each pass over a block.

A *block* is some columns of the array that are transformed side by side: ``n`` rows, in each one element of every
column. All loops over elements run along rows of a block, over memory that is contiguous, so they are vectors for any
length. A block goes through one pass for each factor of its length (Stockham's form, which needs no permutation):

    y[run (radix p + k) + q] = w(l)^(p k) sum over j of x[run (p + m j) + q] w(radix)^(j k),    w(l) = exp(-2 pi i / l),

for l = radix m the length that is left, and ``run`` the columns times the factors that are done. Real and imaginary
parts are arrays of their own; only in the result they lie side by side. Powers of w come from one table of all n-th
roots of unity. A transform backwards is this one with the parts exchanged, both of what is read and of what is written.

A long transform is two steps over blocks that stay in a cache: with n = rows * columns the array is a matrix, whose
columns are transformed, multiplied by powers of w(n), and written transposed; then the columns of what is written are
transformed. Of a shorter one both happen in one block, which is all of it, so that rows of an array are read and
written as they lie. A transform with a large prime factor is a convolution: columns are multiplied by a table,
lengthened by zeros, transformed, multiplied by another table and transformed back. Blocks are shared out to a number of
*tasks* that sizes decide alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Cut, Cutting, RoutineText

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call, peek, poke, stack_words
    from staticad.codegen.routine_names import IN0, IN1, IN2, IN3, ITEMSIZE, OUT0, OUT1, WORK, N

    # Slots of these routines alone, and words of a pass.
    BLOCK = CLOSED = INNER = MIDDLE0 = MIDDLE1 = OUTER = PASS = CONVOLVED = PHASE = PLANE = ROOM = ROWS = TASKS = 0
    ACROSS = ALONG = WITHIN = FEW = LEAST = LEAST_OF_MANY = LONG = SIDE = TWISTS = WHOLE = 0
    FROM_RE = FROM_IM = TO_RE = TO_IM = COS = SIN = RADIX = RUN = STEP = ROOT = 0
    FROM_ROW = FROM_LEG = TO_ROW = TO_LEG = FORM = WORDS = 0
    BETWEEN = FIRST = FIRST_EXCHANGED = TWISTED = LAST = LAST_EXCHANGED = 0


# The array has the axes OUTER, N and INNER, and what is read the distances ACROSS, ALONG and WITHIN between elements.
# ROWS are those of the matrix that a transform is, 0 for one that is none, -1 where that is to be decided here; TWISTS
# is the table of what its elements are multiplied by, or 0. A matrix of at most WHOLE elements is one block. For others
# PHASE 0 is the first step, which writes to MIDDLE, and 1 the second one. Where CLOSED is 1, the first number of a
# transform is written again behind the last one.
def _fourier(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    words = stack_words(WORDS)
    n = peek(slots, N)
    outer = peek(slots, OUTER)
    inner = peek(slots, INNER)
    rows = peek(slots, ROWS)
    phase = peek(slots, PHASE)
    twists = peek(slots, TWISTS)
    across = 2 * (n + peek(slots, CLOSED)) * inner  # from a transform to the next one, where they are written
    plane = peek(slots, PLANE)
    if rows < 0:
        rows = 0
        least = peek(slots, LEAST)
        if inner >= peek(slots, FEW):
            least = peek(slots, LONG)
        elif outer >= peek(slots, FEW):
            least = peek(slots, LEAST_OF_MANY)
        if n >= least:
            k = peek(slots, SIDE)
            while k * k <= n:
                if n % k == 0:
                    rows = k
                k += 1
    size = n  # of the transforms that are made of passes
    tables = peek(slots, IN2)
    if peek(slots, CONVOLVED) > 1:
        rows = 0
        size = peek(slots, CONVOLVED)
        tables = peek(slots, IN3)
    whole = rows > 0 and n <= peek(slots, WHOLE)
    # Of a block: its rows, the distances of rows and columns where it is read and written. There are so many columns
    # side by side, and others.
    from_re = peek(slots, IN0)
    from_im = peek(slots, IN1)
    to_re = peek(slots, OUT0)
    to_im = peek(slots, OUT1)
    row = peek(slots, ALONG)
    to_row = 2 * inner
    length = n
    others = outer
    columns = inner
    column = peek(slots, WITHIN)
    to_column = 2
    if rows == 0:
        length = size
        if outer > inner:
            others = inner
            columns = outer
            column = peek(slots, ACROSS)
            to_column = across
    else:
        others = outer * inner
        columns = n // rows
        if whole:
            length = rows
            column = row
            row = columns * row
            to_row = 2 * rows * inner
            to_column = 2 * inner
        elif phase == 0:
            length = rows
            column = row
            row = columns * row
            to_re = peek(slots, MIDDLE0)
            to_im = peek(slots, MIDDLE1)
            to_row = 1
            to_column = rows
        else:
            from_re = peek(slots, MIDDLE0)
            from_im = peek(slots, MIDDLE1)
            length = columns
            columns = rows
            row = rows
            column = 1
            to_row = 2 * rows * inner
            to_column = 2 * inner
    if phase == 1 and (whole or rows == 0):
        others = 0
    width = peek(slots, ROOM) // length
    if width > peek(slots, BLOCK) and not whole:
        width = peek(slots, BLOCK)
    blocks = (columns + width - 1) // width
    units = others * blocks
    for task in range(lo, hi):
        work = peek(slots, WORK) + 4 * task * plane
        for unit in range(task * units // peek(slots, TASKS), (task + 1) * units // peek(slots, TASKS)):
            which = unit // blocks
            first = (unit - which * blocks) * width
            run = columns - first
            if run > width:
                run = width
            tall = length
            if size > n:
                tall = n
            # Where the block begins.
            if rows == 0:
                if outer > inner:
                    source = which * peek(slots, WITHIN)
                    target = 2 * which
                else:
                    source = which * peek(slots, ACROSS)
                    target = which * across
            else:
                source = which // inner * peek(slots, ACROSS) + which % inner * peek(slots, WITHIN)
                target = which // inner * across + 2 * (which % inner)
                if phase == 1:
                    source = which * n
                elif not whole:
                    target = which * n
            source = ITEMSIZE * (source + first * column)
            target = ITEMSIZE * (target + first * to_column)
            here_re = from_re + source
            here_im = from_im + source
            distance = row
            start = BETWEEN
            if column == 2 and tall % 4 == 0 and size == n:
                if from_im == from_re + ITEMSIZE:
                    start = FIRST
                elif from_im + ITEMSIZE == from_re:
                    start = FIRST_EXCHANGED
                    here_re = here_im
            if start == BETWEEN and (column != 1 or from_im == 0 or size > n):
                poke(words, RADIX, 1)
                poke(words, RUN, run)
                poke(words, FROM_RE, here_re)
                poke(words, FROM_IM, 0)
                if from_im != 0:
                    poke(words, FROM_IM, here_im)
                poke(words, FROM_ROW, row)
                poke(words, FROM_LEG, column)
                poke(words, TO_RE, work)
                poke(words, TO_IM, work + plane)
                poke(words, TO_ROW, run)
                poke(words, TO_LEG, 1)
                call(peek(slots, PASS), words, 0, tall, 0)
                here_re = work
                here_im = work + plane
                distance = run
            turns = 1
            if whole:
                turns = 2
            if size > n:
                turns = 2
                here_re = work + 2 * plane
                here_im = here_re + plane
                poke(words, RADIX, -2)
                poke(words, RUN, run)
                poke(words, COS, tables + 2 * ITEMSIZE * size)
                poke(words, SIN, tables + 3 * ITEMSIZE * size)
                poke(words, FROM_RE, work)
                poke(words, FROM_IM, work + plane)
                poke(words, FROM_ROW, run)
                poke(words, TO_RE, here_re)
                poke(words, TO_IM, here_im)
                poke(words, TO_ROW, run)
                call(peek(slots, PASS), words, 0, n, 0)
                poke(words, RADIX, -3)
                call(peek(slots, PASS), words, n, size, 0)
                tall = size
            for turn in range(turns):
                final = turn == turns - 1 and (phase == 1 or whole or rows == 0)
                poke(words, COS, tables)
                poke(words, SIN, tables + ITEMSIZE * size)
                written = 0
                left = tall
                done = run
                while left > 1:
                    radix = 4
                    if left % 8 == 0 and left != 16:
                        radix = 8
                    elif left % 4 != 0:
                        radix = 2
                        if left % 2 != 0:
                            radix = 3
                            while left % radix != 0:
                                radix += 2
                                if radix * radix > left:
                                    radix = left
                    count = left // radix
                    there = work
                    if here_re == work or here_im == work:
                        there = work + 2 * plane
                    there_im = there + plane
                    poke(words, RADIX, radix)
                    poke(words, ROOT, size // radix)
                    poke(words, FROM_RE, here_re)
                    poke(words, FROM_IM, here_im)
                    poke(words, RUN, done)
                    poke(words, STEP, size // left)
                    poke(words, FROM_ROW, done)
                    poke(words, FROM_LEG, count * done)
                    if left == tall:  # which may be read from afar
                        poke(words, FROM_ROW, distance)
                        poke(words, FROM_LEG, count * distance)
                    poke(words, TO_ROW, radix * done)
                    poke(words, TO_LEG, done)
                    form = BETWEEN
                    if left == tall:
                        form = start
                    elif count == 1 and radix % 4 == 0:
                        if not final:
                            if twists != 0 and n // rows == run:
                                form = TWISTED
                                poke(words, COS, twists)
                                poke(words, SIN, twists + ITEMSIZE * n)
                        elif to_column == 2 and to_row == 2 * run and size == n:
                            form = LAST
                            there = to_re + target
                            if to_im < to_re:
                                form = LAST_EXCHANGED
                                there = to_im + target
                    if form > FIRST_EXCHANGED:
                        written = 1
                    poke(words, FORM, form)
                    poke(words, TO_RE, there)
                    poke(words, TO_IM, there_im)
                    call(peek(slots, PASS), words, 0, count, 0)
                    done *= radix
                    left = left // radix
                    here_re = there
                    here_im = there_im
                poke(words, RUN, run)
                if size > n:
                    # Back again it is a transform of parts that are exchanged, what is read and what is written.
                    there = work
                    if here_re == work:
                        there = work + 2 * plane
                    poke(words, RADIX, -2)
                    poke(words, FROM_RE, here_re)
                    poke(words, FROM_IM, here_im)
                    poke(words, COS, tables + 4 * ITEMSIZE * size)
                    poke(words, SIN, tables + 5 * ITEMSIZE * size)
                    if final:
                        tall = n
                        poke(words, FROM_RE, here_im)
                        poke(words, FROM_IM, here_re)
                        poke(words, COS, tables + 2 * ITEMSIZE * size)
                        poke(words, SIN, tables + 3 * ITEMSIZE * size)
                    poke(words, FROM_ROW, run)
                    poke(words, TO_RE, there)
                    poke(words, TO_IM, there + plane)
                    poke(words, TO_ROW, run)
                    call(peek(slots, PASS), words, 0, tall, 0)
                    here_re = there
                    here_im = there + plane
                    if not final:
                        here_re = there + plane
                        here_im = there
                        distance = run
                elif not final and written == 0:
                    poke(words, RADIX, -1)
                    poke(words, STEP, first)
                    if twists != 0:
                        poke(words, RADIX, 0)
                        poke(words, STEP, n // rows)
                        poke(words, COS, twists + ITEMSIZE * first)
                        poke(words, SIN, twists + ITEMSIZE * (n + first))
                    there = work
                    if here_re == work:
                        there = work + 2 * plane
                    poke(words, FROM_RE, here_re)
                    poke(words, FROM_IM, here_im)
                    poke(words, FROM_ROW, run)
                    poke(words, TO_RE, there)
                    poke(words, TO_IM, there + plane)
                    poke(words, TO_ROW, run)
                    call(peek(slots, PASS), words, 0, tall, 0)
                    here_re = there
                    here_im = there + plane
                if (written == 0 or not final) and (final or size == n):
                    there = to_re + target
                    there_im = to_im + target
                    poke(words, RADIX, 1)
                    poke(words, FROM_RE, here_re)
                    poke(words, FROM_IM, here_im)
                    poke(words, FROM_ROW, run)
                    poke(words, FROM_LEG, 1)
                    poke(words, TO_ROW, to_row)
                    poke(words, TO_LEG, to_column)
                    if whole and turn == 0:
                        there = work
                        if here_re == work:
                            there = work + 2 * plane
                        there_im = there + plane
                        poke(words, TO_ROW, 1)
                        poke(words, TO_LEG, rows)
                    elif there_im < there:  # parts that are exchanged are copied in the order of memory
                        poke(words, FROM_RE, here_im)
                        poke(words, FROM_IM, here_re)
                        there = there_im
                        there_im = to_re + target
                    poke(words, TO_RE, there)
                    poke(words, TO_IM, there_im)
                    call(peek(slots, PASS), words, 0, tall, 0)
                    here_re = there
                    here_im = there_im
                if turn < turns - 1 and size == n:
                    tall = columns
                    run = rows
                    distance = run
                    start = BETWEEN
            if peek(slots, CLOSED) > 0 and (rows == 0 or whole or (phase == 1 and first == 0)):
                if rows > 0:
                    run = 1
                poke(words, RADIX, 1)
                poke(words, RUN, run)
                poke(words, FROM_RE, to_re + target)
                poke(words, FROM_IM, to_im + target)
                poke(words, FROM_LEG, to_column)
                poke(words, TO_RE, to_re + target + 2 * ITEMSIZE * n * inner)
                poke(words, TO_IM, to_im + target + 2 * ITEMSIZE * n * inner)
                poke(words, TO_LEG, to_column)
                call(peek(slots, PASS), words, 0, 1, 0)


def _cut(slots: Mapping[str, int], batch: int) -> Cutting:
    """Every task on its own."""
    return Cut.BATCH, batch, 1 if batch > 1 else 0


FOURIER: Mapping[str, RoutineText] = {"fourier_parts": RoutineText(function_text(_fourier), _cut)}
