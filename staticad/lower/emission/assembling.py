"""Arrays put together from regions: steps for the fill around the operands, and for each operand."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from staticad.ir.dims import Shape, Size, at_least, maximum, minimum, product
from staticad.ir.expressions import constant
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.regions import store_region
from staticad.lower.fusion.clusters import SMALL
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.stacking import is_narrow
from staticad.lower.index.affine import Affine, Context, strides
from staticad.lower.interface import Lowering
from staticad.lower.kernel.plan import Buffer, Step
from staticad.lower.kernel.rename import rename
from staticad.ops.creation import fill
from staticad.ops.sources import constant_array

Region = tuple[tuple[Size, int], ...]  # a start and a step for every axis
ALIKE = 8  # operands of one shape that are put together in one pass


def leading_axes(fusion: Fusion, node: Node) -> Shape | None:
    """The axes over which an array is put together in one pass: row by row where each operand gives a few elements to
    every row, or those of the operands where these are alike. None where a pass for each operand is as good."""
    if node.attrs.get("fill") is not None or node.op.changes_base:
        return None
    axis, shapes = _split_axis(node), [fusion.shape(x) for x in node.inputs]
    if _are_alike(axis, shapes):
        return shapes[0]
    if not is_narrow([product(shape[axis:]) for shape in shapes]):
        return None
    return shapes[0] if all(shape == shapes[0] for shape in shapes) else shapes[0][:axis]


def _are_alike(axis: int, shapes: list[Shape]) -> bool:
    """True for a few operands of one known shape that follow each other as wholes: what they have in common is then
    computed once, and nothing of them is stored elsewhere."""
    known = all(isinstance(size, int) for size in shapes[0])
    return known and product(shapes[0][:axis]) == 1 and len(shapes) <= ALIKE and all(s == shapes[0] for s in shapes)


def row_of(fusion: Fusion, node: Node) -> int:
    """How many elements the rows have that are put together. Their distances are numbers in the source, else LLVM does
    not know that the parts are apart from each other."""
    return int(product(fusion.shape(node.outputs[0])[_split_axis(node) :]))


def _split_axis(node: Node) -> int:
    """The axis along which the operands of an array follow each other."""
    return next((a for a, places in enumerate(zip(*regions_of(node))) if any(start != 0 for start, _ in places)), 0)


def assemble_steps(lowering: Lowering, node: Node) -> list[Step]:
    """Kernels for the fill, if any, and one for each region."""
    target = lowering.buffer(node.outputs[0])
    steps = []
    if node.attrs.get("fill") is not None:
        number = constant(node.attrs["fill"], target.dtype)
        for slab, starts in _around(lowering, node):
            place = _place(lowering, node, tuple((start, 1) for start in starts))
            steps.append(store_region(lowering, slab, target, place, "fill", initial=number))
    regions = enumerate(regions_of(node))
    return steps + [region_step(lowering, node, number, region, target) for number, region in regions]


def _around(lowering: Lowering, node: Node) -> list[tuple[Tensor, tuple[Size, ...]]]:
    """Slabs that cover what the operand does not, each as a tensor of its shape and where it starts: before and behind
    the operand along one axis after the other. The whole array where the operand leaves gaps, and where it is small."""
    result = node.outputs[0]
    shape, dtype = lowering.fusion.shape(result), result.dtype
    inner = lowering.fusion.shape(node.inputs[0])
    (region,) = node.op.regions((inner,), shape, **node.attrs)
    total = product(shape)
    if any(step != 1 for _, step in region) or (isinstance(total, int) and total <= SMALL):
        return [(result, tuple(0 for _ in shape))]
    found: list[tuple[Tensor, tuple[Size, ...]]] = []
    canonical = lowering.fusion.sizes.canonical
    starts_of = [_within(canonical(start), size - part) for (start, _), size, part in zip(region, shape, inner)]
    for axis, start in enumerate(starts_of):
        for begin, size in ((0, start), (start + inner[axis], shape[axis] - start - inner[axis])):
            if size != 0:
                slab = (*inner[:axis], size, *shape[axis + 1 :])
                starts = (*starts_of[:axis], begin, *(0 for _ in shape[axis + 1 :]))
                found.append((fill(slab, 0, dtype), starts))
    return found


def _within(start: Size, room: Size) -> Size:
    """The start of a region that leaves so much room: an empty one may lie anywhere, also outside."""
    if at_least(start, 0) and at_least(room - start, 0):
        return start
    return minimum(maximum(start, 0), maximum(room, 0))


def regions_of(node: Node) -> tuple[Region, ...]:
    """Where each operand of an assembled array stands in it."""
    return tuple(node.op.regions(tuple(x.shape for x in node.inputs), node.types[0].shape, **node.attrs))


def region_step(lowering: Lowering, node: Node, number: int, region: Region, target: Buffer) -> Step:
    """The kernel that writes one operand of an assembled array to its region. What is read through views alone depends
    on these and on the array, so there is one step for all that are alike, with other buffers."""
    found = _read(lowering, node.inputs[number])
    if found is None or found[1].number == target.number:
        return _region_step(lowering, node, number, region, target)
    views, source = found
    key = (_kind(lowering, node), number, *views)
    known = lowering.copies.get(key)
    if known is None:
        step = _region_step(lowering, node, number, region, target)
        if not step.where:  # else it has lines of its own
            lowering.copies[key] = step, source.number, target.number
        return step
    step, *buffers = known
    numbers = dict(zip(buffers, (source, target), strict=True))
    return step if numbers.keys() == {source.number, target.number} else rename(step, numbers)


def _kind(lowering: Lowering, node: Node) -> int:
    """A number for an op with its attributes and types; each of its operands asks for it."""
    found = lowering.kinds.get(node)
    if found is None:
        types = (node.op, node.attrs, node.types, *[x.type for x in node.inputs])
        found = lowering.kinds[node] = lowering.kinds.setdefault(types, len(lowering.kinds))
    return found


def _read(lowering: Lowering, operand: Tensor) -> tuple[list[Hashable], Buffer] | None:
    """The views through which an operand is read from memory, down to the type of what is there, and the buffer; None
    where a kernel does more than that, or reads what has a place of its own."""
    fusion, views, base = lowering.fusion, list[Hashable](), operand
    while lowering.families[base.op].view and fusion.home(base.node) is None:
        views.append((base.op, base.node.attrs, base.node.types))
        base = base.inputs[0]
    if fusion.local or lowering.moved(base.node) or base.node in fusion.recomputed:
        return None
    if constant_array(base) is not None or not (fusion.is_source(base) or fusion.home(base.node) is not None):
        return None
    return [*views, base.type], lowering.buffer(base)


def _region_step(lowering: Lowering, node: Node, number: int, region: Region, target: Buffer) -> Step:
    return store_region(lowering, node.inputs[number], target, _place(lowering, node, region), node.op.name)


def region_place(lowering: Lowering, node: Node, number: int) -> Callable[[Context], Affine]:
    """Where an element of an operand stands in an assembled array."""
    return _place(lowering, node, regions_of(node)[number])


def _place(lowering: Lowering, node: Node, region: Region) -> Callable[[Context], Affine]:
    steps_of_axes = strides(lowering.fusion.shape(node.outputs[0]))

    def place(context: Context) -> Affine:
        total = Affine()
        for index, (start, step), stride in zip(context, region, steps_of_axes, strict=True):
            moved = index.times(step).plus(Affine(lowering.fusion.sizes.canonical(start)))
            total = total.plus(moved.times(stride))
        return total

    return place
