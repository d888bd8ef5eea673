"""Loops in loops whose indices may leave their axis: what is not proved to be in range is checked, whatever the sizes.

A program reads and writes at places that counters name, and at numbers that are bounds of slices, too. NumPy says
whether an index is out of range. Then the run has to report it, and else not, unless some loop makes no step: what does
not change in a loop is computed before it. No access may leave an array. One plan is interpreted, with every access
checked, for many sizes, 0 included.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from staticad.errors import IndexOutOfBounds, ShapeError
from staticad.ir.dims import as_symbol
from staticad.lower.kernel.plan import Plan
from staticad.lower.loops.guarding import bodies
from staticad.runtime.feeds import sizes_fit
from tests.lower.checked_memory import IndexReported, WrongAccess
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for
from tests.stress.program import Case, Finding

COUNTERS = "ijk"
SIZES = 8  # pairs of sizes for one program
STEP = 1e-30


def prepare(short: bool) -> Case:
    del short

    def case(rng: np.random.Generator) -> int:
        found = 0
        while not found:
            found = check(Bounds(rng).source, rng)
        return found

    return case


class Bounds:
    """The text of a function of a vector x of n elements, a matrix A of n rows and m columns, and a number s."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.counters = rng, list[str]()
        self.lines = ["def program(x, A, s, n, m):"]
        for _ in range(int(rng.integers(1, 3))):
            self.loop(1)
        self.lines.append("    return x, A, s")

    @property
    def source(self) -> str:
        return "\n".join(self.lines) + "\n"

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def line(self, level: int, text: str) -> None:
        self.lines.append("    " * level + text)

    def number(self) -> str:
        """A number that is known before the run, or depends on counters."""
        sizes = ("n", "m", "n - 1", "m - 1", "n + 1", "hidden(2)", "hidden(3)")
        return str(self.pick(*sizes, *(c + more for c in self.counters for more in ("", " + 1", " - 1", " // 2"))))

    def loop(self, level: int) -> None:
        counter = COUNTERS[len(self.counters)]
        low, high = self.pick("0", "0", "1", self.number()), self.number()
        if self.rng.random() < 0.2:
            high = f"hidden({high})"
        forms = f"{low}, {high}", f"{low}, {high}", f"{low}, {high}, {self.pick(2, 3)}", f"{high} - 1, {low} - 1, -1"
        self.line(level, f"for {counter} in range({self.pick(*forms)}):")
        self.counters.append(counter)
        for _ in range(int(self.rng.integers(1, 3))):
            at = level + 1
            if self.rng.random() < 0.3:
                c, d = self.pick(*self.counters), self.number()
                self.line(at, f"if {self.pick(f'{c} % 2 == 0', f'{c} < {d}', f'{c} > {d}', 's > 0.5')}:")
                at += 1
            if len(self.counters) < len(COUNTERS) and self.rng.random() < 0.45:
                self.loop(at)
            else:
                self.change(at)
        self.counters.pop()

    def index(self) -> str:
        c, d, k = self.pick(*self.counters), self.pick(*self.counters), self.pick(0, 0, 1, -1, 2)
        form = self.pick(
            f"{c} + {k}", f"{c} + {k}", f"{c} - {d} + {k}", f"{c} + {d} - {k}", f"n - {k} - {c}", f"m - {k} - {c}",
            f"2 * {c} + {k}", f"{c} // 2 + {k}", f"({c} + {k}) % 3", f"least({c}, {d} + {k})", f"most({c} - {d}, {k})",
            f"x[{c}:].shape[0] - 1", f"x[:{c} + {k}].shape[0] - 1", "p",
        )  # fmt: skip
        return str(form)

    def change(self, level: int) -> None:
        hidden = self.pick("", "hidden")
        self.line(level, f"p = {hidden}({self.pick(*self.counters)} + {self.pick(0, 1, -1)})")
        cut = self.pick("p:", ":p", f":{self.pick(*self.counters)}", f"{self.pick(*self.counters)} + 1:", "p::-1")
        if self.rng.random() < 0.4:
            self.line(level, self.pick(f"x[{cut}] *= 0.9", f"A[{cut}] *= 0.9", f"s = s + x[{cut}].sum()"))
        target, value = (self.pick(f"x[{self.index()}]", f"A[{self.index()}, {self.index()}]") for _ in range(2))
        if self.rng.random() < 0.3:
            self.line(level, f"s {self.pick('+=', '*=')} sin({value})")  # what nobody reads is not computed
        else:
            self.line(level, f"{target} {self.pick('=', '+=', '*=')} sin({value})")


def check(source: str, rng: np.random.Generator) -> int:
    """How often the program agreed with NumPy, for different sizes; 0 where it can't be built."""
    xs = [sa.placeholder(("n",), name="x"), sa.placeholder(("n", "m"), name="A"), sa.placeholder((), name="s")]
    words = {"sin": sa.sin, "least": sa.minimum, "most": sa.maximum}
    words["hidden"] = lambda number: (xs[2] * 0.0).astype("int64") + number
    try:
        results = sa.function(_defined(source, words))(*xs, xs[0].shape[0], xs[1].shape[1])
        total = sum((r * r).sum() for r in results)
        (gradient, *others) = sa.gradients(total, xs, unconnected="zero")
    except (IndexOutOfBounds, ShapeError):
        return 0  # an index that can't be right
    plans = plan_for(list(results), inputs=xs), plan_for([gradient, *others], inputs=xs)
    entered = [part for plan in plans for part in (plan, *bodies(plan))]
    symbols = [symbol for size in xs[1].shape if (symbol := as_symbol(size)) is not None]
    checked = 0
    for _ in range(SIZES):
        n, m = (int(size) for size in rng.integers(0, 6, 2))
        known = dict(zip(symbols, (n, m), strict=True))
        if not all(sizes_fit(part.sized, part.requirements, known) for part in entered):
            continue  # an index that is a size, which is checked before the run
        data = [rng.uniform(0.3, 1.0, shape) for shape in ((n,), (n, m), ())]
        along = [rng.normal(size=a.shape) for a in data]
        wanted, stepped = _by_numpy(source, [a + 1j * STEP * v for a, v in zip(data, along, strict=True)])
        values, slopes = (_run(plan, xs, data, f"n = {n}, m = {m}\n{source}") for plan in plans)
        if (wanted is None and values is not None) or (wanted and stepped and (values is None or slopes is None)):
            raise Finding(f"reported: {values is None}, {slopes is None}; n = {n}, m = {m}\n{source}", "reported")
        checked += 1
        if wanted is None or values is None or slopes is None:
            continue
        slope = np.sum([np.sum(w * w) for w in wanted]).imag / STEP
        found = np.sum([np.sum(g * v) for g, v in zip(slopes, along, strict=True)])
        same = all(np.allclose(a, np.real(b), 1e-9, 1e-9) for a, b in zip(values, wanted, strict=True))
        if not same or not np.allclose(found, slope, 1e-9, 1e-9):
            raise Finding(f"values: {same}, slopes: {found}, {slope}; n = {n}, m = {m}\n{source}", "values")
    return checked


def _run(plan: Plan, xs: list[Any], data: list[np.ndarray], what: str) -> list[np.ndarray] | None:
    """What a plan computes; None if it reports an index."""
    try:
        return interpret(plan, dict(zip(xs, map(np.asarray, data), strict=True)))[0]
    except IndexReported:
        return None
    except WrongAccess as error:
        raise Finding(f"{error}; {what}", "access") from error


def _by_numpy(source: str, data: list[Any]) -> tuple[list[Any] | None, bool]:
    """What NumPy computes, None if an index is out of range; and whether all loops made steps."""
    lengths = []

    def counted(*bounds: int) -> range:
        lengths.append(len(range(*bounds)))
        return range(*bounds)

    words = {"sin": np.sin, "least": min, "most": max, "hidden": int, "range": counted}
    x, a, s = data
    try:
        return list(_defined(source, words)(x.copy(), a.copy(), s, len(x), a.shape[1])), all(lengths)
    except IndexError:
        return None, True


def _defined(source: str, words: dict[str, Any]) -> Callable[..., Any]:
    file = f"<bounds {len(linecache.cache)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), words)
    return words["program"]  # type: ignore[no-any-return]
