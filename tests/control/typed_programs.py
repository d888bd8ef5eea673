"""Random programs of nested loops and branches with carries of several kinds, gathers, changes of parts, products."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.dims import Size
from staticad.ir.substitute import substitute
from tests.control.typed_expressions import Expressions, Kind, Scope
from tests.control.typed_sweeps import changes, sweep

Values = list[sa.Tensor]


class TypedProgram(Expressions):
    """A function of placeholders of several kinds; deterministic for a seed.

    ``checkpoint`` is that of all loops that can have it. Sizes may be free or fixed; `feeds` makes arrays for given
    ones: "a" and "b" are axes of vectors and matrices, "t" is the number of slices of sequences.
    """

    def __init__(self, seed: int, checkpoint: str | None = None, strict: bool = True, depth: int = 3) -> None:
        rng = random.Random(seed)
        self.seed, self.checkpoint = seed, checkpoint
        self.free = rng.random() < 0.5
        sizes: dict[str, Size] = {"a": 3, "b": 2, "t": 4}
        self.fixed = {} if self.free else dict(sizes)
        super().__init__(rng, sizes, strict)
        self.dtypes = ["float64", "float64", "float64", "float64", "int64", "bool"]
        if rng.random() < 0.25:
            self.dtypes.append("float32")
        self.inputs: list[tuple[sa.Tensor, Kind]] = []
        scope = Scope()
        for name, kind in (
            ("x", Kind("float64", ("a",))),
            ("y", Kind("float64", ("b",))),
            ("m", Kind("float64", ("a", "b"))),
            ("s", Kind("float64", ("t", "a"))),
            ("p", Kind("int64", ("t",))),
            ("k", Kind("int64")),
            ("q", Kind("int64", ("a",))),
        ):
            shape = tuple(axis if self.free else sizes[axis] for axis in kind.shape)
            tensor = sa.placeholder(shape, kind.dtype, name=name)
            self.inputs.append((tensor, kind))
            for axis, size in zip(kind.shape, tensor.shape, strict=True):
                sizes[axis] = size
            if "t" not in kind.shape:
                scope.add(kind, tensor)
        self.named = {tensor.name: tensor for tensor, _ in self.inputs}
        self.block(scope, depth, self.rng.randint(2, 4))
        self.scope = scope
        made = scope.values[-8:]
        self.outputs = [tensor for _, tensor in made]
        floats = [t for t in self.outputs if t.dtype.kind == "f"]
        self.loss = sum((sa.sum(sa.sin(t.astype("float64"))) for t in floats), sa.sum(sa.sin(self.named["x"])))

    @property
    def variables(self) -> Values:
        """The inputs to differentiate by."""
        return [tensor for tensor, kind in self.inputs if kind.dtype == "float64"]

    @property
    def placeholders(self) -> Values:
        return [tensor for tensor, _ in self.inputs]

    def feeds(self, seed: int, a: int = 3, b: int = 2, t: int = 4) -> dict[sa.Tensor, np.ndarray]:
        """Arrays of given sizes (those of a program with fixed sizes stay)."""
        rng = np.random.default_rng(seed)
        sizes = {"a": a, "b": b, "t": t} | self.fixed
        found = {}
        for tensor, kind in self.inputs:
            shape = tuple(sizes[axis] for axis in kind.shape)
            whole = kind.dtype == "int64"
            found[tensor] = np.asarray(rng.integers(-3, 6, shape) if whole else rng.uniform(-1, 1, shape))
        return found

    def updates(self) -> tuple[Values, dict[sa.Tensor, sa.Tensor]]:
        """The outputs where some inputs of fixed size are variables, and new values of these."""
        held = [(tensor, kind) for tensor, kind in self.inputs if tensor.name in ("x", "m", "q") and not self.free]
        new = [self.make(self.scope, kind, 2) for _, kind in held]
        variables = [sa.variable(np.zeros(t.shape, t.dtype), name=t.name) for t, _ in held]
        found = substitute([*self.outputs, *new], dict(zip([t for t, _ in held], variables, strict=True)))
        return found[: len(self.outputs)], dict(zip(variables, found[len(self.outputs) :], strict=True))

    # Statements

    def block(self, scope: Scope, depth: int, count: int) -> None:
        """Adds values to a scope."""
        for _ in range(count):
            if depth and self.chance(0.65):
                statements = [self.branch, self.conditional_loop, self.counted_loop, self.counted_loop, self.scan]
                if self.chance(0.3):
                    self.rng.choice([sweep, sweep, changes])(self, scope, depth - 1)
                else:
                    self.rng.choice(statements)(scope, depth - 1)
            else:
                kind = self.any_kind(self.dtypes)
                scope.add(kind, self.make(scope, kind))

    def state(self, scope: Scope) -> tuple[list[Kind], Values]:
        """Kinds and first values of one to three carries, some of the same kind."""
        kinds = [self.any_kind(self.dtypes) for _ in range(self.rng.randint(1, 2))]
        if self.chance(0.5):
            kinds.append(self.rng.choice(kinds))
        return kinds, [self.make(scope, kind, 1) for kind in kinds]

    def following(self, outside: Scope, kinds: list[Kind], state: Values, depth: int, counter: Any = None) -> Values:
        """The next values of carries: computed, handed through, exchanged, fixed."""
        scope = outside.inner()
        for kind, tensor in zip(kinds, state, strict=True):
            scope.add(kind, tensor)
        if counter is not None:
            axis, tensor = counter
            scope.add(Kind("int64"), tensor)
            if axis:
                scope.counters.append((axis, tensor))
        self.block(scope, depth, self.rng.randint(1, 2))
        found = []
        for kind in kinds:
            same = [tensor for other, tensor in zip(kinds, state, strict=True) if other == kind]
            if self.chance(0.15):
                found.append(self.rng.choice(same))
            elif self.chance(0.06):
                found.append(self.leaf(outside, kind))
            else:
                found.append(self.make(scope, kind, 2))
        return found

    def keep(self, scope: Scope, kinds: list[Kind], values: Values) -> None:
        for kind, tensor in zip(kinds, values, strict=True):
            if self.chance(0.8):
                scope.add(kind, tensor)

    def branch(self, scope: Scope, depth: int) -> None:
        kinds, start = self.state(scope)
        count = self.rng.randint(2, 3)

        def part(*state: sa.Tensor) -> Values:
            return self.following(scope, kinds, list(state), depth)

        if count == 2:
            found = sa.cond(self.make(scope, Kind("bool"), 2), part, part, *start)
        else:
            found = sa.switch(self.make(scope, Kind("int64"), 2), [part] * count, *start)
        self.keep(scope, kinds, list(found))

    def bound(self, scope: Scope) -> tuple[str, Any]:
        """An axis whose indices a loop counts (or ""), and how far."""
        axis = self.rng.choice(["a", "b", "", ""])
        if axis:
            return axis, self.sizes[axis]
        if self.chance(0.4):
            return "", self.rng.randint(0, 3)
        return "", sa.remainder(self.make(scope, Kind("int64"), 1), 4)

    def counted_loop(self, scope: Scope, depth: int) -> None:
        kinds, start = self.state(scope)
        axis, stop = self.bound(scope)
        first = self.rng.choice([0, 0, 1]) if axis else self.rng.choice([0, 0, 1, -1])

        def step(i: sa.Tensor, state: Values) -> Values:
            return self.following(scope, kinds, list(state), depth, (axis, i))

        found = sa.fori_loop(first, stop, step, start, checkpoint=self.checkpoint_for(stop))
        self.keep(scope, kinds, list(found))

    def checkpoint_for(self, steps: Any) -> str | None:
        return "sqrt" if self.checkpoint == "log" and not isinstance(steps, (int, sa.Tensor)) else self.checkpoint

    def conditional_loop(self, scope: Scope, depth: int) -> None:
        kinds, start = self.state(scope)
        most = sa.remainder(self.make(scope, Kind("int64"), 1), 5)
        limit = round(self.rng.uniform(-0.5, 0.9), 3)
        vectors = [place for place, kind in enumerate(kinds) if kind.dtype == "float64"]
        which = self.rng.choice(vectors) if vectors else None

        def goes_on(state: tuple[sa.Tensor, Values]) -> sa.Tensor:
            count, values = state
            below = count < most
            return below if which is None else below & (sa.sum(sa.sin(values[which])) < limit)

        def step(state: tuple[sa.Tensor, Values]) -> tuple[sa.Tensor, Values]:
            count, values = state
            return count + 1, self.following(scope, kinds, list(values), depth, ("", count))

        count, found = sa.while_loop(goes_on, step, (sa.constant(0), start), checkpoint=self.checkpoint)
        scope.add(Kind("int64"), count)
        self.keep(scope, kinds, list(found))

    def scan(self, scope: Scope, depth: int) -> None:
        kinds, start = self.state(scope)
        sequences, slice_kinds = self.sequences(scope)
        stacked = self.rng.choice([0, 1, 1, 2])
        wanted = [self.rng.choice([*kinds, Kind("float64"), Kind("float64", ("a",))]) for _ in range(stacked)]

        def step(state: Values, row: Values) -> tuple[Values, Values]:
            inside = scope.inner()
            for kind, tensor in zip(slice_kinds, row, strict=True):
                inside.add(kind, tensor)
            following = self.following(inside, kinds, list(state), depth)
            for kind, tensor in zip(kinds, following, strict=True):
                inside.add(kind, tensor)
            return following, [self.make(inside, kind, 1) for kind in wanted]

        reverse = self.chance(0.4)
        steps = sequences[0].shape[0]
        last, rows = sa.scan(step, start, sequences, reverse=reverse, checkpoint=self.checkpoint_for(steps))
        self.keep(scope, kinds, list(last))
        along = "t" if sequences[0] is self.named["s"] or sequences[0] is self.named["p"] else "a"
        for kind, tensor in zip(wanted, rows, strict=True):
            if self.chance(0.3):
                continue  # a result that nobody reads
            if along == "a" and kind.shape in ((), ("b",), ("a",)):
                scope.add(Kind(kind.dtype, ("a", *kind.shape)), tensor)
            elif kind.dtype in ("float64", "float32"):
                scope.add(kind, sa.tanh(sa.sum(tensor, axis=0)))
            else:
                scope.add(
                    kind,
                    sa.max(sa.concatenate([tensor, tensor[:0], sa.zeros((1, *tensor.shape[1:]), kind.dtype)]), axis=0),
                )

    def sequences(self, scope: Scope) -> tuple[Values, list[Kind]]:
        """What a scan takes slices of: given sequences, or rows of matrices and elements of vectors."""
        if self.chance(0.5):
            return [self.named["s"], self.named["p"]], [Kind("float64", ("a",)), Kind("int64")]
        kinds = [self.rng.choice([Kind("float64", ("a", "b")), Kind("float64", ("a",)), Kind("int64", ("a",))])]
        if self.chance(0.5):
            kinds.append(Kind("float64", ("a", "a")))
        return [self.make(scope, kind, 1) for kind in kinds], [Kind(kind.dtype, kind.shape[1:]) for kind in kinds]


Maker = Callable[..., TypedProgram]
