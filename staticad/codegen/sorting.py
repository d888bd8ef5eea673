"""Sorting: kernels for rows of any dtype, all of them stable.

Elements are compared as integers, their *keys*, which the function of `staticad.codegen.key_sorting` makes and sorts.
Values alone are made of sorted keys again. Then zeros and NaN, of which several have one key, are read once more.

Where places are wanted too, a *word* of 64 bits holds a key and behind it the place, so no two are equal. That is all
there is to do for keys of 32 bits. Of longer ones a word holds the upper bits of what is above the smallest key, which
nearly always decide. The rest is done by insertion, unless that turns out to be much work: then words are sorted by the
lower bits first, and by the others after that.

Of a part of the order only that part is sorted. The elements that belong there are found by their keys: those between
the first and the last one, and so many of those equal to them as belong there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import cast, int64, load, pointer, store
    from staticad.codegen.machine_language import address_of, call8, peek, poke
    from staticad.codegen.routine_names import (
        BITS,
        FLOATING,
        IN0,
        INFINITY,
        ITEMSIZE,
        LARGEST,
        LOWEST,
        OUT0,
        OUT1,
        STEP_IN0,
        STEP_OUT0,
        STEP_OUT1,
        STEP_WORK,
        UNSIGNED,
        WORK,
        K,
        N,
    )  # fmt: skip

    DESCENDING = FIRST = 0  # slots of single routines: attributes
    SORT_KEYS = SORT_WORDS = 0  # and functions


def _sort(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    n = peek(slots, N)
    k = peek(slots, K)
    first = peek(slots, FIRST)
    last = first + k
    flip = 0 - peek(slots, DESCENDING)
    code = UNSIGNED + 2 * FLOATING + 4 * peek(slots, DESCENDING)
    keys_of = peek(slots, SORT_KEYS)
    words_of = peek(slots, SORT_WORDS)
    with_values = peek(slots, OUT0) != 0
    with_places = peek(slots, OUT1) != 0
    given = pointer(args, IN0, BITS, 0, 1)
    values = pointer(args, OUT0, BITS, 0, 1)
    kept = pointer(args, WORK, BITS, 0, 1)
    origin = lo * peek(slots, STEP_WORK)
    # Four rooms of n words. The first one holds the keys of a row in its order, the last one where they stand there.
    keys = peek(slots, WORK) + origin
    words = keys + 8 * n
    scratch = words + 8 * n
    spots = scratch + 8 * n
    key = origin // ITEMSIZE
    digits = 0
    while ((n - 1) >> digits) > 0:
        digits += 1
    for row in range(lo, hi):
        element = row * peek(slots, STEP_IN0) // ITEMSIZE
        source = peek(slots, IN0) + row * peek(slots, STEP_IN0)
        value = row * peek(slots, STEP_OUT0) // ITEMSIZE
        target = peek(slots, OUT0) + row * peek(slots, STEP_OUT0)
        place = peek(slots, OUT1) + row * peek(slots, STEP_OUT1)
        if k > 0 and not with_places:
            here = keys
            if k == n:
                here = target
            odd = call8(keys_of, 0, source, here, n, code, 0, 0, 0)
            call8(keys_of, 1, here, scratch, n, first, last, 0, 0)
            if k < n:
                for i in range(k):
                    store(values, value + i, load(kept, key + first + i))
            call8(keys_of, 2, target, k, code, 0, 0, 0, 0)
            if FLOATING != 0 and odd > 0:
                # Zeros and NaN in their order: how many elements are before them?
                below = 0
                nans = 0
                for i in range(n):
                    bits = cast(load(given, element + i), int64)
                    if (bits & LARGEST) > INFINITY:
                        nans += 1
                    elif (bits & LARGEST) != 0 and ((bits >> 63) ^ flip) != 0:
                        below += 1
                unordered = n - nans
                if flip != 0:
                    unordered = 0
                    below += nans
                for i in range(n):
                    bits = cast(load(given, element + i), int64)
                    at = 0 - 1
                    if (bits & LARGEST) == 0:
                        at = below
                        below += 1
                    elif (bits & LARGEST) > INFINITY:
                        at = unordered
                        unordered += 1
                    if first <= at and at < last:
                        store(values, value + at - first, cast(bits, BITS))
        elif k > 0:
            call8(keys_of, 0, source, keys, n, code, 0, 0, 0)
            if ITEMSIZE < 8:
                for i in range(n):
                    poke(words, i, (cast(load(kept, key + i), int64) << 32) | i)
                call8(words_of, 1, words, scratch, n, first, last, 0, 0)
                for i in range(k):
                    poke(place, i, peek(words, first + i) & 0xFFFFFFFF)
            else:
                few = digits
                count = n
                start = first
                part = k < n and n > 64
                if part:
                    for i in range(n):
                        poke(words, i, peek(keys, i))
                    call8(words_of, 1, words, scratch, n, first, last, 0, 0)
                    low = peek(words, first)
                    high = peek(words, last - 1)
                    below = 0
                    under = 0
                    for i in range(n):
                        below += int64(peek(keys, i) < low)
                        under += int64(peek(keys, i) < high)
                    skipped = first - below
                    taken = last - under
                    count = 0
                    for i in range(n):
                        order = peek(keys, i)
                        if order >= low and order <= high:
                            wanted = True
                            if order == high:
                                taken -= 1
                                wanted = taken >= 0
                            if order == low and skipped > 0:
                                skipped -= 1
                                wanted = False
                            if wanted:
                                poke(keys, count, order)
                                poke(spots, count, i)
                                count += 1
                    start = 0
                    few = 0
                    while ((k - 1) >> few) > 0:
                        few += 1
                low = LARGEST
                high = LOWEST
                for i in range(count):
                    order = peek(keys, i)
                    if order < low:
                        low = order
                    if order > high:
                        high = order
                top = 64
                while top > 0 and (((high - low) >> (top - 1)) & 1) == 0:
                    top -= 1
                behind = (1 << few) - 1
                width = 63 - few
                mask = (1 << width) - 1
                shift = 0
                if top > width:
                    shift = top - width
                for i in range(count):
                    poke(words, i, ((((peek(keys, i) - low) >> shift) & mask) << few) | i)
                call8(words_of, 1, words, scratch, count, 0, count, 0, 0)
                budget = count
                if shift > 0:
                    # What the lower bits decide: few elements move, by a little.
                    for i in range(1, count):
                        word = peek(words, i)
                        if (peek(words, i - 1) >> few) == (word >> few):
                            order = peek(keys, word & behind)
                            j = i
                            while (
                                j > 0
                                and budget > 0
                                and (peek(words, j - 1) >> few) == (word >> few)
                                and peek(keys, peek(words, j - 1) & behind) > order
                            ):
                                poke(words, j, peek(words, j - 1))
                                j -= 1
                                budget -= 1
                            poke(words, j, word)
                moved = part
                if budget == 0:
                    if not moved:
                        for i in range(count):
                            poke(spots, i, i)
                    moved = True
                    shift = 0
                    while shift < top:
                        if shift > 0:
                            for i in range(count):
                                poke(scratch, i, peek(keys, peek(words, i) & behind))
                            for i in range(count):
                                poke(keys, i, peek(scratch, i))
                                poke(scratch, i, peek(spots, peek(words, i) & behind))
                            for i in range(count):
                                poke(spots, i, peek(scratch, i))
                        if shift + width > 64:
                            mask = (1 << (64 - shift)) - 1
                        for i in range(count):
                            poke(words, i, ((((peek(keys, i) - low) >> shift) & mask) << few) | i)
                        call8(words_of, 1, words, scratch, count, 0, count, 0, 0)
                        shift += width
                for i in range(k):
                    at = peek(words, start + i) & behind
                    if moved:
                        at = peek(spots, at)
                    poke(place, i, at)
            if with_values:
                for i in range(k):
                    store(values, value + i, load(given, element + peek(place, i)))


def _partition(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    n = peek(slots, N)
    first = peek(slots, FIRST)
    code = UNSIGNED + 2 * FLOATING
    keys_of = peek(slots, SORT_KEYS)
    with_values = peek(slots, OUT0) != 0
    with_places = peek(slots, OUT1) != 0
    given = pointer(args, IN0, BITS, 0, 1)
    values = pointer(args, OUT0, BITS, 0, 1)
    kept = pointer(args, WORK, BITS, 0, 1)
    origin = lo * peek(slots, STEP_WORK)
    keys = peek(slots, WORK) + origin
    ordered = keys + 8 * n
    scratch = ordered + 8 * n
    key = origin // ITEMSIZE
    for row in range(lo, hi):
        element = row * peek(slots, STEP_IN0) // ITEMSIZE
        value = row * peek(slots, STEP_OUT0) // ITEMSIZE
        source = peek(slots, IN0) + row * peek(slots, STEP_IN0)
        place = peek(slots, OUT1) + row * peek(slots, STEP_OUT1)
        call8(keys_of, 0, source, keys, n, code, 0, 0, 0)
        call8(keys_of, 0, source, ordered, n, code, 0, 0, 0)
        call8(keys_of, 1, ordered, scratch, n, first, first + 1, 0, 0)
        pivot = cast(load(kept, key + 8 * n // ITEMSIZE + first), int64)
        less = 0
        equal = 0
        for i in range(n):
            order = cast(load(kept, key + i), int64)
            less += int64(order < pivot)
            equal += int64(order == pivot)
        above = less + equal
        below = 0
        for i in range(n):
            order = cast(load(kept, key + i), int64)
            at = less
            if order < pivot:
                at = below
            if order > pivot:
                at = above
            less += int64(order == pivot)
            below += int64(order < pivot)
            above += int64(order > pivot)
            if with_values:
                store(values, value + at, load(given, element + i))
            if with_places:
                poke(place, at, i)


def _nonzero(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    n = peek(slots, N)
    k = peek(slots, K)
    given = pointer(args, IN0, BITS, 0, 1)
    for row in range(lo, hi):
        origin = row * n
        place = peek(slots, OUT0) + row * peek(slots, STEP_OUT0)
        count = 0
        for i in range(n):
            if cast(load(given, origin + i), int64) != 0:
                if count < k:
                    poke(place, count, i)
                count += 1
        poke(peek(slots, OUT1), row, count)
        for i in range(count, k):
            poke(place, i, n)


def _passes(slots: Mapping[str, int]) -> int:
    return 16 * slots["N"]


SORTING: Mapping[str, RoutineText] = {
    "sort": RoutineText(function_text(_sort), by_batch(_passes)),
    "partition": RoutineText(function_text(_partition), by_batch(_passes)),
    "nonzero": RoutineText(function_text(_nonzero), by_batch(lambda slots: 2 * slots["N"])),
}
