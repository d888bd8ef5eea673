"""Random bits as a pure function of a key and a counter: Threefry-2x32 with 20 rounds.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011). Both
operands and the block that results are 64 bits wide, each of two 32-bit words, the first one in the upper half.
"""

from __future__ import annotations

import numpy as np

from staticad.ops.base import Elementwise

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA  # the key's third word is the exclusive or of this and the other two
GROUPS = 5  # of four rounds, each followed by an injection of the key


def _words(x: np.ndarray) -> list[np.ndarray]:
    return [(x >> np.uint64(32)).astype(np.uint32), x.astype(np.uint32)]


def _rotate(x: np.ndarray, count: int) -> np.ndarray:
    return (x << np.uint32(count)) | (x >> np.uint32(32 - count))


def _threefry(key: np.ndarray, counter: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keys = _words(np.asarray(key))
    keys.append(keys[0] ^ keys[1] ^ np.uint32(PARITY))
    a, b = _words(np.asarray(counter))
    with np.errstate(over="ignore"):
        a, b = a + keys[0], b + keys[1]
        for group in range(GROUPS):
            for rotation in ROTATIONS[group % 2]:
                a = a + b
                b = _rotate(b, rotation) ^ a
            a = a + keys[(group + 1) % 3]
            b = b + keys[(group + 2) % 3] + np.uint32(group + 1)
    return a, b


def _threefry64(key: np.ndarray, counter: np.ndarray) -> np.ndarray:
    a, b = _threefry(key, counter)
    return (a.astype(np.uint64) << np.uint64(32)) | b


def _threefry32(key: np.ndarray, counter: np.ndarray) -> np.ndarray:
    a, b = _threefry(key, counter)
    return a ^ b


THREEFRY64 = Elementwise(
    "threefry64",
    numpy=_threefry64,
    arity=2,
    only="uint64",
    cost=70,
    ulps=0,
    nondifferentiable=True,
    notes="a block of random bits from a key and a counter; `sa.random` is made of these two",
)

# The exclusive or of the block's words: 32 bits where no more are needed, in half the width of a register.
THREEFRY32 = Elementwise(
    "threefry32",
    numpy=_threefry32,
    arity=2,
    only="uint64",
    result="uint32",
    cost=70,
    ulps=0,
    nondifferentiable=True,
    notes="the exclusive or of the two words of the block",
)

RANDOM_OPS = (THREEFRY64, THREEFRY32)
