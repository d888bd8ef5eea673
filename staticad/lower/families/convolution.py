"""Convolutions: a routine, and for derivatives by weights a sum over runs of images."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from staticad.ir.dims import Shape, Size, floordiv, maximum, minimum, product
from staticad.ir.graph import Node, Tensor
from staticad.lower.families.known_sizes import demand_known_sizes
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Address, Argument, Library, Step, Symbolic
from staticad.lower.kernel.routine import Routine
from staticad.ops import convolution
from staticad.ops.base import Op, apply
from staticad.ops.convolution import CONVOLUTION_WEIGHT, Convolution, Way
from staticad.ops.reduce import SUM

TASKS = 16  # that the units of work are shared out to
# Bytes of a row of patches: a product reads such rows as they lie, longer ones it would copy.
_ROW_BYTES = 960
_FEW = 4  # filters of a group that are computed by frames instead of patches
_SUMS = 2048  # elements of a result that are added up at a time, but at least one row
_FRAME = 1 << 17  # elements of a frame
_BETWEEN = 768  # bytes of the product's columns between the ends of two rows, that are worth no copy row by row
_TERMS = 256  # rows of patches of a block, but at least one channel


def _parts(x: np.ndarray, g: np.ndarray, parts: int, **attrs: Any) -> np.ndarray:
    bounds = [k * len(x) // max(parts, 1) for k in range(parts + 1)]
    made = [CONVOLUTION_WEIGHT.numpy(x[a:b], g[a:b], **attrs) for a, b in itertools.pairwise(bounds)]
    return np.stack(made) if made else CONVOLUTION_WEIGHT.numpy(x, g, **attrs)[None, ...][:0]


WEIGHT_PARTS = Convolution(
    "convolution_weight_parts", Way.WEIGHT, parts=True, numpy=_parts, called=CONVOLUTION_WEIGHT.name
)
"""The derivatives by the weights for so many runs of images."""


class ConvolutionLowering(FamilyLowering):
    """One step, on operands in memory."""

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Tensor | None:
        op: Convolution = node.op
        if op.way != Way.WEIGHT or op.parts:
            return None
        image, weight, _ = convolution.shapes(op.way, inputs[0].shape, inputs[1].shape, node.attrs)
        units = floordiv(weight[1] + _bundle(weight) - 1, _bundle(weight)) * node.attrs["groups"]
        parts = minimum(image[0], floordiv(TASKS - 1, maximum(1, units)) + 1)
        return apply(SUM, apply(WEIGHT_PARTS, *inputs, parts=sizes.canonical(parts), **dict(node.attrs)), axes=(0,))

    def place(self, fusion: Fusion, node: Node) -> None:
        demand_known_sizes(node, node.inputs, "a convolution takes")
        super().place(fusion, node)

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        return [_step(lowering, node)]


def _bundle(weight: Shape) -> Size:
    """The channels of a block of patches."""
    taps = maximum(1, product(weight[2:]))
    return maximum(1, minimum(weight[1], maximum(1, floordiv(_TERMS, taps))))


def _frame(op: Convolution, weight: Shape, result: Shape, attrs: Mapping[str, Any]) -> tuple[Size, Size, Size]:
    """The elements of a frame and of its rows, 0 where a convolution takes patches, and the rows of a result that are
    added up at a time."""
    if op.way != Way.RESULT or any(stride != 1 for stride in attrs["strides"]):
        return 0, 0, 0
    filters = floordiv(weight[0], attrs["groups"])
    outer = [size + (taps - 1) * step for size, taps, step in zip(result[2:], weight[2:], attrs["dilations"])]
    frame = weight[1] * product(outer)
    framed = _at_most(filters, _FEW) * _at_most(frame, _FRAME)
    return framed * frame, framed * outer[-1], maximum(1, floordiv(_SUMS, maximum(1, outer[-1])))


def _lines(op: Convolution, weight: Shape, result: Shape, attrs: Mapping[str, Any], itemsize: int) -> Size:
    """The lines of a result whose patches are copied together, 0 where that is done row by row."""
    if op.way != Way.RESULT or any(stride != 1 for stride in attrs["strides"]) or len(result) < 4:
        return 0
    filters = floordiv(weight[0], attrs["groups"])
    between = (weight[-1] - 1) * attrs["dilations"][-1]
    wide, most = maximum(1, result[-1] + between), _ROW_BYTES // itemsize
    worth = _at_most(filters * maximum(1, between), _BETWEEN // itemsize)
    worth *= _at_most(2 * wide, most) * _at_most(filters, product(weight[1:]))
    pieces = maximum(1, _divided(result[-2], maximum(1, floordiv(most, wide))))
    return worth * _divided(result[-2], pieces)


def _room_of_runs(lines: Size, bundle: Size, weight: Shape, result: Shape, attrs: Mapping[str, Any]) -> Size:
    """The elements of a frame, of the patches and of their product."""
    if lines == 0:
        return 0
    taps, dilations = weight[2:], attrs["dilations"]
    wide = result[-1] + (taps[-1] - 1) * dilations[-1]
    frame = bundle * product(taps[:-2]) * (lines + (taps[-2] - 1) * dilations[-2])
    return (frame + lines * (bundle * product(taps) + floordiv(weight[0], attrs["groups"]))) * wide


def _divided(size: Size, by: Size) -> Size:
    """Rounded up."""
    return floordiv(size + by - 1, by)


def _at_most(size: Size, bound: Size) -> Size:
    """1 or 0."""
    return 1 - minimum(1, floordiv(size, bound + 1))


def _step(lowering: Lowering, node: Node) -> Step:
    op: Convolution = node.op
    attrs, fusion = node.attrs, lowering.fusion
    given = [fusion.shape(x) for x in node.inputs]
    image, weight, result = convolution.shapes(op.way, given[0], given[1], attrs)
    read = [lowering.buffer(fusion.memory(x)) for x in node.inputs]
    written = lowering.buffer(node.outputs[0])
    dtype = np.dtype(node.types[0].dtype)
    # The third of the three is what is computed.
    homes = {
        Way.RESULT: (read[0], read[1], written),
        Way.IMAGE: (written, read[1], read[0]),
        Way.WEIGHT: (read[0], written, read[1]),
    }[op.way]
    groups: int = attrs["groups"]
    bundle = _bundle(weight)
    places = product(result[2:])
    block = maximum(1, minimum(places, _ROW_BYTES // dtype.itemsize))
    direct = (
        all(size == 1 for size in weight[2:])
        and all(stride == 1 for stride in attrs["strides"])
        and all(pad == (0, 0) for pad in attrs["pads"])
    )
    room = bundle * maximum(1, product(weight[2:])) * block
    frame, row, rows = (0, 0, 0) if direct else _frame(op, weight, result, attrs)
    room = maximum(room, frame + rows * row)
    lines: Size = 0
    if not direct:
        lines = _at_most(frame, 0) * _lines(op, weight, result, attrs, dtype.itemsize)
        room = maximum(room, _room_of_runs(lines, bundle, weight, result, attrs))
    scratch = lowering.scratch_bytes(0 if direct else TASKS * room * dtype.itemsize)
    slots: dict[str, Argument] = {
        name: Address(buffer.number) for name, buffer in zip(("IMAGE", "WEIGHT", "RESULT"), homes)
    }
    slots |= {"WORK": Address(scratch.number), "PRODUCT": Library("product")}
    numbers: dict[str, Size] = {
        "WAY": int(op.way),
        "DIRECT": int(direct),
        "TASKS": TASKS,
        "RUNS": attrs["parts"] if op.parts else 1,
        "ROOM": room,
        "BLOCK": block,
        "FRAME": frame,
        "ROWS": rows,
        "LINES": lines,
        "BUNDLE": bundle,
        "N": image[0],
        "GROUPS": groups,
        "CHANNELS": weight[1],
        "FILTERS": floordiv(weight[0], groups),
    }
    missing = 3 - len(attrs["strides"])
    for letter, sizes, filler in (
        ("", image[2:], 1),
        ("K", weight[2:], 1),
        ("O", result[2:], 1),
        ("S", attrs["strides"], 1),
        ("E", attrs["dilations"], 1),
        ("P", tuple(before for before, _ in attrs["pads"]), 0),
    ):
        numbers |= {letter + axis: size for axis, size in zip("DHW", (filler,) * missing + tuple(sizes))}
    slots |= {name: Symbolic(size) for name, size in numbers.items()}
    return Step(
        Routine("convolution", dtype, tuple(slots), kind="convolution"),
        tuple(slots.values()),
        TASKS,
        0,
        tuple(dict.fromkeys(buffer.number for buffer in read)),
        (written.number, scratch.number),
        op.called,
        (node.where,),
        floordiv(image[0] * product(weight) * places, 4),
    )
