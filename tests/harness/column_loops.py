"""Random loops over the columns of matrices, as in `array_loops`: most steps need no others, some do in one place.

``x`` is a vector of n elements, ``y`` and ``A`` are n × m, ``s`` is a number. ``P`` is a matrix that the function makes
itself, of which only columns are wanted in the end.
"""

from __future__ import annotations

import numpy as np

from tests.harness.array_loops import ArrayLoops

ODD = 0.08  # how often an index or a statement is one that makes steps depend on each other, or may do so


class ColumnLoops(ArrayLoops):
    """One function, drawn from a generator of random numbers. ``fixed`` sizes are known before the run."""

    def __init__(
        self, rng: np.random.Generator, statements: int = 3, around: str = "", fixed: tuple[int, int] | None = None
    ) -> None:
        n, m = fixed or ("n", "m")
        self.shapes = ((n,), (n, m), (n, m), ())
        self.rng, self.counters, self.around = rng, list[str](), around
        self.lines = [f"def program(x, y, A, s, n):  # {around}".rstrip(" #"), "    m = A.shape[1]"]
        self.own = bool(rng.random() < 0.5)
        if self.own:
            self.line(1, self.pick("P = zeros(A)", "P = zeros(A) + 0.5"))
        self.odd = ODD if rng.random() < 0.5 else 0.0
        self.neighbours = bool(rng.random() < 0.3)
        for _ in range(self.pick(1, 1, 2)):
            level = 1
            if self.rng.random() < 0.5:
                self.line(1, f"for i in range({self.pick('n', 'n', '1, n', 'n - 1', '2', 'n - 1, -1, -1')}):")
                self.counters.append("i")
                level = 2
                if self.rng.random() < 0.3:
                    self.block(level, [f"s = s * 0.5 + {self.place()}"])
            self.columns(level, statements)
            self.counters.clear()
        if self.own:
            self.line(1, f"x = x + P[:, {self.pick('0', '-1', '1')}]")
            self.line(1, f"s = s + P[{self.pick('0', '-1')}, {self.pick('0', '-1', '1')}]")
        self.lines.append("    return x, y, A, s")

    def columns(self, level: int, statements: int) -> None:
        """A loop over columns."""
        steps = ["m", "m", "m", "m - 1", "1, m", "1, m - 1", "m - 1, -1, -1", "2, m"]
        if "i" in self.counters:
            steps += ["i, m", "i + 1, m", "i", "1, i", "i + 1"] if self.shapes[0] == ("n",) else ["i, m"]
        chosen = self.pick(*steps)
        self.next = chosen.endswith("m - 1")  # whether there is a next column
        self.line(level, f"for j in range({chosen}):")
        self.counters.append("j")
        for _ in range(int(self.rng.integers(1, statements + 1))):
            self.block(level + 1, self.change()[1])
        self.counters.pop()

    # ---- places --------------------------------------------------------------------------------------------------

    def a_row(self) -> str:
        choices = ["0", "-1", "1", *(["i", "i", "i", "n - 1 - i"] if "i" in self.counters else ())]
        return str(self.pick(*choices))

    def some_rows(self) -> str:
        choices = ["1:-1", "1:", ":-1", ":", ":", "::-1", "::2"]
        if "i" in self.counters:
            choices += [":i", "i:", "i + 1:", ":n - i", "i::-1"]
        return str(self.pick(*choices))

    def matrix(self) -> str:
        return str(self.pick("A", "A", "y", *(["P", "P"] if self.own else ())))

    def at(self, name: str, written: bool = False) -> str:
        """A column."""
        if "j" not in self.counters:
            return "0"
        if self.rng.random() < self.odd:
            return str(
                self.pick(
                    "j - 1",
                    "j + 1" if self.next else "j",
                    "0",
                    "-1",
                    "m - 1 - j",
                    "i" if "i" in self.counters else "j - 2",
                )
            )
        if self.neighbours and name == "y" and not written:
            return str(self.pick("j", "j - 1", "j - 1"))
        return "j"

    def place(self) -> str:
        kind = self.rng.random()
        if kind < 0.15:
            return f"x[{self.a_row()}]"
        name = self.matrix()
        return f"{name}[{self.a_row()}, {self.at(name)}]"

    def operand(self) -> str:
        return str(self.pick(self.place(), self.place(), "s", "0.5", *(["0.1 * j"] if "j" in self.counters else ())))

    def part(self, cut: str) -> str:
        name = self.matrix()
        choices = [f"{name}[{cut}, {self.at(name)}]"] * 3 + [f"x[{cut}]", self.place(), "s"]
        if "i" in self.counters:
            choices += [f"{name}[{cut}, 0]", f"x[{cut}]"]
        return str(self.pick(*choices))

    # ---- statements ----------------------------------------------------------------------------------------------

    def change(self) -> tuple[str, list[str]]:
        kinds = (self.number_at, self.column, self.column, self.projected, self.chosen, self.masked, self.total)
        return "n", self.pick(*kinds)()

    def number_at(self) -> list[str]:
        name = self.matrix()
        return [f"{name}[{self.a_row()}, {self.at(name, True)}] {self.pick('=', '+=')} 0.5 * {self.value()}"]

    def column(self) -> list[str]:
        name, cut = self.matrix(), self.some_rows()
        value = self.expression(lambda: self.part(cut))
        return [f"{name}[{cut}, {self.at(name, True)}] {self.pick('=', '+=', '-=')} 0.5 * {value}"]

    def projected(self) -> list[str]:
        cut, name, left, right = self.some_rows(), self.matrix(), self.matrix(), self.matrix()
        fixed = "0" if self.counters[:1] != ["i"] else self.pick("0", "i" if self.odd else "0")
        a, b = (
            self.pick(f"{left}[{cut}, {fixed}]", f"x[{cut}]", f"{left}[{cut}, {self.at(left)}]"),
            f"{right}[{cut}, {self.at(right)}]",
        )
        total = self.pick(f"({a} * {b}).sum()", f"({b}).sum()", f"{a} @ {b}")
        target = self.pick(
            f"{name}[{self.a_row()}, {self.at(name, True)}]", f"{name}[{self.some_rows()}, {self.at(name, True)}]"
        )
        return [f"{target} {self.pick('=', '+=', '-=')} sin({total})"]

    def chosen(self) -> list[str]:
        name, cut = self.matrix(), self.some_rows()
        condition = self.pick(f"more({self.place()}, {self.operand()})", "j % 2 == 0", "j > 1")
        one, other = self.expression(lambda: self.part(cut)), self.part(cut)
        if self.rng.random() < 0.3:
            return [f"if {condition}:", f"    {name}[{cut}, {self.at(name, True)}] = 0.5 * {one}"]
        return [f"{name}[{cut}, {self.at(name, True)}] = 0.5 * where({condition}, {one}, {other})"]

    def masked(self) -> list[str]:
        name = self.matrix()
        value = self.expression(lambda: self.part(":"))
        at = self.at(name, True)
        mask = self.pick("places > j", "places < j", "places == j", "places > 1")
        return [f"{name}[:, {at}] = where({mask}, 0.5 * {value}, {name}[:, {at}])"]

    def total(self) -> list[str]:
        name = self.matrix()
        cut = self.some_rows()
        return self.pick(
            [f"x = x {self.pick('+', '-')} 0.1 * {name}[:, {self.at(name)}]"],
            [f"s = s + 0.1 * {self.value()}"],
            [f"x[{cut}] += 0.1 * {self.expression(lambda: self.part(cut))}"],
            [f"t = {name}[{cut}, {self.at(name)}] * 0.5", f"{name}[{cut}, {self.at(name, True)}] = t * sin(t)"],
        )
