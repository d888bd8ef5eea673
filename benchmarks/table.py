"""Results as Markdown: one table of times, one of ratios."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

from benchmarks.rows import Row
from benchmarks.runner import Result


def quantity(seconds: float, row: Row) -> str:
    """Microseconds for rows of calls, seconds for the others."""
    return digits(seconds * 1e6 if row.measure in ("call", "memory") else seconds)


def digits(value: float) -> str:
    """A number with three digits."""
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def unit(row: Row) -> str:
    return "µs" if row.measure == "call" else "s"


def time_cell(result: Result, runtime: str) -> str:
    """Median and range, e.g. `27.3 (26.9–30.1)`."""
    if runtime in result.out_of_time:
        return f"> {quantity(result.out_of_time[runtime], result.row)}"
    if runtime in result.failures:
        return "failed"
    times = [t for t in result.times.get(runtime, []) if t is not None]
    if not times:
        return "–"
    middle = quantity(statistics.median(times), result.row)
    if len(times) == 1:
        return middle
    return f"{middle} ({quantity(min(times), result.row)}–{quantity(max(times), result.row)})"


def ratios(result: Result, subject: str, peer: str) -> list[float]:
    """Subject's time over the peer's, round by round; a round in which one is missing does not count."""
    pairs = zip(result.times.get(subject, []), result.times.get(peer, []), strict=False)
    return [a / b for a, b in pairs if a is not None and b is not None]


def ratio_cell(result: Result, subject: str, peer: str) -> str:
    """Median and range of the ratios of the rounds, e.g. `0.41 (0.38–0.45)`."""
    found = ratios(result, subject, peer)
    if not found:
        return "–"
    return f"{statistics.median(found):.2g} ({min(found):.2g}–{max(found):.2g})"


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[i]) for line in (header, *lines)) for i in range(len(header))]

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([row(header), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(row, lines)])


def times_table(results: Sequence[Result], runtimes: Sequence[str]) -> str:
    lines = [[r.row.title, unit(r.row), *(time_cell(r, name) for name in runtimes)] for r in results]
    return markdown(["", "", *runtimes], lines)


def memory_table(results: Sequence[Result], runtimes: Sequence[str]) -> str:
    """For rows that measure memory: MB of the peak, MB planned where a runtime says so, milliseconds of a call."""
    columns = [
        (name, kind)
        for name in runtimes
        for kind in ("peak, MB", "planned, MB", "time, ms")
        if any(name in r.memory and (kind != "planned, MB" or r.memory[name].planned is not None) for r in results)
    ]
    lines = [[r.row.title, *(memory_cell(r, name, kind) for name, kind in columns)] for r in results]
    return markdown(["", *(f"{name}: {kind}" for name, kind in columns)], lines)


def memory_cell(result: Result, runtime: str, kind: str) -> str:
    if runtime in result.out_of_time:
        return f"> {digits(result.out_of_time[runtime] * 1e3)}" if kind == "time, ms" else "–"
    if runtime in result.failures:
        return "failed"
    if runtime not in result.memory:
        return "–"
    if kind == "time, ms":
        return digits(statistics.median(t for t in result.times[runtime] if t is not None) * 1e3)
    found = result.memory[runtime]
    value = found.peak if kind == "peak, MB" else found.planned
    return "–" if value is None else digits(value / 1e6)


def growth_table(results: Sequence[Result]) -> str:
    """For rows that measure growth: µs at n, 2n and 4n, of the value and with gradients; by what factor both grow from
    2n to 4n; and how much longer it takes with gradients at 4n."""
    sizes = ("n", "2n", "4n")
    header = ["", *(f"value, {k}" for k in sizes), *(f"gradient, {k}" for k in sizes)]
    header += ["growth of value", "of gradient", "gradient / value"]
    return markdown(header, [[r.row.title, *growth_cells(r, len(header) - 1)] for r in results])


def growth_cells(result: Result, count: int) -> list[str]:
    times = result.growth
    if result.failures or result.out_of_time:
        return ["failed", *["–"] * (count - 1)]
    factors = (times[2] / times[1], times[5] / times[4], times[5] / times[2])
    return [*(digits(seconds * 1e6) for seconds in times), *(f"{factor:.2g}" for factor in factors)]


def ratios_table(results: Sequence[Result], subject: str, peers: Sequence[str]) -> str:
    lines = [[r.row.title, *(ratio_cell(r, subject, name) for name in peers)] for r in results]
    return markdown([f"{subject} / …", *peers], lines)


def on_cpu(results: Sequence[Result]) -> list[Result]:
    """Of the rows that measure starts, the times of the CPU in the place of those on the clock."""
    return [dataclasses.replace(r, times=r.cpu) for r in results if r.cpu]


def cold_mean(results: Sequence[Result], subject: str, peer: str) -> float | None:
    """The geometric mean over the cold starts of the median ratios."""
    found = [statistics.median(q) for r in results if r.row.measure == "cold" and (q := ratios(r, subject, peer))]
    return statistics.geometric_mean(found) if found else None
