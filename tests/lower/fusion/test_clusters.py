"""Chunks of a large space: fixed by sizes alone, every row in exactly one."""

from __future__ import annotations

import pytest

from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Symbol, symbol
from staticad.lower.fusion import clusters
from staticad.lower.fusion.clusters import CHUNK, Cluster

N = symbol("n")


def test_small_spaces_are_those_known_to_be_small() -> None:
    assert Cluster(0, 0, space=()).small
    assert Cluster(0, 0, space=(clusters.SMALL,)).small
    assert not Cluster(0, 0, space=(clusters.SMALL, 2)).small
    assert not Cluster(0, 0, space=(N,)).small


@pytest.mark.parametrize("result", [1, 64, 10**6])
@pytest.mark.parametrize("columns", [1, 3, 64, CHUNK, 10 * CHUNK])
def test_chunks_cover_the_rows(columns: int, result: int) -> None:
    rows = clusters.chunk_rows((N, columns), result)
    count = clusters.chunk_count(N, rows)
    for n in (0, 1, 2, 255, 256, 257, 100_000):
        sizes = {Symbol("n"): n}
        per, chunks = evaluate(rows, sizes), evaluate(count, sizes)
        assert per >= 1 and per * columns >= min(CHUNK, columns)
        assert chunks == -(-n // per)


def test_large_results_have_larger_chunks() -> None:
    """What is left over from a chunk must be small beside what it read."""
    small, large = clusters.chunk_rows((N, 64), 64), clusters.chunk_rows((N, 64), 10**6)
    assert isinstance(small, int) and isinstance(large, int) and large > small
    assert large * 64 >= 10**6
