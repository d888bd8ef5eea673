"""The short form of every stress program (`python -m tests.stress`), and how a finding is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.stress.__main__ import read_arguments
from tests.stress.program import Finding, Program, run
from tests.stress.programs import PROGRAMS

ROOT = Path(__file__).resolve().parents[1]


ALONE = ("threads", "forks", "errors")  # they do things to their process


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in ALONE])
def test_nothing_is_found_in_half_a_second(name: str) -> None:
    outcome = run(PROGRAMS[name], 0.5, short=True)
    assert outcome.checks and not outcome.findings, "\n\n".join(outcome.findings)


@pytest.mark.parametrize("name", ALONE)
def test_nothing_is_found_in_a_process_of_its_own(name: str) -> None:
    command = [sys.executable, "-m", "tests.stress", name, "--seconds", "0.5", "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and " 0 findings" in done.stdout, done.stdout + done.stderr


def test_a_finding_tells_how_to_see_it_again() -> None:
    def prepare(short: bool):  # type: ignore[no-untyped-def]
        def case(rng: np.random.Generator) -> int:
            number = int(rng.integers(100))
            if number % 3 == 0:
                raise Finding(f"{number} is a multiple of 3", "multiple")
            if number % 7 == 0:
                raise ZeroDivisionError
            return 1

        return case

    program = Program("numbers", "multiples of 3", prepare)
    outcome = run(program, 60.0, seed=5, cases=range(100))
    multiple, other = sorted(outcome.findings, key=lambda text: "Traceback" in text)
    assert outcome.cases == 100 and outcome.checks > 40
    assert "ZeroDivisionError" in other
    command, text = multiple.splitlines()
    words = command.split()
    assert words[-6:] == ["tests.stress", "numbers", "--seed", "5", "--case", words[-1]]
    assert run(program, 60.0, seed=5, cases=[int(words[-1])]).findings == [f"{command}\n{text}"]


def test_an_unknown_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tests.stress", "nothing"])
    with pytest.raises(SystemExit):
        read_arguments()
    assert "no program is called 'nothing'; there are feeds, indices" in capsys.readouterr().err
