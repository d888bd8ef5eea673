"""What tests do with sorting and searching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.functional.sorting import SORTED
from staticad.ir.graph import Tensor
from staticad.ops.base import apply, apply_all
from staticad.ops.sorting import NONZERO, SEARCHSORTED, SORT
from tests.harness.cases import ALL, BOOL, Case, Input, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

FEW = tuple(dtype for dtype in SORTED if dtype.itemsize == 8)
CAST = (BOOL, *(dtype for dtype in ALL if dtype.name in ("int16", "uint32", "float32")))


def op_cases() -> Iterator[Case]:
    for descending in (0, 1):
        yield Case(
            f"sort descending={descending}", values("ab"),
            lambda x, descending=descending: apply_all(SORT, x, descending=descending)[0], "sorting", SORTED,
        )  # fmt: skip
    yield Case("sort places", values("ab"), lambda x: apply_all(SORT, x, descending=0)[1], "sorting", FEW, smooth=False)
    yield Case(
        "sort of long rows", (Input(("b", 70)),), lambda x: apply_all(SORT, x, descending=1)[0], "sorting", FEW,
        smooth=False,
    )  # fmt: skip
    for side in (0, 1):
        yield Case(
            f"searchsorted side={side}", values("ab", "ac"),
            lambda x, v, side=side: apply(SEARCHSORTED, apply_all(SORT, x, descending=0)[0], v, side=side),
            "sorting", SORTED, smooth=False,
        )  # fmt: skip
    for number, made in enumerate(("places", "count")):
        yield Case(
            f"nonzero {made}", (Input(("a", "b"), "bool"),),
            lambda x, number=number: apply_all(NONZERO, x, k=3)[number], "sorting", FEW[-1:], smooth=False,
        )  # fmt: skip


def front_cases() -> Iterator[Case]:
    yield Case("sort axis=0", values("ab"), lambda x: sa.sort(x, axis=0), "sorting", CAST)
    yield Case("sort axis=None", values("ab"), lambda x: sa.sort(x, axis=None, descending=True), "sorting", FEW)
    yield Case("argsort", values("ab"), lambda x: sa.argsort(x, axis=-2), "sorting", CAST, smooth=False)


NUMPY_CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.sort: [np.sort, lambda x: np.sort(x, axis=0, kind="stable"), lambda x: np.sort(x, axis=None)],
    np.argsort: [np.argsort, lambda x: np.argsort(x, axis=0, kind="stable")],
}


def ordering(build: Builder) -> Tensor | None:
    """Elements in order, or their places."""
    x = build.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    function = build.choose((sa.sort, sa.argsort))
    return function(x, axis=int(build.rng.integers(-x.ndim, x.ndim)), descending=build.chance(0.3))


FAMILY = FamilyCases(op_cases=op_cases, front_cases=front_cases, numpy_calls=NUMPY_CALLS, steps=(ordering,))
