"""A tensor as a product: the factors of a tree of products, quotients, signs and views.

Tensors of different shapes meet in such a tree by broadcasting. A factor is a tensor together with the axes of the
product that its own axes lie along, counted from the right, so that the same factor is recognized whichever way it
was broadcast.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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

TAKEN_APART = frozenset((MUL, DIV, NEG, RECIPROCAL, SQUARE, EXPAND_DIMS, BROADCAST_TO, WHERE))

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
    if tensor.node.op not in TAKEN_APART:
        return Product((Factor(tensor, lying),))
    collection = _Collection(tensor.shape if shape is None else shape)
    collection.collect(tensor, lying, False, LIMIT)
    return Product(tuple(collection.factors), collection.negative)


class Below:
    """Tells whether factors of a tensor, or nodes between it and them, are made by some of the ops. What it was asked
    it knows from then on, so that this costs next to nothing where it is asked of node after node."""

    def __init__(self, ops: frozenset[Op]) -> None:
        self.ops = ops
        self._known: dict[Node, bool] = {}

    def has(self, tensor: Tensor) -> bool:
        """False only if there are none."""
        node = tensor.node
        if node.op in self.ops or node.op not in TAKEN_APART:
            return node.op in self.ops
        found = self._known.get(node)
        return self._look(node) if found is None else found

    def _look(self, first: Node) -> bool:
        known, stack = self._known, [first]
        while stack:
            node = stack[-1]
            below = [t.node for t in (node.inputs[1:2] if node.op is WHERE else node.inputs)]
            if node.op in self.ops or any(n.op in self.ops or known.get(n, False) for n in below):
                known[node] = True
            else:
                missing = [n for n in below if n.op in TAKEN_APART and n not in known]
                if missing:
                    stack += missing
                    continue
                known[node] = False
            stack.pop()
        return known[first]


class Outline(NamedTuple):
    """What `factorize` would find, without axes and in a fraction of the time: the tensors above and below. It is
    ``vague`` where a choice among them may be taken apart."""

    above: frozenset[Tensor]
    below: frozenset[Tensor]
    vague: bool


def outline(tensor: Tensor) -> Outline:
    """The outline of a product."""
    sides: tuple[set[Tensor], set[Tensor]] = (set(), set())
    vague, count = False, 0
    stack = [(tensor, False, LIMIT)]
    while stack:
        current, inverse, budget = stack.pop()
        node = current.node
        op = node.op
        if op not in TAKEN_APART or budget <= 0 or count >= LIMIT:
            sides[inverse].add(current)
            count += 1
        elif op is MUL or op is DIV:
            left, right = node.inputs
            stack.append((right, inverse != (op is DIV), budget - 1))
            stack.append((left, inverse, budget - 1))
        elif op is SQUARE:
            stack += [(node.inputs[0], inverse, budget - 1)] * 2
        elif op is NEG or op is RECIPROCAL:
            stack.append((node.inputs[0], inverse != (op is RECIPROCAL), budget - 1))
        elif op is EXPAND_DIMS or (op is BROADCAST_TO and keeps_names(current)):
            stack.append((node.inputs[0], inverse, budget))
        else:
            vague = vague or op is WHERE
            sides[inverse].add(current)
            count += 1
    return Outline(frozenset(sides[0]), frozenset(sides[1]), vague)


def outlined(products: Sequence[Product]) -> Outline:
    """The outline of all products together that are taken apart."""
    factors = [f for p in products for f in p.factors]
    above, below = (frozenset(f.tensor for f in factors if f.inverse is side) for side in (False, True))
    return Outline(above, below, any(f.tensor.node.op is WHERE for f in factors))
