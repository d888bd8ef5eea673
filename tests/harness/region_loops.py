"""Random loops as in `array_loops` that change places and parts with fixed indices and slices beside the counter.

``x`` is a vector of n elements, ``y`` is 2 × n × 2, ``A`` is n × 3: a step that works on all of a column of these is
no step that costs what it changes.
"""

from __future__ import annotations

import numpy as np

from tests.harness.array_loops import LONG, ArrayLoops


class RegionLoops(ArrayLoops):
    """One function, drawn from a generator of random numbers."""

    shapes = (("n",), (2, "n", 2), ("n", 3), ())

    def __init__(
        self, rng: np.random.Generator, statements: int = 3, around: str = "", branched: bool = False, long: int = LONG
    ) -> None:
        """``branched``: most statements stand in branches, several in each."""
        self.branched = branched
        super().__init__(rng, statements, depth=1, counted=True, around=around, long=long)

    def statement(self, level: int, depth: int, statements: int, nested: bool) -> None:
        if not self.branched or self.rng.random() < 0.3:
            super().statement(level, depth, statements, nested)
            return
        for word in self.pick(("if",), ("if", "else")):
            self.line(level, "else:" if word == "else" else f"{word} {self.condition()}:")
            for _ in range(int(self.rng.integers(1, 4))):
                self.block(level + 1, self.change()[1])

    def place(self) -> str:
        """An element of an array."""
        side, column = self.pick("0", "1", "-1"), self.pick("0", "1", "2", "-1")
        return str(self.pick(f"x[{self.index()}]", f"y[{side}, {self.index()}, 0]", f"A[{self.index()}, {column}]"))

    def part(self) -> str:
        """Two elements of an array."""
        c, i = self.counters[-1], self.index()
        rows = self.pick(f"{c}:{c} + 2", f"{c} - 1:{c} + 1")
        columns = self.pick("1:", ":2", "::2", "::-2", "2:0:-1")
        a, y = (f"A[{i}, {columns}]", f"A[{rows}, 1]"), (f"y[:, {i}, 1]", f"y[-1, {i}, ::-1]", f"y[1, {rows}, 0]")
        return str(self.pick(*a, *y, f"x[{rows}]"))

    def change(self) -> tuple[str, list[str]]:
        return "1", self.pick(self.element, self.element, self.exchange, self.number, self.parts)()

    def parts(self) -> list[str]:
        one, other = self.part(), self.part()
        value = self.pick(f"{one} * 0.5", f"sin({one})", f"{one} * {other}", f"{one} * {self.place()}", self.place())
        return [f"{self.part()} {self.pick('=', '+=', '*=')} {value}"]
