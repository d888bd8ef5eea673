"""Functions whose loops change arrays in place, as text: run by plain NumPy, or made a graph by ``sa.function``.

``x`` and ``y`` are vectors of n elements, ``A`` is n × n, ``s`` a number. ``more`` compares numbers: in NumPy it keeps
whether they were equal but for their rounding, which another order of operations may decide otherwise. Numbers may be
complex there, with an imaginary part that is a tangent times a tiny number.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor

AROUND = ("scan", "rows", "while", "sqrt", "log")
CLOSE = 1e-9  # numbers that differ by less differ by their rounding
PICKS = np.array([2, 0, 2])


class LoopProgram:
    """A function ``program(x, y, A, s, n)`` that returns the first four. ``shapes`` are those of its arguments.

    ``around``: it runs twice, as the steps of a "scan", of one that also takes "rows" and gives some, of a "while"
    loop, or of one with a checkpoint, "sqrt" or "log". ``lines`` are those of its text.
    """

    shapes: tuple[tuple[str | int, ...], ...] = (("n",), ("n",), ("n", "n"), ())

    def __init__(self, source: str, around: str = "") -> None:
        self.lines, self.around = source.splitlines(), around

    @property
    def source(self) -> str:
        return "\n".join(self.lines) + "\n"

    def numpy(self, x: np.ndarray, y: np.ndarray, a: np.ndarray, s: Any) -> list[Any]:
        """The results; ``close`` tells whether one hung on the rounding of a number."""

        def more(a: Any, b: Any) -> bool:
            self.close |= bool(0 < abs(np.real(a - b)) < CLOSE)
            return bool(np.real(a) > np.real(b))

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
            "more": more,
            "few": np.arange(2),
            "picks": PICKS,
            "zeros": np.zeros_like,
            "blank": lambda shape: np.zeros(shape, np.result_type(x, s)),
            "plus": _added,
        }
        words |= {"places": np.arange(len(x)), **{name: _changing(act, more) for name, act in EXTREMES.items()}}
        program = self._define(words)
        values, rows = [x.copy(), y.copy(), a.copy(), s], []
        for row in (0.5 * s, s)[: 2 if self.around else 1]:
            if self.around == "rows":
                values[3] = values[3] + row
            values = [np.copy(v) for v in program(*values, len(x))]
            rows.append(values[0] * 0.5)
        if self.around == "rows":
            values[0] = values[0] + rows[0] + rows[1] * values[3]
        return values

    def graph(self, x: Tensor, y: Tensor, a: Tensor, s: Tensor) -> list[Tensor]:
        """The results as tensors."""
        state = x, y, a, s
        if not self.around:
            return self._step(*state)
        if self.around == "scan":
            return list(sa.scan(lambda last, _: (tuple(self._step(*last)), None), state, length=2)[0])
        if self.around == "rows":

            def step(last: Any, row: Tensor) -> Any:
                values = self._step(*last[:3], last[3] + row)
                return tuple(values), values[0] * 0.5

            (x, y, a, s), rows = sa.scan(step, state, sa.stack([0.5 * s, s]))
            return [x + rows[0] + rows[1] * s, y, a, s]
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
            "more": lambda a, b: a > b,
            "own": lambda value: value,
            "upto": lambda stop: (s * 0.0).astype("int64") + stop,
            "cost": lambda elements: None,
            "few": np.arange(2),
            "picks": PICKS,
            "places": sa.arange(x.shape[0]),
            "zeros": sa.zeros_like,
            "blank": sa.zeros,
        }
        words |= {
            "least": lambda t, i, v: t.at[i].min(v),
            "most": lambda t, i, v: t.at[i].max(v),
            "times": lambda t, i, v: t.at[i].multiply(v),
            "plus": lambda t, i, v: t.at[i].add(v),
        }
        return list(sa.function(self._define(words))(x, y, a, s, x.shape[0]))

    def _define(self, words: dict[str, Any]) -> Callable[..., Any]:
        file = f"<array loops {id(self)} {len(linecache.cache)}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(True), file)
        exec(compile(self.source, file, "exec"), words)
        return words["program"]  # type: ignore[no-any-return]


EXTREMES: dict[str, Callable[[Any, Any], Any]] = {
    "least": lambda a, b: a if np.real(a) <= np.real(b) else b,
    "most": lambda a, b: a if np.real(a) >= np.real(b) else b,
    "times": lambda a, b: a * b,
}


def _changing(
    act: Callable[[Any, Any], Any], more: Callable[[Any, Any], bool]
) -> Callable[[np.ndarray, Any, Any], np.ndarray]:
    def change(x: np.ndarray, i: Any, value: Any) -> np.ndarray:
        changed = x.copy()
        more(changed[i], value)
        changed[i] = act(changed[i], value)
        return changed

    return change


def _added(x: np.ndarray, at: Any, values: Any) -> np.ndarray:
    changed = x.copy()
    np.add.at(changed, at, values)
    return changed
