"""Parts: scatters into a region of an array, as one change of the array.

``x.at[1:-1, j].set(v)`` is a scatter into a slice of x, which then replaces that slice. Written to memory, the region
would be copied three times for what j alone names. Here the scatter writes through the view into x.
"""

from __future__ import annotations

from collections.abc import Mapping

from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.provenance import inherit
from staticad.ir.types import Constraint, TensorType
from staticad.lower.index.affine import ZERO, Affine, Context, loop
from staticad.lower.index.sizes import Sizes
from staticad.lower.index.views import IndexedFamily
from staticad.ops.base import Inferred, Op, apply
from staticad.ops.indexing import SCATTER, Scatter
from staticad.ops.slicing import REPLACE
from staticad.records import dataclass
from staticad.rewrite.chains import Region as Places
from staticad.rewrite.chains import disjoint, region_of

Region = tuple[tuple[Size, int], ...]  # a start and a step for every axis


@dataclass(frozen=True)
class View:
    """A view of an array, by a tensor that is one, and the array. It lies in a region of this shape."""

    tensor: Tensor
    base: Tensor
    region: Region
    shape: Shape


class Part(Op):
    """A scatter (inputs and attrs are its) into the view ``view`` of input 0; the result is all of input 0, changed."""

    family = "part"

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        none: tuple[Constraint, ...] = ()
        return (inputs[0],), none


PART = Part("part", numpy=SCATTER.numpy)


def through_views(
    tensor: Tensor, context: Context, families: Mapping[Op, IndexedFamily], sizes: Sizes, base: Tensor | None = None
) -> tuple[Tensor, Context]:
    """What a tensor is a view of (at most down to ``base``), and where its element at a context is there."""
    while tensor is not base and families[tensor.op].view:
        context = families[tensor.op].operand_context(tensor.node, context, sizes.canonical)
        tensor = tensor.inputs[0]
    return tensor, context


def as_parts(
    base: Tensor,
    value: Tensor,
    region: Region,
    families: Mapping[Op, IndexedFamily],
    sizes: Sizes,
) -> Tensor | None:
    """The array whose region is replaced by a value, if the value is that region with scatters applied to it."""
    shape = sizes.shape(value.shape)
    own = tuple(loop(a) if size != 1 else ZERO for a, size in enumerate(shape))
    changed, context = through_views(value, own, families, sizes)
    scatters: list[Node] = []
    while isinstance(changed.op, Scatter) and not _counts_digits(changed.node):
        scatters.append(changed.node)
        changed = changed.node.inputs[0]
    if not scatters or changed is base or product(sizes.shape(changed.shape)) != product(shape):
        return None
    found, place = through_views(changed, context, families, sizes, base)
    if not _is_same_there(found, base, region, shape):
        return None
    for index, at, (start, step), size in zip(place, own, region, sizes.shape(base.shape), strict=True):
        if size != 1 and index.plus(at.times(step).plus(Affine(sizes.canonical(start))).times(-1)) != ZERO:
            return None
    result = base
    for node in reversed(scatters):
        _, updates, *indices = node.inputs
        with inherit(node.where):
            result = apply(PART, result, updates, *indices, **node.attrs, view=View(changed, found, region, shape))
    return result


def _is_same_there(before: Tensor, array: Tensor, region: Region, shape: Shape) -> bool:
    """Whether an array is another one but for changes of other places than the region: reads of it pass by these."""
    while array is not before:
        if array.op is REPLACE:
            written = region_of(array.node)
        elif array.op is PART:
            view: View = array.node.attrs["view"]
            written = _places(view.region, view.shape)
        else:
            return False
        if not disjoint(_places(region, shape), written):
            return False
        array = array.inputs[0]
    return True


def _places(region: Region, shape: Shape) -> Places:
    starts, steps = zip(*region, strict=True)
    return Places(starts, steps, shape)


def _counts_digits(node: Node) -> bool:
    """Whether a scatter may add to an element of float32 more than once: such sums are wider than the array."""
    single = product(node.inputs[2].shape) == 1
    return node.attrs["mode"] == "add" and node.types[0].dtype.itemsize == 4 and not single
