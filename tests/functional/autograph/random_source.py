"""Random Python functions with nested control flow and jumps, as text."""

from __future__ import annotations

import numpy as np

VARIABLES = ("a", "b", "c")


class RandomSource:
    """The text of ``def f(x, n)``: floats a, b, c; every loop ends; every path returns."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.count = 0
        body = ["a, b, c = x, x * 0.5, 1.0", *self.block(depth=3, in_loop=False), f"return {', '.join(VARIABLES)}"]
        self.text = "\n".join(["def f(x, n):", *(f"    {line}" for line in body)]) + "\n"

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def variable(self) -> str:
        return str(self.rng.choice(VARIABLES))

    def number(self) -> str:
        return f"{self.rng.uniform(-2, 2):.2f}"

    def value(self) -> str:
        a, b = self.variable(), self.variable()
        kinds = [f"{a} * 0.5 + {self.number()}", f"{a} - 0.5 * {b}", f"abs({a}) * 0.9 - {b} / 3", f"-{a}"]
        kinds += [f"({a} if {self.condition()} else {b} + 0.1)", f"max({a} * 0.7, {self.number()})", "x"]
        return str(self.rng.choice(kinds))

    def condition(self) -> str:
        a, b = self.variable(), self.variable()
        kinds = [f"{a} > {self.number()}", f"{self.number()} < {a} <= {b}", f"not {a} < {b}", "n > 2", "n % 2 == 0"]
        kinds += [f"{a} > 0 and {b} < {self.number()}", f"{a} < -1 or {b} > {self.number()} or n == 1", "True"]
        return str(self.rng.choice(kinds))

    def block(self, depth: int, in_loop: bool) -> list[str]:
        lines: list[str] = []
        for _ in range(int(self.rng.integers(1, 4))):
            lines += self.statement(depth, in_loop)
        return lines

    def statement(self, depth: int, in_loop: bool) -> list[str]:
        if depth and self.chance(0.6):
            return [self.branch, self.while_loop, self.for_loop][int(self.rng.integers(3))](depth - 1, in_loop)
        if self.chance(0.25):
            jumps = [f"return {self.value()}, {self.variable()}, {self.number()}"]
            jumps += ["break", "continue"] * 2 if in_loop else []
            return [f"if {self.condition()}:", f"    {self.rng.choice(jumps)}"]
        if self.chance(0.2):
            return [f"t = {self.value()}", f"{self.variable()} = t * 0.5 + {self.variable()}"]
        if self.chance(0.2):
            return [f"{self.variable()} {self.rng.choice(['+=', '-='])} {self.value()} * 0.3"]
        return [f"{self.variable()} = {self.value()}"]

    def branch(self, depth: int, in_loop: bool) -> list[str]:
        lines = [f"if {self.condition()}:", *self.indented(depth, in_loop)]
        if self.chance(0.4):
            lines += [f"elif {self.condition()}:", *self.indented(depth, in_loop)]
        if self.chance(0.6):
            lines += ["else:", *self.indented(depth, in_loop)]
        return lines

    def while_loop(self, depth: int, in_loop: bool) -> list[str]:
        self.count += 1
        k = f"k{self.count}"
        bound = str(self.rng.choice(["n", "3", "n + 1"]))
        condition = str(
            self.rng.choice([f"{k} < {bound}", f"{k} < {bound} and ({self.condition()})", f"not {k} >= {bound}"])
        )
        return [
            f"{k} = 0",
            f"while {condition}:",
            f"    {k} += 1",
            *self.indented(depth, True),
            *self.otherwise(depth, in_loop),
        ]

    def for_loop(self, depth: int, in_loop: bool) -> list[str]:
        self.count += 1
        i = f"i{self.count}"
        over = str(self.rng.choice(["range(n)", "range(2)", "range(1, n + 2)", "range(n, 0, -1)", "(1.0, -0.5)"]))
        use = [f"    {self.variable()} += {i} * 0.1"] if self.chance(0.5) else []
        return [f"for {i} in {over}:", *use, *self.indented(depth, True), *self.otherwise(depth, in_loop)]

    def otherwise(self, depth: int, in_loop: bool) -> list[str]:
        return ["else:", *self.indented(depth, in_loop)] if self.chance(0.25) else []

    def indented(self, depth: int, in_loop: bool) -> list[str]:
        return [f"    {line}" for line in self.block(depth, in_loop)]
