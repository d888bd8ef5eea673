"""Command line: which rows and peers, how often; prints the tables."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks.process import WorkerError, WorkerProcess
from benchmarks.rows import ROWS, select
from benchmarks.runner import Result, Settings, measure, started
from benchmarks.runtimes import PEERS, RUNTIMES, SUBJECT
from benchmarks.table import cold_mean, growth_table, memory_table, on_cpu, ratios_table, times_table


def parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {row.name:17} {row.title}" for row in ROWS)
    result = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time staticad and its peers in turns, each in a process of its own, each result checked first.",
        epilog=f"rows:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("rows", nargs="*", metavar="row", help="rows to run, by name or the start of it (default: all)")
    result.add_argument("--peers", default=",".join(PEERS), help="comma-separated (default: %(default)s)")
    result.add_argument("--repeat", type=int, metavar="N", help="rounds per row (default: 9; 3 for compile)")
    result.add_argument("--quick", action="store_true", help="3 short rounds, 1 for compile: a first look")
    result.add_argument("--timeout", type=float, default=300, metavar="S", help="give up a step after S seconds")
    return result


def settings_of(arguments: argparse.Namespace) -> Settings:
    settings = Settings(timeout=arguments.timeout)
    if arguments.quick:
        settings = Settings(repeat=3, starts=1, seconds=0.05, timeout=arguments.timeout)
    if arguments.repeat:
        settings = Settings(arguments.repeat, arguments.repeat, settings.seconds, settings.timeout)
    return settings


def report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def installed(names: list[str]) -> list[str]:
    """The runtimes that are there; the others are named."""
    for name in names:
        if not RUNTIMES[name].installed():
            report(f"{name} is not installed and is left out (pip install 'staticad[bench]')")
    return [name for name in names if RUNTIMES[name].installed()]


def versions(runtimes: list[str], cache: Path, timeout: float) -> str:
    found = []
    for name in runtimes:
        with WorkerProcess(name, cache, timeout) as worker:
            try:
                found.append(f"{name} {worker.ask(do='version')['version']}")
            except WorkerError:
                found.append(f"{name} (version unknown)")
    return ", ".join(found)


def print_tables(results: list[Result], runtimes: list[str], peers: list[str]) -> None:
    timed = [result for result in results if result.row.measure not in ("memory", "growth")]
    if timed:
        title = "Time per call (µs) or start (s): median of the rounds (smallest–largest)"
        print(f"{title}\n\n{times_table(timed, runtimes)}")
        if peers:
            print(f"\nRatios: median of the rounds (smallest–largest)\n\n{ratios_table(timed, SUBJECT, peers)}")
    if started := on_cpu(timed):
        print(f"\nThe CPU's seconds of these starts\n\n{times_table(started, runtimes)}")
        if peers:
            print(f"\nTheir ratios\n\n{ratios_table(started, SUBJECT, peers)}")
        for peer in peers:
            if mean := cold_mean(started, SUBJECT, peer):
                print(f"\nCold starts, {SUBJECT} / {peer}, geometric mean: {mean:.2g}")
    recorded = [result for result in results if result.row.measure == "memory"]
    if recorded:
        separator = "\n" if timed else ""
        title = "Gradient through 10,000 steps of 1,000 doubles (80 MB of states): what a call takes"
        print(f"{separator}{title}\n\n{memory_table(recorded, runtimes)}")
    growing = [result for result in results if result.row.measure == "growth"]
    if growing:
        separator = "\n" if timed or recorded else ""
        title = f"Loops that change an array, {SUBJECT}: µs per call, smallest of the rounds"
        print(f"{separator}{title}\n\n{growth_table(growing)}")


def main(argv: list[str] | None = None) -> int:
    """Runs the rows asked for; 1 when some runtime failed or gave a wrong result."""
    arguments = parser().parse_args(argv)
    peers = [name for name in arguments.peers.split(",") if name]
    unknown = sorted(set(peers) - set(PEERS))
    if unknown:
        parser().error(f"unknown peers {', '.join(unknown)}; there are {', '.join(PEERS)}")
    try:
        rows = select(arguments.rows)
    except ValueError as error:
        parser().error(str(error))
    settings = settings_of(arguments)
    runtimes = installed([SUBJECT, *peers])
    peers = [name for name in runtimes if name != SUBJECT]
    with tempfile.TemporaryDirectory() as directory:
        cache = Path(directory)
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {versions(runtimes, cache, 60)}\n")
        with started(runtimes, cache, settings) as workers:
            results = [measure(row, workers, settings, report) for row in rows]
    print_tables(results, runtimes, peers)
    failures = [(result, name, text) for result in results for name, text in result.failures.items()]
    for result, name, text in failures:
        print(f"\n{name} failed at {result.row.name}: {text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
