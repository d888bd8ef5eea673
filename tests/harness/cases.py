"""What a case is: inputs with free sizes, a graph of them, and what may be expected of its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.sources import placeholder
from tests.harness import families
from tests.harness.families import ALL, BOOL, FLOATS, INTEGERS

Domain = tuple[float, float]
Sizes = dict[str, int]


@dataclass(frozen=True)
class Input:
    """An operand: sizes are ints, or names of free sizes. Index inputs hold integers in [-limit, limit)."""

    shape: tuple[int | str, ...]
    kind: str = "value"  # "value": the dtype of the case; "bool"; "index"
    limit: int | str = 0
    domain: Domain | None = None

    def dtype(self, dtype: np.dtype) -> np.dtype:
        return {"value": dtype, "bool": BOOL, "index": np.dtype(np.int64)}[self.kind]

    def concrete(self, sizes: Sizes) -> tuple[int, ...]:
        return tuple(s if isinstance(s, int) else sizes[s] for s in self.shape)

    def make(
        self,
        rng: np.random.Generator,
        sizes: Sizes,
        dtype: np.dtype,
        domain: Domain,
        fill: families.Make = families.ordinary,
    ) -> np.ndarray:
        """An array for this input. ``fill`` makes the numbers of value inputs."""
        shape = self.concrete(sizes)
        if self.kind == "index":
            limit = self.limit if isinstance(self.limit, int) else sizes[self.limit]
            return rng.integers(-limit, limit, shape) if limit else np.zeros(shape, np.int64)
        if self.kind == "bool":
            return families.ordinary(rng, shape, BOOL)
        return fill(rng, shape, dtype, self.domain or domain)


@dataclass(frozen=True)
class Case:
    """A graph of one op or composite.

    ``ulp`` is how far a float result may be from the reference, in units in the last place; None says that the result
    is a sum or a chain, whose rounding errors depend on the values (see `tests.harness.condition`).
    ``special`` says that the result on extreme values is defined. ``nonzero`` names sizes that may not be 0.
    ``smooth`` says that derivatives are checked. ``total`` says that every input has a result; where one may raise (a
    singular matrix) extreme values are not tried. ``orders`` is how many orders of derivatives are compiled;
    where it is 1, in float64 alone, for graphs that take long: the reference is checked to second order all the same,
    or as far as derivatives ``exist`` by all operands.
    """

    name: str
    inputs: tuple[Input, ...]
    build: Callable[..., Tensor]
    group: str
    dtypes: tuple[np.dtype, ...] = ALL
    domain: Domain = (-2.0, 2.0)
    ulp: int | None = 0
    signed_zeros: bool = True
    special: bool = True
    nonzero: frozenset[str] = field(default_factory=frozenset)
    smooth: bool = True
    total: bool = True
    orders: int = 2
    exist: int = 2

    def __str__(self) -> str:
        return self.name

    def is_derived(self, dtype: np.dtype, order: int) -> bool:
        """Whether derivatives of that order are compiled in that dtype."""
        return self.smooth and dtype in self.dtypes and (self.orders == 2 or (order == 1 and dtype == FLOATS[1]))

    def tensor(self, dtype: np.dtype, pool: dict[tuple[object, ...], Tensor]) -> Tensor:
        """The graph for a dtype, on placeholders that cases share through ``pool``."""
        return self.build(*(self.placeholder(i, dtype, pool) for i in range(len(self.inputs))))

    def key(self, position: int, dtype: np.dtype) -> tuple[object, ...]:
        """Cases share an operand where this is equal."""
        given = self.inputs[position]
        domain = (given.domain or self.domain) if given.kind == "value" else None
        return position, given.shape, given.kind, given.limit, domain, given.dtype(dtype).name

    def placeholder(self, position: int, dtype: np.dtype, pool: dict[tuple[object, ...], Tensor]) -> Tensor:
        key = self.key(position, dtype)
        if key not in pool:
            given = self.inputs[position]
            pool[key] = placeholder(given.shape, given.dtype(dtype), name=f"x{len(pool)}")
        return pool[key]


def values(*shapes: Sequence[int | str] | str) -> tuple[Input, ...]:
    """Value inputs; a string lists one-letter names and digits, "a1" being (a, 1)."""
    return tuple(Input(tuple(int(s) if s.isdigit() else s for s in shape)) for shape in map(tuple, shapes))


def kinds(letters: str) -> tuple[np.dtype, ...]:
    """The dtypes of these NumPy kinds."""
    return tuple(d for d in ALL if d.kind in letters)


__all__ = ["ALL", "BOOL", "Case", "FLOATS", "INTEGERS", "Input", "Sizes", "kinds", "values"]
