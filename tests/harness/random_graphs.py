"""Random graphs over the whole op set: compiled sessions against the reference, as many as asked for.

``python -m tests.harness.random_graphs --count 5000 --seed 0``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable

from tests.harness.differential import check_graphs
from tests.harness.random_builder import RandomGraph, random_graph


def check_seeds(seeds: Iterable[int]) -> list[str]:
    """Run the graphs of these seeds together in one session; what went wrong, as text."""
    return check_graphs([random_graph(seed) for seed in seeds])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare random graphs, compiled and evaluated by the reference.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--batch", type=int, default=10, help="graphs per session")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    given = parser.parse_args()
    begin, failed, done = time.perf_counter(), 0, 0
    for first in range(given.seed, given.seed + given.count, given.batch):
        seeds = range(first, min(first + given.batch, given.seed + given.count))
        for failure in check_seeds(seeds):
            failed += 1
            print(failure, flush=True)
        done += len(seeds)
        if (first - given.seed) // given.batch % 10 == 9:
            print(f"{done} graphs, {failed} failed, {time.perf_counter() - begin:.0f} s", flush=True)
        if time.perf_counter() - begin > given.seconds:
            break
    print(f"{done} graphs, {failed} failed, {time.perf_counter() - begin:.0f} s")
    sys.exit(failed > 0)


__all__ = ["RandomGraph", "check_seeds", "random_graph"]

if __name__ == "__main__":
    main()
