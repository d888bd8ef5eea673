"""Random functions whose loops change arrays in place, as text: run by plain NumPy, or made a graph by ``sa.function``.

``x`` and ``y`` are vectors of n elements, ``A`` is n × n, ``s`` a number. ``seen`` stands around every condition, and
``more`` compares numbers: in NumPy they keep what was decided, so that differences are not taken across a decision, and
whether numbers were equal but for their rounding, which another order of operations may decide otherwise. Values stay
of everyday size.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor

COUNTERS = "ijk"
LONG = 25  # lines, after which there are no further loops and branches
CLOSE = 1e-9  # numbers that differ by less differ by their rounding


class ArrayLoops:
    """One function, drawn from a generator of random numbers. ``shapes`` are those of its arguments."""

    shapes: tuple[tuple[str | int, ...], ...] = (("n",), ("n",), ("n", "n"), ())

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
    ) -> None:
        """``counted``: all loops have a number of steps, and parts of axes a size, that is known before the run;
        ``computed``: but the bounds of inner loops are numbers of the run; ``whiles``: most inner loops are while loops
        that go up or down from a counter. ``nested``: branches have loops and branches in them, ``looped``: mostly
        loops. ``around``: the function runs twice, as the steps of a "scan", of a "while" loop, or of one with a
        checkpoint, "sqrt" or "log"."""
        self.counted, self.computed, self.nested, self.around = counted, computed, nested or looped, around
        self.looped, self.whiles = looped, whiles
        self.rng, self.counters = rng, list[str]()
        self.lines = [f"def program(x, y, A, s, n):  # {around}".rstrip(" #")]
        for _ in range(int(rng.integers(1, 3))):
            self.loop(1, depth, statements)
        self.lines.append("    return x, y, A, s")
        self.source = "\n".join(self.lines) + "\n"

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
            self.line(level, f"while seen({counter} < {self.pick('n - 1', *(c + ' + 1' for c in self.counters))}):")
        else:
            stop = "n - 1" if self.counted else self.pick("n - 1", "n - 1", "n - 1", *self.counters)
            steps = (f"1, {stop}",) if self.counted else (*[f"1, {stop}"] * 4, f"1, upto({stop})", "n - 2, 0, -1")
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
        """A while loop that begins at a counter."""
        around = self.counters[-1]
        start, end, step = self.pick((around, "> 0", "-="), (around, f"< {self.pick('n - 1', 'n - 2')}", "+="),
                                     ("1", f"< {around}", "+="), ("n - 2", f"> {around}", "-="))  # fmt: skip
        self.line(level, f"{counter} = whole(0) + {start}")
        self.counters.append(counter)
        also = f" & more({self.place()}, {self.place()})" if self.rng.random() < 0.5 else ""
        self.line(level, f"while seen({counter} {end}){also}:")
        for _ in range(int(self.rng.integers(1, statements + 1))):
            self.statement(level + 1, depth - 1, statements, self.nested)
        self.counters.pop()
        self.line(level + 1, f"{counter} {step} 1")

    def statement(self, level: int, depth: int, statements: int, nested: bool) -> None:
        kind = self.rng.random()
        if len(self.lines) > LONG:
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
        change = self.pick(*small, self.extreme, self.row, self.column, self.region, self.masked, self.reduced)
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
            f"more({self.place()}, {self.place()})", f"seen({c} % 2 == 0)", f"more({self.place()}, s)", f"seen({c} > 2)"
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

    def masked(self) -> list[str]:
        c, value = self.pick(*self.counters), self.value()
        row = f"A[{c}] = where(places > {c}, {value}, A[{c}])"
        return [self.pick(f"x = where(places < {c}, {value}, x)", row)]

    def extreme(self) -> list[str]:
        name = self.pick("x", "y")
        return [f"{name} = {self.pick('least', 'most', 'times')}({name}, {self.index()}, {self.value()})"]

    def reduced(self) -> list[str]:
        i, j, cut = self.index(), self.index(), self.cut("1:", ":-1", "::2")
        total = self.pick(
            f"(A[{i}, {cut}] * A[{j}, {cut}]).sum()", f"(x[{cut}] * A[{cut}, {i}]).sum()", f"x[{cut}].sum()"
        )
        return [f"{self.pick(self.place(), 's')} = sin({total})"]

    # ---- running -------------------------------------------------------------------------------------------------

    def numpy(self, x: np.ndarray, y: np.ndarray, a: np.ndarray, s: float) -> tuple[list[Any], list[bool]]:
        """The results, and what was decided on the way; ``close`` tells whether it was by the rounding of a number."""
        decided: list[bool] = []

        def seen(condition: Any) -> bool:
            decided.append(bool(condition))
            return decided[-1]

        def more(a: Any, b: Any) -> bool:
            self.close |= 0 < abs(a - b) < CLOSE
            return seen(a > b)

        self.cost, self.close = 0, False

        def cost(elements: int) -> None:
            self.cost += elements

        words = {
            "cost": cost,
            "sin": np.sin,
            "cos": np.cos,
            "where": np.where,
            "whole": int,
            "upto": int,
            "own": np.copy,  # NumPy itself may read what it has just written where a row becomes a column
            "seen": seen,
            "more": more,
            "few": np.arange(2),
            "zeros": np.zeros_like,
        }
        words |= {"places": np.arange(len(x)), **{name: _changing(act, more) for name, act in EXTREMES.items()}}
        values = [x.copy(), y.copy(), a.copy(), s]
        for _ in range(2 if self.around else 1):
            values = list(self._define(words)(*values, len(x)))
        return values, decided

    def graph(self, x: Tensor, y: Tensor, a: Tensor, s: Tensor) -> list[Tensor]:
        """The results as tensors."""
        state = x, y, a, s
        if not self.around:
            return self._step(*state)
        if self.around == "scan":
            return list(sa.scan(lambda last, _: (tuple(self._step(*last)), None), state, length=2)[0])
        _, *last = sa.while_loop(
            lambda now: now[0] < 2,
            lambda now: (now[0] + 1, *self._step(*now[1:])),
            (sa.constant(0), *state),
            checkpoint=None if self.around == "while" else self.around,
        )
        return last

    def _step(self, x: Tensor, y: Tensor, a: Tensor, s: Tensor) -> list[Tensor]:
        words: dict[str, Any] = {"sin": sa.sin, "cos": sa.cos, "where": sa.where, "whole": sa.constant}
        words |= {
            "seen": lambda condition: condition,
            "more": lambda a, b: a > b,
            "own": lambda value: value,
            "upto": lambda stop: (s * 0.0).astype("int64") + stop,
            "cost": lambda elements: None,
            "few": np.arange(2),
            "places": sa.arange(x.shape[0]),
            "zeros": sa.zeros_like,
        }
        words |= {
            "least": lambda t, i, v: t.at[i].min(v),
            "most": lambda t, i, v: t.at[i].max(v),
            "times": lambda t, i, v: t.at[i].multiply(v),
        }
        return list(sa.function(self._define(words))(x, y, a, s, x.shape[0]))

    def _define(self, words: dict[str, Any]) -> Callable[..., Any]:
        file = f"<array loops {id(self)} {len(linecache.cache)}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(True), file)
        exec(compile(self.source, file, "exec"), words)
        return words["program"]  # type: ignore[no-any-return]


EXTREMES: dict[str, Callable[[Any, Any], Any]] = {"least": min, "most": max, "times": lambda a, b: a * b}


def _changing(
    act: Callable[[Any, Any], Any], more: Callable[[Any, Any], bool]
) -> Callable[[np.ndarray, int, Any], np.ndarray]:
    def change(x: np.ndarray, i: int, value: Any) -> np.ndarray:
        changed = x.copy()
        more(changed[i], value)
        changed[i] = act(changed[i], value)
        return changed

    return change
