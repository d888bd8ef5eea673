"""The kernel that finds the largest element of each window, one channel after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Cut, Cutting, RoutineText

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import equal, int64, less, load, pointer, store
    from staticad.codegen.machine_language import address_of, peek
    from staticad.codegen.routine_names import DTYPE, IN0, OUT0, D, H, W

    # Slots of this routine alone.
    ED = EH = EW = KD = KH = KW = OD = OH = OW = PD = PH = PW = SD = SH = SW = 0


def _window_argmax(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    image = pointer(args, IN0, DTYPE, 0, 2)
    out = pointer(args, OUT0, int64, 1, 2)
    depth = peek(slots, D)
    height = peek(slots, H)
    width = peek(slots, W)
    step_z = peek(slots, ED)
    step_y = peek(slots, EH)
    step_x = peek(slots, EW)
    origin = lo * depth * height * width
    made = lo * peek(slots, OD) * peek(slots, OH) * peek(slots, OW)
    for _ in range(lo, hi):
        for slab in range(peek(slots, OD)):
            first_z = slab * peek(slots, SD) - peek(slots, PD)
            for line in range(peek(slots, OH)):
                first_y = line * peek(slots, SH) - peek(slots, PH)
                for column in range(peek(slots, OW)):
                    first_x = column * peek(slots, SW) - peek(slots, PW)
                    best = DTYPE(0)
                    found = -1
                    z = first_z
                    for _ in range(peek(slots, KD)):
                        y = first_y
                        for _ in range(peek(slots, KH)):
                            x = first_x
                            for _ in range(peek(slots, KW)):
                                if z >= 0 and z < depth and y >= 0 and y < height and x >= 0 and x < width:
                                    place = (z * height + y) * width + x
                                    value = load(image, origin + place)
                                    if found < 0 or less(best, value) or not equal(value, value):
                                        best = value
                                        found = place
                                x += step_x
                            y += step_y
                        z += step_z
                    if found < 0:
                        found = 0
                    store(out, made, found)
                    made += 1
        origin += depth * height * width


_SMALLEST_CHUNK = 1 << 18  # elements of windows


def _cut(slots: Mapping[str, int], channels: int) -> Cutting:
    """Cut into groups of channels."""
    work = 1
    for name in ("KD", "KH", "KW", "OD", "OH", "OW"):
        work *= slots[name]
    grain = max(1, _SMALLEST_CHUNK // max(1, work))
    return Cut.BATCH, channels, grain if grain < channels else 0


WINDOWS: Mapping[str, RoutineText] = {"window_argmax": RoutineText(function_text(_window_argmax), _cut)}
