"""Convolutions whose rows are short: patches of several rows at a time.

A patch row of `staticad.codegen.convolution` is made row by row of the image, and where these have a few elements that
takes longer than the product. Where the stride is 1, a *frame* is made instead, of the rows that some lines of a result
meet, with their padding. What a tap meets is a *run* of that frame, from the first of these lines to the last, with
what lies between the ends of the rows. The product has these columns, too; they are left out of the result. A task has
room for a frame, for the patches behind it and for the product behind these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import load, pointer, store
    from staticad.codegen.machine_language import address_of, call_product, peek, poke, stack_words
    from staticad.codegen.routine_names import DTYPE, ITEMSIZE, ONE, PRODUCT, WORK, D, H, N, W

    # Slots of a convolution.
    BUNDLE = CHANNELS = FILTERS = GROUPS = IMAGE = LINES = RESULT = ROOM = TASKS = WEIGHT = 0
    ED = EH = EW = KD = KH = KW = OD = OH = OW = PD = PH = PW = 0


# LINES: of a result at a time, 0 where there are no runs.
def by_runs(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    one = stack_words(1)
    poke(one, 0, ONE)
    image = pointer(args, IMAGE, DTYPE, 0, 4)
    patches = pointer(args, WORK, DTYPE, 1, 4)
    frames = pointer(args, WORK, DTYPE, 2, 4)  # which overlaps neither patches nor products
    results = pointer(args, RESULT, DTYPE, 3, 4)
    most = peek(slots, LINES)
    if most > 0:
        groups = peek(slots, GROUPS)
        channels = peek(slots, CHANNELS)
        filters = peek(slots, FILTERS)
        depth = peek(slots, D)
        height = peek(slots, H)
        width = peek(slots, W)
        kernel_depth = peek(slots, KD)
        kernel_height = peek(slots, KH)
        kernel_width = peek(slots, KW)
        slabs_out = peek(slots, OD)
        rows_out = peek(slots, OH)
        columns_out = peek(slots, OW)
        area = depth * height * width
        places = slabs_out * rows_out * columns_out
        taps = kernel_depth * kernel_height * kernel_width
        terms = channels * taps
        bundle = peek(slots, BUNDLE)
        bundles = (channels + bundle - 1) // bundle
        if bundles == 0:
            bundles = 1
        wide = columns_out + (kernel_width - 1) * peek(slots, EW)
        # The elements of a row of the frame that lie in the image.
        left = peek(slots, PW)
        right = left + width
        if left < 0:
            left = 0
        if left > wide:
            left = wide
        if right > wide:
            right = wide
        if right < left:
            right = left
        pieces = (rows_out + most - 1) // most
        units = peek(slots, N) * groups * slabs_out * pieces
        if filters == 0:
            units = 0
        for task in range(lo, hi):
            frame = task * peek(slots, ROOM)
            for unit in range(task * units // peek(slots, TASKS), (task + 1) * units // peek(slots, TASKS)):
                line = unit % pieces * most
                slab = unit // pieces % slabs_out
                group = unit // pieces // slabs_out % groups
                number = unit // pieces // slabs_out // groups
                lines = rows_out - line
                if lines > most:
                    lines = most
                high = lines + (kernel_height - 1) * peek(slots, EH)
                count = (lines - 1) * wide + columns_out
                begin = frame + bundle * kernel_depth * high * wide
                sums = begin + bundle * taps * count
                for part in range(bundles):
                    first = part * bundle
                    some = channels - first
                    if some > bundle:
                        some = bundle
                    to = frame
                    row = begin
                    for channel in range(some):
                        origin = ((number * groups + group) * channels + first + channel) * area
                        for tap_depth in range(kernel_depth):
                            z = slab + tap_depth * peek(slots, ED) - peek(slots, PD)
                            here = to
                            for y in range(line - peek(slots, PH), line - peek(slots, PH) + high):
                                if z >= 0 and z < depth and y >= 0 and y < height:
                                    source = origin + (z * height + y) * width - peek(slots, PW)
                                    for k in range(left):
                                        store(frames, to + k, DTYPE(0))
                                    for k in range(left, right):
                                        store(frames, to + k, load(image, source + k))
                                    for k in range(right, wide):
                                        store(frames, to + k, DTYPE(0))
                                else:
                                    for k in range(wide):
                                        store(frames, to + k, DTYPE(0))
                                to += wide
                            for tap_height in range(kernel_height):
                                for tap_width in range(kernel_width):
                                    met = here + tap_height * peek(slots, EH) * wide + tap_width * peek(slots, EW)
                                    for k in range(count):
                                        store(patches, row + k, load(frames, met + k))
                                    row += count
                    more = 0
                    if part > 0:
                        more = 1
                    call_product(
                        peek(slots, PRODUCT), peek(slots, WORK) + ITEMSIZE * sums, count,
                        peek(slots, WEIGHT) + ITEMSIZE * (group * filters * terms + first * taps), terms, 1,
                        peek(slots, WORK) + ITEMSIZE * begin, count, 1,
                        filters, count, some * taps, one, more, DTYPE,
                    )  # fmt: skip
                for which in range(filters):
                    to = ((number * groups + group) * filters + which) * places
                    to += (slab * rows_out + line) * columns_out
                    for y in range(lines):
                        row = sums + which * count + y * wide
                        for k in range(columns_out):
                            store(results, to + y * columns_out + k, load(patches, row + k))
        return
