"""Convolutions as products of matrices: a block of *patches* at a time, which stays in a cache.

Row (c, k) of the patches holds what tap k of the kernel meets in channel c of the image, one column for each place of
the window. With W the weights of a group as a matrix (filters, channels * taps), R the result of an image as
(filters, places) and P the patches,

    R = W P,    P = Wᵀ R, which is added up in the image,    W = R Pᵀ, summed over images.

A *unit* of work is what nobody else writes to: a block of places of a result, some channels of an image, or some
channels of the weights for a run of images. Units are shared out to a number of *tasks* that sizes decide alone, and
each task has room for one block of patches. Where the patches are the image as it lies (a kernel of one tap), there is
no copy.

For few filters that product is no work and the patches are: every filter of a depthwise convolution has an image of its
own. Where the stride is 1, one *frame* is made instead, the image with its padding. A tap meets all places of some rows
of a result in a run of that frame; what it meets between the ends of the rows is added up, too, and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Cut, Cutting, RoutineText

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import add, load, mul, pointer, store
    from staticad.codegen.machine_language import address_of, call_product, peek, poke, stack_words
    from staticad.codegen.routine_names import DTYPE, ITEMSIZE, ONE, PRODUCT, WORK, D, H, N, W

    # Slots of this routine alone.
    BLOCK = BUNDLE = CHANNELS = DIRECT = FILTERS = FRAME = GROUPS = 0
    IMAGE = RESULT = ROOM = RUNS = TASKS = WAY = WEIGHT = 0
    ED = EH = EW = KD = KH = KW = OD = OH = OW = PD = PH = PW = SD = SH = SW = 0


# WAY: 0 computes the result, 1 the image, 2 the weights.
def _convolution(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    one = stack_words(1)
    poke(one, 0, ONE)
    image = pointer(args, IMAGE, DTYPE, 0, 4)
    patches = pointer(args, WORK, DTYPE, 1, 4)
    weights = pointer(args, WEIGHT, DTYPE, 2, 4)
    results = pointer(args, RESULT, DTYPE, 3, 4)
    way = peek(slots, WAY)
    images = peek(slots, N)
    groups = peek(slots, GROUPS)
    channels = peek(slots, CHANNELS)
    filters = peek(slots, FILTERS)
    direct = peek(slots, DIRECT)
    depth = peek(slots, D)
    height = peek(slots, H)
    width = peek(slots, W)
    kernel_depth = peek(slots, KD)
    kernel_height = peek(slots, KH)
    kernel_width = peek(slots, KW)
    rows_out = peek(slots, OH)
    columns_out = peek(slots, OW)
    stride = peek(slots, SW)
    area = depth * height * width
    places = peek(slots, OD) * rows_out * columns_out
    taps = kernel_depth * kernel_height * kernel_width
    terms = channels * taps
    block = peek(slots, BLOCK)
    bundle = peek(slots, BUNDLE)
    bundles = (channels + bundle - 1) // bundle
    if bundles == 0:
        bundles = 1
    blocks = (places + block - 1) // block
    many = bundles
    units = images * groups * bundles
    if way == 0:
        many = blocks
        units = images * groups * blocks
    elif way == 2:
        units = peek(slots, RUNS) * groups * bundles
    wide = columns_out + (kernel_width - 1) * peek(slots, EW)
    high = rows_out + (kernel_height - 1) * peek(slots, EH)
    deep = peek(slots, OD) + (kernel_depth - 1) * peek(slots, ED)
    most = peek(slots, FRAME)
    framed = way == 0 and most > 0 and filters <= 4 and channels * deep * high * wide <= most
    if framed:
        many = 1
        units = images * groups
    if filters == 0 and way != 1:
        units = 0
    for task in range(lo, hi):
        base = task * peek(slots, ROOM)
        for unit in range(task * units // peek(slots, TASKS), (task + 1) * units // peek(slots, TASKS)):
            inner = unit % many
            group = unit // many % groups
            outer = unit // many // groups
            if framed:
                origin = (outer * groups + group) * channels * area
                frame = base + 2048 + wide
                for place in range(frame, frame + channels * deep * high * wide):
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
                            rows = 2048 // wide
                            if rows == 0:
                                rows = 1
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
                continue
            first_image = outer
            last_image = outer + 1
            first_bundle = inner
            last_bundle = inner + 1
            first_block = 0
            last_block = blocks
            if way == 0:
                first_bundle = 0
                last_bundle = bundles
                first_block = inner
                last_block = inner + 1
            elif way == 2:
                first_image = outer * images // peek(slots, RUNS)
                last_image = (outer + 1) * images // peek(slots, RUNS)
            for number in range(first_image, last_image):
                for part in range(first_bundle, last_bundle):
                    begin = part * bundle
                    end = begin + bundle
                    if end > channels:
                        end = channels
                    rows = (end - begin) * taps
                    origin = (number * groups + group) * channels * area
                    if way == 1 and direct == 0:
                        for place in range(origin + begin * area, origin + end * area):
                            store(image, place, DTYPE(0))
                    for piece in range(first_block, last_block):
                        start = piece * block
                        count = places - start
                        if count > block:
                            count = block
                        weight = peek(slots, WEIGHT) + ITEMSIZE * (group * filters * terms + begin * taps)
                        result = peek(slots, RESULT) + ITEMSIZE * ((number * groups + group) * filters * places + start)
                        matrix = peek(slots, WORK) + ITEMSIZE * base
                        matrix_row = count
                        if direct != 0:
                            matrix = peek(slots, IMAGE) + ITEMSIZE * (origin + begin * area + start)
                            matrix_row = area
                        if way == 1:
                            call_product(
                                peek(slots, PRODUCT), matrix, matrix_row, weight, 1, terms, result, places, 1,
                                rows, count, filters, one, 0, DTYPE,
                            )  # fmt: skip
                        if direct == 0:
                            row = base
                            for channel in range(begin, end):
                                for tap_depth in range(kernel_depth):
                                    for tap_height in range(kernel_height):
                                        for tap_width in range(kernel_width):
                                            shift = tap_width * peek(slots, EW) - peek(slots, PW)
                                            # The places whose taps lie inside of the rows of the image.
                                            first = 0
                                            if shift < 0:
                                                first = (stride - 1 - shift) // stride
                                            last = 0
                                            if width > shift:
                                                last = (width - 1 - shift) // stride + 1
                                            line = start // columns_out
                                            column = start - line * columns_out
                                            slab = line // rows_out
                                            line -= slab * rows_out
                                            z = slab * peek(slots, SD) - peek(slots, PD) + tap_depth * peek(slots, ED)
                                            y = line * peek(slots, SH) - peek(slots, PH) + tap_height * peek(slots, EH)
                                            done = 0
                                            while done < count:
                                                stop = columns_out
                                                if stop > column + count - done:
                                                    stop = column + count - done
                                                left = first
                                                if left < column:
                                                    left = column
                                                if left > stop or z < 0 or z >= depth or y < 0 or y >= height:
                                                    left = stop
                                                right = last
                                                if right > stop:
                                                    right = stop
                                                if right < left:
                                                    right = left
                                                to = row + done - column
                                                source = origin + ((channel * depth + z) * height + y) * width + shift
                                                if way == 1:
                                                    if stride == 1:
                                                        for k in range(left, right):
                                                            total = add(load(image, source + k), load(patches, to + k))
                                                            store(image, source + k, total)
                                                    else:
                                                        for k in range(left, right):
                                                            at = source + k * stride
                                                            total = add(load(image, at), load(patches, to + k))
                                                            store(image, at, total)
                                                else:
                                                    for k in range(column, left):
                                                        store(patches, to + k, DTYPE(0))
                                                    if stride == 1:
                                                        for k in range(left, right):
                                                            store(patches, to + k, load(image, source + k))
                                                    else:
                                                        for k in range(left, right):
                                                            store(patches, to + k, load(image, source + k * stride))
                                                    for k in range(right, stop):
                                                        store(patches, to + k, DTYPE(0))
                                                done += stop - column
                                                column = 0
                                                line += 1
                                                y += peek(slots, SH)
                                                if line == rows_out:
                                                    line = 0
                                                    y -= rows_out * peek(slots, SH)
                                                    z += peek(slots, SD)
                                            row += count
                        if way == 0:
                            more = 0
                            if part > 0:
                                more = 1
                            call_product(
                                peek(slots, PRODUCT), result, places, weight, terms, 1, matrix, matrix_row, 1,
                                filters, count, rows, one, more, DTYPE,
                            )  # fmt: skip
                        elif way == 2:
                            more = 1
                            if number == first_image and piece == 0:
                                more = 0
                            call_product(
                                peek(slots, PRODUCT), weight + ITEMSIZE * outer * groups * filters * terms, terms,
                                result, places, 1, matrix, 1, matrix_row,
                                filters, rows, count, one, more, DTYPE,
                            )  # fmt: skip


# Multiplications below which a convolution is not cut (about 10 microseconds of one core).
_SMALLEST_CHUNK = 1 << 20


def _cut(slots: Mapping[str, int], tasks: int) -> Cutting:
    """Cut into tasks."""
    work = slots["N"] * slots["GROUPS"] * slots["FILTERS"] * slots["CHANNELS"]
    for name in ("KD", "KH", "KW", "OD", "OH", "OW"):
        work *= slots[name]
    grain = tasks * _SMALLEST_CHUNK // max(1, work)
    return Cut.BATCH, tasks, max(1, grain) if grain < tasks else 0


CONVOLUTION: Mapping[str, RoutineText] = {"convolution": RoutineText(function_text(_convolution), _cut)}
