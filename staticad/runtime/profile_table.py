"""Profiles as tables: rows of kernels by the user's lines, as text, as HTML and as data.

A row has the key of its kernel, by which `Session.source` and the picture of the kernels call it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from staticad.export.attributes import shortened
from staticad.export.notebook import html_table
from staticad.records import NamedTuple

_HEAD = ("share", "median µs", "min µs", "calls", "GFLOP/s", "GB/s", "kernel")
_LISTED = 4  # lines of a kernel that a table shows


class Row(NamedTuple):
    """One kernel of a profile: the user's lines that it computes, the one with most of it first, how often it was
    called, and the seconds of all its calls together. ``key`` is its name in `Session.source` and in
    ``session.to_dot("kernels")``. ``runs`` are the seconds of each run.

    A loop or branch whose body is called kernel by kernel is followed by the rows of its body, whose ``depth`` is one
    more; a branch has a row of its own for each of its blocks, whose calls are how often it was taken.
    ``iterations`` of a loop are those of all its calls together, None for what is no loop. Where a kernel holds several
    loops, one in the other or one after another, ``inside`` has the iterations of each as they are written, the first
    of them being ``iterations``.

    ``reads`` and ``writes`` are the types of its buffers. ``operations`` is the arithmetic on floats of one call, where
    a function such as exp counts as one; ``bytes`` is the size of its buffers, each counted once and whole. They are
    None where that is not known before a run. ``code`` is the text of the first line, ``group`` the part of the program
    and the name scope: "forward", "gradient layers.0".
    """

    label: str
    lines: tuple[str, ...]
    seconds: float
    calls: int
    iterations: int | None = None
    depth: int = 0
    inside: tuple[int, ...] = ()
    key: str = ""
    runs: tuple[float, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    operations: int | None = None
    bytes: int | None = None
    code: str = ""
    group: str = ""

    @property
    def line(self) -> str:
        """The line that most of the kernel comes from."""
        return self.lines[0] if self.lines else ""

    @property
    def minimum(self) -> float:
        """The seconds of the fastest run."""
        return min(self.runs, default=self.seconds)

    @property
    def median(self) -> float:
        """The seconds of a usual run."""
        return float(np.median(self.runs)) if self.runs else self.seconds

    @property
    def gflops(self) -> float | None:
        """Operations on floats, in 10⁹ a second."""
        return self._rate(self.operations)

    @property
    def gigabytes(self) -> float | None:
        """Bytes of the buffers, in 10⁹ a second."""
        return self._rate(self.bytes)

    def _rate(self, amount: int | None) -> float | None:
        calls = self.calls / max(1, len(self.runs))
        return 1e-9 * amount * calls / self.median if amount and self.median and calls else None


class Line(NamedTuple):
    """A line of the user's in a profile: the rows of the kernels that come from it above all."""

    line: str
    code: str
    share: float
    rows: tuple[Row, ...]

    @property
    def seconds(self) -> float:
        """The time of the kernels in all runs together."""
        return sum(row.seconds for row in self.rows)


class Profile(list[Row]):
    """The kernels in the order in which they run, bodies after their loops; as text a table by the user's lines, the
    slowest first. Notebooks show a table, too."""

    @property
    def seconds(self) -> float:
        """The time of all kernels together."""
        return sum(row.seconds for row in self if row.depth == 0)

    @property
    def runs(self) -> tuple[float, ...]:
        """The seconds of each run."""
        return tuple(map(sum, zip(*(row.runs for row in self if row.depth == 0), strict=False)))

    def by_line(self) -> list[Line]:
        """The user's lines with the kernels that come from them, the slowest line first. Rows of bodies are with their
        loops."""
        groups: dict[str, list[Row]] = {}
        for row in self:
            if row.depth == 0:
                groups.setdefault(row.line, []).append(row)
        found = [Line(line, rows[0].code, sum(map(self.share, rows)), tuple(rows)) for line, rows in groups.items()]
        return sorted(found, key=lambda group: -group.share)

    def as_dicts(self) -> list[dict[str, Any]]:
        """The rows as dicts, with what is computed of them: "line", "share", "minimum", "median", "gflops" and
        "gigabytes". Give them to `pandas.DataFrame` or `json.dumps`."""
        more = ("line", "minimum", "median", "gflops", "gigabytes")
        return [
            row._asdict() | {name: getattr(row, name) for name in more} | {"share": self.share(row)} for row in self
        ]

    def __str__(self) -> str:
        table = list(self._table())
        widths = [max(map(len, column)) for column in zip(_HEAD[:-1], *(cells[:-1] for _, cells in table), strict=True)]
        lines = [self._summary()] if self.runs else []
        lines.append("  ".join([*map(str.rjust, _HEAD[:-1], widths), _HEAD[-1]]))
        for head, cells in table:
            if head:
                lines.append(head)
            first, *rest = cells[-1].split("\n")
            lines.append("  ".join([*map(str.rjust, cells[:-1], widths), first]))
            lines += [" " * (sum(widths) + 2 * len(widths)) + text for text in rest]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows: list[Sequence[str]] = []
        for head, cells in self._table():
            if head:
                share, _, text = head.strip().partition("  ")
                rows.append([share, "", "", "", "", "", text])
            rows.append(cells)
        return f"<p>{self._summary()}</p>\n{html_table(_HEAD, rows)}"

    def _summary(self) -> str:
        runs = self.runs or (self.seconds,)
        count = f"{len(runs)} run{'s' if len(runs) > 1 else ''}"
        return f"{1e6 * np.median(runs):.2f} µs in kernels (median of {count}), {1e6 * min(runs):.2f} µs in the fastest"

    def share(self, row: Row) -> float:
        """The part of a usual run that a row takes."""
        total = sum(other.median for other in self if other.depth == 0)
        return row.median / total if total else 0.0

    def _table(self) -> Iterator[tuple[str, list[str]]]:
        """The cells of rows, each with what stands above it."""
        positions = {id(row): k for k, row in enumerate(self)}
        for group in self.by_line():
            head = f"{group.share:6.1%}  {group.line or 'no line'}" + (
                f"  {shortened(group.code)}" if group.code else ""
            )
            for row in sorted(group.rows, key=lambda row: -row.median):
                for inner in self._with_body(positions[id(row)]):
                    yield head, self._cells(inner, group.line)
                    head = ""

    def _with_body(self, start: int) -> Iterator[Row]:
        """A row and those of its body, the slowest of each depth first."""
        depth = self[start].depth
        stop = next((k for k in range(start + 1, len(self)) if self[k].depth <= depth), len(self))
        yield self[start]
        heads = [k for k in range(start + 1, stop) if self[k].depth == depth + 1]
        for k in sorted(heads, key=lambda k: -self[k].median):
            yield from self._with_body(k)

    def _cells(self, row: Row, line: str) -> list[str]:
        rates = ["" if rate is None else f"{rate:.3g}" for rate in (row.gflops, row.gigabytes)]
        indent = "  " * row.depth
        texts = [" ".join(filter(None, (row.key, row.label, row.group and f"({row.group})")))]
        if row.writes:
            texts.append(f"  {_counted(row.reads)} → {_counted(row.writes)}")
        if row.iterations is not None:
            texts.append(f"  {_iterations(row)}")
        others = [other for other in row.lines if other != line]
        if others:
            more = f" and {len(others) - _LISTED} more lines" if len(others) > _LISTED else ""
            also = "also " if line in row.lines else ""
            texts.append(f"  {also}{', '.join(others[:_LISTED])}{more}")
        kernel = "\n".join(indent + text for text in texts)
        times = [f"{1e6 * row.median:.2f}", f"{1e6 * row.minimum:.2f}"]
        return [f"{self.share(row):.1%}", *times, str(row.calls), *rates, kernel]


def _counted(types: Sequence[str]) -> str:
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in Counter(types).items())


def _iterations(row: Row) -> str:
    text = f"{row.iterations:,} iterations"
    if row.iterations:
        text += f", {1e6 * row.seconds / row.iterations:.3g} µs each"
    if len(row.inside) > 1:
        text += f"; loops inside: {', '.join(f'{n:,}' for n in row.inside[1:])}"
    return text
