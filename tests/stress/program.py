"""A stress program and how it is run: seeded cases, one after the other, until the time is over."""

from __future__ import annotations

import faulthandler
import itertools
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

Case = Callable[[np.random.Generator], int]
T = TypeVar("T")

WATCHDOG = 240.0  # seconds after which a case counts as a deadlock
MOST_FINDINGS = 5


class Finding(AssertionError):
    """What a check found: the text says all that one needs to know. Findings of one kind are told once."""

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind or text


def drawing(targets: Sequence[T], check: Callable[[T, np.random.Generator], None], checks: int) -> Case:
    """Cases of so many checks, each of a target that is drawn."""

    def case(rng: np.random.Generator) -> int:
        for _ in range(checks):
            check(targets[int(rng.integers(len(targets)))], rng)
        return checks

    return case


@dataclass(frozen=True)
class Program:
    """One idea. ``prepare`` compiles what the cases share and gives the function that makes one case: from nothing
    but the generator of random numbers, within some tenths of a second, and with its number of checks as the result.
    What is wrong is raised. ``prepare(True)`` is the short form, which compiles less."""

    name: str
    idea: str
    prepare: Callable[[bool], Case]


@dataclass
class Outcome:
    """What came of a run."""

    cases: int = 0
    checks: int = 0
    findings: list[str] = field(default_factory=list)


def run(
    program: Program,
    seconds: float,
    seed: int = 0,
    *,
    cases: Iterable[int] | None = None,
    short: bool = False,
    begin: Callable[[int], object] = lambda case: None,
) -> Outcome:
    """Make cases for so many seconds, at least one, or those with the given numbers. ``begin`` is told each number.

    A case depends on the seed and its number alone. The run ends early after five different findings.
    """
    outcome, known = Outcome(), set[str]()
    make = program.prepare(short)
    end = time.monotonic() + seconds
    for case in itertools.count() if cases is None else cases:
        begin(case)
        try:
            outcome.checks += make(np.random.default_rng([seed, case]))
        except Exception as error:
            text = str(error) if isinstance(error, Finding) else traceback.format_exc()
            kind = error.kind if isinstance(error, Finding) else text
            if kind not in known:
                outcome.findings.append(f"{again(program, seed, case)}\n{text}")
            known.add(kind)
        outcome.cases += 1
        if len(outcome.findings) == MOST_FINDINGS or (cases is None and time.monotonic() > end):
            break
    return outcome


def again(program: Program, seed: int, case: int) -> str:
    """How to see it again."""
    return (
        f"{program.name}, seed {seed}, case {case}: python -m tests.stress {program.name} --seed {seed} --case {case}"
    )


def watched(case: int) -> None:
    """A case that takes minutes has met a deadlock: print where every thread stands, and end the process."""
    faulthandler.dump_traceback_later(WATCHDOG, exit=True)
