"""Runtimes take turns, wrong ones are left out and named, and the tables say what was measured."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import runner
from benchmarks.__main__ import main
from benchmarks.cliffs import Mapped
from benchmarks.compiled import Differentiated
from benchmarks.growing import GROWING
from benchmarks.in_place import Sweep, SweepForward
from benchmarks.loops import Ode, Recurrence
from benchmarks.problems import Neuron
from benchmarks.process import ROOT, WorkerError, WorkerTimeout
from benchmarks.recorded import RecordedScan, RecordedWhile
from benchmarks.rows import ROWS, Row, select
from benchmarks.runner import (
    Memory,
    Result,
    Settings,
    measure,
    measure_calls,
    measure_memory,
    measure_starts,
    takes_part,
)
from benchmarks.runtimes import RUNTIMES
from benchmarks.table import (
    cold_mean,
    growth_table,
    memory_table,
    on_cpu,
    ratio_cell,
    ratios,
    ratios_table,
    time_cell,
    times_table,
)
from benchmarks.worker import encode
from benchmarks.written import Growing

ROW = Row("neuron", "a neuron", "call", Neuron())
LONG = Row("long", "long", "memory", RecordedScan("sqrt", steps=5, size=3))
COLD = Row("cold", "a start", "cold", Neuron())


class Player:
    """Stands in for a process: answers at once, writes down its turns."""

    def __init__(self, name: str, seconds: float, turns: list[str], wrong: bool = False, dies: bool = False) -> None:
        self.name, self.seconds, self.turns, self.wrong, self.dies = name, seconds, turns, wrong, dies

    def ask(self, **request: Any) -> dict[str, Any]:
        self.turns.append(f"{request['do']} {self.name}")
        if request["do"] == "prepare":
            arrays = Neuron().answer()
            return {"arrays": encode([array + self.wrong for array in arrays])}
        if self.dies:
            raise WorkerError("it died")
        return {"seconds": self.seconds}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SETTLE_SECONDS", 0.0)


def silent(_: str) -> None:
    pass


def test_turns_alternate() -> None:
    turns: list[str] = []
    players: Any = {name: Player(name, s, turns) for name, s in (("staticad", 1e-6), ("numpy", 4e-6))}
    result = measure_calls(ROW, players, Settings(repeat=3), silent)
    assert turns[-6:] == ["run staticad", "run numpy"] * 3
    assert result.times == {"staticad": [1e-6] * 3, "numpy": [4e-6] * 3}
    assert ratios(result, "staticad", "numpy") == [0.25] * 3
    assert not result.failures


def test_growth_is_measured_variant_by_variant() -> None:
    row = Row("loops", "a loop", "growth", replace(GROWING["added"][1], size=4))
    turns: list[int] = []

    class Grower(Player):
        def ask(self, **request: Any) -> dict[str, Any]:
            if request["do"] == "prepare":
                turns.append(request["variant"])
                assert isinstance(row.problem, Growing)
                return {"arrays": encode(row.problem.variants[request["variant"]].answer())}
            return {"seconds": (turns[-1] + 1) * 1e-6}

    workers: Any = {name: Grower(name, 0.0, []) for name in ("staticad", "numba")}
    result = measure(row, workers, Settings(repeat=2), silent)
    assert turns == list(range(6))
    assert growth_table([result]).splitlines()[-1].split("|")[2:-1] == [
        f" {text:<{len(head)}} "
        for text, head in zip(
            ("1", "2", "3", "4", "5", "6", "1.5", "1.2", "2"),
            ("value, n", "value, 2n", "value, 4n", "gradient, n", "gradient, 2n", "gradient, 4n",
             "growth of value", "of gradient", "gradient / value"),
            strict=True,
        )
    ]  # fmt: skip
    result.failures["staticad"] = "why"
    assert "failed" in growth_table([result])


def test_who_is_wrong_is_not_timed() -> None:
    turns: list[str] = []
    players: Any = {"staticad": Player("staticad", 1e-6, turns, wrong=True), "numpy": Player("numpy", 4e-6, turns)}
    result = measure_calls(ROW, players, Settings(repeat=2), silent)
    assert "run staticad" not in turns
    assert result.failures["staticad"].startswith("wrong result: array 0: largest error 1")
    assert list(result.times) == ["numpy"]
    assert time_cell(result, "staticad") == "failed"


def test_who_fails_later_leaves_the_row() -> None:
    turns: list[str] = []
    players: Any = {"staticad": Player("staticad", 1e-6, turns), "jax": Player("jax", 4e-6, turns, dies=True)}
    result = measure_calls(ROW, players, Settings(repeat=2), silent)
    assert result.failures == {"jax": "it died"}
    assert result.times == {"staticad": [1e-6, 1e-6]}


def test_starts_take_turns_with_a_cache_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []

    def start(row: Row, runtime: str, cache: Any, expected: Any, settings: Settings) -> tuple[float, float]:
        seen.append((runtime, cache.name))
        if runtime == "torch":
            raise WorkerTimeout(7.0)
        return (100.0 if runtime == "pytensor" else 1.0), 0.5

    monkeypatch.setattr(runner, "start", start)
    result = measure_starts(COLD, ["staticad", "pytensor", "torch"], Settings(starts=2), silent)
    # torch does not come back, and pytensor is too slow to be asked twice
    assert seen == [
        ("staticad", "staticad-0"),
        ("pytensor", "pytensor-0"),
        ("torch", "torch-0"),
        ("staticad", "staticad-1"),
    ]
    assert result.times == {"staticad": [1.0, 1.0], "pytensor": [100.0, None]}
    (on_the_cpu,) = on_cpu([result])
    assert on_the_cpu.times == {"staticad": [0.5, 0.5], "pytensor": [0.5, None], "torch": []}
    assert cold_mean([result, result], "staticad", "pytensor") == pytest.approx(0.01)
    assert time_cell(result, "torch") == "> 7"
    assert ratios(result, "staticad", "pytensor") == [0.01]

    seen.clear()
    measure_starts(Row("warm", "", "warm", Neuron()), ["staticad"], Settings(starts=2), silent)
    assert seen == [("staticad", "staticad")] * 3  # one to fill the cache, two that find it full


def test_memory_is_measured_in_a_process_with_filled_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Process:
        def __init__(self, name: str, cache: Path, timeout: float) -> None:
            self.name = name
            seen.append(f"{name} {cache.name}")

        def ask(self, **request: Any) -> dict[str, Any]:
            if request["do"] == "run":
                return {"seconds": 0.2}
            if self.name == "jax":
                raise WorkerError("it died")
            return {"peak": 8e7 / len(seen), "planned": None, "arrays": encode(LONG.problem.answer())}

        def __enter__(self) -> Process:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(runner, "WorkerProcess", Process)
    result = measure_memory(LONG, ["staticad", "jax"], Settings(), silent)
    assert seen == ["staticad staticad"] * 2 + ["jax jax"]
    assert result.memory == {"staticad": Memory(int(4e7), None)}
    assert result.times == {"staticad": [0.2]}
    assert result.failures == {"jax": "it died"}


def test_memory_table() -> None:
    full = Result(
        LONG, {"staticad": [0.2], "jax": [0.1]}, memory={"staticad": Memory(10**8, 80), "jax": Memory(1, None)}
    )
    rest = Result(LONG, {"staticad": [0.2]}, {"jax": "why"}, memory={"staticad": Memory(10**6, None)})
    late = Result(LONG, out_of_time={"staticad": 3.0})
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in memory_table([full, rest, late], ["staticad", "numpy", "jax"]).splitlines()
    ]
    header = ["staticad: peak, MB", "staticad: planned, MB", "staticad: time, ms", "jax: peak, MB", "jax: time, ms"]
    assert lines[0] == ["", *header]
    assert lines[2] == ["long", "100", "8e-05", "200", "1e-06", "100"]
    assert lines[3] == ["long", "1", "–", "200", "failed", "failed"]
    assert lines[4] == ["long", "–", "–", "> 3,000", "–", "–"]


def test_only_runtimes_with_a_program_take_part() -> None:
    loop = Row("recurrence", "", "call", Recurrence(5))
    assert [name for name in RUNTIMES if takes_part(name, loop)] == ["staticad", "numpy", "numba", "pytensor", "jax"]
    assert [name for name in RUNTIMES if takes_part(name, Row("ode", "", "call", Ode()))] == list(RUNTIMES)
    forward, backward = Row("", "", "call", SweepForward(4)), Row("", "", "call", Sweep(4))
    assert [name for name in RUNTIMES if takes_part(name, forward)] == ["staticad", "numpy", "numba", "pytensor", "jax"]
    assert [name for name in RUNTIMES if takes_part(name, backward)] == ["staticad", "numpy", "pytensor", "jax"]
    assert [name for name in RUNTIMES if takes_part(name, LONG)] == ["staticad", "jax"]
    assert [name for name in RUNTIMES if takes_part(name, Row("", "", "memory", RecordedWhile(None)))] == ["staticad"]
    assert [name for name in RUNTIMES if takes_part(name, COLD)] == ["staticad", "pytensor", "jax"]
    turns: list[str] = []
    players: Any = {name: Player(name, 1e-6, turns) for name in ("staticad", "numba")}
    result = measure(ROW, players, Settings(repeat=1), silent)
    assert list(result.times) == ["staticad"]
    assert not [turn for turn in turns if "numba" in turn]
    assert time_cell(result, "numba") == "–"


def test_every_runtime_has_the_programs_that_it_names() -> None:
    names = {"While": "while_loop"}

    def name_of(kind: type) -> str:
        kind = next((whole for whole in (Mapped, Differentiated) if issubclass(kind, whole)), kind)  # one program
        return names.get(kind.__name__, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower())

    for runtime in RUNTIMES.values():
        text = (ROOT / "benchmarks" / "runtimes" / f"{runtime.name}_programs.py").read_text("utf-8")
        found = set(re.findall(r"^def (\w+)\(problem: ", text, re.MULTILINE))
        assert found == {name_of(kind) for kind in runtime.problems}


def test_tables() -> None:
    fast = Result(ROW, {"staticad": [2e-6, 1e-6, 3e-6], "numpy": [4e-6, 4e-6, 4e-6]})
    slow = Result(COLD, {"staticad": [0.5], "numpy": []}, failures={"numpy": "why"})
    assert time_cell(fast, "staticad") == "2 (1–3)"
    assert time_cell(Result(ROW, {"numpy": [0.0123456, 0.02, 0.03]}), "numpy") == "20,000 (12,300–30,000)"
    assert ratio_cell(fast, "staticad", "numpy") == "0.5 (0.25–0.75)"
    assert ratio_cell(slow, "staticad", "numpy") == "–"
    lines = times_table([fast, slow], ["staticad", "numpy"]).splitlines()
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["a start", "s", "0.5", "failed"]
    assert "numpy" in ratios_table([fast, slow], "staticad", ["numpy"])


def test_rows_are_selected_by_prefix() -> None:
    assert select([]) == list(ROWS)
    assert [row.name for row in select(["mlp-", "neuron"])][:4] == ["neuron", "mlp-32", "mlp-64", "mlp-256"]
    assert [row.name for row in select(["rnn"])] == ["rnn"]
    with pytest.raises(ValueError, match="no row is called 'nothing'"):
        select(["nothing"])


def test_the_command_prints_both_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(RUNTIMES["jax"]), "installed", lambda self: self.name != "jax")
    assert main(["neuron", "--quick", "--peers", "numpy,jax"]) == 0
    out, err = capsys.readouterr()
    assert "jax is not installed and is left out" in err
    assert f"numpy {np.__version__}" in out
    assert "Time per call" in out and "Ratios" in out and "failed" not in out


def test_the_command_prints_memory_in_a_table_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory-scan-sqrt", "neuron", "--quick", "--peers", ""]) == 0
    out, _ = capsys.readouterr()
    assert "neuron" in out.split("Gradient through 10,000 steps")[0]
    assert "staticad: peak, MB" in out and "failed" not in out
    assert "Ratios" not in out


@pytest.mark.parametrize("arguments", [["nothing"], ["--peers", "abacus"]])
def test_unknown_names_end_the_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert arguments[-1] in capsys.readouterr().err


def test_every_row_has_a_title_of_its_own() -> None:
    titles = [row.title for row in ROWS]
    assert len(titles) == len(set(titles))
