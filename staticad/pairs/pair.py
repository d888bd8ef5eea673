"""A pair of real tensors: what a complex tensor becomes. A part that is zero everywhere need not be there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from staticad.ir.dims import Shape
from staticad.ir.dtypes import DType
from staticad.ir.graph import Tensor
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply
from staticad.ops.creation import FULL
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, SQUEEZE
from staticad.ops.slicing import SLICE
from staticad.ops.sources import constant, constant_array
from staticad.records import dataclass


@dataclass(frozen=True)
class Pair:
    """The real and the imaginary part: real tensors of one dtype. One of them may be None, which is 0 without a sign;
    what is multiplied by it is not there either, so that it makes no NaN of an infinity."""

    re: Tensor | None
    im: Tensor | None

    @property
    def dtype(self) -> DType:
        """The dtype of the parts."""
        part = self.re if self.re is not None else self.im
        assert part is not None
        return part.dtype

    def full(self) -> tuple[Tensor, Tensor]:
        """Both parts; one that is not there as the number 0."""
        zero = constant(0, self.dtype)
        return (zero if self.re is None else self.re), (zero if self.im is None else self.im)

    def each(self, change: Callable[[Tensor], Tensor]) -> Pair:
        """A linear function of real numbers of both parts."""
        return Pair(None if self.re is None else change(self.re), None if self.im is None else change(self.im))

    def fitted(self, shape: Shape) -> Pair:
        """The pair with that shape, to which its parts broadcast."""
        return self.each(lambda part: stretched(part, shape))


def pair(re: Tensor, im: Tensor) -> Pair:
    """The pair of two parts, of which one may be known to be zero."""
    if is_zero(im):
        return Pair(re, None)
    return Pair(None, im) if is_zero(re) else Pair(re, im)


def is_zero(tensor: Tensor) -> bool:
    """Whether a tensor is 0.0 everywhere; -0.0 is another number."""
    while tensor.op in (BROADCAST_TO, EXPAND_DIMS):
        tensor = tensor.inputs[0]
    if tensor.op is FULL:
        value = np.asarray(tensor.node.attrs["value"])
    elif (array := constant_array(tensor)) is not None and array.size:
        value = array
    else:
        return False
    return not value.any() and not np.signbit(value).any()


def stretched(part: Tensor, shape: Shape) -> Tensor:
    """A part in the shape of its pair."""
    lead = len(shape) - part.ndim
    if lead == 0 and all(own == size or own != 1 for own, size in zip(part.shape, shape, strict=True)):
        return part
    return apply(BROADCAST_TO, part, shape=shape)


def of_constant(array: np.ndarray) -> Pair:
    """The parts of a constant."""
    return pair(constant(array.real), constant(array.imag))


def interleaved(parts: Pair, shape: Shape) -> Tensor:
    """The parts of every number side by side on a last axis, as they lie in NumPy's memory."""
    whole = _apart_from(parts)
    if whole is not None and whole.shape == (*shape, 2):
        return whole
    joined = _joined(parts, shape)
    if joined is not None:
        return joined
    both = (stretched(part, shape) for part in parts.full())
    return apply(CONCATENATE, *(apply(EXPAND_DIMS, part, axes=(len(shape),)) for part in both), axis=len(shape))


def _joined(parts: Pair, shape: Shape) -> Tensor | None:
    """Parts that are joined in the same way, so that pieces are written where they lie in the end."""
    re, im = parts.re, parts.im
    if re is None or im is None or re.op is not CONCATENATE or im.op is not CONCATENATE or re.shape != shape:
        return None
    if re.node.attrs != im.node.attrs or [x.shape for x in re.inputs] != [x.shape for x in im.inputs]:
        return None
    pieces = (interleaved(Pair(a, b), a.shape) for a, b in zip(re.inputs, im.inputs, strict=True))
    return apply(CONCATENATE, *pieces, **dict(re.node.attrs))


def taken_apart(tensor: Tensor) -> Pair:
    """The parts of numbers that lie so."""
    re, im = (_plane(tensor, number) for number in (0, 1))
    return Pair(re, im)


def _apart_from(parts: Pair) -> Tensor | None:
    """The tensor that `taken_apart` made the parts of."""
    if parts.re is None or parts.im is None or parts.re.op is not SQUEEZE or parts.re.inputs[0].op is not SLICE:
        return None
    tensor = parts.re.inputs[0].inputs[0]
    if tensor.ndim != parts.re.ndim + 1 or tensor.shape[-1] != 2:
        return None
    again = taken_apart(tensor)
    pairs = ((parts.re, again.re), (parts.im, again.im))
    return tensor if all(b is not None and _equal_views(a, b) for a, b in pairs) else None


def _equal_views(a: Tensor, b: Tensor) -> bool:
    while a is not b:
        if a.op is not b.op or a.op not in (SQUEEZE, SLICE) or a.node.attrs != b.node.attrs:
            return False
        a, b = a.inputs[0], b.inputs[0]
    return True


def _plane(tensor: Tensor, number: int) -> Tensor:
    axis = tensor.ndim - 1
    starts, steps, sizes = (0,) * axis, (1,) * axis, tensor.shape[:axis]
    view = apply(SLICE, tensor, starts=(*starts, number), steps=(*steps, 1), sizes=(*sizes, 1))
    return apply(SQUEEZE, view, axes=(axis,))


def flat(parts: Sequence[Pair | Tensor], shapes: Sequence[Shape]) -> list[Tensor]:
    """The tensors, both parts of a pair one after the other, in their shapes."""
    found: list[Tensor] = []
    for part, shape in zip(parts, shapes, strict=True):
        if isinstance(part, Pair):
            found += [stretched(each, shape) for each in part.full()]
        else:
            found.append(part)
    return found
