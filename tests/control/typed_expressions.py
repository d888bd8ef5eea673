"""Random expressions of a wanted dtype and shape, made of tensors that are at hand. Their values stay moderate."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import staticad as sa
from staticad.ir.dims import Size

Shape = tuple[str, ...]
"""Names of axes; `Expressions.sizes` says how long they are."""


@dataclass(frozen=True)
class Kind:
    """What a random tensor is: a dtype and the names of its axes."""

    dtype: str
    shape: Shape = ()


@dataclass
class Scope:
    """Tensors that an expression may use, in the order in which they were made; bodies see those around them."""

    values: list[tuple[Kind, sa.Tensor]] = field(default_factory=list)
    counters: list[tuple[str, sa.Tensor]] = field(default_factory=list)
    """Integers that are indices of an axis: counters of loops over it."""

    def inner(self) -> Scope:
        return Scope(list(self.values), list(self.counters))

    def add(self, kind: Kind, tensor: sa.Tensor) -> None:
        self.values.append((kind, tensor))

    def of(self, kind: Kind) -> list[sa.Tensor]:
        return [tensor for other, tensor in self.values if other == kind]


AXES = ("a", "b")
FLOATS = ("float64", "float32")


class Expressions:
    """Grows expressions; deterministic for a generator's state. ``strict`` keeps every index inside its axis."""

    def __init__(self, rng: random.Random, sizes: dict[str, Size], strict: bool = True) -> None:
        self.rng, self.sizes, self.strict = rng, sizes, strict

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def shape(self, names: Shape) -> tuple[Size, ...]:
        return tuple(self.sizes[name] for name in names)

    def any_kind(self, dtypes: Sequence[str]) -> Kind:
        shape: Shape = self.rng.choice([(), (), ("a",), ("a",), ("b",), ("a", "b"), ("a", "a")])
        return Kind(self.rng.choice(dtypes), shape)

    def make(self, scope: Scope, kind: Kind, fuel: int = 3) -> sa.Tensor:
        """A tensor of a kind: one that is at hand, the newer the likelier, or a new expression of about that depth."""
        known = scope.of(kind)
        if known and (fuel <= 0 or self.chance(0.3)):
            return known[-1 - min(int(self.rng.expovariate(0.6)), len(known) - 1)]
        if fuel <= 0:
            return self.leaf(scope, kind)
        if kind.dtype == "bool":
            makers: list[Callable[[Scope, Kind, int], sa.Tensor]] = [self.comparison, self.comparison, self.logic]
        elif kind.dtype == "int64":
            makers = [self.integer, self.integer, self.chosen, self.converted]
        else:
            makers = [self.smooth, self.smooth, self.binary, self.binary, self.chosen, self.spread]
        if not kind.shape:
            makers += [self.element, self.element, self.reduced, self.reduced]
        elif len(kind.shape) == 1:
            makers += [self.row, self.changed, self.changed, self.rearranged, self.reduced, self.taken]
        else:
            makers += [self.changed, self.changed, self.changed, self.outer]
        if kind.dtype in FLOATS:
            makers += [self.product] * (2 if kind.shape else 1)
        return self.rng.choice(makers)(scope, kind, fuel - 1)

    def leaf(self, scope: Scope, kind: Kind) -> sa.Tensor:
        """Without any depth left: something of another kind, spread, or numbers."""
        scalars = scope.of(Kind(kind.dtype))
        if scalars and self.chance(0.5):
            return sa.broadcast_to(self.rng.choice(scalars), self.shape(kind.shape))
        if kind.dtype == "bool":
            return sa.full(self.shape(kind.shape), self.chance(0.5), "bool")
        if kind.dtype == "int64":
            return sa.full(self.shape(kind.shape), self.rng.randint(-3, 3), "int64")
        return sa.full(self.shape(kind.shape), round(self.rng.uniform(-1, 1), 3), kind.dtype)

    def index(self, scope: Scope, axis: str, fuel: int) -> Any:
        """A scalar that is an index of an axis: a counter, a number of the data, a place of an extreme, a constant."""
        size = self.sizes[axis]
        counters = [tensor for name, tensor in scope.counters if name == axis]
        if counters and self.chance(0.6):
            counter = self.rng.choice(counters)
            return self.rng.choice([counter, counter, counter - 1, counter - size])
        if not self.strict and self.chance(0.15):
            return self.make(scope, Kind("int64"), fuel)
        if isinstance(size, int) and self.chance(0.3):
            return self.rng.randrange(-size, size)
        if self.chance(0.3):
            return sa.argmax(self.make(scope, Kind("float64", (axis,)), fuel))
        return sa.remainder(self.make(scope, Kind("int64"), fuel), size)

    def indices(self, scope: Scope, axis: str, like: str, fuel: int) -> sa.Tensor:
        """Indices of one axis, as many as another one has."""
        return sa.remainder(self.make(scope, Kind("int64", (like,)), fuel), self.sizes[axis])

    # Everywhere

    def smooth(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        x = self.make(scope, kind, fuel)
        maker: Callable[[sa.Tensor], sa.Tensor] = self.rng.choice(
            [sa.sin, sa.tanh, lambda x: sa.exp(-(x * x)), lambda x: x / (1 + x**2), lambda x: 0.5 * x - 0.2, sa.relu]
        )
        return maker(x)

    def binary(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        x, y = self.make(scope, kind, fuel), self.make(scope, kind, fuel)
        maker: Callable[[sa.Tensor, sa.Tensor], sa.Tensor] = self.rng.choice(
            [
                lambda x, y: sa.tanh(x + y),
                lambda x, y: sa.sin(x) * y,
                lambda x, y: 0.6 * x - 0.4 * y,
                lambda x, y: x / (1.5 + y**2),
                sa.maximum,
            ]
        )
        return maker(x, y)

    def spread(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        """A scalar (or a row) with a tensor of full shape."""
        less = Kind(kind.dtype, kind.shape[self.rng.randint(0, len(kind.shape)) :])
        return sa.tanh(self.make(scope, kind, fuel) - self.make(scope, less, fuel))

    def chosen(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        which = self.make(scope, Kind("bool", kind.shape if self.chance(0.7) else ()), fuel)
        return sa.where(which, self.make(scope, kind, fuel), self.make(scope, kind, fuel))

    def comparison(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        dtype = self.rng.choice(["float64", "float64", "int64"])
        x = self.make(scope, Kind(dtype, kind.shape), fuel)
        limit = round(self.rng.uniform(-0.6, 0.6), 3) if dtype == "float64" else self.rng.randint(-2, 3)
        return self.rng.choice([sa.less, sa.greater])(x, limit)

    def logic(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        x, y = self.make(scope, kind, fuel), self.make(scope, kind, fuel)
        return self.rng.choice([sa.logical_and, sa.logical_or, sa.logical_xor])(x, y)

    def integer(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        x, y = self.make(scope, kind, fuel), self.make(scope, kind, fuel)
        maker: Callable[[], sa.Tensor] = self.rng.choice(
            [
                lambda: sa.remainder(x * 3 + y, 7),
                lambda: sa.remainder(x - y, 5) - 2,
                lambda: sa.minimum(sa.maximum(x, -4), y),
                lambda: x // 2,
            ]
        )
        return maker()

    def converted(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        return self.make(scope, Kind("bool", kind.shape), fuel).astype(kind.dtype)

    # Scalars

    def element(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        shape: Shape = self.rng.choice([("a",), ("b",), ("a", "b"), ("a", "a")])
        whole = self.make(scope, Kind(kind.dtype, shape), fuel)
        return whole[tuple(self.index(scope, axis, fuel) for axis in shape)]

    def reduced(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        """A mean, or another reduction, over one more axis; over two for a scalar."""
        axis = self.rng.choice(AXES)
        if kind.shape not in ((), ("a",), ("b",)) or (kind.shape == ("b",) and axis == "b"):
            axis = "a"
        shape = (axis, *kind.shape) if kind.shape != ("a",) or axis == "a" else ("a", "b")
        at = 0 if shape[1:] == kind.shape else 1
        x = self.make(scope, Kind(kind.dtype, shape), fuel)
        if kind.dtype == "bool":
            return self.rng.choice([sa.any, sa.all])(x, axis=at)
        if kind.dtype == "int64":
            return sa.remainder(sa.sum(x, axis=at), 9)
        return sa.tanh(sa.sum(x, axis=at)) if self.chance(0.7) else sa.logsumexp(x, axis=at) * 0.3

    # Vectors

    def row(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        """A row or a column of a matrix."""
        (axis,) = kind.shape
        if axis == "a" and self.chance(0.4):
            return self.make(scope, Kind(kind.dtype, ("a", "b")), fuel)[:, self.index(scope, "b", fuel)]
        return self.make(scope, Kind(kind.dtype, ("a", axis)), fuel)[self.index(scope, "a", fuel)]

    def taken(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        axis = self.rng.choice(AXES)
        x = self.make(scope, Kind(kind.dtype, (axis,)), fuel)
        return x[self.indices(scope, axis, kind.shape[0], fuel)]

    def rearranged(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        x = self.make(scope, kind, fuel)
        maker: Callable[[], sa.Tensor] = self.rng.choice(
            [
                lambda: sa.flip(x),
                lambda: sa.concatenate([x[1:], x[:1]]),
                lambda: sa.concatenate([x[::2], x[1::2]]),
                lambda: x if kind.dtype == "bool" else sa.where(x > 0, x, sa.flip(x)),
            ]
        )
        return maker()

    # Matrices

    def outer(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        first, second = (self.make(scope, Kind(kind.dtype, (axis,)), fuel) for axis in kind.shape)
        if kind.dtype == "bool":
            return first[:, None] & second
        return sa.remainder(first[:, None] * second, 5) if kind.dtype == "int64" else first[:, None] * second

    def changed(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        """A tensor with an element, a row, a column, a slice or several rows changed."""
        x = self.make(scope, kind, fuel)
        first = kind.shape[0]
        key: Any
        if self.chance(0.25):
            start = self.rng.choice([None, 0, 1])
            key, shape = slice(start, self.rng.choice([None, -1]) if start is None else None), kind.shape[1:]
        elif self.chance(0.25):
            key, shape = self.indices(scope, first, first, fuel), kind.shape
        elif len(kind.shape) == 2 and self.chance(0.6):
            pair = [self.index(scope, axis, fuel) for axis in kind.shape]
            key, shape = self.rng.choice(
                [((pair[0], pair[1]), ()), ((slice(None), pair[1]), (first,)), (pair[0], kind.shape[1:])]
            )
        else:
            key, shape = self.index(scope, first, fuel), kind.shape[1:]
        value = self.make(scope, Kind(kind.dtype, shape), fuel)
        if kind.dtype == "bool" or shape == kind.shape:
            # Of several rows written to one place the last one counts; only commutative changes are compared here.
            return (
                x.at[key].add(0.3 * value)
                if kind.dtype in FLOATS
                else x.at[0:1].set(False if kind.dtype == "bool" else 1)
            )
        target = x.at[key]
        if kind.dtype == "int64":
            return self.rng.choice([target.set, target.max, target.min])(value)
        kinds = [target.set, target.set, target.set, target.add, target.max, target.multiply]
        return self.rng.choice(kinds)(sa.tanh(value))

    def product(self, scope: Scope, kind: Kind, fuel: int) -> sa.Tensor:
        """A product of matrices and vectors over the axis a or b, damped."""
        inner = self.rng.choice(AXES)
        left = Kind(kind.dtype, ("a", inner) if kind.shape[:1] == ("a",) else (inner,))
        if kind.shape == ("b",):
            x, y = (
                self.make(scope, Kind(kind.dtype, ("a",)), fuel),
                self.make(scope, Kind(kind.dtype, ("a", "b")), fuel),
            )
            return sa.tanh(x @ y)
        if len(kind.shape) == 2:
            if kind.shape == ("a", "b") and self.chance(0.5):
                x, y = (self.make(scope, Kind(kind.dtype, s), fuel) for s in (("a", "a"), ("a", "b")))
                return sa.tanh(x @ y)
            x, y = (self.make(scope, Kind(kind.dtype, ("a", inner)), fuel) for _ in range(2))
            return sa.tanh(x @ y.T) if kind.shape == ("a", "a") else sa.sin(self.make(scope, kind, fuel))
        x, y = self.make(scope, left, fuel), self.make(scope, Kind(kind.dtype, (inner,)), fuel)
        return sa.tanh(x @ y)
