"""A runtime's process as the runner sees it: start it, ask it, end it."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Self

from benchmarks.runtimes import RUNTIMES

ROOT = Path(__file__).resolve().parent.parent


class WorkerError(Exception):
    """A runtime's process failed, or did not answer in time; the text says how."""


class WorkerTimeout(WorkerError):
    """No answer within the seconds allowed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


def import_time(runtime: str, cache: Path, timeout: float) -> tuple[float, float]:
    """Seconds, and those of the CPU, that the runtime's import takes in a fresh process, in which nothing else was
    imported before it.

    Raises WorkerError when it fails, WorkerTimeout when it takes too long.
    """
    module = RUNTIMES[runtime].module
    clocks = "from time import perf_counter as t, process_time as c"
    code = f"{clocks}; s = t(), c(); import {module}; print(t() - s[0], c() - s[1])"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=RUNTIMES[runtime].environment(cache),
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise WorkerTimeout(timeout) from None
    if done.returncode:
        raise WorkerError(done.stderr[-2000:].rstrip())
    seconds, cpu = map(float, done.stdout.split())
    return seconds, cpu


class WorkerProcess:
    """`python -m benchmarks.worker RUNTIME` in an environment whose caches lie below `cache`. A context manager."""

    def __init__(self, runtime: str, cache: Path, timeout: float) -> None:
        self.runtime = runtime
        self.timeout = timeout
        self.began = perf_counter()  # one clock for all processes, on Linux
        self.noise = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", runtime],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.noise,
            cwd=ROOT,
            env=RUNTIMES[runtime].environment(cache),
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to one request. Raises WorkerError when the request fails, WorkerTimeout when it takes too long;
        after the latter the process is gone."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError(self.last_words()) from None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(self.timeout):
                self.close()
                raise WorkerTimeout(self.timeout)
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(self.last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"].rstrip())
        return answer

    def last_words(self) -> str:
        code = self.process.wait(10)
        self.noise.seek(0)
        return f"its process ended with exit code {code}\n{self.noise.read()[-2000:]}".rstrip()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                pass
        self.noise.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
