"""Kernels of steps that print, assert, and call routines of users: functions outside of compiled code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Cut, Cutting, RoutineText, by_batch

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call, peek, poke, report
    from staticad.codegen.routine_names import CODE, IN0, OUT0, STATUS

    FUNCTION = SIZE = 0  # slots of single routines


def _print(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    poke(peek(slots, OUT0), 0, 0)
    if hi > lo and call(peek(slots, FUNCTION), slots, 0, 0, 0) != 0 and peek(peek(slots, STATUS), 0) == 0:
        poke(peek(slots, STATUS), 0, 3)  # the user has interrupted it, see runtime.layout.Failure


def _assert(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    count = peek(peek(slots, IN0), 0)
    poke(peek(slots, OUT0), 0, 0)
    if hi > lo and count != 0:
        report(peek(slots, STATUS), peek(slots, CODE), count, peek(slots, SIZE))


def _custom(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    failed = call(peek(slots, FUNCTION), slots, lo, hi, 0)
    if failed != 0:
        report(peek(slots, STATUS), peek(slots, CODE), failed - 1, 0)


def _whole(slots: Mapping[str, int], batch: int) -> Cutting:
    return Cut.BATCH, batch, 0


EFFECTS: Mapping[str, RoutineText] = {
    "print": RoutineText(function_text(_print), _whole),
    "assert": RoutineText(function_text(_assert), _whole),
    "custom": RoutineText(function_text(_custom), by_batch(lambda slots: slots["WORK"])),
}
