"""Random loops as in `array_loops` with arrays of a size that only the step knows: parts up to a counter, arrays of
zeros of its size, indexed, filled, gone through and written back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from tests.harness.array_loops import COUNTERS, LONG, ArrayLoops

NAMES = "pqrb"


class Local(NamedTuple):
    """An array, and its lengths as text."""

    name: str
    lengths: tuple[str, ...]


class LocalLoops(ArrayLoops):
    """One function, drawn from a generator of random numbers."""

    def __init__(self, rng: np.random.Generator, statements: int = 3, around: str = "", long: int = LONG) -> None:
        self.locals: list[Local] = []
        self.safe: dict[str, list[str]] = {}  # what is an index for each length
        super().__init__(rng, statements, depth=2, around=around, long=long)

    def loop(self, level: int, depth: int, statements: int) -> None:
        """A loop over a counter, with arrays of sizes by it and loops over these."""
        if self.locals and self.rng.random() < 0.3:
            super().loop(level, depth, statements)
            return
        counter, known = COUNTERS[len(self.counters)], len(self.locals)
        steps = ["n - 1", "1, n - 1", "n - 2, -1, -1", *(text for c in self.counters for text in (c, f"{c}, n - 1"))]
        self.line(level, f"for {counter} in range({self.pick(*steps)}):")
        self.counters.append(counter)
        for _ in range(int(self.rng.integers(1, 3))):
            self.line(level + 1, self.new())
        for _ in range(int(self.rng.integers(1, statements + 1))):
            self.use(level + 1)
        if depth > 1 or self.rng.random() < 0.3:
            self.statement(level + 1, depth - 1, statements, self.nested)
        if self.rng.random() < 0.7:
            self.line(level + 1, self.back())
        del self.locals[known:]
        self.counters.pop()

    def index(self) -> str:
        c = self.pick(*self.counters)
        inner = any(c in indices for indices in self.safe.values())  # up to n - 1
        others = () if inner else (f"{c} - 1", f"{c} + 1")
        return str(self.pick(c, c, c, "0", "-1", "2", f"n - 1 - {c}", f"-{c}", *others))

    def new(self) -> str:
        """The line that makes an array of a size by a counter."""
        c = self.pick(*self.counters)
        row, first, rest, others = self.index(), f":{c}", f"{c}:", f"n - {c}"
        one = [
            (f"A[{row}, {first}]", c), (f"A[{rest}, {row}]", others), (f"x[{first}]", c), (f"x[{rest}]", others),
            (f"y[::-1][{first}]", c), (f"A[{row}, 1:][{first}]", f"min(n - 1, {c})"), (f"blank({c})", c),
            (f"blank({others})", others),
        ]  # fmt: skip
        two = [
            (f"A[{first}, {rest}]", c, others), (f"A[{rest}, {first}]", others, c), (f"A[{first}]", c, "n"),
            (f"blank(({c}, n))", c, "n"),
        ]  # fmt: skip
        text, *lengths = self.pick(*(one * 2), *two)
        name = NAMES[min(len(self.locals), len(NAMES) - 1)]
        self.locals = [known for known in self.locals if known.name != name]
        self.locals.append(Local(name, tuple(lengths)))
        factor = self.pick("0.5", "s", ArrayLoops.place(self))
        if text.startswith("blank"):
            return f"{name} = {self.pick(text, f'{text} + 0.5 * {factor}')}"
        value = self.pick(f"own({text})", f"{text} * {factor}", f"sin({text} * {factor})", f"sin({text} + {factor})")
        return f"{name} = {value}"

    def use(self, level: int) -> None:
        """A loop over an array, or a statement that needs an element."""
        local = self.pick(*self.locals)
        kind = self.rng.random()
        if kind < 0.5 and len(self.counters) < len(COUNTERS):
            self.through(level, local)
        elif kind < 0.65:
            e = self.pick("e", "d")
            number = self.pick(f"s * 0.5 + {e}", f"sin(s * {e}) + {e}")
            value = number if len(local.lengths) == 1 else f"s * 0.5 + sin(({e} * {e}).sum())"
            self.block(level, [f"for {e} in {local.name}:", f"    s = {value}"])
        elif kind < 0.85:
            least = self.pick(0, 1, 2)
            self.line(level, f"if {' and '.join(f'{length} > {least}' for length in local.lengths)}:")
            ends = [str(k) for k in range(least + 1)] + [str(-1 - k) for k in range(least + 1)]
            places = [f"{local.name}[{', '.join(self.pick(*ends) for _ in local.lengths)}]" for _ in range(3)]
            self.line(level + 1, self.pick(
                f"{places[0]} {self.pick('=', '+=', '*=')} sin({places[1]} + {self.operand()})",
                f"s = s * 0.5 + 0.3 * {places[0]} * {places[1]}",
                f"{places[0]}, {places[1]} = {places[1]}, {places[2]} * 0.5",
                f"{ArrayLoops.place(self)} = sin({places[0]} * {places[1]})",
            ))  # fmt: skip
        else:
            self.line(level, self.pick(
                f"s = s * 0.5 + sin({local.name}.sum())",
                f"s = sin(({local.name} * {local.name}).sum())",
                f"{local.name} = sin({local.name}) * s",
            ))  # fmt: skip

    @contextmanager
    def going(self, level: int, name: str, text: str, length: str) -> Iterator[None]:
        """A loop over so many numbers, whose counter is an index of that length inside."""
        self.line(level, f"for {name} in {text}:")
        self.counters.append(name)
        self.safe.setdefault(length, []).append(name)
        yield
        self.safe[length].pop()
        self.counters.pop()

    def through(self, level: int, local: Local) -> None:
        counter, length = COUNTERS[len(self.counters)], local.lengths[0]
        text = f"range({f'len({local.name})' if self.rng.random() < 0.4 else length})"
        down = self.rng.random() < 0.25
        with self.going(level, counter, f"reversed({text})" if down else text, length):
            inside = level + 1
            if self.rng.random() < 0.25:
                self.line(inside, f"if {self.pick(f'{counter} % 2 == 0', f'more({self.place()}, {self.place()})')}:")
                inside += 1
            for _ in range(int(self.rng.integers(1, 3))):
                self.inner(inside, local, counter)

    def inner(self, level: int, local: Local, counter: str) -> None:
        """A statement of a loop over an array."""
        if self.rng.random() < 0.2 and len(local.lengths) == 2 and len(self.counters) < len(COUNTERS):
            self.columns(level, local)
        elif self.rng.random() < 0.8:
            self.block(level, self.pick(self.element, self.element, self.exchange, self.number)())
        else:
            self.line(level, f"s = s * 0.5 + sin(({local.name}[{self.pick(f':{counter}', f'{counter}:')}]).sum())")

    def columns(self, level: int, local: Local) -> None:
        counter, length = COUNTERS[len(self.counters)], local.lengths[1]
        with self.going(level, counter, f"range({self.pick(length, f'{local.name}.shape[1]')})", length):
            self.block(level + 1, self.pick(self.element, self.number)())

    def place(self) -> str:
        """An element of an array, of a local one where its index is known."""
        at = {local: [self.safe.get(length) or () for length in local.lengths] for local in self.locals}
        whole = [local for local, indices in at.items() if all(indices)]
        if not whole or self.rng.random() < 0.3:
            return super().place()
        local = self.pick(*whole)
        chosen = []
        for length, indices in zip(local.lengths, at[local], strict=True):
            c = self.pick(*indices)
            chosen.append(self.pick(c, c, f"{length} - 1 - {c}", f"-1 - {c}", f"{c} // 2"))
        return f"{local.name}[{', '.join(chosen)}]"

    def back(self) -> str:
        """The line that writes an array back."""
        local = self.pick(*self.locals)
        length, *others = local.lengths
        if others:
            return f"A[:{length}, :{others[0]}] {self.pick('= 0.5 *', '+= 0.1 *')} sin({local.name})"
        target = self.pick(
            f"x[:{length}]", f"A[{self.index()}, :{length}]", f"A[:{length}, {self.index()}]", f"y[n - ({length}):]"
        )
        return f"{target} {self.pick(f'= {local.name}', f'= 0.5 * {local.name}', f'+= 0.1 * sin({local.name})')}"
