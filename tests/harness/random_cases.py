"""Every op has its turn in random graphs: by the seed of a graph, ops are put into it for certain.

An elementwise op is applied to a tensor of the graph. Other ops have what they need from their test cases.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.catalogue import ALL_OPS, CONTROL_OPS
from staticad.ops.complex_linalg import COMPLEX_LIBRARY_OPS, REAL_LIBRARY_OPS
from staticad.ops.control import PARAMETER
from staticad.ops.creation import EMPTY
from staticad.ops.effects import PRINT
from staticad.ops.fourier import FOURIER_PARTS
from staticad.ops.halves import HALF_OPS
from staticad.ops.mode import TRAINING
from staticad.ops.samplers import SAMPLER_OPS
from staticad.ops.sources import VARIABLE
from tests.harness import random_ops
from tests.harness.cases import Case, Input
from tests.harness.cases_custom import printed
from tests.harness.families import FLOATS
from tests.harness.front_cases import all_front_cases
from tests.harness.op_cases import all_op_cases
from tests.harness.random_bits import by_rejection

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

# What no graph of a user has: parts of complex matrices and transforms, and words of 16-bit floats, which take the
# place of others later; what has no value that could be compared, or another one by the mode of the session.
NEVER = frozenset({
    op.name
    for op in (
        *COMPLEX_LIBRARY_OPS.values(), *REAL_LIBRARY_OPS.values(), *CONTROL_OPS, *HALF_OPS, FOURIER_PARTS, PARAMETER,
        EMPTY, TRAINING,
    )
})  # fmt: skip
ELEMENTWISE = {op.name: op for op in random_ops.OPS if op not in SAMPLER_OPS}
SAMPLERS = frozenset(op.name for op in SAMPLER_OPS)
NAMES = tuple(op.name for op in ALL_OPS if op.name not in NEVER and op is not VARIABLE)  # sources are no steps
PLAIN = (-2.0, 2.0)


@functools.cache
def cases_of() -> dict[str, list[Case]]:
    """The cases in whose graphs an op stands that is not elementwise, by its name."""
    found: dict[str, list[Case]] = {name: [] for name in NAMES if name not in ELEMENTWISE and name not in SAMPLERS}
    for case in (*all_op_cases(), *all_front_cases()):
        if case.name == "empty":
            continue
        names = {node.op.name for node in sort_nodes([case.tensor(case.dtypes[-1], {})])}
        if names.isdisjoint(NEVER - {PARAMETER.name}):
            for name in names & found.keys():
                found[name].append(case)
    return found


def in_turn(build: Builder, number: int) -> Tensor:
    """A tensor in whose graph the op of that number stands, one of the graph's own where it has no operands for it."""
    name = NAMES[number % len(NAMES)]
    if name in ELEMENTWISE:
        made = random_ops.applied(build, ELEMENTWISE[name], None)
        while made is None:
            build.source(build.shape(), build.dtype())
            made = random_ops.applied(build, ELEMENTWISE[name], None)
        return made
    if name in SAMPLERS:
        return by_rejection(build, name)
    if name == PRINT.name:
        return printed(build)
    return of_case(build, build.choose(cases_of()[name]))


def holds(tensor: Tensor, number: int) -> bool:
    """Whether the op of that number stands in the graph: some cases need others for sizes that are known."""
    return any(node.op.name == NAMES[number % len(NAMES)] for node in sort_nodes([tensor]))


def of_case(build: Builder, case: Case) -> Tensor:
    """The graph of a case, on tensors of the random one if they fit."""
    dtypes = [d for d in case.dtypes if d.kind == "f" or case.domain == PLAIN] or list(case.dtypes)
    dtype = build.choose([d for d in dtypes if d in FLOATS] or dtypes) if build.chance(0.7) else build.choose(dtypes)
    sizes = _sizes(build, case)
    y = case.build(*(_operand(build, case, given, dtype, sizes) for given in case.inputs))
    derived = case.smooth and case.orders == 2 and case.exist == 2
    return y if derived or y.dtype.kind != "f" else sa.stop_gradient(y)


def _sizes(build: Builder, case: Case) -> dict[str, Any]:
    """Numbers for the sizes that may not be 0, free ones for others."""
    names = dict.fromkeys(s for given in case.inputs for s in given.shape if isinstance(s, str))
    fixed = case.nonzero | {given.limit for given in case.inputs}
    if not case.total or case.group in ("front", "front promoted"):
        fixed |= names.keys()
    return {
        name: int(build.rng.integers(2, 5)) if name in fixed or not build.free else build.choose(build.free)
        for name in names
    }


def _operand(build: Builder, case: Case, given: Input, dtype: np.dtype, sizes: dict[str, Any]) -> Tensor:
    shape, kind = tuple(sizes.get(s, s) for s in given.shape), given.dtype(dtype)  # type: ignore[arg-type]
    x = build.pick(lambda t: t.shape == shape and t.dtype == kind) if case.total and build.chance(0.7) else None
    if x is None:
        build.source(shape, kind)
        x = build.tensors[-1]
    if given.kind == "index":
        limit = sizes[given.limit] if isinstance(given.limit, str) else given.limit
        return sa.remainder(x, 2 * limit) - limit
    if kind.kind != "f":
        return x
    low, high = given.domain or case.domain
    return sa.sin(sa.where(sa.isfinite(x), x, 0.5)) * ((high - low) / 2) + (high + low) / 2
