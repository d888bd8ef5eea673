"""What a runtime makes of a problem: a call to time, and the way to read what it has computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.problems import Arrays


@dataclass(frozen=True)
class Program:
    """`call` does the work once and returns when it is finished; `read` turns its last result into NumPy arrays in
    the order of the problem's answer. Only `call` is timed; its data already lie where the runtime likes them.
    `planned` is how many bytes of memory the runtime says that a call will need, where it says so."""

    call: Callable[[], Any]
    read: Callable[[Any], Arrays]
    planned: int | None = None
