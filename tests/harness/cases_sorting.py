"""What tests do with sorting and searching."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.functional.orders import SORTED
from staticad.ir.graph import Tensor
from staticad.ops.base import apply, apply_all
from staticad.ops.sorting import NONZERO, PARTITION, SEARCHSORTED, SORT
from tests.harness.cases import ALL, BOOL, Case, Input, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

FEW = tuple(dtype for dtype in SORTED if dtype.itemsize == 8)
CAST = (BOOL, *(dtype for dtype in ALL if dtype.name in ("int16", "uint32", "float32")))


def _ordered(x: Tensor, descending: int = 0, first: int = 0, k: int | None = None) -> tuple[Tensor, ...]:
    return apply_all(SORT, x, first=first, k=x.shape[-1] if k is None else k, descending=descending)


def op_cases() -> Iterator[Case]:
    for descending in (0, 1):
        yield Case(
            f"sort descending={descending}", values("ab"),
            lambda x, descending=descending: _ordered(x, descending)[0], "sorting", SORTED,
        )  # fmt: skip
    yield Case("sort places", values("ab"), lambda x: _ordered(x)[1], "sorting", FEW, smooth=False)
    yield Case(
        "sort of long rows", (Input(("b", 70)),), lambda x: _ordered(x, 1, 3, 60)[0], "sorting", FEW, smooth=False
    )
    for number, made in enumerate(("values", "places")):
        yield Case(
            f"partition {made}", values("a3"), lambda x, number=number: apply_all(PARTITION, x, first=1)[number],
            "sorting", FEW, smooth=number == 0,
        )  # fmt: skip
    for side in (0, 1):
        yield Case(
            f"searchsorted side={side}", values("ab", "ac"),
            lambda x, v, side=side: apply(SEARCHSORTED, _ordered(x)[0], v, side=side),
            "sorting", SORTED, smooth=False,
        )  # fmt: skip
    for number, made in enumerate(("places", "count")):
        yield Case(
            f"nonzero {made}", (Input(("a", "b"), "bool"),),
            lambda x, number=number: apply_all(NONZERO, x, k=3)[number], "sorting", FEW[-1:], smooth=False,
        )  # fmt: skip


def _sum(parts: Iterable[Tensor]) -> Tensor:
    """One tensor of several of different shapes."""
    return functools.reduce(sa.add, (sa.sum(part * 1.0) for part in parts))


def front_cases() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Any, **more: Any) -> Case:
        return Case(name, inputs, build, "sorting", **{"smooth": False, "dtypes": FEW[-1:], **more})

    yield Case("sort axis=0", values("ab"), lambda x: sa.sort(x, axis=0), "sorting", CAST)
    yield Case("sort axis=None", values("ab"), lambda x: sa.sort(x, axis=None, descending=True), "sorting", FEW)
    yield case("argsort", values("ab"), lambda x: sa.argsort(x, axis=-2), dtypes=CAST)
    yield case("lexsort", values("ab", "ab"), lambda x, y: sa.lexsort((x, y), axis=0))
    yield case("partition", values("a3"), lambda x: sa.partition(x, 1))
    yield case("argpartition", values("a3"), lambda x: sa.argpartition(x, (0, -1)))
    yield case("top_k", values("a3"), lambda x: sa.top_k(x, 2)[0], smooth=True)
    yield case("top_k places", values("3a"), lambda x: sa.top_k(x, 2, axis=0, largest=False)[1])
    yield case("searchsorted", values("a", "bc"), lambda x, v: sa.searchsorted(x, v, "right", sa.argsort(x)))
    yield case("digitize", values("ab", "c"), lambda x, bins: sa.digitize(x, sa.sort(bins, descending=True)))
    whole = (Input(("a",), "index", 3),)
    yield case(
        "bincount", (*whole, Input(("a",))), lambda i, w: sa.bincount(sa.absolute(i), w, 5), ulp=None, special=False
    )
    yield case("bincount length", whole, lambda i: sa.bincount(sa.absolute(i), length=2))
    yield case("histogram_bin_edges", values("ab"), lambda x: sa.histogram_bin_edges(x, 4, (-1, 2)))
    yield case("histogram", values("ab"), lambda x: sa.histogram(x, 4, (-1.5, 1.5))[0])
    yield case(
        "histogram2d", values("a", "a"), lambda x, y: sa.histogram2d(x, y, (2, 3), ((-1, 1), (-2, 2)))[0], ulp=None
    )
    for name in ("unique_counts", "unique_inverse", "unique_all"):
        yield case(name, values("ab"), lambda x, name=name: _sum(getattr(sa, name)(sa.round(x), size=3)))
    for name in (
        "flatnonzero",
        "argwhere",
        "unique",
        "unique_values",
        "union1d",
        "intersect1d",
        "setdiff1d",
        "setxor1d",
    ):
        function, two = getattr(sa, name), name.endswith("1d")
        yield case(
            name, values(*["ab"] * (1 + two)),
            lambda *xs, function=function: function(*(sa.round(x) for x in xs), size=5, fill_value=7),
        )  # fmt: skip
    yield case("nonzero", values("ab"), lambda x: _sum(sa.nonzero(sa.round(x), size=4, fill_value=(1, 2))))
    yield case(
        "unique with all", values("ab"),
        lambda x: _sum(sa.unique(sa.round(x), return_index=True, return_inverse=True, return_counts=True, size=3)),
    )  # fmt: skip
    yield case("isin", values("ab", "c"), lambda x, y: sa.isin(sa.round(x), sa.round(y)))
    yield case(
        "compress", values("ab"), lambda x: sa.compress(x[0] > 0, x, 1, size=3, fill_value=9), nonzero=frozenset("a")
    )
    yield case("extract", values("ab"), lambda x: sa.extract(x > 0, x, size=3))


def _sized(array: Callable[..., Any], tensor: Callable[..., Any], size: int) -> Callable[..., Any]:
    """The function of NumPy on arrays, that of the package with a size on tensors."""
    return lambda *xs: tensor(*xs, size=size) if any(isinstance(x, Tensor) for x in xs) else array(*xs)


def _counts(x: Any) -> Any:
    return np.bincount(np.ravel(x).astype("int64") % 3, minlength=3)


NUMPY_CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.sort: [np.sort, lambda x: np.sort(x, axis=0, kind="stable"), lambda x: np.sort(x, axis=None)],
    np.argsort: [np.argsort, lambda x: np.argsort(x, axis=0, kind="stable")],
    np.lexsort: [lambda x: np.lexsort((x[0], x[1]))],
    np.partition: [lambda x: np.partition(x, 1)[:, 1]],
    np.argpartition: [lambda x: np.argpartition(x, 1)[:, 1]],
    np.searchsorted: [lambda x: np.searchsorted(np.sort(x[0]), x[1])],
    np.digitize: [lambda x: np.digitize(x, np.array([-1.0, 0, 1]), right=True)],
    np.bincount: [_counts],
    np.histogram: [lambda x: np.histogram(x, 3)[0], lambda x: np.histogram(x, [-1.0, 0.0, 0.5], density=True)[0]],
    np.histogram_bin_edges: [lambda x: np.histogram_bin_edges(x, 3, (0, 1))],
    np.histogram2d: [lambda x: np.histogram2d(x[0], x[1], 2, ((0, 1), (0, 1)))[0]],
    np.flatnonzero: [_sized(np.flatnonzero, sa.flatnonzero, 6)],
    np.nonzero: [lambda x: _sized(np.nonzero, sa.nonzero, 6)(x)[1]],
    np.argwhere: [_sized(np.argwhere, sa.argwhere, 6)],
    np.unique: [_sized(np.unique, sa.unique, 6)],
    np.unique_values: [_sized(np.unique_values, sa.unique_values, 6)],
    np.unique_counts: [lambda x: _sized(np.unique_counts, sa.unique_counts, 6)(x)[1]],
    np.unique_inverse: [lambda x: _sized(np.unique_inverse, sa.unique_inverse, 6)(x)[1]],
    np.unique_all: [lambda x: _sized(np.unique_all, sa.unique_all, 6)(x)[2]],
    np.isin: [lambda x: np.isin(x, x[0]), lambda x: np.isin(x, [0.5], invert=True)],
    np.compress: [
        lambda x: _sized(
            lambda a: np.compress([True, False], a, 0), lambda a, size: sa.compress([True, False], a, 0, size=size), 1
        )(x)
    ],
    np.extract: [
        lambda x: _sized(lambda a: np.extract(a == a, a), lambda a, size: sa.extract(a == a, a, size=size), 6)(x)
    ],
    np.union1d: [lambda x: _sized(np.union1d, sa.union1d, 6)(x[0], x[1])],
    np.intersect1d: [lambda x: _sized(np.intersect1d, sa.intersect1d, 3)(x[0], x[0])],
    np.setdiff1d: [lambda x: _sized(np.setdiff1d, sa.setdiff1d, 3)(x[0], x[1])],
    np.setxor1d: [lambda x: _sized(np.setxor1d, sa.setxor1d, 6)(x[0], x[1])],
}


def ordering(build: Builder) -> Tensor | None:
    """Elements in order, or their places."""
    x = build.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    axis = int(build.rng.integers(-x.ndim, x.ndim))
    size = x.shape[axis]
    if isinstance(size, int) and size > 0 and build.chance(0.5):
        place = int(build.rng.integers(size))
        parts = (sa.partition, sa.argpartition, lambda x, kth, axis: sa.top_k(x, kth + 1, axis)[kth % 2])
        return build.choose(parts)(x, place, axis=axis)
    function = build.choose((sa.sort, sa.argsort))
    return function(x, axis=axis, descending=build.chance(0.3))


FAMILY = FamilyCases(op_cases=op_cases, front_cases=front_cases, numpy_calls=NUMPY_CALLS, steps=(ordering,))
