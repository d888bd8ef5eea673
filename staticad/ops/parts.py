"""Parts of an axis, taken from a tensor or put into zeros: the places of a run, or those that indices name."""

from __future__ import annotations

from staticad.ir.dims import Shape, Size, at_least, product
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.creation import FULL
from staticad.ops.indexing import GATHER, SCATTER
from staticad.ops.movement import RESHAPE
from staticad.ops.slicing import EMBED, SLICE
from staticad.records import dataclass


@dataclass(frozen=True)
class Run:
    """Places at equal distances."""

    start: Size
    step: int
    size: Size

    def take(self, x: Tensor, axis: int) -> Tensor:
        """This part of the tensor."""
        sizes = (*x.shape[:axis], self.size, *x.shape[axis + 1 :])
        starts, steps = self._region(x.ndim, axis)
        return apply(SLICE, x, starts=starts, steps=steps, sizes=sizes)

    def put(self, x: Tensor, axis: int, full: Size) -> Tensor:
        """The tensor as this part of an axis that is zero elsewhere."""
        shape = (*x.shape[:axis], full, *x.shape[axis + 1 :])
        starts, steps = self._region(x.ndim, axis)
        return apply(EMBED, x, shape=shape, starts=starts, steps=steps, fill=0.0)

    def _region(self, ndim: int, axis: int) -> tuple[Shape, Shape]:
        """Starts and steps for all axes."""
        here = [a == axis for a in range(ndim)]
        return tuple(self.start if h else 0 for h in here), tuple(self.step if h else 1 for h in here)


@dataclass(frozen=True)
class Named:
    """The places that a vector of indices names."""

    index: Tensor

    @property
    def size(self) -> Size:
        return self.index.shape[0]

    def take(self, x: Tensor, axis: int) -> Tensor:
        """This part of the tensor."""
        return apply(GATHER, x, self.index, axes=(axis,), position=axis, aligned=False)

    def put(self, x: Tensor, axis: int, full: Size) -> Tensor:
        """The tensor added into zeros at this part of an axis."""
        zeros = apply(FULL, shape=(*x.shape[:axis], full, *x.shape[axis + 1 :]), dtype=x.dtype, value=0.0)
        return apply(SCATTER, zeros, x, self.index, mode="add", axes=(axis,), position=axis, aligned=False)


Part = Run | Named


def vector(index: Tensor) -> Named:
    """The places that an array of indices names, one after the other."""
    if index.ndim == 1:
        return Named(index)
    return Named(apply(RESHAPE, index, shape=(product(index.shape),), constraints=()))


def put_into_zeros(x: Tensor, axis: int) -> tuple[Tensor, Part] | None:
    """What a tensor has besides zeros, and in which part of the axis; None where that is not said by the op that made
    it, or may be more than the axis is long."""
    node = x.node
    if node.op is EMBED and node.attrs["fill"] == 0.0:
        inner, attrs = node.inputs[0], node.attrs
        if any(inner.shape[a] != n for a, n in enumerate(x.shape) if a != axis):
            return None
        return inner, Run(attrs["starts"][axis], attrs["steps"][axis], inner.shape[axis])
    if node.op is SCATTER and node.attrs["mode"] == "add" and len(node.inputs) == 3:
        base, inner, index = node.inputs
        count = product(index.shape)
        if base.node.op is not FULL or base.node.attrs["value"] != 0.0 or not at_least(x.shape[axis] - count, 0):
            return None
        if node.attrs["axes"] != (axis,) or node.attrs["position"] != axis:
            return None
        shape: Shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
        return inner if inner.shape == shape else apply(RESHAPE, inner, shape=shape, constraints=()), vector(index)
    return None
