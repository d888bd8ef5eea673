"""The generator against its authors' known answers, and the statistics of its bits."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.errors import DTypeError
from staticad.ops.base import apply
from staticad.ops.random import THREEFRY32, THREEFRY64
from staticad.ops.sources import placeholder

# threefry2x32, 20 rounds, in kat_vectors of Random123 1.09: (key, counter, block), the first word in the upper half.
KNOWN = [
    (0x0000000000000000, 0x0000000000000000, 0x6B20015999BA4EFE),
    (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0x1CB996FCBB002BE7),
    (0x13198A2E03707344, 0x243F6A8885A308D3, 0xC4923A9C483DF7A0),
]


@pytest.mark.parametrize(("key", "counter", "block"), KNOWN)
def test_known_answers(key: int, counter: int, block: int) -> None:
    found = THREEFRY64.numpy(np.array(key, np.uint64), np.array(counter, np.uint64))
    assert found.dtype == np.uint64 and int(found) == block
    folded = THREEFRY32.numpy(np.array([key], np.uint64), np.array([counter], np.uint64))
    assert folded.dtype == np.uint32 and folded.tolist() == [(block >> 32) ^ (block & 0xFFFFFFFF)]


def test_every_bit_of_counter_and_key_changes_half_of_the_bits(rng: np.random.Generator) -> None:
    keys, counters = rng.integers(0, 2**64, (2, 500), np.uint64)
    blocks = THREEFRY64.numpy(keys, counters)
    for bit in range(64):
        flip = np.uint64(1 << bit)
        for changed in (THREEFRY64.numpy(keys ^ flip, counters), THREEFRY64.numpy(keys, counters ^ flip)):
            assert abs(np.bitwise_count(blocks ^ changed).mean() - 32) < 5 * 4 / np.sqrt(500)


def test_bits_are_even(rng: np.random.Generator) -> None:
    blocks = THREEFRY64.numpy(np.uint64(7), np.arange(20000, dtype=np.uint64))
    ones = np.array([(blocks >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(64)])
    assert np.abs(ones - 0.5).max() < 4.5 * 0.5 / np.sqrt(20000)
    assert len(np.unique(blocks)) == len(blocks)  # one key's blocks are a permutation of the counters


def test_other_dtypes_are_refused() -> None:
    x = placeholder((), "uint32")
    with pytest.raises(DTypeError, match="threefry64: uint32 is not supported"):
        apply(THREEFRY64, x, x)
