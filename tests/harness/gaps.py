"""Memory with gaps: what a kernel or a routine writes beyond its buffers shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

import numpy as np

import staticad as sa
from staticad import config
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, product
from staticad.ir.graph import Tensor
from staticad.ir.local_sizes import largest_shape
from staticad.lower.kernel.plan import Buffer
from staticad.lower.memory import arena
from tests.harness.poison import poisoned_memory

GAP = 192  # bytes
UNTOUCHED = 0xFF

_padded_bytes = arena.padded_bytes


class _Apart(arena._Slots):
    """No two temporaries share memory."""

    def release(self, slot: arena._Slot) -> None:
        pass


def _with_gap(buffer: Buffer) -> Size:
    return _padded_bytes(buffer) + GAP


@contextmanager
def apart() -> Iterator[None]:
    """Sessions that are compiled inside have a gap behind each temporary."""
    with (
        config.override(programs=False),  # those on disk have no gaps
        mock.patch.object(arena, "_Slots", _Apart),
        mock.patch.object(arena, "padded_bytes", _with_gap),
    ):
        yield


def overwritten(session: sa.Session, feeds: Mapping[Tensor, np.ndarray]) -> list[str]:
    """The buffers of a session made `apart` behind which a run has written, and what writes to them."""
    with poisoned_memory():
        shapes = [(result.dtype, result.shape, result.nbytes) for result in session.run(feeds)]
    memory = session._arena.block  # of the size that the run needs, or more
    results = [np.full(size + GAP, UNTOUCHED, np.uint8) for *_, size in shapes]
    memory[...] = UNTOUCHED
    session.run(feeds, out=[b[:n].view(dtype).reshape(shape) for b, (dtype, shape, n) in zip(results, shapes)])
    found = [f"result {k}" for k, b in enumerate(results) if (b[-GAP:] != UNTOUCHED).any()]
    plan = session._plan
    values = dict(zip(session._symbols, next(reversed(session._bindings), ())))
    writers = [(step.label, number) for step in (*plan.compute, *plan.commit) for number in step.writes]
    for buffer in plan.buffers:
        if buffer.number in plan.offsets:
            start = evaluate(plan.offsets[buffer.number], values)
            size = evaluate(product(largest_shape(buffer.shape)) * buffer.dtype.itemsize, values)
            end = start + evaluate(_with_gap(buffer), values)
            if (memory[start + size : end] != UNTOUCHED).any():
                found.append(f"{buffer} of {[label for label, number in writers if number == buffer.number]}")
    return found
