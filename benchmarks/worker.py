"""The process of one runtime: answers requests, one JSON object a line, on its standard input and output.

    {"do": "prepare", "row": "mlp-32"}  →  {"arrays": […]}     builds the program, returns its results for the check
            with "variant": 3 that of a problem which has several, see `Growing`
    {"do": "run", "seconds": 0.2}       →  {"seconds": 2.7e-5} median time of one call of the prepared program
    {"do": "first", "row": "mlp-32"}    →  {"seconds": 0.8, "cpu": 0.7, "at": 5.3, "total": 0.9, "arrays": […]}
            from the model's first line to its result: seconds, and those of the CPU; when, and those of the CPU in all
    {"do": "memory", "row": "memory-scan"} → {"peak": 8e7, "planned": 8e7, "arrays": […]} bytes of the first call
    {"do": "version"}                   →  {"version": "2.4.0"}

A request that fails is answered by {"error": "traceback"}. The process ends with its input.
"""

from __future__ import annotations

import base64
import gc
import importlib
import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.problems import Arrays
from benchmarks.rows import ROWS
from benchmarks.runtimes import build
from benchmarks.runtimes.program import Program

BLOCK_SECONDS = 1e-3
"""Calls are timed in blocks of about this length, so that reading the clock costs nothing."""


def median_time(call: Callable[[], Any], seconds: float) -> float:
    """Median over blocks of the time of one call, measuring for about `seconds`, with the collector off. A call that
    takes longer than that is made once."""
    gc.collect()
    gc.disable()
    try:
        start = perf_counter()
        call()
        estimate = max(perf_counter() - start, 1e-8)
        if estimate >= seconds:
            return estimate
        size = max(1, int(BLOCK_SECONDS / estimate))
        times: list[float] = []
        end = perf_counter() + seconds
        while not times or perf_counter() < end:
            start = perf_counter()
            for _ in range(size):
                call()
            times.append((perf_counter() - start) / size)
        return float(np.median(times))
    finally:
        gc.enable()


def encode(arrays: Arrays) -> list[str]:
    """Arrays as text: the npy format in base64."""
    texts = []
    for array in arrays:
        file = io.BytesIO()
        np.save(file, np.asarray(array), allow_pickle=False)
        texts.append(base64.b64encode(file.getvalue()).decode("ascii"))
    return texts


def decode(texts: list[str]) -> Arrays:
    return [np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False) for text in texts]


class Worker:
    """Carries out requests for one runtime; keeps the program that was prepared last."""

    def __init__(self, runtime: str) -> None:
        self.runtime = runtime
        self.program: Program | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request:
            case {"do": "version"}:
                metadata = importlib.import_module("importlib.metadata")  # imports more than a start should wait for
                return {"version": metadata.version(self.runtime)}
            case {"do": "prepare", "row": row}:
                return {"arrays": encode(self.prepare(row, request.get("variant")))}
            case {"do": "run", "seconds": seconds}:
                assert self.program is not None, "prepare comes first"
                return {"seconds": median_time(self.program.call, seconds)}
            case {"do": "memory", "row": row}:
                return self.memory(row)
            case {"do": "first", "row": row}:
                importlib.import_module(f"benchmarks.runtimes.{self.runtime}_programs")
                problem = problem_of(row)
                problem.answer()  # makes the data, which are not part of the time
                start, worked = perf_counter(), process_time()
                program = build(self.runtime, problem)
                result = program.call()
                at, cpu = perf_counter(), process_time()
                for _ in range(problem.calls - 1):
                    result = program.call()
                arrays = encode(program.read(result))
                return {"seconds": at - start, "cpu": cpu - worked, "at": at, "total": cpu, "arrays": arrays}
        raise ValueError(f"unknown request {request}")

    def memory(self, row: str) -> dict[str, Any]:
        """Prepares the row's program; by how many bytes its first call raises the peak of this process."""
        program = build(self.runtime, problem_of(row))
        peak, result = peak_of(program.call)
        self.program = program
        return {"peak": peak, "planned": program.planned, "arrays": encode(program.read(result))}

    def prepare(self, row: str, variant: int | None = None) -> Arrays:
        problem = problem_of(row)
        if variant is not None:
            problem = problem.variants[variant]
        self.program = None
        program = build(self.runtime, problem)
        for _ in range(problem.calls):
            result = program.call()
        arrays = program.read(result)
        self.program = program
        return arrays


def peak_of(call: Callable[[], Any]) -> tuple[int, Any]:
    """By how many bytes a call raises the resident memory of this process at most, and its result. Linux only."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is resident now
    before = peak_resident()
    result = call()
    return peak_resident() - before, result


def peak_resident() -> int:
    """The largest resident memory of this process so far, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def problem_of(name: str) -> Any:
    return next(row.problem for row in ROWS if row.name == name)


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a runtime prints must not look like an answer
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
