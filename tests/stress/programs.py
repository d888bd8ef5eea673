"""All stress programs, by name."""

from __future__ import annotations

from tests.stress import cache, feeds, graphs, indices, slices
from tests.stress.program import Program

_ALL = (
    Program("feeds", "legal and illegal feeds, and arrays for results", feeds.prepare),
    Program("indices", "integer indices in and out of range, read and written at", indices.prepare),
    Program("slices", "slices at free sizes, read, written to and differentiated", slices.prepare),
    Program("graphs", "random graphs against the reference, derivatives by duality", graphs.prepare),
    Program("cache", "processes that fill, damage and sweep one kernel cache, some of them killed", cache.prepare),
)  # fmt: skip

PROGRAMS = {program.name: program for program in _ALL}
