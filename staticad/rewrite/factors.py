"""A tensor as a product: the factors of a tree of products, quotients, signs and views.

Tensors of different shapes meet in such a tree by broadcasting. A factor is a tensor together with the axes of the
product that its own axes lie along, counted from the right, so that the same factor is recognized whichever way it
was broadcast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import DIV, MUL, NEG, RECIPROCAL, SQUARE
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.rewrite.match import keeps_names, number
from staticad.rewrite.movement import expanded

LIMIT = 16  # more factors than this are not taken apart

Axes = tuple[int, ...]


class Factor(NamedTuple):
    """``tensor`` (or 1 / tensor), whose axis i lies along axis ``axes[i]`` (negative) of the product."""

    tensor: Tensor
    axes: Axes
    inverse: bool = False

    @property
    def key(self) -> tuple[int, int, Axes]:
        """Equal for equal factors, whether inverse or not."""
        return (self.tensor.node.serial, self.tensor.index, self.axes)

    def place(self) -> Tensor:
        """The tensor with axes of size 1 where the product has axes that it lacks."""
        ndim = -min(self.axes, default=0)
        return expanded(self.tensor, tuple(a for a in range(ndim) if a - ndim not in self.axes))


@dataclass(frozen=True)
class Product:
    """Factors in the order in which they are multiplied, and a sign. ``cancelled`` are factors that were there once."""

    factors: tuple[Factor, ...] = ()
    negative: bool = False
    cancelled: tuple[Factor, ...] = ()

    def without(self, *removed: Factor) -> Product:
        """The product without these factors (each the very object)."""
        return replace(self, factors=tuple(f for f in self.factors if all(f is not r for r in removed)))

    def times(self, *added: Factor) -> Product:
        return replace(self, factors=(*self.factors, *added))

    def build(self, like: Tensor) -> Tensor:
        """The product as a tensor that broadcasts to ``like``: factors multiplied, then divided by the inverse ones."""
        above = _multiply(f.place() for f in self.factors if not f.inverse)
        below = _multiply(f.place() for f in self.factors if f.inverse)
        result = number(1, like) if above is None else above
        if below is not None:
            result = apply(DIV, result, below)
        return apply(NEG, result) if self.negative else result


def _multiply(tensors: Iterable[Tensor]) -> Tensor | None:
    result: Tensor | None = None
    for tensor in tensors:
        result = tensor if result is None else apply(MUL, result, tensor)
    return result


@dataclass
class _Collection:
    factors: list[Factor] = field(default_factory=list)
    negative: bool = False

    def collect(self, tensor: Tensor, axes: Axes, inverse: bool, budget: int) -> None:
        node = tensor.node
        op, inputs = node.op, node.inputs
        if budget <= 0 or len(self.factors) >= LIMIT:
            self.factors.append(Factor(tensor, axes, inverse))
        elif op is MUL or op is DIV:
            left, right = inputs
            self.collect(left, _last(axes, left.ndim), inverse, budget - 1)
            self.collect(right, _last(axes, right.ndim), inverse != (op is DIV), budget - 1)
        elif op is NEG:
            self.negative = not self.negative
            self.collect(inputs[0], axes, inverse, budget - 1)
        elif op is RECIPROCAL:
            self.collect(inputs[0], axes, not inverse, budget - 1)
        elif op is SQUARE:
            self.collect(inputs[0], axes, inverse, budget - 1)
            self.collect(inputs[0], axes, inverse, budget - 1)
        elif op is EXPAND_DIMS:
            added = node.attrs["axes"]
            self.collect(inputs[0], tuple(a for i, a in enumerate(axes) if i not in added), inverse, budget)
        elif op is BROADCAST_TO and keeps_names(tensor):
            self.collect(inputs[0], _last(axes, inputs[0].ndim), inverse, budget)
        else:
            self.factors.append(Factor(tensor, axes, inverse))


def _last(axes: Axes, count: int) -> Axes:
    return axes[len(axes) - count :]


def factorize(tensor: Tensor, axes: Axes | None = None) -> Product:
    """The factors of a tensor; the tensor itself as the only factor if it is no product.

    ``axes`` tells along which axes the tensor lies if it is itself part of a larger product.
    """
    collection = _Collection()
    collection.collect(tensor, tuple(range(-tensor.ndim, 0)) if axes is None else axes, False, LIMIT)
    return Product(tuple(collection.factors), collection.negative)
