"""How numbers are rounded while programs run: as IEEE 754 says, whatever the thread that calls has set; a session may
ask for zeros in the place of subnormal numbers.

A thread of the system has a word that says how it rounds, whether subnormal numbers count as zero, and which operations
trap. Libraries change it (those compiled with ``-ffast-math`` when they are loaded), and a new thread inherits it. So
the machine compares this word with that of the program, sets it where they differ, and sets it back after the steps;
workers take it over with the job. The constants of a graph are folded as IEEE 754 says. Processors other than x86
and ARM are left as they are.
"""

from __future__ import annotations

import ctypes
import functools
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from staticad.codegen.loader import kernel_address
from staticad.runtime.machine_text import machine_text

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import float_state, set_float_state

# The bits that say how to compute, and their value: to nearest, with subnormal numbers, without traps; the same with
# zeros in the place of subnormal numbers, as operands and as results.
# x86: MXCSR, whose other bits note what has happened. ARM: FPCR.
FLOAT_CONTROL, IEEE, FLUSHING = {
    "x86_64": (0xFFC0, 0x1F80, 0x9FC0),
    "amd64": (0xFFC0, 0x1F80, 0x9FC0),
    "aarch64": (0x07C89F07, 0, 1 << 24),
    "arm64": (0x07C89F07, 0, 1 << 24),
}.get(platform.machine().lower(), (0, 0, 0))


def _swap(args: int, lo: int, hi: int) -> int:
    # lo: the new state. The former one.
    former = float_state()
    set_float_state(lo)
    return former


SWAP_SOURCE = machine_text(_swap)


@functools.cache
def swap_function() -> Callable[[int, int, int], int]:
    """What gives this thread another state, the second argument, and returns the one that it had."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(kernel_address(SWAP_SOURCE))


@contextmanager
def standard_floats() -> Iterator[None]:
    """This thread computes as IEEE 754 says. Costs nothing where it does so anyway."""
    if _is_standard():
        yield
        return
    former = swap_function()(0, IEEE, 0)
    try:
        yield
    finally:
        swap_function()(0, former, 0)


def _is_standard() -> bool:
    """Whether subnormal numbers are kept, as operands and as results, and numbers go to the nearest."""
    tiny, least, three, ten = 5e-324, 2.2250738585072014e-308, 3.0, 10.0  # names: Python computes what has none ahead
    # The number that is nearest lies below a third, and above a tenth.
    return tiny != 0 and least / 2 != 0 and 1 / three == 0.3333333333333333 and 1 / ten == 0.1
