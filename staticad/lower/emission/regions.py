"""Kernels that write to places of their own choice in a buffer: copies into a region, and scattered updates."""

from __future__ import annotations

from collections.abc import Callable

from staticad.ir.dims import Size, floordiv, minimum, product
from staticad.ir.dtypes import FLOAT32, FLOAT64
from staticad.ir.expressions import Cast, Expression, arithmetic, call
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.builder import Event
from staticad.lower.emission.emit import Emitter
from staticad.lower.fusion.parts import Part, through_views
from staticad.lower.index.affine import ZERO, Affine, Context, linear, loop
from staticad.lower.index.axes import Axis, affine_of, merge, separate
from staticad.lower.interface import Lowering
from staticad.lower.kernel.hints import grain_of
from staticad.lower.kernel.language import HI, LO, Branch, Loop
from staticad.lower.kernel.plan import Buffer, Step

OFTEN = 64  # updates of an element, on average, whose sums are worth float64: rows of them take up to twice as long
FEW = 32  # updates that lose no digits


def store_region(
    lowering: Lowering,
    source: Tensor,
    target: Buffer,
    index: Callable[[Context], Affine],
    label: str,
    initial: Expression | None = None,
) -> Step:
    """A kernel that writes every element of ``source`` to ``index(context)`` of a buffer; ``initial`` instead of
    the source's own elements fills."""
    space = [size for size in lowering.fusion.shape(source) if size != 1]
    first = separate(space)
    trial = _copy(lowering, source, target, index, first, initial)
    axes = merge(space, len(space), trial.accesses)
    emitter = trial if axes == first else _copy(lowering, source, target, index, axes, initial)
    if not axes:
        return emitter.finish(label, 1, 0, 1)
    grain = grain_of(trial.cost, product(a.extent for a in axes[1:]))
    return emitter.finish(label, axes[0].extent, grain, product(space))


def region_events(
    lowering: Lowering, source: Tensor, target: Buffer, index: Callable[[Context], Affine]
) -> list[Event]:
    """The loads and stores of `store_region`."""
    axes = separate([size for size in lowering.fusion.shape(source) if size != 1])
    return _copy(lowering, source, target, index, axes, None).events


def _copy(
    lowering: Lowering,
    source: Tensor,
    target: Buffer,
    index: Callable[[Context], Affine],
    axes: list[Axis],
    initial: Expression | None,
) -> Emitter:
    shape = lowering.fusion.shape(source)
    looped = [a for a, size in enumerate(shape) if size != 1]
    emitter, affine = Emitter(lowering), affine_of(axes)
    context = tuple(affine[looped.index(a)] if a in looped else ZERO for a in range(len(shape)))
    for position, axis in enumerate(axes):
        emitter.open(axis.key, f"i{position}", axis.extent)
    value = initial if initial is not None else emitter.value(source, context)
    emitter.store(target, index(context), value)
    for position, axis in reversed(list(enumerate(axes))):
        if position == 0:
            emitter.close("i0", LO, HI)
        else:
            emitter.close(f"i{position}", None, emitter.size_value(axis.extent))
    return emitter


def scatter_updates(lowering: Lowering, node: Node, target: Buffer, label: str) -> Step:
    """The kernel that applies a scatter's updates, one after another, to a buffer that holds the base.

    Where float32 is added to each element many times, the sums are float64: if there are more updates than `OFTEN`
    for an element, on average, so that the way of the base to float64 and back costs little."""
    count, size = (product(lowering.fusion.shape(x)) for x in (node.inputs[1], node.inputs[0]))
    emitter = Emitter(lowering)
    emitter.where[node.where] = None
    often = minimum(1, floordiv(count, OFTEN * size + 1))
    digits = node.attrs["mode"] == "add" and target.dtype == FLOAT32 and not isinstance(node.op, Part)
    if not digits or often == 0 or size == 0 or (isinstance(count, int) and count <= FEW):
        _updates(emitter, node, target)
        return emitter.finish(label, 1, 0, count)
    wide, k = lowering.wide(node.outputs[0], size * often), loop("all")
    emitter.open("all", "k", size)
    emitter.store(wide, k, emitter.compute(Cast(emitter.reload(target, k), FLOAT64)))
    emitter.close("k", None, emitter.size_value(size))
    _updates(emitter, node, wide)
    emitter.open("all", "k", size)
    emitter.store(target, k, emitter.compute(Cast(emitter.reload(wide, k), FLOAT32)))
    emitter.close("k", None, emitter.size_value(size))
    if often != 1:
        many = arithmetic(emitter.size_value(count), ">", emitter.size_value(OFTEN * size))
        some = call("logical_and", many, arithmetic(emitter.size_value(size), ">", 0))
        _where(emitter, some)
        start = emitter.statement_count()
        _updates(emitter, node, target)
        _where(emitter, call("logical_not", some), start)
    return emitter.finish(label, 1, 0, count)


def _where(emitter: Emitter, condition: Expression, start: int = 0) -> None:
    """Let the loops of the outermost block run where a condition holds, and what they need in any case."""
    statements = emitter.take_statements(start)
    for statement in statements:
        if not isinstance(statement, Loop):
            emitter.emit(statement)
    emitter.emit(Branch(condition, tuple(s for s in statements if isinstance(s, Loop))))


def _updates(emitter: Emitter, node: Node, target: Buffer) -> None:
    """The loops over the updates."""
    _, updates, *indices = node.inputs
    base = view = node.inputs[0]
    if isinstance(node.op, Part):
        view, base = node.attrs["view"].tensor, node.attrs["view"].base
    shape, view_shape = (emitter.fusion.shape(x) for x in (updates, view))
    looped = [a for a, size in enumerate(shape) if size != 1]
    context = tuple(loop(a) if a in looped else ZERO for a in range(len(shape)))
    for position, a in enumerate(looped):
        emitter.open(a, f"i{position}", shape[a])
    found = emitter.indices(node, tuple(indices), context, view_shape)
    place = tuple(found[a] for a in range(len(view_shape)))
    _, place = through_views(view, place, emitter.lowering.families, emitter.fusion.sizes, base)
    affine = linear(place, emitter.fusion.shape(base))
    value = emitter.value(updates, context)
    mode = node.attrs["mode"]
    filled = emitter.filled(
        view_shape[axis]
        for index, axis in zip(indices, node.attrs["axes"], strict=True)
        if not emitter.fusion.ranges.within(index, view_shape[axis])
    )
    start = emitter.statement_count()
    if mode == "set":
        emitter.store(target, affine, value)
    else:
        combine = {"add": "add", "multiply": "mul", "min": "minimum", "max": "maximum"}[mode]
        emitter.update(target, affine, combine, value if value.dtype == target.dtype else Cast(value, target.dtype))
    if filled is not None:  # else there is no place to write to
        emitter.emit(Branch(filled, tuple(emitter.take_statements(start))))
    for position, a in reversed(list(enumerate(looped))):
        emitter.close(f"i{position}", None, emitter.size_value(shape[a]))


def row_major(shape: tuple[Size, ...]) -> Callable[[Context], Affine]:
    """The place of an element in a buffer of that shape."""
    return lambda context: linear(context, shape)
