"""Convolutions by few filters: without patches, which would be all the work.

A filter of a depthwise convolution has an image of its own, so a product of its patches does as much as their copy.
Where the stride is 1, one *frame* is made for all filters of a group instead, the image with its padding. A tap meets
all places of some rows of a result in a run of that frame. What it meets between the ends of the rows is added up, too,
and left out. A task has room for the sums of these rows and for the frame behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import add, load, mul, pointer, store
    from staticad.codegen.machine_language import address_of, peek
    from staticad.codegen.routine_names import DTYPE, WORK, D, H, N, W

    # Slots of a convolution.
    CHANNELS = FILTERS = FRAME = GROUPS = IMAGE = RESULT = ROOM = ROWS = TASKS = WEIGHT = 0
    ED = EH = EW = KD = KH = KW = OD = OH = OW = PD = PH = PW = 0


# FRAME: the elements of a frame, 0 if there is none; ROWS: the rows of a result that are added up at a time.
def by_frames(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    image = pointer(args, IMAGE, DTYPE, 0, 4)
    patches = pointer(args, WORK, DTYPE, 1, 4)
    weights = pointer(args, WEIGHT, DTYPE, 2, 4)
    results = pointer(args, RESULT, DTYPE, 3, 4)
    if peek(slots, FRAME) > 0:
        groups = peek(slots, GROUPS)
        channels = peek(slots, CHANNELS)
        filters = peek(slots, FILTERS)
        depth = peek(slots, D)
        height = peek(slots, H)
        width = peek(slots, W)
        kernel_depth = peek(slots, KD)
        kernel_height = peek(slots, KH)
        kernel_width = peek(slots, KW)
        rows_out = peek(slots, OH)
        columns_out = peek(slots, OW)
        wide = columns_out + (kernel_width - 1) * peek(slots, EW)
        high = rows_out + (kernel_height - 1) * peek(slots, EH)
        deep = peek(slots, OD) + (kernel_depth - 1) * peek(slots, ED)
        area = depth * height * width
        places = peek(slots, OD) * rows_out * columns_out
        terms = channels * kernel_depth * kernel_height * kernel_width
        units = peek(slots, N) * groups
        for task in range(lo, hi):
            base = task * peek(slots, ROOM)
            for unit in range(task * units // peek(slots, TASKS), (task + 1) * units // peek(slots, TASKS)):
                group = unit % groups
                outer = unit // groups
                origin = (outer * groups + group) * channels * area
                frame = base + peek(slots, ROWS) * wide
                for place in range(frame, frame + peek(slots, FRAME)):
                    store(patches, place, DTYPE(0))
                left = 0
                if peek(slots, PW) < 0:
                    left = 0 - peek(slots, PW)
                right = width
                if right > wide - peek(slots, PW):
                    right = wide - peek(slots, PW)
                for channel in range(channels):
                    for z in range(depth):
                        for y in range(height):
                            slab = z + peek(slots, PD)
                            line = y + peek(slots, PH)
                            if slab >= 0 and slab < deep and line >= 0 and line < high:
                                to = frame + ((channel * deep + slab) * high + line) * wide + peek(slots, PW)
                                source = origin + ((channel * depth + z) * height + y) * width
                                for k in range(left, right):
                                    store(patches, to + k, load(image, source + k))
                for which in range(filters):
                    for slab in range(peek(slots, OD)):
                        line = 0
                        while line < rows_out:
                            rows = peek(slots, ROWS)
                            if rows > rows_out - line:
                                rows = rows_out - line
                            count = (rows - 1) * wide + columns_out
                            for k in range(base, base + count):
                                store(patches, k, DTYPE(0))
                            weight = (group * filters + which) * terms
                            for channel in range(channels):
                                for tap_depth in range(kernel_depth):
                                    z = channel * deep + slab + tap_depth * peek(slots, ED)
                                    for tap_height in range(kernel_height):
                                        y = line + tap_height * peek(slots, EH)
                                        source = frame + (z * high + y) * wide
                                        step = peek(slots, EW)
                                        tap = kernel_width
                                        while tap >= 3:
                                            first_weight = load(weights, weight)
                                            second_weight = load(weights, weight + 1)
                                            third_weight = load(weights, weight + 2)
                                            for k in range(count):
                                                total = load(patches, base + k)
                                                total = add(total, mul(first_weight, load(patches, source + k)))
                                                at = source + step + k
                                                total = add(total, mul(second_weight, load(patches, at)))
                                                at = source + step + step + k
                                                total = add(total, mul(third_weight, load(patches, at)))
                                                store(patches, base + k, total)
                                            source += 3 * step
                                            weight += 3
                                            tap -= 3
                                        while tap > 0:
                                            first_weight = load(weights, weight)
                                            for k in range(count):
                                                total = load(patches, base + k)
                                                total = add(total, mul(first_weight, load(patches, source + k)))
                                                store(patches, base + k, total)
                                            source += step
                                            weight += 1
                                            tap -= 1
                            to = ((outer * groups + group) * filters + which) * places
                            to += (slab * rows_out + line) * columns_out
                            for row in range(rows):
                                for k in range(columns_out):
                                    store(results, to + row * columns_out + k, load(patches, base + row * wide + k))
                            line += rows
        return
