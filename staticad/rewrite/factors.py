"""A tensor as a product: the factors of a tree of products, quotients, signs and views.

Tensors of different shapes meet in such a tree by broadcasting. A factor is a tensor together with the axes of the
product that its own axes lie along, counted from the right, so that the same factor is recognized whichever way it
was broadcast.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import field, replace

from staticad.ir.dims import Shape, Size, at_least
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor
from staticad.ops.arithmetic import DIV, MUL, NEG, RECIPROCAL, SQUARE
from staticad.ops.base import Op, apply
from staticad.ops.comparison import GREATER
from staticad.ops.creation import SIZE, fill, size_tensor
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.selection import WHERE
from staticad.records import NamedTuple, dataclass
from staticad.rewrite.match import is_constant, keeps_names, number, scalar_value
from staticad.rewrite.movement import expanded

LIMIT = 16  # more factors than this are not taken apart

_TAKEN_APART = frozenset((MUL, DIV, NEG, RECIPROCAL, SQUARE, EXPAND_DIMS, BROADCAST_TO, WHERE))

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


class Lost(NamedTuple):
    """What two factors can't show any more that became one or none: where one was zero and the other infinite, their
    product was NaN. That is where ``tensor``, which lies along ``axes``, is not ``above`` a number, or not finite."""

    zero: Factor
    infinite: Factor
    tensor: Tensor
    axes: Axes
    above: float | None = None


@dataclass(frozen=True)
class Product:
    """Factors in the order in which they are multiplied, and a sign. ``lost`` is what factors that are gone would
    have made NaN."""

    factors: tuple[Factor, ...] = ()
    negative: bool = False
    lost: tuple[Lost, ...] = ()

    def without(self, *removed: Factor) -> Product:
        """The product without these factors (each the very object)."""
        return replace(self, factors=tuple(f for f in self.factors if all(f is not r for r in removed)))

    def times(self, *added: Factor) -> Product:
        return replace(self, factors=(*self.factors, *added))

    def build(self, like: Tensor) -> Tensor:
        """The product as a tensor that broadcasts to ``like``: factors multiplied, then divided by the inverse ones."""
        others = [f for f in self.factors if not is_guard(f.tensor)]
        above = _multiply(f.place() for f in others if not f.inverse)
        below = _multiply(f.place() for f in others if f.inverse)
        result = number(1, like) if above is None else above
        if below is not None:
            result = apply(DIV, result, below)
        if self.negative:
            result = apply(NEG, result)
        # Guards stand outside, each once.
        for factor in self.guards:
            result = apply(MUL, result, factor.place())
        return result

    @property
    def guards(self) -> tuple[Factor, ...]:
        """The factors that are 1 or NaN, each once; their reciprocals are the same."""
        found = {f.key: f._replace(inverse=False) for f in self.factors if is_guard(f.tensor)}
        return tuple(found.values())

    def unguarded(self) -> Product:
        """The product without those factors."""
        return replace(self, factors=tuple(f for f in self.factors if not is_guard(f.tensor)))


def is_guard(tensor: Tensor) -> bool:
    """Whether all elements are 1 or NaN: where(condition, 1, NaN)."""
    if tensor.node.op is not WHERE:
        return False
    one, undefined = (scalar_value(t) for t in tensor.node.inputs[1:])
    return one == 1 and undefined is not None and math.isnan(undefined)


def _multiply(tensors: Iterable[Tensor]) -> Tensor | None:
    result: Tensor | None = None
    for tensor in tensors:
        result = tensor if result is None else apply(MUL, result, tensor)
    return result


@dataclass
class _Collection:
    shape: Shape
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
        elif op is WHERE and not inverse and _counted(tensor) in self.shape:
            self.collect(inputs[1], _last(axes, inputs[1].ndim), inverse, budget)
        else:
            self.factors.append(Factor(tensor, axes, inverse))


def zero_of_nothing(result: Tensor, count: Size) -> Tensor:
    """The result, or 0 if there is nothing to count."""
    if at_least(count, 1):
        return result
    some = apply(GREATER, size_tensor(count), fill((), 0, INT64))
    return apply(WHERE, some, result, number(0, result))


def _counted(tensor: Tensor) -> Size | None:
    """What decides whether a tensor is 0, as `zero_of_nothing` made it: in a product with an axis of that size there is
    no element then, and nothing to decide."""
    some, _, nothing = tensor.node.inputs
    if some.node.op is not GREATER or some.node.inputs[0].node.op is not SIZE or not is_constant(nothing, 0):
        return None
    return some.node.inputs[0].node.attrs["size"] if scalar_value(some.node.inputs[1]) == 0 else None


def _last(axes: Axes, count: int) -> Axes:
    return axes[len(axes) - count :]


def factorize(tensor: Tensor, axes: Axes | None = None, shape: Shape | None = None) -> Product:
    """The factors of a tensor; the tensor itself as the only factor if it is no product.

    ``axes`` tells along which axes the tensor lies if it is itself part of a larger product, of that ``shape``.
    """
    lying = tuple(range(-tensor.ndim, 0)) if axes is None else axes
    if tensor.node.op not in _TAKEN_APART:
        return Product((Factor(tensor, lying),))
    collection = _Collection(tensor.shape if shape is None else shape)
    collection.collect(tensor, lying, False, LIMIT)
    return Product(tuple(collection.factors), collection.negative)


def has_below(tensor: Tensor, ops: frozenset[Op]) -> bool:
    """False if neither the factors of a tensor nor the nodes between it and them are made by some of the ops: a look
    that takes a fraction of the time, before they are taken apart."""
    level = [tensor.node]
    for _ in range(LIMIT + 1):
        below: list[Node] = []
        for node in level:
            op = node.op
            while op not in ops and (op is BROADCAST_TO or op is EXPAND_DIMS or op is WHERE):
                node = node.inputs[1 if op is WHERE else 0].node
                op = node.op
            if op in ops:
                return True
            if op in _TAKEN_APART:
                below += [t.node for t in node.inputs]
        if not below:
            return False
        level = below
        if len(level) > 4 * LIMIT:
            return True
    return False
