"""Fourier transforms along an axis: one routine step, or two for long ones."""

from __future__ import annotations

import functools
import math

import numpy as np

from staticad.functional.fft.roots import turned
from staticad.ir.dims import Size, floordiv, maximum, minimum, product
from staticad.ir.dtypes import DType
from staticad.ir.graph import Node, Tensor
from staticad.lower.families.known_sizes import demand_known_sizes
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.index.strided import Strided, along, strided_view
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Address, Argument, Buffer, Library, Step, Symbolic
from staticad.lower.kernel.routine import Routine
from staticad.ops.fourier import parts_and_tables

SIDE = 8  # A transform is a matrix with at least so many rows
LEAST = 64  # from so many elements on,
FEW, LEAST_OF_MANY = 4, 256  # or from so many where there are more than a FEW,
LONG = 8192  # or from so many where they are side by side in memory, and columns are read together.
WHOLE = 8192  # A matrix of at most so many elements is one block, which stays in a cache.
TASKS, TASK = 8, 1 << 17  # the most that there are; elements times passes of one, a tenth of a millisecond of one core
APART = 17 * 64  # more bytes from part to part than a block has: else they meet in the same lines of a cache
BLOCK_BYTES, BLOCK = 128, 1024  # of a row of a block, at least, and elements of a small one


class FourierLowering(FamilyLowering):
    """The routine reads parts in place where all axes before, and all behind the one transformed, are one in memory."""

    def place(self, fusion: Fusion, node: Node) -> None:
        parts, *tables = parts_and_tables(node.inputs)
        demand_known_sizes(node, parts, "a transform takes")
        axis = node.attrs["axis"]
        found = [_in_place(fusion, x, axis) for x in parts]
        if len({None if view is None else view.strides for view in found}) > 1 or None in found:
            found = [_in_place(fusion, fusion.copied(x), axis) for x in parts]
        views = tuple(view for view in found if view is not None)
        fusion.strided[node] = views
        edges = [edge for view in views for edge in fusion.whole(view.base)]
        edges += [edge for table in tables if table is not None for edge in fusion.whole(table)]
        fusion.place_alone(node, edges)

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        shape, axis = lowering.fusion.shape(node.inputs[0]), node.attrs["axis"]
        outer, n, inner = product(shape[:axis]), shape[axis], product(shape[axis + 1 :])
        dtype = np.dtype(node.types[0].dtype)
        rows, count = _planned(outer, n, inner)
        block, room = _block(n, rows, dtype.itemsize)
        convolution = parts_and_tables(node.inputs)[2]
        size: Size = 1 if convolution is None else lowering.fusion.shape(convolution)[1]
        room = maximum(room, size)
        plane = room * dtype.itemsize + APART
        work = lowering.scratch_bytes(4 * count * plane)
        matrix = rows != 0 and not (isinstance(n, int) and n <= WHOLE)  # in two steps
        middle = [lowering.scratch(outer * n * inner, dtype) for _ in range(2)] if matrix else []
        views = lowering.fusion.strided[node]
        read = [lowering.buffer(lowering.fusion.memory(view.base)) for view in views]
        operands = (x for x in parts_and_tables(node.inputs)[1:] if x is not None)
        tables = [lowering.buffer(lowering.fusion.memory(x)) for x in operands]
        result = lowering.buffer(node.out)
        nothing = Symbolic(0)
        slots: dict[str, Argument] = {"PASS": Library("fourier_pass"), "IN0": nothing, "IN1": nothing}
        slots |= {"IN2": Address(tables[0].number), "IN3": nothing, "WORK": Address(work.number)}
        if convolution is not None:
            slots["IN3"] = Address(tables[1].number)
        given = {
            f"IN{number}": Address(buffer.number, view.offset * dtype.itemsize)
            for number, (view, buffer) in enumerate(zip(views, read, strict=True))
        }
        between = {f"MIDDLE{number}": Address(buffer.number) for number, buffer in enumerate(middle)}
        made = {f"OUT{number}": Address(result.number, number * dtype.itemsize) for number in range(2)}
        if node.attrs["inverse"]:
            given, made = _exchanged("IN", given), _exchanged("OUT", made)
        slots |= dict.fromkeys(("MIDDLE0", "MIDDLE1", "TWISTS", *made), nothing)
        across, along_axis, within = views[0].strides
        numbers: dict[str, Size] = {
            "N": n, "OUTER": outer, "INNER": inner, "ACROSS": across, "ALONG": along_axis, "WITHIN": within,
            "ROWS": rows, "BLOCK": block, "ROOM": room, "PLANE": plane, "TASKS": count, "CONVOLVED": size,
            "CLOSED": int(node.attrs["closed"]),
            "FEW": FEW, "LEAST": LEAST, "LEAST_OF_MANY": LEAST_OF_MANY, "LONG": LONG, "SIDE": SIDE, "WHOLE": WHOLE,
        }  # fmt: skip
        slots |= {name: Symbolic(size) for name, size in numbers.items()}

        def step(phase: int, places: dict[str, Address], reads: list[Buffer], writes: list[Buffer]) -> Step:
            arguments = {**slots, **places, "PHASE": Symbolic(phase)}
            return Step(
                Routine(node.op.name, dtype, tuple(arguments), kind="fourier"),
                tuple(arguments.values()),
                count,
                0,
                tuple(dict.fromkeys(buffer.number for buffer in (*reads, *tables))),
                tuple(buffer.number for buffer in (*writes, work)),
                node.op.called,
                (node.where,),
                outer * n * inner * 20,
            )

        if rows != 0 and isinstance(n, int) and _rows(n):
            twists = lowering.constant(_twists(_rows(n), n, dtype))
            given["TWISTS"] = Address(twists.number)
            read = [*read, twists]
        if not matrix:
            return [step(0, {**given, **made}, read, [result])]
        # Where it is decided in the run, the first step may do it all.
        first = step(0, {**given, **between, **made}, read, [result, *middle])
        if rows > 0:
            first = step(0, {**given, **between}, read, middle)
        return [first, step(1, {**between, **made}, middle, [result])]


def _exchanged(name: str, places: dict[str, Address]) -> dict[str, Address]:
    """Of a transform backwards: imaginary parts are real ones, and real ones imaginary."""
    return {f"{name}0": places[f"{name}1"], f"{name}1": places[f"{name}0"]}


def _in_place(fusion: Fusion, x: Tensor, axis: int) -> Strided | None:
    """Where the elements of an operand lie; None where that takes a copy."""
    view = strided_view(x, fusion.sizes, fusion.families)
    found = along(view, fusion.shape(x), axis)
    return found if found is not None and fusion.has_memory(found.base) else None


def _planned(outer: Size, n: Size, inner: Size) -> tuple[int, Size]:
    """The rows of the matrix that a transform is (0 for none, -1 where only a run knows), and how many tasks there
    are."""
    if not isinstance(n, int):
        return -1, minimum(4, floordiv(outer * n * inner * 16, TASK) + 1)
    count = minimum(TASKS, floordiv(outer * n * inner * n.bit_length(), TASK) + 1)
    if n < LEAST or (n < LONG and isinstance(inner, int) and inner >= FEW):
        return 0, count
    if n >= LONG or (isinstance(inner, int) and (n >= LEAST_OF_MANY or (isinstance(outer, int) and outer < FEW))):
        return _rows(n), count
    return 0 if isinstance(inner, int) and isinstance(outer, int) else -1, count


def _rows(n: int) -> int:
    return max((k for k in range(SIDE, math.isqrt(n) + 1) if n % k == 0), default=0)


def _block(n: Size, rows: int, itemsize: int) -> tuple[int, Size]:
    """The columns of a block, at most, and its elements."""
    least = BLOCK_BYTES // itemsize
    if not isinstance(n, int):
        return least, maximum(least * BLOCK, n)
    if rows == 0:
        block = max(least, BLOCK // n // least * least)
        return block, block * n
    return least, n if n <= WHOLE else least * max(n // max(rows, 1), BLOCK)


@functools.lru_cache(maxsize=8)
def _twists(rows: int, n: int, dtype: DType) -> np.ndarray:
    """What the elements of the matrix are multiplied by: cosines and sines of 2 pi j k / n in row j and column k."""
    return np.stack(turned(np.arange(rows)[:, None] * np.arange(n // rows) % n, n)).astype(dtype)
