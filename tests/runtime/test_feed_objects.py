"""What is fed and is no array of numbers: an error that names the placeholder, its line and the remedy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.runtime.feeds import check_out, convert
from staticad.runtime.machine import ArraySpec

X = sa.placeholder((2,), "float32", name="x")
N = sa.placeholder((None,), name="n")


class Foreign:
    """An array of another library, which fails to become NumPy's or becomes something odd."""

    def __init__(self, result: Any, **attributes: Any) -> None:
        self.result = result
        vars(self).update(attributes)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Nasty:
    """Fails whatever it is asked."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Nasty
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")

    def __getitem__(self, key: Any) -> Any:
        raise RuntimeError("no")


GRAD = RuntimeError("Can't call numpy() on Tensor that requires grad.")
HALF = TypeError("Got unsupported ScalarType BFloat16")

REFUSED = {
    "requires grad": (Foreign(GRAD, requires_grad=True), r"RuntimeError: Can't call .*call \.detach\(\) first", GRAD),
    "bfloat16": (Foreign(HALF, dtype="torch.bfloat16"), "TypeError: Got unsupported.*NumPy array yourself", HALF),
    "raises": (Foreign(KeyError("gone")), "KeyError: 'gone'.*convert it to a NumPy array yourself", None),
    "no array": (Foreign(3), "does not become an array", None),
    "objects": (Foreign(np.array([object()])), "not an array of numbers", None),
    "nasty": (Nasty(), "x", None),
    "ragged": ([[1], [1, 2]], "no rectangular array .*pad its rows", None),
    "ragged tuple": ((1, [2]), "no rectangular array .*pad its rows", None),
    "strings": (["a", "b"], "list, not an array of numbers", None),
    "text": ("ab", "str, not an array of numbers", None),
    "bytes": (b"ab", "bytes, not an array of numbers", None),
    "none": ([1, None], "list, not an array of numbers", None),
    "set": ({1, 2}, "set, not an array of numbers", None),
    "generator": ((i for i in range(2)), "generator, not an array of numbers", None),
    "large integers": ([1, 10**400], "list, not an array of numbers", None),
    "large integer": (-(10**30), "an integer of more than 64 bits; feed a float", None),
    "dates": (np.zeros(2, "M8[s]"), r"dtype datetime64\[s\], not float32", None),
    "records": (np.zeros(2, [("a", "f4")]), "not float32", None),
    "masked": (np.ma.array([1, 2], "float32", mask=[0, 1]), r"masked elements.*\.filled\(number\)", None),
    "masked number": (np.ma.masked, r"masked elements.*\.filled\(number\)", None),
    "tensors": ([X, X], "x", None),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_the_error_names_placeholder_line_and_remedy(kind: str) -> None:
    value, message, cause = REFUSED[kind]
    with pytest.raises((sa.FeedError, sa.DTypeError), match=message) as caught:
        convert(X, value)
    assert "placeholder 'x' float32[2] (made at " in str(caught.value) and f"{__file__}:" in str(caught.value)
    if cause is not None:
        assert caught.value.__cause__ is cause


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("take", [sa.constant, sa.variable, sa.asarray], ids=lambda f: f.__name__)
def test_constants_and_variables_refuse_them_too(kind: str, take: Any) -> None:
    if kind != "tensors":
        with pytest.raises((sa.DTypeError, sa.ShapeError)):
            take(REFUSED[kind][0])


def test_a_masked_array_without_masked_elements_is_one_of_numbers() -> None:
    for mask in (np.ma.nomask, [False, False]):
        found = convert(X, np.ma.array([1, 2], "float32", mask=mask))
        assert type(found) is np.ndarray and found.tolist() == [1, 2]


def test_results_are_not_written_under_a_mask() -> None:
    with pytest.raises(sa.FeedError, match=r"masked array, whose mask would be ignored; give its \.data"):
        check_out([np.ma.zeros(2, "float32")], [ArraySpec(X.dtype, (2,))], [])


@pytest.mark.parametrize("view", [lambda a: a, lambda a: a[::-1], lambda a: a.astype(">f8")[:1].repeat(1)])
def test_a_feed_that_stands_for_more_memory_than_there_is(view: Any) -> None:
    huge = np.lib.stride_tricks.as_strided(view(np.ones(1)), (1 << 40,), (0,))
    with pytest.raises(sa.OutOfMemory, match="copy of the feed for placeholder 'n'"):
        convert(N, huge)
    with pytest.raises(sa.OutOfMemory):
        sa.variable(huge)
    with pytest.raises(sa.OutOfMemory):
        sa.constant(huge)


def test_sizes_of_an_empty_feed_that_no_array_of_wider_numbers_has() -> None:
    empty = np.lib.stride_tricks.as_strided(np.ones(1, "float32"), (2, 0, 1 << 59), (0, 0, 0))
    x = sa.placeholder((None, None, None), "float64")
    for feed in (empty, np.ma.array(empty)):
        with pytest.raises(sa.OutOfMemory, match="a copy of a feed could not be allocated"):
            convert(x, feed)


def test_no_conversion_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(sa.DTypeError, match="beyond the range of float32"):
            convert(X, [1e300, 1])
