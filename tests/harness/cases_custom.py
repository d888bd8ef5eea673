"""What tests do with derivatives that users give, with what prints and what asserts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.custom import CAPTURED
from tests.harness.cases import ALL, FLOATS, Case, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder


def cube(x: Tensor) -> Tensor:
    """A function with a rule."""
    ruled = sa.custom_jvp(lambda a: a * a * a)
    ruled.defjvps(lambda t, y, a: 3.0 * t * a * a)
    return ruled(x)  # type: ignore[no-any-return]


def op_cases() -> Iterable[Case]:
    yield Case("ruled", values("ab"), cube, "custom", FLOATS, special=False, ulp=None)
    yield Case("captured", values("ab"), lambda x: apply(CAPTURED, x), "custom", FLOATS, smooth=False)
    yield Case("print", values("ab"), lambda x: sa.print_(x, "{}", x), "custom", ALL)
    yield Case("assert", values("ab"), lambda x: sa.assert_(x, sa.equal(x, x) | sa.isnan(x)), "custom", ALL)


def printed(build: Builder) -> Tensor:
    """A value of the graph, at which numbers are printed that no rounding changes."""
    x = build.pick()
    exact = [t for t in build.sources if t.dtype.kind != "f"]
    shown = build.choose(exact) if exact and build.chance(0.7) else x.shape[0] if x.ndim else 1
    return sa.print_(x, f"step {len(build.tensors)} of graph {build.seed}: {{1}}", shown)


def effects(build: Builder) -> Tensor | None:
    """A value that is checked or printed on its way, or that of a function with a rule."""
    if build.chance(0.3):
        return printed(build)
    x = build.pick()
    if build.chance(0.5) or x.dtype.kind != "f":
        return sa.assert_(x, sa.equal(x, x) | sa.isnan(x))
    return cube(apply(CAPTURED, sa.stop_gradient(x)))


FAMILY = FamilyCases(op_cases=op_cases, steps=(effects,))
