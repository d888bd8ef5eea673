"""Random feeds, legal and not: NumPy's answer for what stands in them, or a typed error; with `out=` as well.

Arrays of the right dtype and shape have to be taken, whatever their layout and their dtype object. Of other things it
is enough that nothing is taken for what it is not.
"""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.dtypes import is_lossless
from staticad.ir.graph import describe
from tests.harness.compare import mismatch
from tests.harness.families import ALL, ordinary, special
from tests.stress.feed_values import ARRAYS, STAND_INS, masked, no_numbers, repeated
from tests.stress.program import Case, Finding, drawing

RANKS: tuple[tuple[int | None, ...], ...] = ((), (None,), (None, 3), (2, None, None))
SIZES = (0, 1, 2, 3, 3, 4, 7, 16, 33)
SHORT = tuple(np.dtype(t) for t in ("bool", "uint8", "int64", "float32"))
CHECKS = 50  # in one case
GUARD = 8  # elements on both sides of an array for results


class Target:
    """A session of one input, whose two results depend on every element."""

    def __init__(self, dtype: np.dtype, shape: tuple[int | None, ...]) -> None:
        self.shape = shape
        self.x = sa.placeholder(shape, dtype, name="x")
        self.session = sa.compile([self.x, sa.logical_not(self.x) if dtype == np.bool_ else self.x + self.x], [self.x])

    def results(self, array: np.ndarray) -> list[np.ndarray]:
        """NumPy's."""
        with np.errstate(all="ignore"):
            return [array, np.asarray(~array if array.dtype == np.bool_ else array + array)]

    def run(self, value: Any, out: Any, rng: np.random.Generator) -> Any:
        """By one of the ways to feed."""
        if out is not None:
            return self.session.run({self.x: value}, out=out)
        way = int(rng.integers(4))
        return self.session(value) if way < 2 else self.session.run({self.x if way == 2 else "x": value})


def prepare(short: bool) -> Case:
    targets = [Target(dtype, shape) for dtype in (SHORT if short else ALL) for shape in RANKS]
    return drawing(targets, check, CHECKS)


def check(target: Target, rng: np.random.Generator) -> None:
    """One feed."""
    shape = tuple(int(rng.choice(SIZES)) if n is None else n for n in target.shape)
    dtype, legal = target.x.dtype, True
    if rng.random() < 0.15:
        dtype, legal = ALL[int(rng.integers(len(ALL)))], False
    if rng.random() < 0.15:
        shape, legal = tuple(int(n) for n in rng.choice(SIZES, int(rng.integers(0, 4)))), False
    values = (special if rng.random() < 0.5 else ordinary)(rng, shape, dtype)
    kind = rng.random()
    if kind < 0.65:
        out = results(rng, values) if rng.random() < 0.4 else None
        disguise = ARRAYS[int(rng.integers(len(ARRAYS)))] if kind < 0.6 else repeated
        judge(target, disguise(values, rng), legal, out, rng)
    elif kind < 0.85:
        judge(target, STAND_INS[int(rng.integers(len(STAND_INS)))](values, rng), False, None, rng)
    elif kind < 0.9:
        judge(target, masked(values, rng), False, None, rng)
    else:
        judge(target, no_numbers(rng), False, None, rng)


class Results:
    """Arrays for the results, between guards: some of them are such that they have to be refused."""

    def __init__(self, given: list[Any], owners: list[np.ndarray], legal: bool) -> None:
        self.given, self.owners, self.legal = given, owners, legal
        self.before = [owner.copy() for owner in owners]

    def unchanged(self, guards_only: bool) -> bool:
        ends = slice(None, GUARD), slice(-GUARD, None)
        pairs = list(zip(self.owners, self.before))
        return all(np.array_equal(a[s], b[s]) for a, b in pairs for s in (ends if guards_only else (slice(None),)))


def results(rng: np.random.Generator, values: np.ndarray) -> Results:
    """Two arrays of the results' dtype and shape, or in a quarter of the cases something else."""
    size, dtype = values.size, values.dtype
    owners = [np.full(size + 2 * GUARD, 7, dtype) for _ in range(2)]
    given: list[Any] = [owner[GUARD : GUARD + size].reshape(values.shape) for owner in owners]
    if rng.random() < 0.75:
        return Results(given, owners, True)
    one = given[0]
    refused = [
        one.astype("int16" if dtype != np.int16 else "int8"), one.reshape(*one.shape, 1), one.tolist(), None,
        one[None],
    ]  # fmt: skip
    if size:
        locked = one.copy()
        locked.flags.writeable = False
        refused += [locked, given[1], one.astype(dtype.newbyteorder())] if dtype.itemsize > 1 else [locked, given[1]]
    if size > 1:
        refused.append(np.zeros(2 * size, dtype)[::2].reshape(values.shape))
    wrong = refused[int(rng.integers(len(refused)))]
    return Results([[wrong, given[1]], [*given, one], [given[1]]][int(rng.choice(3, p=(0.8, 0.1, 0.1)))], owners, False)


def judge(target: Target, value: Any, legal: bool, out: Results | None, rng: np.random.Generator) -> None:
    """Run, and compare what comes back with what may."""
    before = np.asarray(value).tobytes() if isinstance(value, np.ndarray) and value.nbytes < 1 << 20 else None

    def wrong(what: str, kind: str) -> Finding:
        given = f", out={text(out.given)}" if out else ""
        return Finding(f"{describe(target.x)} fed {text(value)}{given}: {what}", kind)

    try:
        found = target.run(value, out and out.given, rng)
    except sa.StaticadError as error:
        if legal and (out is None or out.legal):
            raise wrong(f"legal, and refused: {error!r}", f"{type(error)} refuses") from error
        if out and not out.unchanged(guards_only=False):
            raise wrong("refused, but the results were written to", "refused out") from error
        return
    except Exception as error:
        raise wrong(f"no error of the library: {error!r}", repr(error)) from error
    if out and not out.legal:
        raise wrong("taken as arrays for results", "illegal out")
    if out and (not out.unchanged(guards_only=True) or any(a is not b for a, b in zip(found, out.given))):
        raise wrong("memory beside the results was written to, or others were made", "guards")
    expected = meaning(target, value)
    if expected is None:
        raise wrong(f"taken, as {text(found[0])}", f"taken {type(value)}")
    for actual, wanted in zip(found, target.results(expected), strict=True):
        if difference := mismatch(actual, wanted, signed_zeros=True):
            raise wrong(difference, "numbers")
    if before is not None and np.asarray(value).tobytes() != before:
        raise wrong("the feed was changed", "changed")


def meaning(target: Target, value: Any) -> np.ndarray | None:
    """The numbers that the value stands for, in the input's dtype; None where it has none that fit."""
    if np.ma.is_masked(value):
        return None
    array, dtype = np.asarray(value), target.x.dtype
    if array.dtype.kind not in "biuf" or len(target.shape) != array.ndim:
        return None
    if any(n is not None and n != size for n, size in zip(target.shape, array.shape)):
        return None
    if isinstance(value, (np.ndarray, np.generic)) and not is_lossless(array.dtype.newbyteorder("="), dtype):
        return None
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
    if dtype.kind == "f":
        array = array.astype(np.float64) if array.dtype.kind != "f" else array
        return converted if np.array_equal(np.isfinite(array), np.isfinite(converted)) else None
    return converted if array.size == 0 or (array.dtype.kind != "f" and np.array_equal(array, converted)) else None


def text(value: Any) -> str:
    """Enough to know it again."""
    if isinstance(value, np.ndarray):
        start = "" if value.nbytes > 1 << 20 else " " + np.array2string(np.asarray(value), threshold=12)
        return f"{type(value).__name__} {value.dtype!r}{list(value.shape)} strides {value.strides}{start}"
    return f"{type(value).__name__} {reprlib.repr(value)}"
