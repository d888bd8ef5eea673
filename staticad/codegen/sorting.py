"""Sorting and searching: kernels for rows of any dtype, stable, in time that grows as the row does.

Elements are compared as integers. What is read as the *order* of an element is a signed integer of its width: that of
a float orders as numbers do, with both zeros equal and NaN, whatever its sign, behind all numbers; that of an unsigned
integer is shifted to the signed ones.

Short rows are sorted by insertion, others digit by digit from the lowest, as far as elements differ at all: a word
holds the order of 32 bits or less and, in its lower half, the element or its position. Elements of 64 bits are words,
with their positions in a word behind; without positions the elements are made of the words again, and equal ones that
look different (zeros, NaN) are read once more. Of 64 bits the upper ones nearly always decide: the order is completed
by insertion, unless that turns out to be much work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch, by_columns

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import cast, int64, load, pointer, store
    from staticad.codegen.machine_language import address_of, peek, poke, stack_words
    from staticad.codegen.routine_names import (
        BITS,
        COLUMNS,
        CUT,
        FLOATING,
        IN0,
        IN1,
        INFINITY,
        ITEMSIZE,
        LARGEST,
        LOWEST,
        OUT0,
        OUT1,
        STEP_IN0,
        STEP_IN1,
        STEP_OUT0,
        STEP_OUT1,
        STEP_WORK,
        UNSIGNED,
        WORK,
        K,
        N,
    )  # fmt: skip

    DESCENDING = SIDE = 0  # slots of single routines: attributes


def _sort(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    counters = stack_words(256)
    keys = stack_words(64)
    places = stack_words(64)
    n = peek(slots, N)
    flip = 0 - peek(slots, DESCENDING)
    with_values = peek(slots, OUT0) != 0
    with_places = peek(slots, OUT1) != 0
    pairs = ITEMSIZE == 8 and with_places
    given = pointer(args, IN0, BITS, 0, 1)
    values = pointer(args, OUT0, BITS, 0, 1)
    for row in range(lo, hi):
        origin = row * peek(slots, STEP_IN0) // ITEMSIZE
        value = row * peek(slots, STEP_OUT0) // ITEMSIZE
        place = peek(slots, OUT1) + row * peek(slots, STEP_OUT1)
        if n <= 64:
            for i in range(n):
                element = cast(load(given, origin + i), int64)
                key = element
                if UNSIGNED != 0:
                    key = element ^ LOWEST
                if FLOATING != 0:
                    key = element ^ ((element >> 63) & LARGEST)
                    if key == 0 - 1:
                        key = 0
                    if (element & LARGEST) > INFINITY:
                        key = LARGEST
                key = key ^ flip
                j = i
                while j > 0 and peek(keys, j - 1) > key:
                    poke(keys, j, peek(keys, j - 1))
                    poke(places, j, peek(places, j - 1))
                    j -= 1
                poke(keys, j, key)
                poke(places, j, i)
            for i in range(n):
                if with_values:
                    store(values, value + i, load(given, origin + peek(places, i)))
                if with_places:
                    poke(place, i, peek(places, i))
        else:
            here = peek(slots, WORK) + lo * peek(slots, STEP_WORK)
            there = here + 8 * n
            if pairs:
                there += 8 * n
            # Floats below zero, zeros below zero and NaN are counted, and the ends found.
            below = 0
            negative_zeros = 0
            nans = 0
            low = LARGEST
            high = LOWEST
            for i in range(n):
                element = cast(load(given, origin + i), int64)
                order = element
                if UNSIGNED != 0:
                    order = element ^ LOWEST
                if FLOATING != 0:
                    order = element ^ ((element >> 63) & LARGEST)
                    if order == 0 - 1:
                        order = 0
                        negative_zeros += 1
                    if (element & LARGEST) > INFINITY:
                        order = LARGEST
                        nans += 1
                order = order ^ flip
                if FLOATING != 0 and order < flip:
                    below += 1
                if order < low:
                    low = order
                if order > high:
                    high = order
                if ITEMSIZE < 8:
                    word = (order << 32) | i
                    if not with_places:
                        word = (order << 32) | (element & 0xFFFFFFFF)
                    poke(here, i, word)
                elif pairs:
                    poke(here, 2 * i, order)
                    poke(here, 2 * i + 1, i)
                else:
                    poke(here, i, order)
            top = 64
            while top > 0 and (((high - low) >> (top - 1)) & 1) == 0:
                top -= 1
            base = 0
            if ITEMSIZE < 8:
                base = 32
                low = low << 32
            width = 8
            most = 3
            if n > 3000:
                most = 4
            if n > 10000000:
                most = 5
            passes = (top + width - 1) // width
            shift = base
            if passes > most + 1:
                passes = most
                shift = base + top - most * width
            mask = (1 << width) - 1
            sorted_ = False
            while not sorted_:
                for _ in range(passes):
                    for digit in range(mask + 1):
                        poke(counters, digit, 0)
                    if pairs:
                        for i in range(n):
                            digit = ((peek(here, 2 * i) - low) >> shift) & mask
                            poke(counters, digit, peek(counters, digit) + 1)
                    else:
                        for i in range(n):
                            digit = ((peek(here, i) - low) >> shift) & mask
                            poke(counters, digit, peek(counters, digit) + 1)
                    begin = 0
                    for digit in range(mask + 1):
                        count = peek(counters, digit)
                        poke(counters, digit, begin)
                        begin += count
                    if pairs:
                        for i in range(n):
                            word = peek(here, 2 * i)
                            digit = ((word - low) >> shift) & mask
                            at = peek(counters, digit)
                            poke(counters, digit, at + 1)
                            poke(there, 2 * at, word)
                            poke(there, 2 * at + 1, peek(here, 2 * i + 1))
                    else:
                        for i in range(n):
                            word = peek(here, i)
                            digit = ((word - low) >> shift) & mask
                            at = peek(counters, digit)
                            poke(counters, digit, at + 1)
                            poke(there, at, word)
                    kept = here
                    here = there
                    there = kept
                    shift += width
                sorted_ = True
                if ITEMSIZE == 8 and passes == most and top > most * width:
                    # What the lower bits decide: few elements move, by a little. Where that is not so, all bits count.
                    budget = n
                    for i in range(1, n):
                        j = i
                        if pairs:
                            key = peek(here, 2 * i)
                            kept = peek(here, 2 * i + 1)
                            while j > 0 and budget > 0 and peek(here, 2 * j - 2) > key:
                                poke(here, 2 * j, peek(here, 2 * j - 2))
                                poke(here, 2 * j + 1, peek(here, 2 * j - 1))
                                j -= 1
                                budget -= 1
                            poke(here, 2 * j, key)
                            poke(here, 2 * j + 1, kept)
                        else:
                            key = peek(here, i)
                            while j > 0 and budget > 0 and peek(here, j - 1) > key:
                                poke(here, j, peek(here, j - 1))
                                j -= 1
                                budget -= 1
                            poke(here, j, key)
                    if budget == 0:
                        sorted_ = False
                        passes = (top + width - 1) // width
                        shift = base
            if ITEMSIZE < 8:
                if with_places:
                    for i in range(n):
                        poke(place, i, peek(here, i) & 0xFFFFFFFF)
                else:
                    for i in range(n):
                        store(values, value + i, cast(peek(here, i), BITS))
            elif pairs:
                for i in range(n):
                    poke(place, i, peek(here, 2 * i + 1))
            else:
                for i in range(n):
                    element = peek(here, i) ^ flip
                    if UNSIGNED != 0:
                        element = element ^ LOWEST
                    if FLOATING != 0:
                        element = element ^ ((element >> 63) & LARGEST)
                    store(values, value + i, cast(element, BITS))
                if FLOATING != 0 and negative_zeros > 0:
                    at = value + below
                    for i in range(n):
                        element = cast(load(given, origin + i), int64)
                        if (element & LARGEST) == 0:
                            store(values, at, cast(element, BITS))
                            at += 1
                if FLOATING != 0 and nans > 0:
                    at = value + n - nans
                    if flip != 0:
                        at = value
                    for i in range(n):
                        element = cast(load(given, origin + i), int64)
                        if (element & LARGEST) > INFINITY:
                            store(values, at, cast(element, BITS))
                            at += 1
            if with_values and with_places:
                for i in range(n):
                    store(values, value + i, load(given, origin + peek(place, i)))


def _searchsorted(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    n = peek(slots, N)
    k = peek(slots, K)
    right = peek(slots, SIDE)
    row = pointer(args, IN0, BITS, 0, 1)
    sought = pointer(args, IN1, BITS, 0, 1)
    found = peek(slots, OUT0)
    begin = lo
    end = hi
    if peek(slots, CUT) != COLUMNS:
        begin = lo * k
        end = hi * k
    for number in range(begin, end):
        origin = (number // k) * (peek(slots, STEP_IN0) // ITEMSIZE)
        which = number
        if peek(slots, STEP_IN1) == 0:
            which = number % k
        element = cast(load(sought, which), int64)
        key = element
        if UNSIGNED != 0:
            key = element ^ LOWEST
        if FLOATING != 0:
            key = element ^ ((element >> 63) & LARGEST)
            if key == 0 - 1:
                key = 0
            if (element & LARGEST) > INFINITY:
                key = LARGEST
        # All before the first place whose order is not below the limit.
        everything = right != 0 and key == LARGEST
        limit = key
        if right != 0 and not everything:
            limit = key + 1
        at = 0
        left = n
        while left > 0:
            half = left >> 1
            element = cast(load(row, origin + at + half), int64)
            order = element
            if UNSIGNED != 0:
                order = element ^ LOWEST
            if FLOATING != 0:
                order = element ^ ((element >> 63) & LARGEST)
                if order == 0 - 1:
                    order = 0
                if (element & LARGEST) > INFINITY:
                    order = LARGEST
            if order < limit:
                at += half + 1
                left -= half + 1
            else:
                left = half
        if everything:
            at = n
        poke(found, number, at)


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


def _steps(slots: Mapping[str, int]) -> int:
    return 4 * slots["K"] * slots["N"].bit_length()


SORTING: Mapping[str, RoutineText] = {
    "sort": RoutineText(function_text(_sort), by_batch(_passes)),
    "searchsorted": RoutineText(function_text(_searchsorted), by_columns(_steps)),
    "nonzero": RoutineText(function_text(_nonzero), by_batch(lambda slots: 2 * slots["N"])),
}
