"""All stress programs, by name."""

from __future__ import annotations

from tests.stress import (
    bounds,
    cache,
    errors,
    feeds,
    forks,
    gaps,
    graphs,
    indices,
    leaks,
    loops,
    masks,
    slices,
    sorting,
    thread_counts,
    threads,
)
from tests.stress.program import Program

_ALL = (
    Program("feeds", "legal and illegal feeds, and arrays for results", feeds.prepare),
    Program("indices", "integer indices in and out of range, read and written at", indices.prepare),
    Program("slices", "slices at free sizes, read, written to and differentiated", slices.prepare),
    Program("graphs", "random graphs against the reference, derivatives by duality", graphs.prepare),
    Program("threads", "threads on shared sessions, with signals and finalizers", threads.prepare),
    Program("forks", "forks while threads update, compile, profile and differentiate", forks.prepare),
    Program("thread_counts", "bit-equality for 1, 2, 4 and 8 threads", thread_counts.prepare),
    Program("errors", "runs ended by errors and Ctrl-C, in any floating-point state", errors.prepare),
    Program("leaks", "memory and objects after thousands of runs, and sessions that come and go", leaks.prepare),
    Program("masks", "derivatives behind a where, by what is taken alone", masks.prepare),
    Program("loops", "loops that change arrays, by NumPy, complex steps and tangents", loops.prepare),
    Program("bounds", "indices of loops in loops that may leave their axes, checked or proved", bounds.prepare),
    Program("gaps", "every op in memory with gaps, which nothing writes into", gaps.prepare),
    Program("sorting", "rows of all dtypes sorted as a whole and in part, bit by bit", sorting.prepare),
    Program("cache", "processes that fill, damage and sweep one kernel cache, some of them killed", cache.prepare),
)

PROGRAMS = {program.name: program for program in _ALL}
