"""Random integer indices through everything that reads or writes at them: NumPy's answer, or IndexOutOfBounds with
every variable as it was.

As in NumPy, uint64 numbers from 2⁶³ on count as the negative int64 of the same bits, and where an array has no elements
to read, its indices may be anything (`np.take(np.zeros((0, 3)), [5], axis=1)`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from tests.harness.families import INTEGERS
from tests.stress.program import Case, Finding, drawing

CHECKS = 50  # in one case
GUARD = 32  # elements on both sides of the data
SHORT = [("take columns", "int8"), ("set", "uint64")]
SHORT += [(form, "int64") for form in ("x[i]", "add", "gradient of x[i]", "fori_loop", "gradient of a while loop")]


class Form(NamedTuple):
    """What is built from data and indices, what NumPy makes of them, and how many places there are."""

    build: Callable[[Tensor, Tensor], Tensor]
    meaning: Callable[[np.ndarray, np.ndarray], np.ndarray]
    places: Callable[[np.ndarray], int] = len


def gradient(y: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, i: sa.gradients(y(x, i).sum(), [x])[0]


def at(ufunc: np.ufunc, value: float = 2.5) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def made(x: np.ndarray, i: np.ndarray) -> np.ndarray:
        made = x.copy()
        ufunc.at(made, i, value)
        return made

    return made


def numbered(i: Tensor) -> Tensor:
    """A column 0, 1, 2, … as long as the indices."""
    return sa.expand_dims(sa.arange(i.shape[0]).astype("float64"), 1)


def last_set(x: np.ndarray, i: np.ndarray) -> np.ndarray:
    made = x.copy()
    for number, place in enumerate(i):
        made[place] = number
    return made


def counts(x: np.ndarray, i: np.ndarray) -> np.ndarray:
    """How often each row is named."""
    return at(np.add, 1.0)(np.zeros_like(x), i)


def while_loop(x: Tensor, i: Tensor) -> Tensor:
    more = sa.while_loop(lambda s: s[0] < i.shape[0], lambda s: (s[0] + 1, s[1] + sa.sin(x[i[s[0]]])), (0, sa.zeros(3)))
    return more[1]


FORMS = {
    "x[i]": Form(lambda x, i: x[i], lambda x, i: x[i]),
    "x[i, :, newaxis]": Form(lambda x, i: x[sa.expand_dims(i, 1)] + 1.0, lambda x, i: x[i[:, None]] + 1.0),
    "x[i, -1]": Form(lambda x, i: x[i, -1] * 2.0, lambda x, i: x[i, -1] * 2.0),
    "x[i, i]": Form(lambda x, i: x[i, i], lambda x, i: x[i, i], lambda x: min(len(x), 3)),
    "take": Form(lambda x, i: sa.take(x, i), lambda x, i: x.ravel()[i], np.size),
    "take columns": Form(lambda x, i: sa.take(x, i, axis=1), lambda x, i: x[:, i], lambda x: 3),
    "take_along_axis": Form(
        lambda x, i: sa.take_along_axis(x, sa.expand_dims(i, 1), axis=0),
        lambda x, i: np.take_along_axis(x, np.repeat(i[:, None], 3, axis=1), axis=0),
    ),
    "set": Form(lambda x, i: x.at[i].set(numbered(i) + sa.zeros(3)), last_set),
    "add": Form(lambda x, i: x.at[i].add(2.5), at(np.add)),
    "multiply": Form(lambda x, i: x.at[i].multiply(2.5), at(np.multiply)),
    "min": Form(lambda x, i: x.at[i].min(2.5), at(np.minimum)),
    "max": Form(lambda x, i: x.at[i].max(2.5), at(np.maximum)),
    "gradient of x[i]": Form(gradient(lambda x, i: x[i]), counts),
    "gradient of columns": Form(
        gradient(lambda x, i: sa.take(x, i, axis=1)), lambda x, i: counts(x.T, i).T, lambda x: 3
    ),
    "gradient of add": Form(gradient(lambda x, i: x.at[i].add(x[i] * 2.0)), lambda x, i: 1 + 2 * counts(x, i)),
    "scan": Form(lambda x, i: sa.scan(lambda s, k: (s, x[k, 1]), sa.constant(0.0), i)[1], lambda x, i: x[i, 1]),
    "fori_loop": Form(
        lambda x, i: sa.fori_loop(0, i.shape[0], lambda k, a: a.at[i[k]].add(1.0), x), at(np.add, 1.0)
    ),
    "gradient of a while loop": Form(gradient(while_loop), lambda x, i: counts(x, i) * np.cos(x)),
}  # fmt: skip


class Target:
    """A session of one form, which counts its runs in a variable, and adds up what it has made in another."""

    def __init__(self, form: str, dtype: np.dtype) -> None:
        self.name, self.form = f"{form}, {dtype}", FORMS[form]
        self.runs, self.total = sa.variable(0.0, name="runs"), sa.variable(0.0, name="total")
        x, i = sa.placeholder((None, 3), name="x"), sa.placeholder((None,), dtype, name="i")
        y = self.form.build(x, i)
        self.session = sa.compile(y, [x, i], updates={self.runs: self.runs + 1.0, self.total: self.total + y.sum()})
        self.dtype = dtype


def prepare(short: bool) -> Case:
    kinds = SHORT if short else [(form, dtype.name) for form in FORMS for dtype in INTEGERS]
    targets = [Target(form, np.dtype(dtype)) for form, dtype in kinds]
    return drawing(targets, check, CHECKS)


def check(target: Target, rng: np.random.Generator) -> None:
    n = int(rng.choice((0, 1, 2, 3, 5, 5, 40, 100)))
    guarded = np.full((n + 2 * GUARD, 3), np.nan)  # a place beside the data shows
    x = guarded[GUARD : GUARD + n]
    x[...] = rng.uniform(1, 4, x.shape)
    places, info = target.form.places(x), np.iinfo(target.dtype)
    count = int(rng.choice((0, 1, 2, 3, 8, 33)))
    low, high = max(-places, int(info.min)), min(places, int(info.max) + 1)
    index = rng.integers(low, high, count).tolist() if places else [0] * count
    if count and rng.random() < 0.4:
        index[int(rng.integers(count))] = outside(rng, places, info)
    judge(target, x, np.array(index, target.dtype), places)


def outside(rng: np.random.Generator, places: int, info: Any) -> int:
    """Next to the range, at the ends of integers, or inside after a wrap of fewer bits or of an address."""
    beyond = int(rng.integers(-places - 2, places + 2))
    candidates = [places, -places - 1, int(info.min), int(info.max), places + beyond, -2 * places - 3]
    candidates += [
        beyond + sign * (1 << bits) for bits in (8, 16, 31, 32, 48, 58, 60, 61, 62, 63, 64) for sign in (-1, 1)
    ]
    candidates = [i for i in candidates if info.min <= i <= info.max]
    return candidates[int(rng.integers(len(candidates)))]


def judge(target: Target, x: np.ndarray, index: np.ndarray, places: int) -> None:
    before = target.runs.value, target.total.value
    label = f"{target.name} of {places} places at {index.tolist()}"
    signed = index.astype(np.int64)
    legal = bool(np.all((signed >= -places) & (signed < places)))
    try:
        y = target.session(x, index)
    except sa.IndexOutOfBounds as error:
        if legal:
            raise Finding(f"{label}: refused: {error}", f"refused by {target.name}") from error
        if (target.runs.value, target.total.value) != before:
            raise Finding(f"{label}: an error changed a variable", "changed") from error
        return
    if not legal:
        if x.size == 0 and places:
            return
        raise Finding(f"{label}: taken, as {y!r}", f"taken by {target.name}")
    expected = target.form.meaning(x, signed)
    if y.shape != expected.shape or not np.allclose(y, expected, 1e-14, 0):
        raise Finding(f"{label}: {y!r} instead of {expected!r}", f"numbers of {target.name}")
    if target.runs.value != before[0] + 1 or not np.allclose(
        target.total.value, before[1] + expected.sum(), 1e-10, 1e-10
    ):
        raise Finding(f"{label}: updates went wrong", f"updates of {target.name}")
