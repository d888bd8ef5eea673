"""Rows of all dtypes and lengths, sorted as a whole and in part, with NaN, both zeros, ties and runs in order.

NumPy's stable sort of the same numbers says what is right, bit by bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import staticad as sa
from tests.stress.program import Case, Finding, drawing

DTYPES = ("float64", "float32", "int64", "int32", "uint64", "uint32", "int16", "uint8")
LEAST, KTH = 4, (0, 2, -1, -4)
NAMES = (
    "sort",
    "argsort",
    "sort down",
    "argsort down",
    "largest",
    "largest at",
    "smallest",
    "smallest at",
    "left of",
    "right of",
)
VALUES = ("sort alone", "largest alone", "smallest alone")
SHORT = ("float64", "uint32")


class Sorts:
    """A session that sorts r rows of n elements, and the first k of them in both orders."""

    def __init__(self, name: str) -> None:
        self.dtype = np.dtype(name)
        x, few = sa.placeholder(("r", "n"), name), sa.placeholder(("k",), "int64")
        k = few.shape[0]
        largest, smallest = sa.top_k(x, k), sa.top_k(x, k, largest=False)
        parts = [part(x, kth) for kth in KTH for part in (sa.partition, sa.argpartition)]
        whole = [sa.sort(x), sa.argsort(x), sa.sort(x, descending=True), sa.argsort(x, descending=True)]
        found = [sa.searchsorted(sa.sort(x[0]), x[-1], side) for side in ("left", "right")]
        self.session = sa.compile([*whole, *largest, *smallest, *found, *parts], [x, few])
        self.values = sa.compile([sa.sort(x), largest[0], smallest[0]], [x, few])  # for which no places are sorted

    def check(self, rng: np.random.Generator) -> None:
        n = int(rng.integers(LEAST, (20, 150, 1500, 6000)[int(rng.integers(4))]))
        x = np.stack([self.row(rng, n) for _ in range(int(rng.integers(1, 4)))])
        k = int(rng.integers(1, n + 1)) if rng.random() < 0.7 else min(n, int(rng.integers(1, 8)))
        order = np.argsort(x, 1, kind="stable")
        back = n - 1 - np.argsort(x[:, ::-1], 1, kind="stable")[:, ::-1]  # equal elements keep their order
        up, down = np.take_along_axis(x, order, 1), np.take_along_axis(x, back, 1)
        sides = [np.searchsorted(np.sort(x[0]), x[-1], side) for side in ("left", "right")]
        wanted = [up, order, down, back, down[:, :k], back[:, :k], up[:, :k], order[:, :k], *sides]
        for kth in KTH:
            pivot = up[:, kth, None]
            behind = np.where(self.less(x, pivot), 0, np.where(self.less(pivot, x), 2, 1))
            places = np.argsort(behind, 1, kind="stable")
            wanted += [np.take_along_axis(x, places, 1), places]
        few = np.zeros(k, np.int64)
        names = [*NAMES, *(f"{name} {kth}" for kth in KTH for name in ("partition", "argpartition"))]
        for name, got, want in zip(names, self.session(x, few), wanted, strict=True):
            self.same(name, got, want, x, k)
        for name, got, want in zip(VALUES, self.values(x, few), (up, down[:, :k], up[:, :k]), strict=True):
            self.same(name, got, want, x, k)

    @staticmethod
    def less(a: Any, b: Any) -> Any:
        """In the order with NaN behind all numbers."""
        return (a < b) | ((b != b) & (a == a))

    def row(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Elements of one of several kinds."""
        bits = rng.integers(0, 256, n * self.dtype.itemsize, dtype=np.uint8).view(self.dtype)
        few = int(rng.integers(1, 6))
        kind = int(rng.integers(7))
        if kind == 0:
            x = bits
        elif kind == 1:
            x = rng.integers(0, few, n).astype(self.dtype)
        elif kind == 2:
            x = np.sort(bits)[:: -1 if rng.random() < 0.5 else 1]
        elif kind == 3:  # their upper bits are equal
            base = bits[0]
            x = (
                np.full(n, base).view(f"u{self.dtype.itemsize}")
                ^ rng.integers(0, 40, n).astype(f"u{self.dtype.itemsize}")
            ).view(self.dtype)
        elif kind == 4:
            x = rng.choice(bits[:few], n)
        elif kind == 5:
            x = (rng.normal(size=n) * 10).astype("int64").astype(self.dtype)
        else:
            x = np.where(rng.random(n) < 0.1, bits, np.arange(n).astype(self.dtype))
        x = x.astype(self.dtype)
        odd: list[Any] = [np.nan, -np.nan, 0.0, -0.0, np.inf, -np.inf]
        if self.dtype.kind != "f":
            limits = np.iinfo(self.dtype)
            odd = [limits.min, limits.max, 0]
        if rng.random() < 0.5:
            x = np.where(rng.random(n) < rng.choice([0.02, 0.5]), rng.choice(np.array(odd, self.dtype), n), x)
        return x

    def same(self, what: str, found: np.ndarray, wanted: np.ndarray, x: np.ndarray, k: int) -> None:
        if found.dtype == wanted.dtype and found.shape == wanted.shape and self.equal(found, wanted):
            return
        text = np.array2string(x, threshold=100)
        raise Finding(
            f"{what} of {self.dtype} {x.shape}, k = {k}: {found} instead of {wanted}\n{text}", f"{what} {self.dtype}"
        )

    @staticmethod
    def equal(a: np.ndarray, b: np.ndarray) -> bool:
        return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def prepare(short: bool) -> Case:
    sorts = [Sorts(name) for name in (SHORT if short else DTYPES)]
    with np.errstate(all="ignore"):
        return drawing(sorts, Sorts.check, 20)
