"""What tests do with functions that move, choose, cut and join elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.skewing import SKEW
from tests.harness.cases import Case, Input, values
from tests.harness.families import FLOATS
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

X = values("ab")
NUMBERS = (np.dtype(np.int32), *FLOATS)
SOME = frozenset("ab")
PLACES = Input(("d",), "index", "a")


def op_cases() -> Iterator[Case]:
    def skewed(x: Tensor, sign: int) -> Tensor:
        longer = sa.pad(x, ((0, 2), (0, 0), (0, 0)))
        return apply(SKEW, longer, axis=0, by=2, sign=sign, start=0 if sign > 0 else 2, size=x.shape[0])

    for sign in (1, -1):
        yield Case(f"skew by {sign}", values("ab3"), partial(skewed, sign=sign), "movement")


def _exact(name: str, build: Callable[..., Any], inputs: tuple[Input, ...] = X, some: bool = False) -> Case:
    """A case that moves elements; with ``some`` there have to be elements."""
    nonzero = SOME if some else frozenset[str]()
    return Case(name, inputs, build, "front rearranging", NUMBERS, special=False, nonzero=nonzero)


def _chain(name: str, build: Callable[..., Any], inputs: tuple[Input, ...] = X, **more: Any) -> Case:
    return Case(name, inputs, build, "front rearranged", FLOATS, ulp=None, special=False, nonzero=SOME, **more)


def _rows(*parts: Tensor) -> Tensor:
    return sa.concatenate(parts, 0)


def moving_cases() -> Iterator[Case]:
    def pieces(x: Tensor) -> Tensor:
        return _rows(*sa.array_split(x, 3), *sa.vsplit(x, [1]), *sa.hsplit(x, [0])[1:])

    def margins(x: Tensor) -> Tensor:
        odd = sa.pad(x, ((4, 7), (0, 0)), "symmetric", reflect_type="odd")
        others = (sa.pad(x, ((2, 3), (0, 0)), mode) for mode in ("edge", "reflect", "wrap"))
        return _rows(odd, *others)

    yield _exact("turned", lambda x: sa.rot90(x) + sa.fliplr(sa.rot90(x, -1)) * sa.flipud(sa.permute_dims(x)))
    yield _exact("rollaxis, atleast_3d", lambda x: sa.rollaxis(sa.atleast_3d(x), 2))
    yield _exact("resize", lambda x: sa.resize(x, (5, 3)), some=True)
    yield _exact("repeat by counts", lambda x: sa.repeat(x, [2, 0, 1], axis=0), values("3b"))
    yield _exact("roll by a size", lambda x: sa.roll(x, (x.shape[0], -1), (1, 0)), some=True)
    yield _exact("stacks", lambda x: sa.dstack([x, sa.column_stack([x[:, 0], x[:, 1:]])]), some=True)
    yield _exact("block, append", lambda x: sa.append(sa.block([[x, x * 2], [sa.concat([x, x], 1)]]), x[0]), some=True)
    yield _exact("pieces", pieces)
    yield _exact("unstack, dsplit", lambda x: sa.unstack(x)[1] * 2 + sa.dsplit(x, 1)[0][0], values("2ab"))
    yield _exact("delete, insert", lambda x: sa.insert(sa.delete(x, [1, 3], 1), 0, x[0, :2], 1), values("25"))
    yield _exact("insert", lambda x: sa.insert(x, [0, 2, 2], 5, axis=1), values("a4"))
    yield _exact("pad by itself", margins, some=True)
    yield _exact("pad by known parts", lambda x: sa.pad(x, 1, "reflect") + sa.pad(x, 1, "symmetric"), values("34"))
    yield _exact("pad by values", lambda x: sa.pad(x, 1, constant_values=((1, 2), (3, 4))))
    yield _exact("windows", lambda x: sa.sliding_window_view(x, (2, 1), (0, -1)), values("4a"), some=True)
    yield _exact("diagflat", lambda x: sa.diagflat(x, -1))
    yield _exact("fill_diagonal", lambda x: sa.fill_diagonal(x, x[0], wrap=True), some=True)
    yield _exact("meshgrid", lambda x: sa.stack(sa.meshgrid(x[0], x[:, 0])), some=True)


def choosing_cases() -> Iterator[Case]:
    numbers, columns = Input(("a", "b"), "index", 4), Input(("a", 2), "index", "b")
    mask = np.array([True, False, True])

    def extremes(x: Tensor, i: Tensor) -> Tensor:
        return sa.maximum(sa.segment_max(x, i, 3), -9) - sa.minimum(sa.segment_min(x, i, 3), 9)

    yield _exact("compress, extract", lambda x: sa.extract([1, 0, 1], sa.compress([0, 1, 1, 1], x, 1)), values("34"))
    yield _exact("select", lambda x: sa.select([x > 1, x < 0], [x * 2, x[0]], 3), some=True)
    yield _exact("choose", lambda x, i: sa.choose(i, [x[0], x, 2], mode="wrap"), (*X, numbers), some=True)
    yield _exact("put_along_axis", lambda x, i: sa.put_along_axis(x, i, x[:, None, 0], 1), (*X, columns), some=True)
    yield _exact("put", lambda x, i: sa.put(x, i, x[0, :1]), (*X, PLACES), some=True)
    yield _exact("segment_max, segment_min", extremes, (*X, Input(("a",), "index", 2)))
    yield _exact(
        "x[i, None, :, mask]", lambda x, i: x[i, None, :, mask], (*values("ab3"), Input((2,), "index", "a")), some=True
    )


def summing_cases() -> Iterator[Case]:
    def windows(x: Tensor) -> Tensor:
        views = sa.sliding_window_view(x, 2, 1)
        return sa.sum(views * views, axis=-1)

    def padded(x: Tensor) -> Tensor:
        ramp = sa.pad(sa.pad(x, 1, "mean", stat_length=2), ((2, 0), (0, 1)), "linear_ramp", end_values=1)
        return ramp + sa.pad(x, ((3, 1), (1, 2)), "minimum")

    def segments(x: Tensor, i: Tensor) -> Tensor:
        return sa.segment_sum(x, i, x.shape[1]) * sa.segment_prod(x, i, x.shape[1])

    def updated(x: Tensor, i: Tensor) -> Tensor:
        return x.at[i].divide(x[0] + 3).at[i].power(2.0).at[i, 0].subtract(x[0, 0])

    def spaced(x: Tensor) -> Tensor:
        return sa.geomspace(x[0], x[1], 4) * sa.logspace(x[0], 1.0, 4, base=x[1])

    yield _chain("sums of windows", windows, values("a6"))
    yield _chain("pad by statistics", padded)
    yield _chain("segment_sum, segment_prod", segments, (*X, Input(("a",), "index", 3)))
    yield _chain("x.at[i].divide, power, subtract", updated, (*X, PLACES), domain=(0.5, 2.0))
    yield _chain("x.at[i].apply", lambda x, i: x.at[i].apply(sa.sin), (*X, PLACES))
    yield _chain("x.at[mask].set a row", lambda x: x.at[x[:, 0] > 1].set(x[0] * 2))
    yield _chain("kron", lambda x, y: sa.kron(x, y), values("ab", "b"))
    yield _chain("cross", lambda x, y: sa.cross(x, y, axisa=0, axisc=0) * 2, values("3a", "a3"))
    yield _chain("vander", lambda x: sa.vander(x[0], 3))
    yield _chain("geomspace, logspace", spaced, values("2a"), domain=(0.5, 2.0))


def place_cases() -> Iterator[Case]:
    def places(x: Tensor) -> Tensor:
        n = x.shape[0]
        found = (
            *sa.ix_([1, 0], [True, False]), *sa.indices(x.shape), *sa.tril_indices(3, 1), *sa.triu_indices(4, -1, 3),
            *sa.diag_indices(n), *sa.unravel_index(np.array([5, 2]), (2, 3)), sa.tri(3, k=1), sa.empty((2,)),
            sa.ravel_multi_index(([1], sa.arange(n)), (2, n)), *sa.tril_indices_from(sa.eye(2)),
            *sa.triu_indices_from(sa.eye(2)), *sa.diag_indices_from(x @ sa.transpose(x)),
            sa.fromfunction(lambda i, j: i - 2 * j, (2, 3)),
        )  # fmt: skip
        return sa.stack([sa.sum(t) for t in found])

    yield Case("places", X, places, "front rearranged", FLOATS[1:], special=False, nonzero=SOME, smooth=False)


def front_cases() -> Iterator[Case]:
    for family in (moving_cases, choosing_cases, summing_cases, place_cases):
        yield from family()


A = np.arange(6.0).reshape(2, 3)
NUMPY_CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.append: [lambda x: np.append(x, x), lambda x: np.append(x, [[1, 2, 3]], axis=0)],
    np.array_split: [lambda x: np.array_split(x, 2, axis=1)],
    np.atleast_3d: [lambda x: np.atleast_3d(x)],
    np.block: [lambda x: np.block([[x, x], [x, A]])],
    np.choose: [
        lambda x: np.choose(np.array([0, 1, 0]), x),
        lambda x: np.choose(np.array([7, 1]), [x[0, 0], 2.0], mode="clip"),
    ],
    np.column_stack: [lambda x: np.column_stack([x[0], x.T])],
    np.compress: [lambda x: np.compress([1, 0, 1], x, axis=1)],
    np.cross: [lambda x: np.cross(x, A), lambda x: np.cross(x.T, A, axisa=0)],
    np.delete: [lambda x: np.delete(x, 1, 1), lambda x: np.delete(x, slice(0, 3))],
    np.diag_indices_from: [lambda x: np.diag_indices_from(x[:, :2])],
    np.diagflat: [lambda x: np.diagflat(x, k=1)],
    np.dsplit: [lambda x: np.dsplit(np.stack([x, x]), 3)],
    np.dstack: [lambda x: np.dstack((x, A))],
    np.extract: [lambda x: np.extract([0, 1, 1], x)],
    np.fliplr: [np.fliplr],
    np.flipud: [np.flipud],
    np.geomspace: [lambda x: np.geomspace(x[:, 2] ** 2, 9.0, num=4, axis=1)],
    np.hsplit: [lambda x: np.hsplit(x, 3)],
    np.insert: [lambda x: np.insert(x, 1, x[0], axis=0), lambda x: np.insert(x, [0, 2], 5)],
    np.ix_: [lambda x: np.ix_(np.array([1, 0]), x[1].astype("int64"))],
    np.kron: [lambda x: np.kron(x, A), lambda x: np.kron(A[0], x)],
    np.logspace: [lambda x: np.logspace(x[0], 1, num=3, base=2)],
    np.meshgrid: [
        lambda x: np.meshgrid(x[0], A[0], A[1]),
        lambda x: np.meshgrid(x[0], x[1], sparse=True, indexing="ij"),
    ],
    np.ravel_multi_index: [lambda x: np.ravel_multi_index((np.array([1]), x[0].astype("int64") * 0), (2, 3))],
    np.resize: [lambda x: np.resize(x, (4, 2))],
    np.rollaxis: [lambda x: np.rollaxis(x, 1)],
    np.rot90: [np.rot90, lambda x: np.rot90(x, 2, axes=(1, 0))],
    np.select: [lambda x: np.select([x > 1, x < 0], [x, 1], default=2.0)],
    np.lib.stride_tricks.sliding_window_view: [lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1)],
    np.tril_indices_from: [lambda x: np.tril_indices_from(x, k=1)],
    np.triu_indices_from: [lambda x: np.triu_indices_from(x)],
    np.unravel_index: [lambda x: np.unravel_index(np.abs(x).astype("int64"), (2, 3))],
    np.unstack: [lambda x: np.unstack(x, axis=1)],
    np.vander: [lambda x: np.vander(x[0]), lambda x: np.vander(x[1], 2, increasing=True)],
    np.vsplit: [lambda x: np.vsplit(x, 2)],
}  # fmt: skip


def moving_around(build: Builder) -> Tensor | None:
    """Margins of an array's own elements, windows, and turns."""
    x = build.pick(lambda t: t.ndim >= 1 and t.dtype.kind == "f" and all(build.concrete(t)))
    if x is None:
        return None
    axis = int(build.rng.integers(x.ndim))
    width = [tuple(int(w) for w in build.rng.integers(0, 4, 2)) if a == axis else (0, 0) for a in range(x.ndim)]
    if build.chance(0.6):
        return sa.pad(x, width, str(build.choose(("edge", "reflect", "symmetric", "wrap"))))
    return sa.sliding_window_view(x, 1 + build.concrete(x)[axis] // 3, axis)


FAMILY = FamilyCases(op_cases, front_cases, NUMPY_CALLS, steps=(moving_around,))
