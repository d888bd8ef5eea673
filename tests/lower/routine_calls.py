"""Routines of libraries on checked memory, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.lower.kernel.routine import COMPLEX, Gemm, Routine
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.fourier import FOURIER_PARTS
from staticad.ops.library import Library
from tests.lower.checked_memory import Pointer, RoutineReported, WrongAccess
from tests.lower.convolving import convolved, placed


def run_routine(routine: Routine, arguments: list[Any], extent: int) -> None:
    """All that a step of a routine does."""
    with np.errstate(all="ignore"):
        if routine.name == "gemm":
            _products(arguments, extent)
        elif routine.name in ("convolution", "window_argmax"):
            _over_images(routine, arguments, extent)
        elif routine.name == "fourier_parts":
            _transforms(routine, arguments)
        elif routine.name in ("print", "assert"):
            _effect(routine, arguments)
        else:
            _library(routine, arguments, extent)


def _effect(routine: Routine, arguments: list[Any]) -> None:
    """What asserts, and what prints, without printing."""
    slots = dict(zip(routine.slots, arguments, strict=True))
    if routine.name == "assert" and slots["IN0"].load(0, 0) != 0:
        raise RoutineReported(slots["CODE"])
    slots["OUT0"].store(0, 0, 0)


def _library(routine: Routine, arguments: list[Any], batch: int) -> None:
    """A routine as the reference of the op that bears its name, on one matrix after another."""
    op = next(op for op in ALL_OPS if op.name == routine.name)
    assert isinstance(op, Library)
    slots, changed = dict(zip(routine.slots, arguments, strict=True)), dict(op.changes)
    parts = (*op.operand_parts, *op.result_parts)
    sizes = {axis: slots[axis.upper()] for part in parts for axis in part.axes}
    names = (*(name.removeprefix(COMPLEX) for name in op.functions), *sizes, *op.derived)
    known = ("IN", "OUT", "STEP_", "WORK", "STATUS", "CODE", *(name.upper() for name in names))
    attrs = {name.lower(): value for name, value in slots.items() if not name.startswith(known)}
    given = {axis for part in op.operand_parts for axis in part.axes}
    attrs |= {axis: size for axis, size in sizes.items() if axis not in given and axis not in op.derived}
    for number in range(batch):

        def place(name: str, number: int = number) -> Pointer:
            return slots[name].moved(number * slots[f"STEP_{name}"])

        operands: list[Any] = []
        for i, part in enumerate(op.operand_parts):
            name = f"OUT{changed[i]}" if i in changed else f"IN{i}"
            shape = tuple(sizes[axis] for axis in part.axes)
            unread = np.full(shape, np.nan)
            operands.append(unread if i in op.unread else _array(place(name), shape, number))
        try:
            made = op.numpy(*operands, **attrs)
        except np.linalg.LinAlgError:
            raise RoutineReported(slots["CODE"]) from None
        for i, result in enumerate(made if op.several_outputs else (made,)):
            if i in op.optional and isinstance(slots[f"OUT{i}"], int):
                continue
            for index, value in enumerate(np.asarray(result).reshape(-1)):
                place(f"OUT{i}").store(index, value, number)
        for index in range(slots.get("STEP_WORK", 0)):
            place("WORK").store(index, 0, number)


def _over_images(routine: Routine, arguments: list[Any], extent: int) -> None:
    """All tasks of a convolution, or all channels of windows, at once."""
    slots = dict(zip(routine.slots, arguments, strict=True))

    def read(at: Pointer, shape: tuple[int, ...]) -> np.ndarray:
        return _array(at, shape, 0)

    name, values = convolved(slots, read) if routine.name == "convolution" else placed(slots, extent, read)
    for index, value in enumerate(values.reshape(-1)):
        slots[name].store(index, value, 0)


def _transforms(routine: Routine, arguments: list[Any]) -> None:
    """All tasks of a Fourier transform at once. The first of two steps leaves its result to the second one."""
    slots = dict(zip(routine.slots, arguments, strict=True))
    shape = slots["OUTER"], slots["N"], slots["INNER"]
    phase, closed = slots["PHASE"], slots["CLOSED"]
    long = slots["ROWS"] > 0 and slots["N"] > slots["WHOLE"]
    if phase == 1:
        if long:
            for i in range(2):
                for index, (a, b, c) in enumerate(np.ndindex(shape[0], shape[1] + closed, shape[2])):
                    value = slots[f"MIDDLE{i}"].load((a * shape[1] + b % shape[1]) * shape[2] + c, 0)
                    slots[f"OUT{i}"].store(2 * index, value, 0)
        return
    steps = slots["ACROSS"], slots["ALONG"], slots["WITHIN"]
    places = sum(step * axis for step, axis in zip(steps, np.indices(shape), strict=True))
    table = _array(slots["IN2"], (2, slots["N"]), 0)
    parts = []
    for at in (slots["IN0"], slots["IN1"]):
        if not isinstance(at, int):
            values = [at.load(int(place), 0) for place in np.ravel(places)]
            parts.append(np.array(values, table.dtype).reshape(shape))
    made = FOURIER_PARTS.numpy(*parts, table, axis=1, inverse=False, closed=bool(closed) and not long)  # slots tell
    for i, part in enumerate(np.moveaxis(made, -1, 0)):
        for index, value in enumerate(part.reshape(-1)):
            if long:
                slots[f"MIDDLE{i}"].store(index, value, 0)
            else:
                slots[f"OUT{i}"].store(2 * index, value, 0)


def _array(at: Pointer, shape: tuple[int, ...], iteration: int) -> np.ndarray:
    values = [at.load(index, iteration) for index in range(int(np.prod(shape)))]
    return np.array(values, at.dtype).reshape(shape)


def _products(arguments: list[Any], batch: int) -> None:
    m, n, k = (arguments[slot] for slot in (Gemm.M, Gemm.N, Gemm.K))
    a, b, c = (arguments[slot] for slot in (Gemm.A, Gemm.B, Gemm.C))
    alpha, beta = (_number(arguments[slot], c.dtype) for slot in (Gemm.ALPHA, Gemm.BETA))
    left_rows, right_rows, rows = (arguments[slot] for slot in (Gemm.LEADING_A, Gemm.LEADING_B, Gemm.LEADING_C))
    left_t, right_t = (arguments[slot] == ord("T") for slot in (Gemm.TRANSPOSE_A, Gemm.TRANSPOSE_B))
    for lead, row in (
        (left_rows, m if left_t else k),
        (right_rows, k if right_t else n),
        (rows, n),
    ):
        if lead < max(1, row):
            raise WrongAccess(f"the leading dimension {lead} is smaller than a row of {row} elements")
    for at in range(batch):
        left = a.moved(at * arguments[Gemm.BATCH_A] * a.dtype.itemsize)
        right = b.moved(at * arguments[Gemm.BATCH_B] * b.dtype.itemsize)
        out = c.moved(at * arguments[Gemm.BATCH_C] * c.dtype.itemsize)
        for i in range(m):
            for j in range(n):
                total = c.dtype.type(0)
                for x in range(k):
                    u = left.load(x * left_rows + i if left_t else i * left_rows + x, 0)
                    v = right.load(j * right_rows + x if right_t else x * right_rows + j, 0)
                    total += u * v
                old = out.load(i * rows + j, 0) if beta else c.dtype.type(0)
                out.store(i * rows + j, alpha * total + beta * old, 0)


def _number(bits: int, dtype: np.dtype) -> Any:
    return np.array([bits], np.uint32 if dtype.itemsize == 4 else np.uint64).view(dtype)[0]
