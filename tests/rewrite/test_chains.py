"""A read through a chain of replacements finds the last one that it meets, and looks at few others."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.base import apply
from staticad.ops.slicing import REPLACE, SLICE
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from staticad.rewrite.chains import Chains, Region, disjoint, region_of
from staticad.rewrite.pipeline import optimize, rules_that_fire
from staticad.rewrite.regions import REGION_RULES
from tests.rewrite.support import identical, rewritten

SLICE_RULE = next(rule for rule in REGION_RULES if rule.begin is not None and rule.ops == (SLICE,))


def written(base: Tensor, value: Tensor, starts: tuple[int, ...], steps: tuple[int, ...]) -> Tensor:
    return apply(REPLACE, base, value, starts=starts, steps=steps, sizes=value.shape)


def walked(read: Region, node: Tensor) -> Tensor:
    """What `Chains.below` has to find, by a look at every link."""
    while node.op is REPLACE and disjoint(read, region_of(node.node)):
        node = node.inputs[0]
    return node


def region(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[list[int], list[int], list[int]]:
    """A random region: elements, rows, columns, blocks, every second one."""
    starts, steps, sizes = [], [], []
    for size in shape:
        step = int(rng.integers(1, 3))
        count = int(rng.choice([1, 1, 1, 2, 3, size]))
        count = min(count, (size - 1) // step + 1)
        starts.append(int(rng.integers(0, size - step * (count - 1))))
        steps.append(step)
        sizes.append(count)
    return starts, steps, sizes


@pytest.mark.parametrize("shape", [(12,), (5, 4), (2, 3, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_overlapping_regions_and_branches(shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = placeholder(shape, name="base")
    feeds = {base: rng.normal(size=shape)}
    tips, reads = [base], []
    for _ in range(60):
        current = tips[rng.integers(len(tips)) if rng.random() < 0.1 else -1]
        starts, steps, sizes = region(rng, shape)
        value = placeholder(tuple(sizes))
        feeds[value] = rng.normal(size=sizes)
        tips.append(written(current, value, tuple(starts), tuple(steps)))
        starts, steps, sizes = region(rng, shape)
        if rng.random() < 0.2:  # backwards
            starts, steps = [b + s * (n - 1) for b, s, n in zip(starts, steps, sizes, strict=True)], [-s for s in steps]
        read = tips[rng.integers(len(tips))] if rng.random() < 0.2 else tips[-1]
        reads.append(apply(SLICE, read, starts=tuple(starts), steps=tuple(steps), sizes=tuple(sizes)))
    chains = Chains()
    for read in reads * 2:
        if read.inputs[0].op is REPLACE:
            place = region_of(read.node)
            assert chains.below(place, read.inputs[0].node) is walked(place, read.inputs[0])
    for old, new in zip(evaluate(reads, feeds), evaluate(rewritten(reads, [SLICE_RULE]), feeds), strict=True):
        assert identical(old, new)


def test_places_that_are_no_numbers() -> None:
    base, value = placeholder((None,), name="base"), placeholder((2,), name="value")
    (n,) = base.shape
    last = apply(REPLACE, base, value, starts=(n - 2,), steps=(1,), sizes=(2,))
    first = apply(REPLACE, last, value, starts=(0,), steps=(1,), sizes=(2,))
    reads = [apply(SLICE, first, starts=(start,), steps=(1,), sizes=(2,)) for start in (n - 2, n - 4, 0, 2)]
    new = rewritten(reads, [SLICE_RULE])
    assert [t.inputs[0] if t.inputs else t for t in new] == [first, first, value, last]
    feeds = {base: np.arange(9.0), value: np.array([-1.0, -2.0])}
    for a, b in zip(evaluate(reads, feeds), evaluate(new, feeds), strict=True):
        assert identical(a, b)


def compared(n: int) -> float:
    """How many regions are compared for a read, where every element of a matrix is written once and read often."""
    matrix, element = placeholder((n, n)), placeholder((1, 1))
    current, chains, reads = matrix, Chains(), 0
    for i in range(n):
        for j in range(n):
            current = written(current, element, (i, j), (1, 1))
            for place in ((i, 0), (0, j), (j, i), (n - 1, n - 1)):
                chains.below(Region(place, (1, 1), (1, 1)), current.node)
                reads += 1
    return chains.compared / reads


def test_a_read_does_not_look_at_the_whole_chain() -> None:
    assert compared(30) <= compared(10) + 0.1 <= 1.2


def test_a_factorization_whose_loops_are_unrolled() -> None:
    """Every element is read through all that were written before: it once took a rewrite for every link of each read,
    and ended in an error."""

    @sa.function
    def cholesky(a: Tensor) -> Tensor:
        for i in range(8):
            for j in range(i + 1):
                total = a[i, j]
                for k in range(j):
                    total = total - a[i, k] * a[j, k]
                a[i, j] = sa.sqrt(total) if i == j else total / a[j, j]
        return a

    matrix = sa.placeholder((8, 8), name="matrix")
    factor = cholesky(matrix)
    nodes, fired = len(sort_nodes([factor])), rules_that_fire([factor])
    assert fired[SLICE_RULE.name] < nodes / 2, (fired, nodes)
    made = np.random.default_rng(0).normal(size=(8, 8))
    positive = made @ made.T + 8 * np.eye(8)
    (found,) = evaluate(optimize([factor]), {matrix: positive})
    assert np.allclose(np.tril(found), np.linalg.cholesky(positive), rtol=1e-13)
