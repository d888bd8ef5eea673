"""Kernels that write to places of their own choice in a buffer: copies into a region, and scattered updates."""

from __future__ import annotations

from collections.abc import Callable

from staticad.ir.dims import Size, product
from staticad.ir.expressions import Expression
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.builder import Event
from staticad.lower.emission.emit import Emitter
from staticad.lower.index.affine import ZERO, Affine, Context, linear, loop
from staticad.lower.index.axes import Axis, affine_of, merge, separate
from staticad.lower.interface import Lowering
from staticad.lower.kernel.hints import grain_of
from staticad.lower.kernel.language import HI, LO
from staticad.lower.kernel.plan import Buffer, Step


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
    trial = _copy(lowering, source, target, index, separate(space), initial)
    axes = merge(space, len(space), trial.accesses)
    emitter = _copy(lowering, source, target, index, axes, initial)
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
    """The kernel that applies a scatter's updates, one after another, to a buffer that holds the base."""
    _, updates, *indices = node.inputs
    shape, base_shape = lowering.fusion.shape(updates), lowering.fusion.shape(node.inputs[0])
    emitter = Emitter(lowering)
    looped = [a for a, size in enumerate(shape) if size != 1]
    context = tuple(loop(a) if a in looped else ZERO for a in range(len(shape)))
    for position, a in enumerate(looped):
        emitter.open(a, f"i{position}", shape[a])
    found = emitter.indices(node, tuple(indices), context, base_shape)
    affine = linear(tuple(found[a] for a in range(len(base_shape))), base_shape)
    value = emitter.value(updates, context)
    mode = node.attrs["mode"]
    if mode == "set":
        emitter.store(target, affine, value)
    else:
        combine = {"add": "add", "multiply": "mul", "min": "minimum", "max": "maximum"}[mode]
        emitter.update(target, affine, combine, value)
    for position, a in reversed(list(enumerate(looped))):
        emitter.close(f"i{position}", None, emitter.size_value(shape[a]))
    emitter.where[node.where] = None
    return emitter.finish(label, 1, 0, product(shape))


def row_major(shape: tuple[Size, ...]) -> Callable[[Context], Affine]:
    """The place of an element in a buffer of that shape."""
    return lambda context: linear(context, shape)
