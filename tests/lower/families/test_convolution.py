"""Convolutions in the words of their routine: every access to memory is checked, and tasks don't meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.codegen.convolution import CONVOLUTION
from staticad.lower.kernel.routine import Routine
from tests.lower import routine_calls
from tests.lower.checking import computes
from tests.lower.machine_text import MachineText

_TASKS = 16
# Of filters, channels of a group, and groups; the kernel, the window, and sizes of images.
CASES: list[tuple[tuple[int, int, int], tuple[int, ...], dict[str, Any], list[tuple[int, ...]]]] = [
    ((5, 3, 1), (3, 3), {"padding": 1}, [(5, 7), (3, 1)]),
    ((5, 2, 1), (3, 2), {"padding": ((0, 3), (2, 0)), "dilation": (1, 2)}, [(4, 5)]),
    ((10, 5, 2), (1, 1), {"padding": (1, 0)}, [(3, 3)]),
    ((5, 5, 1), (1, 3), {}, [(5, 6), (2, 3)]),
    ((5, 30, 1), (3, 3), {"padding": 1}, [(2, 2)]),
    ((5, 3, 1), (2, 1), {}, [(9, 30), (3, 61)]),
    ((5, 2, 1), (2, 3, 2), {"padding": (1, 0, 1), "dilation": (2, 1, 1)}, [(3, 4, 3)]),
    ((4, 1, 2), (3, 3), {"padding": 1}, [(5, 4)]),
    ((5, 3, 1), (3, 3), {"padding": 2, "stride": (2, 1)}, [(4, 4)]),
]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lines of a result that the routines which have run take at a time."""
    found = []

    def run(routine: Routine, arguments: list[Any], _extent: int) -> None:
        slots = dict(zip(routine.slots, arguments, strict=True))
        found.append(slots["LINES"])
        MachineText(CONVOLUTION[routine.name].text, slots, routine.dtype).run(_TASKS)

    monkeypatch.setattr(routine_calls, "_over_images", run)
    return found


@pytest.mark.parametrize(("counts", "kernel", "window", "extents"), CASES)
@pytest.mark.parametrize("free", [False, True])
def test_all_accesses_are_checked(
    counts: tuple[int, int, int], kernel: tuple[int, ...], window: dict[str, Any], extents: list[tuple[int, ...]],
    free: bool, lines: list[int], rng: np.random.Generator,
) -> None:  # fmt: skip
    """Also where a size is not known when room is reserved; by runs, frames and patches."""
    filters, channels, groups = counts
    weights = rng.normal(size=(filters, channels, *kernel))
    for number, sizes in enumerate(extents, 1):
        given = rng.normal(size=(number, channels * groups, *sizes))
        image = sa.placeholder((None, channels * groups, *[None] * len(sizes)) if free else given.shape)
        y = getattr(sa.nn, f"conv{len(kernel)}d")(image, weights, groups=groups, **window)
        computes(y, feeds={image: given})
    assert any(lines) == ("stride" not in window and filters // groups > 2)
