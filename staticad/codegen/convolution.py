"""Convolutions as products of matrices: a block of *patches* at a time, which stays in a cache.

Row (c, k) of the patches holds what tap k of the kernel meets in channel c of the image, one column for each place of
the window. With W the weights of a group as a matrix (filters, channels * taps), R the result of an image as
(filters, places) and P the patches,

    R = W P,    P = Wᵀ R, which is added up in the image,    W = R Pᵀ, summed over images.

A *unit* of work is what nobody else writes to: a block of places of a result, some channels of an image, or some
channels of the weights for a run of images. Units are shared out to a number of *tasks* that sizes decide alone, and
each task has room for one block of patches. Where the patches are the image as it lies (a kernel of one tap), there is
no copy.

Few filters meet *frames* instead, see `staticad.codegen.convolution_frames`, and patches of short rows are copied as
`staticad.codegen.convolution_runs` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.convolution_frames import by_frames
from staticad.codegen.convolution_runs import by_runs
from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Cut, Cutting, RoutineText

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import add, load, pointer, store
    from staticad.codegen.machine_language import address_of, call_product, peek, poke, stack_words
    from staticad.codegen.routine_names import DTYPE, ITEMSIZE, ONE, PRODUCT, WORK, D, H, N, W

    # Slots of this routine alone.
    BLOCK = BUNDLE = CHANNELS = DIRECT = FILTERS = GROUPS = 0
    IMAGE = RESULT = ROOM = RUNS = TASKS = WAY = WEIGHT = 0
    ED = EH = EW = KD = KH = KW = OD = OH = OW = PD = PH = PW = SD = SH = SW = 0


# WAY: 0 computes the result, 1 the image, 2 the weights.
def _by_patches(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    one = stack_words(1)
    poke(one, 0, ONE)
    image = pointer(args, IMAGE, DTYPE, 0, 4)
    patches = pointer(args, WORK, DTYPE, 1, 4)
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
    if filters == 0 and way != 1:
        units = 0
    for task in range(lo, hi):
        base = task * peek(slots, ROOM)
        for unit in range(task * units // peek(slots, TASKS), (task + 1) * units // peek(slots, TASKS)):
            inner = unit % many
            group = unit // many % groups
            outer = unit // many // groups
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


CONVOLUTION: Mapping[str, RoutineText] = {
    "convolution": RoutineText(function_text(by_frames, by_runs, _by_patches), _cut),
}
