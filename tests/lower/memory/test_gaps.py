"""A write beyond a buffer is found."""

from __future__ import annotations

from unittest import mock

import numpy as np

import staticad as sa
from staticad.ir.dims import Size
from staticad.lower.kernel.plan import Buffer
from staticad.lower.lower import GraphLowering
from tests.harness.gaps import apart, overwritten

_scratch_bytes = GraphLowering.scratch_bytes


def test_room_that_is_too_small_is_found() -> None:
    x, weight = sa.placeholder((2, 3, None, None)), sa.placeholder((3, 1, 3, 3))
    feeds = {x: np.ones((2, 3, 40, 50)), weight: np.ones((3, 1, 3, 3))}
    y = sa.nn.conv2d(x, weight, groups=3)

    def too_little(lowering: GraphLowering, size: Size) -> Buffer:
        return _scratch_bytes(lowering, size - 128)

    for room, count in ((_scratch_bytes, 0), (too_little, 1)):
        with apart(), mock.patch.object(GraphLowering, "scratch_bytes", room):
            session = sa.compile([sa.sin(y)], inputs=[x, weight])
        found = overwritten(session, feeds)
        assert len(found) == count and all("convolution" in text for text in found)
