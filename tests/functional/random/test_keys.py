"""Keys: how they are made and derived, that they are ordinary tensors, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, ShapeError
from staticad.ops.random import THREEFRY64
from tests.control.running import run


def value(tensor: sa.Tensor) -> np.ndarray:
    (found,) = run(tensor, {})
    return found


def block(key: np.ndarray, counter: int) -> int:
    packed = (np.uint64(key[0]) << np.uint64(32)) | np.uint64(key[1])
    return int(THREEFRY64.numpy(packed, np.uint64(counter)))


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (0, [0, 0]),
        (7, [0, 7]),
        (2**32, [1, 0]),
        (2**64 - 1, [2**32 - 1, 2**32 - 1]),
        (-1, [2**32 - 1, 2**32 - 1]),
        (-(2**63), [2**31, 0]),
        (np.uint64(2**63 + 5), [2**31, 5]),
    ],
)
def test_a_seed_is_the_two_words_of_its_64_bits(seed: int, words: list[int]) -> None:
    key = sa.random.key(seed)
    assert key.shape == (2,) and key.dtype == "uint32"
    assert value(key).tolist() == words


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_a_seed_may_be_a_tensor(dtype: str) -> None:
    seed = sa.placeholder((), dtype)
    number = -3 if dtype.startswith("int") else 200
    (found,) = run(sa.random.key(seed), {seed: number})
    assert found.tolist() == value(sa.random.key(number)).tolist()


def test_new_keys_are_blocks_of_the_old_one() -> None:
    key = np.array([3, 5], np.uint32)
    k = sa.placeholder((2,), "uint32")
    found = run([sa.random.split(k), sa.random.fold_in(k, 1), sa.random.split(k, 5)], {k: key})
    two, folded, five = found
    assert two.shape == (2, 2) and five.shape == (5, 2) and folded.shape == (2,)
    for row, words in enumerate(five):
        assert (int(words[0]) << 32) + int(words[1]) == block(key, row)
    np.testing.assert_array_equal(two, five[:2])
    np.testing.assert_array_equal(folded, five[1])


def test_split_into_several_axes() -> None:
    k = sa.placeholder((2,), "uint32")
    flat, matrix, none = run([sa.random.split(k, 6), sa.random.split(k, (2, 3)), sa.random.split(k, ())], {k: [3, 5]})
    np.testing.assert_array_equal(matrix, flat.reshape(2, 3, 2))
    np.testing.assert_array_equal(none, flat[0])


@pytest.mark.parametrize("number", [0, 1, -1, 2**40, 2**64 - 1])
def test_fold_in_takes_64_bits(number: int) -> None:
    words = value(sa.random.fold_in(sa.random.key(9), number))
    assert (int(words[0]) << 32) + int(words[1]) == block(np.array([0, 9], np.uint32), number % 2**64)


def test_fold_in_a_tensor_is_fold_in_a_number() -> None:
    i = sa.placeholder((), "int32")
    for number in (0, 5, -5):
        (found,) = run(sa.random.fold_in(sa.random.key(9), i), {i: number})
        assert found.tolist() == value(sa.random.fold_in(sa.random.key(9), number)).tolist()


def test_split_into_a_free_number() -> None:
    x = sa.placeholder(("n",))
    keys = sa.random.split(sa.random.key(1), x.shape[0])
    assert keys.shape == (*x.shape, 2)
    for n in (0, 1, 6):
        (found,) = run(keys, {x: np.zeros(n)})
        np.testing.assert_array_equal(found, value(sa.random.split(sa.random.key(1), 6))[:n])


def test_a_key_can_be_a_variable_with_an_update() -> None:
    key = sa.variable(np.array([0, 3], np.uint32), name="key")
    new, use = sa.random.split(key)
    session = sa.compile(sa.random.uniform(use, (3,)), inputs=[], updates={key: new})
    first, second = session(), session()
    assert not np.array_equal(first, second)
    key.assign(np.array([0, 3], np.uint32))
    np.testing.assert_array_equal(session(), first)
    np.testing.assert_array_equal(session(), second)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_bits(dtype: str) -> None:
    key = sa.random.key(11)
    found = value(sa.random.bits(key, (3, 4), dtype))
    assert found.dtype == dtype and found.shape == (3, 4)
    whole = np.array([block(np.array([0, 11], np.uint32), i) for i in range(12)], np.uint64)
    expected = whole if dtype == "uint64" else whole ^ (whole >> np.uint64(32))
    np.testing.assert_array_equal(found.ravel(), expected.astype(dtype))


def test_an_element_depends_on_its_position_alone() -> None:
    key = sa.random.key(2)
    (long, short, matrix) = run([sa.random.bits(key, shape) for shape in ((100,), (7,), (10, 10))], {})
    np.testing.assert_array_equal(short, long[:7])
    np.testing.assert_array_equal(matrix.ravel(), long)


def test_keys_give_different_bits() -> None:
    draws = [value(sa.random.bits(k, (50,), "uint64")) for k in (sa.random.key(0), *sa.random.split(sa.random.key(0)))]
    assert len(np.unique(np.concatenate(draws))) == 150


KEY = sa.random.key(0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sa.random.key(1.5), DTypeError, "the seed has to be an integer"),
        (lambda: sa.random.key(True), DTypeError, "the seed has to be an integer"),
        (lambda: sa.random.key(2**64), DTypeError, "more than 64 bits"),
        (lambda: sa.random.key(np.arange(3)), ShapeError, "the seed has to be a scalar"),
        (lambda: sa.random.split(sa.placeholder((2,))), DTypeError, "split: a key is uint32.2., not.*sa.random.key"),
        (lambda: sa.random.split(7), DTypeError, "split: a key is uint32"),
        (lambda: sa.random.normal(sa.random.split(KEY)), ShapeError, "normal: a key.*one of several keys"),
        (lambda: sa.random.uniform(sa.placeholder((None,), "uint32")), ShapeError, "uniform: a key is uint32"),
        (lambda: sa.random.split(KEY, -1), ShapeError, "size can't be negative"),
        (lambda: sa.random.fold_in(KEY, 0.5), DTypeError, "data has to be an integer"),
        (lambda: sa.random.fold_in(KEY, np.arange(2)), ShapeError, "data has to be a scalar"),
        (lambda: sa.random.fold_in(KEY, 2**64), DTypeError, "more than 64 bits"),
        (lambda: sa.random.bits(KEY, (3,), "int32"), DTypeError, "bits are unsigned integers, not int32"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make()
    assert "test_keys.py:" in str(raised.value)
