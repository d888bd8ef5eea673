"""Determinants of matrices from their LU factors, real and complex: the kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import RoutineText, by_batch

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import (
        add,
        div,
        equal,
        hypot,
        int64,
        less,
        load,
        log,
        mul,
        neg,
        pointer,
        store,
        sub,
    )
    from staticad.codegen.machine_language import address_of, peek
    from staticad.codegen.routine_names import DTYPE, IN1, IN2, ITEMSIZE, OUT0, OUT1, STEP_IN1, STEP_IN2, N


def _slogdet(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    n = peek(slots, N)
    factor = pointer(args, IN1, DTYPE, 0, 1)
    pivots = pointer(args, IN2, int64, 0, 1)
    signs = pointer(args, OUT0, DTYPE, 0, 1)
    logarithms = pointer(args, OUT1, DTYPE, 0, 1)
    for number in range(lo, hi):
        at = number * peek(slots, STEP_IN1) // ITEMSIZE
        pivot = number * peek(slots, STEP_IN2) // 8
        sign = DTYPE(1)
        total = DTYPE(0)
        for i in range(n):
            value = load(factor, at)
            if load(pivots, pivot + i) != i:
                sign = neg(sign)
            if less(value, DTYPE(0)):
                sign = neg(sign)
            if equal(value, DTYPE(0)):
                sign = DTYPE(0)
            total = add(total, log(abs(value)))
            at += n + 1
        store(signs, number, sign)
        store(logarithms, number, total)


def _complex_slogdet(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    n = peek(slots, N)
    factor = pointer(args, IN1, DTYPE, 0, 1)
    pivots = pointer(args, IN2, int64, 0, 1)
    signs = pointer(args, OUT0, DTYPE, 0, 1)
    logarithms = pointer(args, OUT1, DTYPE, 0, 1)
    for number in range(lo, hi):
        at = number * peek(slots, STEP_IN1) // ITEMSIZE
        pivot = number * peek(slots, STEP_IN2) // 8
        re = DTYPE(1)
        im = DTYPE(0)
        total = DTYPE(0)
        for i in range(n):
            x = load(factor, at)
            y = load(factor, at + 1)
            size = hypot(x, y)
            if load(pivots, pivot + i) != i:
                re = neg(re)
                im = neg(im)
            if equal(size, DTYPE(0)):
                re = DTYPE(0)
                im = DTYPE(0)
            else:
                x = div(x, size)
                y = div(y, size)
                turned = sub(mul(re, x), mul(im, y))
                im = add(mul(re, y), mul(im, x))
                re = turned
            total = add(total, log(size))
            at += 2 * (n + 1)
        store(signs, 2 * number, re)
        store(signs, 2 * number + 1, im)
        store(logarithms, number, total)


DETERMINANTS: Mapping[str, RoutineText] = {
    "slogdet": RoutineText(function_text(_slogdet), by_batch(lambda slots: 20 * slots["N"])),
    "complex_slogdet": RoutineText(function_text(_complex_slogdet), by_batch(lambda slots: 60 * slots["N"])),
}
