"""The arena: buffers that are alive together never overlap, and memory is used again."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, Symbol, product, symbol
from staticad.ir.dtypes import as_dtype
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import FEED, TEMPORARY, Buffer, Step
from staticad.lower.memory.arena import ALIGNMENT, assign_offsets, padded_bytes
from tests.lower.checking import computes, stored

N, M = symbol("n"), symbol("m")
NOTHING = Kernel((), (), ())


def buffer(number: int, *shape: Size, dtype: str = "float64", role: str = TEMPORARY) -> Buffer:
    return Buffer(number, role, shape, as_dtype(dtype))


def step(reads: tuple[int, ...], writes: tuple[int, ...]) -> Step:
    return Step(NOTHING, (), 1, 0, reads, writes, "")


def test_sizes_are_rounded_up_to_cache_lines() -> None:
    assert padded_bytes(buffer(0)) == 64
    assert padded_bytes(buffer(0, 8)) == 64
    assert padded_bytes(buffer(0, 9)) == 128
    assert padded_bytes(buffer(0, 0)) == 0
    assert evaluate(padded_bytes(buffer(0, N, dtype="float32")), {Symbol("n"): 17}) == 128
    assert padded_bytes(buffer(0, 16 * N, dtype="float32")) == 64 * N  # nothing to round


def test_a_chain_needs_two_buffers() -> None:
    buffers = [buffer(k, N) for k in range(6)]
    steps = [step((k - 1,) if k else (), (k,)) for k in range(6)]
    offsets, arena = assign_offsets(buffers, steps)
    assert len(set(map(str, offsets.values()))) == 2
    assert arena == 2 * padded_bytes(buffers[0])


def test_a_step_never_writes_where_it_reads() -> None:
    offsets, _ = assign_offsets([buffer(0, 8), buffer(1, 8)], [step((), (0,)), step((0,), (1,))])
    assert offsets[0] != offsets[1]


def test_results_of_one_step_are_apart_even_if_nobody_reads_them() -> None:
    offsets, arena = assign_offsets([buffer(0, 8), buffer(1, 8)], [step((), (0, 1))])
    assert offsets[0] != offsets[1] and arena == 128


def test_a_free_place_of_the_right_size_is_preferred() -> None:
    buffers = [buffer(0, 100), buffer(1, 8), buffer(2, 8)]
    offsets, arena = assign_offsets(buffers, [step((), (0, 1)), step((0, 1), ()), step((), (2,))])
    assert offsets[2] == offsets[1]
    assert arena == padded_bytes(buffers[0]) + 64


def test_a_larger_free_place_is_taken_if_it_is_certainly_larger() -> None:
    steps = [step((), (0,)), step((0,), ()), step((), (1,))]
    _, arena = assign_offsets([buffer(0, 80), buffer(1, 8)], steps)
    assert arena == 640
    _, arena = assign_offsets([buffer(0, 8), buffer(1, 80)], steps)
    assert arena == 64 + 640  # the small one does not grow
    _, arena = assign_offsets([buffer(0, 8 * N), buffer(1, 8 * M)], steps)
    assert arena == 64 * N + 64 * M  # nobody knows which is larger
    _, arena = assign_offsets([buffer(0, 8 * N + 8), buffer(1, 8 * N)], steps)
    assert arena == 64 * N + 64


def test_only_temporaries_get_a_place() -> None:
    offsets, arena = assign_offsets([buffer(0, 8, role=FEED), buffer(1, 8)], [step((0,), (1,))])
    assert set(offsets) == {1} and arena == 64
    assert assign_offsets([], []) == ({}, 0)


def test_live_buffers_never_overlap() -> None:
    """Random programs at random sizes, against intervals counted by hand."""
    rng = np.random.default_rng(0)
    shapes: list[tuple[Size, ...]] = [(), (3,), (N,), (N, 8), (8, M), (N, M), (N + 1,), (2 * N, 3), (0,), (M, 5, 5)]
    reused = 0
    for _ in range(150):
        count = int(rng.integers(2, 15))
        buffers = [
            buffer(
                k, *shapes[int(rng.integers(len(shapes)))], dtype=("float64", "float32", "bool")[int(rng.integers(3))]
            )
            for k in range(count)
        ]
        steps = []
        for k in range(count):
            reads = tuple(dict.fromkeys(int(r) for r in rng.integers(0, k, int(rng.integers(0, 4))))) if k else ()
            steps.append(step(reads, (k,)))
        steps += [step((int(rng.integers(count)),), (int(rng.integers(count)),)) for _ in range(2)]
        offsets, arena = assign_offsets(buffers, steps)
        for n, m in ((0, 0), (1, 1), (3, 1), (1, 9), (17, 5)):
            sizes = {Symbol("n"): n, Symbol("m"): m}
            total = evaluate(arena, sizes)
            spans = {}
            for b in buffers:
                begin = evaluate(offsets[b.number], sizes)
                end = begin + evaluate(product(b.shape), sizes) * b.dtype.itemsize
                assert begin % ALIGNMENT == 0 and 0 <= begin <= end <= total
                uses = [at for at, s in enumerate(steps) if b.number in (*s.reads, *s.writes)]
                spans[b.number] = (begin, end, min(uses), max(uses))
            for one in range(count):
                for other in range(one):
                    begin, end, first, last = spans[one]
                    begin2, end2, first2, last2 = spans[other]
                    together = first <= last2 and first2 <= last
                    overlap = max(begin, begin2) < min(end, end2)
                    assert not (together and overlap), (steps, offsets)
                    reused += overlap
    assert reused > 100


def test_a_deep_network_needs_memory_for_what_is_alive_only() -> None:
    """Forward alone: two layers' activations, whatever the depth."""

    def arena(depth: int) -> Size:
        x = sa.placeholder((None, 8))
        value = x
        for _ in range(depth):
            value = sa.tanh(value @ sa.constant(np.eye(8)))
        plan = computes(value.sum(axis=1), 3)
        assert len(stored(plan)) >= depth
        return evaluate(plan.arena, dict.fromkeys(_symbols(x), 3))

    assert arena(3) == arena(12)


def _symbols(x: sa.Tensor) -> set[Symbol]:
    return {atom for ((((atom, _),), _),) in [x.shape[0].terms]}  # type: ignore[union-attr, misc]
