"""``python -m tests.stress [names] --seconds N --seed S``: run stress programs, each in a process of its own.

A finding prints the seed, the case and the command that repeats it; then the exit status is 1. A crash or a deadlock of
the process is a finding too. Without names all programs run, one after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from staticad import config
from tests.stress.program import Program, again, run, watched
from tests.stress.programs import PROGRAMS

FOUND = 3  # exit status of a child that printed its findings


def main() -> int:
    arguments = read_arguments()
    if arguments.inside is not None:
        return inside(PROGRAMS[arguments.names[0]], arguments)
    return max(outside(PROGRAMS[name], arguments) for name in arguments.names or PROGRAMS)


def read_arguments() -> argparse.Namespace:
    ideas = "\n".join(f"  {program.name:14}{program.idea}" for program in PROGRAMS.values())
    parser = argparse.ArgumentParser(
        "python -m tests.stress", description=__doc__, epilog=f"programs:\n{ideas}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="name", help="programs; default: all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each program, after it has compiled (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (0)")
    parser.add_argument("--case", type=int, help="repeat one case")
    parser.add_argument("--short", action="store_true", help="compile less, as in CI")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in PROGRAMS]
    if unknown:
        parser.error(f"no program is called {unknown[0]!r}; there are {', '.join(PROGRAMS)}")
    return arguments


def outside(program: Program, arguments: argparse.Namespace) -> int:
    """Start a process for the program; 1 if it found something, crashed or hung."""
    with tempfile.TemporaryDirectory() as directory:
        progress = Path(directory, "case")
        command = [sys.executable, "-m", "tests.stress", program.name, "--inside", str(progress)]
        command += [f"--seconds={arguments.seconds}", f"--seed={arguments.seed}"]
        command += [] if arguments.case is None else [f"--case={arguments.case}"]
        command += ["--short"] if arguments.short else []
        status = subprocess.run(command, check=False).returncode
        if status not in (0, FOUND):
            case = (progress.read_text() if progress.exists() else "") or "0"  # it may have failed to prepare
            print(f"FOUND {again(program, arguments.seed, int(case))}\nthe process ended with status {status}")
    return int(status != 0)


def inside(program: Program, arguments: argparse.Namespace) -> int:
    """Run the program here."""
    faulthandler.enable()
    start = time.monotonic()
    with arguments.inside.open("w") as progress:

        def begin(case: int) -> None:
            progress.seek(0)
            progress.write(str(case))  # numbers only grow
            progress.flush()
            watched(case)

        cases = None if arguments.case is None else [arguments.case]
        with config.override(float64="allow"):  # random programs mix dtypes
            outcome = run(program, arguments.seconds, arguments.seed, cases=cases, short=arguments.short, begin=begin)
    faulthandler.cancel_dump_traceback_later()
    for finding in outcome.findings:
        print(f"FOUND {finding}\n")
    print(
        f"{program.name}: {outcome.checks:,} checks in {outcome.cases:,} cases, {len(outcome.findings)} findings, "
        f"{time.monotonic() - start:.0f} s",
        flush=True,
    )
    return FOUND if outcome.findings else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
