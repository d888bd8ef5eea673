"""Every op and every function of the front, compiled, against the reference: all dtypes, all families of inputs.

One session holds many cases, with free sizes, so that all shapes run on the same machine code.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor
from tests.harness import families
from tests.harness.cases import Case
from tests.harness.derivatives import check_case
from tests.harness.front_cases import all_front_cases
from tests.harness.matrix import Matrix
from tests.harness.op_cases import all_op_cases

OP_CASES, FRONT_CASES = all_op_cases(), all_front_cases()
USUAL = {"a": 3, "b": 5, "c": 4, "d": 6, "e": 2}


def grouped() -> dict[str, list[Case]]:
    """Cases that share a session: of one group, and either all legal with sizes of 0 or none."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in (*OP_CASES, *FRONT_CASES):
        groups[case.group + (" nonempty" if case.nonzero else "")].append(case)
    return dict(groups)


def dtypes_of(group: str) -> tuple[np.dtype, ...]:
    return next((dtypes for names, dtypes in SOME if group.removesuffix(" nonempty") in names), families.ALL)


def orders_of(group: str) -> list[tuple[np.dtype, int]]:
    """Which derivatives are compiled. In float32 where kernels of their own compute them; the graphs are the same."""
    narrow, wide = families.FLOATS
    name = group.removesuffix(" nonempty")
    return [(narrow, 1)] * (name in NARROW) + [(wide, 1)] + [(wide, 2)] * (name not in ONCE)


# Groups that move elements are compiled in a dtype of each size, those that calculate with integers, which wrap around,
# in some of each kind; elementwise ones in all.
MOVING = ("movement", "assemble", "creation", "gather", "scatter set", "front moving")
CALCULATING = (
    "reduce", "scatter add", "scatter multiply", "scatter min", "scatter max", "contract", "cumulative", "sorting",
    "custom", "front", "front promoted",
)  # fmt: skip
SOME = (
    (MOVING, tuple(map(np.dtype, ("bool", "uint8", "int16", "int32", "float32", "float64")))),
    (CALCULATING, tuple(map(np.dtype, ("bool", "int8", "uint16", "int64", "uint64", "float32", "float64")))),
)
NARROW = ("binary", "unary", "ternary", "cast", "reduce", "contract", "library")
# The derivative of what moves elements moves them again, and those of library routines are products of matrices and
# routines: second derivatives hold no other kernels than first ones.
ONCE = (*MOVING, "scatter multiply", "scatter min", "scatter max", "library", "front matrices", "front convolution")
GROUPS = grouped()
PAIRS = [
    pytest.param(name, dtype, id=f"{name}-{dtype.name}")
    for name, cases in GROUPS.items()
    for dtype in dtypes_of(name)
    if any(dtype in case.dtypes for case in cases)
]
SMOOTH = [
    pytest.param(name, dtype, order, id=f"{name}-{dtype.name}-{order}")
    for name, cases in GROUPS.items()
    for dtype, order in orders_of(name)
    if any(case.is_derived(dtype, order) for case in cases)
]


def report(found: list[str]) -> None:
    assert not found, f"{len(found)} differ:\n" + "\n".join(found[:25])


@pytest.mark.parametrize(("group", "dtype"), PAIRS)
def test_compiled_values_are_the_reference_values(group: str, dtype: np.dtype, rng: np.random.Generator) -> None:
    matrix = Matrix(GROUPS[group], dtype)
    found: list[str] = []
    for sizes in matrix.zero_sizes():
        found += matrix.differences(matrix.feeds(rng, sizes))
    usual = matrix.feeds(rng, USUAL)
    found += matrix.differences_of_layouts({t: layout(a) for t, a in usual.items()} for layout in families.LAYOUTS)
    if all(case.total for case in matrix.cases):
        for sizes in (USUAL, dict.fromkeys(USUAL, 9)):
            found += matrix.differences(matrix.feeds(rng, sizes, families.special), only="special")
    report(found)


@pytest.mark.parametrize(("group", "dtype", "order"), SMOOTH)
def test_compiled_gradients_are_the_reference_gradients(
    group: str, dtype: np.dtype, order: int, rng: np.random.Generator
) -> None:
    matrix = Matrix([case for case in GROUPS[group] if case.is_derived(dtype, order)], dtype, order)
    found: list[str] = []
    for sizes in matrix.zero_sizes():
        found += matrix.differences(matrix.feeds(rng, sizes))
    report(found)


def test_gradients_in_float32_are_float32() -> None:
    """Also where they are compiled in float64 alone: a rule must not bring in another dtype."""
    narrow = families.FLOATS[0]
    for case in (*OP_CASES, *FRONT_CASES):
        if not case.smooth or narrow not in case.dtypes:
            continue
        pool: dict[tuple[object, ...], Tensor] = {}
        y = case.tensor(narrow, pool)
        xs = [x for x in pool.values() if x.dtype == narrow]
        found = sa.gradients([y], xs, [sa.cos(y)], unconnected="zero")
        assert {g.dtype for g in found} <= {narrow}, case


SMOOTH_FRONT = [case for case in FRONT_CASES if case.smooth and families.FLOATS[1] in case.dtypes]


@pytest.mark.parametrize("case", SMOOTH_FRONT, ids=str)
def test_derivatives_of_the_front(case: Case, rng: np.random.Generator) -> None:
    """Central differences to second order, and forward against reverse mode."""
    check_case(case, rng)


def test_every_case_is_compiled() -> None:
    compiled = {(group, dtype) for group, dtype in (pair.values for pair in PAIRS)}
    left_out = [
        c for group, cases in GROUPS.items() for c in cases if not any((group, d) in compiled for d in c.dtypes)
    ]
    assert not left_out


def test_names_of_cases_are_distinct() -> None:
    names = [case.name for case in OP_CASES]
    assert len(set(names)) == len(names)


def test_every_public_function_of_tensors_has_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases are built while the public functions count their calls."""
    called: set[Any] = set()

    def counting(function: Any) -> Any:
        def count(*args: Any, **kwargs: Any) -> Any:
            called.add(function)
            return function(*args, **kwargs)

        return count

    names = [n for n in sa.__all__ if inspect.isfunction(getattr(sa, n)) and is_front(getattr(sa, n))]
    originals = {name: getattr(sa, name) for name in names}
    for name, function in originals.items():
        monkeypatch.setattr(sa, name, counting(function))
    for case in all_front_cases():
        case.tensor(case.dtypes[-1], {})
    missing = [name for name in names if originals[name] not in called]
    assert not missing


def is_front(function: Any) -> bool:
    module = function.__module__.removeprefix("staticad.functional.")
    return module != function.__module__ and not module.startswith(("control", "autograph", "effects"))
