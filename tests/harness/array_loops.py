"""Random loops that change arrays in place (see `loop_programs`). Values stay of everyday size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.harness.loop_programs import LoopProgram

COUNTERS = "ijk"
LONG = 25  # lines, after which there are no further loops and branches


class ArrayLoops(LoopProgram):
    """One function, drawn from a generator of random numbers."""

    def __init__(
        self,
        rng: np.random.Generator,
        statements: int = 3,
        depth: int = 2,
        counted: bool = False,
        nested: bool = False,
        around: str = "",
        computed: bool = False,
        looped: bool = False,
        whiles: bool = False,
        long: int = LONG,
    ) -> None:
        """``counted``: all loops have a number of steps, and parts of axes a size, that is known before the run;
        ``computed``: but the bounds of inner loops are numbers of the run; ``whiles``: most inner loops are while loops
        that go up or down from a counter. ``nested``: branches have loops and branches in them, ``looped``: mostly
        loops. ``long``: about so many lines."""
        self.long = long
        self.counted, self.computed, self.nested, self.around = counted, computed, nested or looped, around
        self.looped, self.whiles = looped, whiles
        self.rng, self.counters = rng, list[str]()
        self.lines = [f"def program(x, y, A, s, n):  # {around}".rstrip(" #")]
        for _ in range(int(rng.integers(1, 3))):
            self.loop(1, depth, statements)
        self.lines.append("    return x, y, A, s")

    # ---- statements ----------------------------------------------------------------------------------------------

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def line(self, level: int, text: str) -> None:
        self.lines.append("    " * level + text)

    def loop(self, level: int, depth: int, statements: int) -> None:
        counter = COUNTERS[len(self.counters)]
        if self.whiles and self.counters and self.rng.random() < 0.7:
            self.inner_while(level, depth, statements, counter)
            return
        conditional = not self.counted and self.rng.random() < 0.15
        if conditional:
            self.line(level, f"{counter} = whole(1)")
            self.line(level, f"while {counter} < {self.pick('n - 1', *(c + ' + 1' for c in self.counters))}:")
        else:
            stop = "n - 1" if self.counted else self.pick("n - 1", "n - 1", "n - 1", *self.counters)
            free = (*[f"1, {stop}"] * 4, f"1, upto({stop})", "n - 2, 0, -1", "1, n - 1, 2")
            free += tuple(text for c in self.counters for text in (f"{c} + 1, n - 1", f"{c}, 0, -1", f"{c}, n - 1, 3"))
            steps = (f"1, {stop}",) if self.counted else free
            if self.computed and self.counters:
                steps = (f"1, upto({stop})", f"upto({stop})")
            self.line(level, f"for {counter} in range({self.pick(*steps)}):")
        self.counters.append(counter)
        for _ in range(int(self.rng.integers(1, statements + 1))):
            self.statement(level + 1, depth - 1, statements, self.nested)
        self.counters.pop()
        if conditional:
            self.line(level + 1, f"{counter} += 1")

    def inner_while(self, level: int, depth: int, statements: int, counter: str) -> None:
        """A while loop that begins at a counter. Conditions are also computed behind the last step."""
        around, reads = self.counters[-1], self.rng.random() < 0.5
        last = "n - 2" if reads else self.pick("n - 1", "n - 2")
        start, end, step = self.pick((around, "> 0", "-="), (around, f"< {last}", "+="),
                                     ("1", f"< {around}", "+="), ("n - 2", f"> {around}", "-="))  # fmt: skip
        self.line(level, f"{counter} = whole(0) + {start}")
        self.counters.append(counter)
        also = f" & more({self.place()}, {self.place()})" if reads else ""
        self.line(level, f"while ({counter} {end}){also}:")
        for _ in range(int(self.rng.integers(1, statements + 1))):
            self.statement(level + 1, depth - 1, statements, self.nested)
        self.counters.pop()
        self.line(level + 1, f"{counter} {step} 1")

    def statement(self, level: int, depth: int, statements: int, nested: bool) -> None:
        kind = self.rng.random()
        if len(self.lines) > self.long:
            kind, nested = 1.0, False
        if depth > 0 and kind < 0.25:
            self.loop(level, depth, statements)
            return
        if nested and kind < (0.75 if self.looped else 0.55):
            self.choice(level, depth, statements)
            return
        first, other = self.change(), self.change() if self.rng.random() < 0.4 else ("1", [])
        if kind >= 0.4:
            self.line(level, f"cost({first[0]})")
            self.block(level, first[1])
            return
        self.line(level, f"cost({max(first[0], other[0])})")
        self.line(level, f"if {self.condition()}:")
        self.block(level + 1, first[1])
        if other[1]:
            self.line(level, "else:")
            self.block(level + 1, other[1])

    def choice(self, level: int, depth: int, statements: int) -> None:
        """Branches in which there are loops and branches."""
        for word in self.pick(("if", "else"), ("if", "elif", "else"), ("if",), ("if", "elif")):
            self.line(level, "else:" if word == "else" else f"{word} {self.condition()}:")
            for _ in range(int(self.rng.integers(1, statements))):
                if self.looped and depth > 0 and self.rng.random() < 0.5:
                    self.loop(level + 1, depth, statements)
                else:
                    self.statement(level + 1, depth, statements, nested=self.rng.random() < 0.3)

    def block(self, level: int, lines: list[str]) -> None:
        for text in lines:
            self.line(level, text)

    def change(self) -> tuple[str, list[str]]:
        """How many elements a statement works on, and its lines."""
        small = (self.element, self.element, self.element, self.exchange, self.exchange, self.number, self.indexed)
        large = (self.row, self.column, self.region, self.masked, self.reduced, self.gathered, self.swap)
        change = self.pick(*small, self.extreme, *large)
        return "1" if change in (*small, self.extreme) else "n", change()

    def index(self) -> str:
        c = self.pick(*self.counters)
        return self.pick(c, c, c, f"{c} - 1", f"{c} + 1", "0", "-1", f"n - 1 - {c}", "2", f"-{c}")

    def place(self) -> str:
        """An element of an array."""
        name = self.pick("x", "x", "y", "A")
        return f"A[{self.index()}, {self.index()}]" if name == "A" else f"{name}[{self.index()}]"

    def operand(self) -> str:
        return self.pick(self.place(), self.place(), "s", "0.5")

    def expression(self, leaf: Callable[[], str]) -> str:
        a, b = leaf(), leaf()
        return self.pick(
            a, f"{a} * 0.5", f"sin({a})", f"0.5 * ({a} + {b})", f"{a} * sin({b})", f"0.7 * {a} - 0.2 * {b}",
            f"cos({a} * {b})",
        )  # fmt: skip

    def value(self) -> str:
        return self.expression(self.operand)

    def condition(self) -> str:
        c = self.pick(*self.counters)
        return self.pick(
            f"more({self.place()}, {self.place()})", f"{c} % 2 == 0", f"more({self.place()}, s)", f"{c} > 2"
        )

    def element(self) -> list[str]:
        sign, value = self.pick("=", "=", "+=", "-=", "*="), self.value()
        return [f"{self.place()} {sign} {value if sign != '+=' and sign != '-=' else f'0.3 * ({value})'}"]

    def exchange(self) -> list[str]:
        a, b = self.place(), self.place()
        return self.pick(
            [f"t = {a}", f"{a} = {b}", f"{b} = t"],
            [f"{a}, {b} = {b}, {a}"],
            [f"u, v = {a}, {b}", f"{b} = u * 0.9", f"{a} = v"],
            [f"u, v = {a}, {b}", "if more(u, v):", f"    {a} = v", f"    {b} = u"],
        )

    def row(self) -> list[str]:
        def operand() -> str:
            return self.pick(f"A[{self.index()}]", "x", "y", f"A[:, {self.index()}]")

        return [f"A[{self.index()}] = own({self.expression(operand)})"]

    def column(self) -> list[str]:
        j = self.index()
        value = self.expression(lambda: self.pick(f"A[:, {self.index()}]", "x", self.place()))
        return [f"A[:, {j}] = own({value})"]

    def cut(self, *fixed: str) -> str:
        """A part of an axis, fixed or by a counter."""
        if self.counted:
            return str(self.pick(*fixed))
        c = self.pick(*self.counters)
        ends = (f":{c}", f"{c}:", f"{c} + 1:", f":n - {c}", f"-{c}:", f"{c} - 1:n - 1", f":{c}:2", f"{c}::-1")
        return str(self.pick(*fixed, *ends))

    def region(self) -> list[str]:
        cut = self.cut("1:-1", "1:", ":-1", "::-1", "::2", "1:n - 1")

        def part() -> str:
            return self.pick(f"A[{cut}, {self.index()}]", f"A[{self.index()}, {cut}]", f"x[{cut}]")

        return [f"{part()} {self.pick('=', '=', '+=')} 0.5 * {self.expression(part)}"]

    def number(self) -> list[str]:
        return [f"s = {self.pick('s * 0.5 + ', 's + 0.1 * ', '')}{self.value()}"]

    def indexed(self) -> list[str]:
        c, other = self.pick(*self.counters), self.pick(*self.counters)
        target = self.pick(f"x[{c} + few]", f"y[{c} - few]", f"A[{c} - few, {other}]")
        return [f"{target} = 0.5 * ({target} + {self.operand()})"]

    def gathered(self) -> list[str]:
        """Elements of which some may be the same."""
        c, other = self.pick(*self.counters), self.pick(*self.counters)
        at = self.pick("picks", f"picks * {c} // 2", f"places * {c} % n")
        taken = self.pick(f"x[{at}]", f"A[{at}, {other}]", f"A[{c}, {at}]", f"A[{at}, {at}]")
        if self.rng.random() < 0.3:
            return [f"y = plus(y, {at}, 0.1 * {taken})"]
        return [f"{self.pick(self.place(), 's')} = sin(({taken} * {self.operand()}).sum())"]

    def swap(self) -> list[str]:
        return [self.pick("x, y = y, x", "x, y = y, x * 1.0", "y = x + 0.0")]

    def masked(self) -> list[str]:
        c, value = self.pick(*self.counters), self.value()
        row = f"A[{c}] = where(places > {c}, {value}, A[{c}])"
        return [self.pick(f"x = where(places < {c}, {value}, x)", row)]

    def extreme(self) -> list[str]:
        name, word = self.pick("x", "y", "A"), self.pick("least", "most", "times", "plus")
        at = f"({self.index()}, {self.index()})" if name == "A" else self.index()
        return [f"{name} = {word}({name}, {at}, {'0.3 * ' if word == 'plus' else ''}{self.value()})"]

    def reduced(self) -> list[str]:
        i, j, cut = self.index(), self.index(), self.cut("1:", ":-1", "::2")
        total = self.pick(
            f"(A[{i}, {cut}] * A[{j}, {cut}]).sum()", f"(x[{cut}] * A[{cut}, {i}]).sum()", f"x[{cut}].sum()"
        )
        return [f"{self.pick(self.place(), 's')} = sin({total})"]
