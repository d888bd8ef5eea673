"""Every op and function, derivatives and random convolutions in memory with gaps between all buffers: nothing writes
into a gap."""

from __future__ import annotations

from typing import Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from tests.harness.cases import Case as OpCase
from tests.harness.front_cases import all_front_cases
from tests.harness.gaps import apart, overwritten
from tests.harness.matrix import Matrix
from tests.harness.op_cases import all_op_cases
from tests.stress.program import Case, Finding

CONVOLUTIONS = 0.3  # of the cases


def prepare(short: bool) -> Case:
    cases: list[OpCase] = [*all_op_cases(), *all_front_cases()]

    def case(rng: np.random.Generator) -> int:
        if rng.random() < CONVOLUTIONS:
            return convolution(rng)
        return function(cases[int(rng.integers(len(cases)))], rng)

    return case


def function(case: OpCase, rng: np.random.Generator) -> int:
    """One case of an op in one dtype: results or derivatives, of all sizes from a few numbers to a few thousand."""
    dtypes = list(case.dtypes)
    dtype = dtypes[int(rng.integers(len(dtypes)))]
    order = int(rng.integers(3))
    if order and not case.is_derived(dtype, order):
        order = 0
    with apart():
        matrix = Matrix([case], dtype, order)
    if not matrix.outputs:
        return 0
    sizes = list(matrix.zero_sizes())
    sizes.append(dict.fromkeys("abcde", int(rng.integers(1, 20))))
    for given in sizes:
        check(f"{case}, {dtype}, order {order}, {given}", matrix.session, matrix.feeds(rng, given))
    return len(sizes)


def convolution(rng: np.random.Generator) -> int:
    """A convolution with random numbers of everything, free or known, and its derivatives."""
    rank = int(rng.integers(1, 4))

    def numbers(low: int, high: int, count: int = rank) -> tuple[int, ...]:
        return tuple(int(number) for number in rng.integers(low, high, count))

    groups, filters, channels, images = numbers(1, 4, 1) + numbers(1, 7, 1) + numbers(1, 4, 1) + numbers(0, 4, 1)
    kernel, dilation = numbers(1, 5), numbers(1, 3)
    stride = numbers(1, 3) if rng.random() < 0.3 else 1
    padding: Any = tuple(zip(numbers(0, 4), numbers(0, 4)))
    least = [max(1, (taps - 1) * step + 1 - sum(pads)) for taps, step, pads in zip(kernel, dilation, padding)]
    extent = tuple(low + more for low, more in zip(least, numbers(0, 60 if rng.random() < 0.3 else 8)))
    shapes = (images, groups * channels, *extent), (groups * filters, channels, *kernel)
    dtype = str(rng.choice(["float32", "float64"]))
    free = rng.random() < 0.5
    image = sa.placeholder((None, groups * channels, *[None] * rank) if free else shapes[0], dtype)
    weight = sa.placeholder((None if free and groups == 1 else groups * filters, *shapes[1][1:]), dtype)
    made = getattr(sa.nn, f"conv{rank}d")(image, weight, None, stride, padding, dilation, groups)
    fetches = [made, *sa.gradients(sa.sum(sa.sin(made)), [image, weight])] if rng.random() < 0.5 else [made]
    with apart():
        session = sa.compile(fetches, inputs=[image, weight])
    feeds = {x: rng.normal(size=shape).astype(dtype) for x, shape in zip((image, weight), shapes)}
    check(f"{made!r} of {shapes}, {stride}, {padding}, {dilation}, {groups}", session, feeds)
    return 1


def check(label: str, session: sa.Session, feeds: dict[Tensor, np.ndarray]) -> None:
    found = overwritten(session, feeds)
    if found:
        raise Finding(f"{label}: written beyond {', '.join(found)}")
