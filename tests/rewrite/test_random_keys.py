"""Keys are not taken apart and put together again; the words and the numbers stay the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.functional.random.keys import packed
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from staticad.rewrite.pipeline import SIMPLE_RULES, optimize
from tests.rewrite.support import rewritten

random = sa.random
WORDS = np.array([7, 9], np.uint32)


def ops(tensor: Tensor) -> list[str]:
    return sorted(node.op.name for node in sort_nodes([tensor]))


@pytest.mark.parametrize(
    ("derive", "blocks"),
    [
        (lambda k: random.fold_in(k, 3), 1),
        (lambda k: random.split(k)[0], 1),
        (lambda k: random.split(k, 5)[-1], 1),
        (lambda k: random.split(random.fold_in(random.split(k)[1], 4), 3)[2], 3),
    ],
)
def test_a_derived_key_is_packed_as_its_block(derive: Callable[[Tensor], Tensor], blocks: int) -> None:
    key = placeholder((2,), "uint32")
    made = packed("test", derive(key))
    (new,) = rewritten([made], SIMPLE_RULES)
    names = ops(new)
    assert names.count("threefry64") == blocks
    assert names.count("bitwise_or") == 1  # of the given key
    assert "right_shift" not in names and "position" not in names
    np.testing.assert_array_equal(*evaluate([made, new], {key: WORDS}))


def test_one_of_several_keys_is_one_block() -> None:
    key = placeholder((2,), "uint32")
    keys = random.split(key, 4)
    wanted = [keys[2], keys[1:2], keys[-1, 1]]
    found = [optimize([t])[0] for t in wanted]
    for before, after in zip(wanted[:2], found[:2]):
        assert "position" not in ops(after)
        np.testing.assert_array_equal(*evaluate([before, after], {key: WORDS}))
    np.testing.assert_array_equal(*evaluate([wanted[2], found[2]], {key: WORDS}))


@pytest.mark.parametrize(
    "make",
    [
        lambda k, i: packed("test", random.split(k, 4)[1][::-1]),
        lambda k, i: packed("test", random.split(k, 4)[1:3, 0]),
        lambda k, i: packed("test", random.split(k, 4)[i]),
        lambda k, i: packed("test", random.split(k, 4)[1, ::-1]),
        lambda k, i: packed("test", sa.stack([random.fold_in(k, 1)[0], random.fold_in(k, 2)[1]])),
        lambda k, i: packed("test", random.fold_in(k, i) + 1),
        lambda k, i: (random.fold_in(k, 1)[0].astype("uint64") << 31) | random.fold_in(k, 1)[1],
        lambda k, i: (random.fold_in(k, 1)[1].astype("uint64") << 32) | random.fold_in(k, 1)[0],
        lambda k, i: (random.fold_in(k, 1)[0].astype("uint64") << 32) | random.fold_in(k, 2)[1],
    ],
)
def test_other_keys_keep_their_words(make: Callable[[Tensor, Tensor], Tensor]) -> None:
    key, i = placeholder((2,), "uint32"), placeholder((), "int64")
    made = make(key, i)
    (new,) = optimize([made])
    feeds = {key: WORDS, i: np.array(2)}
    np.testing.assert_array_equal(*evaluate([made, new], feeds))
    np.testing.assert_array_equal(sa.compile(made, inputs=[key, i])(WORDS, 2), evaluate(made, feeds)[0])
