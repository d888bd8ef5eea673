"""The examples run as a user runs them, and do what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """An example in a process of its own, in a folder of its own, with warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name), *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_digits_learns_and_draws(tmp_path: Path) -> None:
    done = run("digits.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    accuracy = re.search(r"test accuracy: ([\d.]+)%", done.stdout)
    assert accuracy and 97 <= float(accuracy[1]) <= 100
    assert "30/30" in done.stderr  # the progress bar
    output = tmp_path / "digits-output"
    assert (output / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert (output / "graph.dot").read_text("utf-8").startswith("digraph")
    picture = ElementTree.parse(output / "graph.svg")
    text = "".join(picture.getroot().itertext())
    assert "images" in text and "labels" in text and "gradient" in text


def test_digits_says_when_it_has_not_learned_enough(tmp_path: Path) -> None:
    done = run("digits.py", "--epochs", "1", "--output", "elsewhere", cwd=tmp_path)
    assert done.returncode == 1
    assert "less than the 97% required" in done.stderr
    assert (tmp_path / "elsewhere" / "confusion.png").is_file()


def test_neuron_prints_thirteen_derivatives(tmp_path: Path) -> None:
    done = run("neuron.py", "--draw", "neuron.svg", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"dh/d(\w+) +(\S+) +(\S+)", done.stdout)
    assert len(rows) == 13
    assert all(found == expected for _, found, expected in rows)
    found = {name: float(value) for name, value, _ in rows}
    # The figures of the textbook, with slope h (1 - h) = 0.1966 at h = 0.7311.
    expected = {"w0": -0.196612, "x0": 0.393224, "w1": -0.393224, "x1": -0.589836, "w2": 0.196612, "g": -0.534447}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert "dh/dw0" in "".join(ElementTree.parse(tmp_path / "neuron.svg").getroot().itertext())


def test_linear_regression_accumulates_and_zeroes(tmp_path: Path) -> None:
    done = run("linear_regression.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "after the step: [0. 0. 0.]" in done.stdout
    assert "least squares" in done.stdout


def test_option_agrees_with_the_formula(tmp_path: Path) -> None:
    done = run("option.py", "--paths", "20000", "--seed", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {
        name: list(map(float, re.findall(r"-?\d+\.\d+", row))) for name, row in re.findall(r"(.+?)  +(.+)", done.stdout)
    }
    price, error, *greeks = rows["call, simulated"]
    exact, *formula = rows["call, formula"]
    assert 0.01 < error < 0.1 and abs(price - exact) < 4 * error
    assert greeks == pytest.approx(formula, rel=0.05)
    vega, difference = re.findall(r"Asian, simulated(?: +\S+){3} +(\S+)", done.stdout), done.stdout.split()[-1]
    assert float(vega[0]) == pytest.approx(float(difference), rel=1e-3)
