"""The growth of a random graph from a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import staticad as sa
from staticad.errors import DTypeError, FeedError, GradientError, IndexOutOfBounds, ShapeError
from staticad.ir import dim_values, dims
from staticad.ir.dims import Symbol
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.reference import evaluate
from tests.harness import families
from tests.harness.families import BOOL, FLOATS, INTEGERS
from tests.harness.printing import printing
from tests.harness.random_cases import holds, in_turn
from tests.harness.random_steps import STEPS

MAX_ELEMENTS = 2000
VALUES_OF_SIZES = (0, 1, 1, 2, 3, 3, 4, 5, 8)
FIXED_SIZES = (1, 1, 2, 3, 4, 5)
TURNS = 2  # ops that have their turn in a graph
TRIES = 50


class RandomGraph(NamedTuple):
    """A graph, and arrays to run it on: twice, where other values of the free sizes are legal too. Where they are
    not, ``illegal`` holds such feeds and the reference's error."""

    inputs: list[Tensor]
    outputs: list[Tensor]
    feeds: dict[Tensor, np.ndarray]
    more_feeds: dict[Tensor, np.ndarray]
    updates: dict[Tensor, Tensor]
    illegal: tuple[dict[Tensor, np.ndarray], Exception] | None
    seed: int


class Builder:
    """Grows a graph step by step; every tensor in it has a legal value for the chosen sizes."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.tensors: list[Tensor] = []
        self.sources: list[Tensor] = []
        self.inputs: list[Tensor] = []
        self.checked: set[Node] = set()
        self.sizes: dict[Symbol, int] = {}
        self.free = [dims.symbol(f"s{seed}_{i}") for i in range(int(self.rng.integers(0, 4)))]
        for size in self.free:
            symbol = dims.as_symbol(size)
            assert symbol is not None
            self.sizes[symbol] = int(self.rng.choice(VALUES_OF_SIZES))

    # Choices

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def choose(self, items: Any) -> Any:
        return items[int(self.rng.integers(len(items)))]

    def pick(self, accept: Callable[[Tensor], bool] = lambda t: True) -> Tensor | None:
        """A tensor of the graph, rather a late one, that is accepted."""
        found = [t for t in self.tensors if accept(t)]
        if not found:
            return None
        return found[-1 - int(self.rng.integers(min(3, len(found))))] if self.chance(0.5) else self.choose(found)

    def concrete(self, tensor: Tensor) -> tuple[int, ...]:
        return tuple(dim_values.evaluate(s, self.sizes) for s in tensor.shape)

    def shape(self, ndim: int | None = None) -> tuple[Any, ...]:
        ndim = int(self.rng.choice([0, 1, 1, 2, 2, 2, 3])) if ndim is None else ndim
        sizes: list[Any] = []
        for _ in range(ndim):
            sizes.append(self.choose(self.free) if self.free and self.chance(0.6) else self.choose(FIXED_SIZES))
        return tuple(sizes)

    def dtype(self) -> np.dtype:
        kind = self.rng.random()
        return self.choose(FLOATS) if kind < 0.75 else self.choose(INTEGERS) if kind < 0.92 else BOOL

    # Growth

    def source(self, shape: tuple[Any, ...], dtype: np.dtype) -> None:
        """A placeholder, or for fixed sizes sometimes a variable or a constant."""
        if all(isinstance(s, int) for s in shape) and self.chance(0.3):
            array = families.ordinary(self.rng, shape, dtype)
            stored = self.chance(0.6)
            self.sources.append(sa.variable(array, trainable=dtype.kind == "f") if stored else sa.constant(array))
        else:
            self.inputs.append(sa.placeholder(shape, dtype, name=f"x{len(self.inputs)}"))
            self.sources.append(self.inputs[-1])
        self.tensors.append(self.sources[-1])

    def is_legal(self, tensor: Tensor) -> bool:
        """Whether all sizes below a tensor come out equal, non-negative and small where they have to."""
        for node in sort_nodes([tensor], stop=self.checked):
            if node in self.checked:
                continue
            try:
                pairs = [
                    (dim_values.evaluate(a, self.sizes), dim_values.evaluate(b, self.sizes))
                    for a, b in node.constraints
                ]
                shapes = [tuple(dim_values.evaluate(s, self.sizes) for s in t.shape) for t in node.types]
                needed = [
                    (dim_values.evaluate(need.size, self.sizes), dim_values.evaluate(need.unless_empty, self.sizes))
                    for need in node.op.needed(node)
                ]
            except ZeroDivisionError:
                return False
            if any(a != b for a, b in pairs) or any(size < 1 and unless for size, unless in needed):
                return False
            if any(min(shape, default=1) < 0 or np.prod(shape) > MAX_ELEMENTS for shape in shapes):
                return False
            self.checked.add(node)
        return True

    def step(self) -> None:
        try:
            made = self.choose(STEPS)(self)
        except (ShapeError, DTypeError, IndexOutOfBounds):
            return
        if made is not None and made.ndim <= 4 and self.is_legal(made):
            self.tensors.append(made)

    def turn(self, number: int) -> Tensor:
        """A step that makes the op of that number, for certain."""
        for _ in range(TRIES):
            made = in_turn(self, number)
            if self.is_legal(made) and holds(made, number):
                if made.ndim <= 4:
                    self.tensors.append(made)
                return made
        raise AssertionError(f"no legal step of number {number} in the graph of seed {self.seed}")

    def feed(self) -> dict[Tensor, np.ndarray]:
        """Values for the inputs at the present sizes."""
        feeds = {}
        for tensor in self.inputs:
            fill = families.special if self.chance(0.04) else families.ordinary
            array = fill(self.rng, self.concrete(tensor), tensor.dtype, (-2.0, 2.0))
            feeds[tensor] = self.choose(families.LAYOUTS)(array) if self.chance(0.3) else array
        return feeds

    def float_sources(self) -> list[Tensor]:
        return [t for t in self.sources if t.dtype.kind == "f"]

    def updates(self, outputs: list[Tensor]) -> dict[Tensor, Tensor]:
        """New values for some of the variables: a tensor of the graph that fits, a step, the value of another."""
        variables = [t for t in self.sources if t.op.name == "variable"]
        found: dict[Tensor, Tensor] = {}
        for variable in variables:
            fitting = [t for t in (*self.tensors, *outputs) if t.type == variable.type]
            change = self.choose(fitting)
            if self.chance(0.5) and variable.dtype.kind == "f":
                change = variable * 0.5 + sa.tanh(change)
            if self.chance(0.7):
                found[variable] = change
        return found

    def gradients(self) -> list[Tensor]:
        """Derivatives of a number made from the graph, by inputs and sometimes by an intermediate."""
        floats = [t for t in self.tensors if t.dtype.kind == "f"]
        xs = self.float_sources()
        if not xs:
            return []
        loss: Any = 0.0
        for _ in range(int(self.rng.integers(1, 4))):
            part = self.choose(floats)
            loss = loss + sa.sum(self.choose((sa.tanh, sa.square, lambda t: t * 0.5))(part)).astype("float64")
        if self.chance(0.3):
            xs = [*xs, self.choose(floats)]
        return sa.gradients(loss, xs, unconnected="zero")


def random_graph(seed: int) -> RandomGraph:
    """A graph of some 5 to 30 ops with one to a few outputs, among them gradients."""
    build = Builder(seed)
    for _ in range(int(build.rng.integers(1, 5))):
        build.source(build.shape(), build.dtype())
    if not build.float_sources():
        build.source(build.shape(), build.choose(FLOATS))
    turns = []
    for i in range(TURNS):
        for _ in range(int(build.rng.integers(1, 8))):
            build.step()
        turns.append(build.turn(seed * TURNS + i))
    for _ in range(int(build.rng.integers(0, 6))):
        build.step()
    outputs = [build.tensors[-1], *turns, *(build.choose(build.tensors) for _ in range(int(build.rng.integers(0, 3))))]
    if build.chance(0.7):
        outputs += [g for g in build.gradients() if build.is_legal(g)]
    if build.chance(0.3):
        outputs += [g for g in further(second_order, build, outputs) if build.is_legal(g)]
    if build.chance(0.2):
        outputs += [g for g in further(tangents, build, outputs) if build.is_legal(g)]
    updates = build.updates(outputs)
    feeds = build.feed()
    more_feeds, illegal = other_feeds(build, [*outputs, *updates.values()], feeds)
    return RandomGraph(build.inputs, outputs, feeds, more_feeds, updates, illegal, seed)


def further(derive: Callable[[Builder, list[Tensor]], list[Tensor]], *given: Any) -> list[Tensor]:
    """Derivatives of what may be derivatives already. Random numbers have two by their parameters."""
    try:
        return derive(*given)
    except GradientError as error:
        if "no third derivative" not in str(error):
            raise
        return []


def tangents(build: Builder, outputs: list[Tensor]) -> list[Tensor]:
    """Directional derivatives of the outputs."""
    floats = [t for t in outputs if t.dtype.kind == "f"]
    xs = build.float_sources()
    return sa.jvp(floats, xs, [sa.cos(x) for x in xs]) if floats and xs else []


def other_feeds(
    build: Builder, outputs: list[Tensor], feeds: dict[Tensor, np.ndarray]
) -> tuple[dict[Tensor, np.ndarray], tuple[dict[Tensor, np.ndarray], Exception] | None]:
    """Feeds with other sizes if the graph is legal for them, else other numbers of the first sizes."""
    first = dict(build.sizes)
    for symbol in first:
        build.sizes[symbol] = int(build.rng.choice((0, 1, 2, 6, 7, 19)))
    candidate = build.feed()
    try:
        with printing():
            evaluate(outputs, candidate)
    except (FeedError, IndexOutOfBounds, ValueError) as error:
        build.sizes.update(first)
        # Integers may be indices, which are legal as they are.
        again = feeds if any(t.dtype.kind in "iu" for t in feeds) else build.feed()
        return again, (candidate, error)
    return candidate, None


def second_order(build: Builder, outputs: list[Tensor]) -> list[Tensor]:
    """Derivatives of one of the outputs' sums, which may be gradients themselves."""
    floats = [t for t in outputs if t.dtype.kind == "f"]
    xs = build.float_sources()
    return sa.gradients(sa.sum(build.choose(floats)), xs, unconnected="zero") if floats and xs else []
