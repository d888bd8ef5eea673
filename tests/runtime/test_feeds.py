"""What may be fed, as what it arrives, and the sizes that follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dims import Symbol, symbol
from staticad.ir.dtypes import SUPPORTED, bfloat16, is_lossless
from staticad.ir.graph import sort_nodes
from staticad.lower.requirements import size_checks
from staticad.runtime.feeds import bind_sizes, check_sizes, convert, free_symbols, order_feeds


class Subclass(np.ndarray):
    pass


X = sa.placeholder((None, 3), "float32", name="x")
K = sa.placeholder((), "int64", name="k")
F = sa.placeholder((), "float64", name="f")
B = sa.placeholder((2,), "bool", name="b")
U = sa.placeholder((3,), "uint8", name="u")


@pytest.mark.parametrize(
    ("tensor", "value", "expected"),
    [
        (F, 2.5, 2.5),
        (F, 2, 2.0),
        (F, True, 1.0),
        (F, np.float64(2.5), 2.5),
        (F, np.array(2.5), 2.5),
        (F, np.float32(2.5), 2.5),
        (F, np.int32(-3), -3.0),
        (K, np.array(7, ">u4"), 7),
        (X, np.array([[1, 2, 3]], "float16"), [[1, 2, 3]]),
        (X, np.array([[1, 2, 3]], bfloat16())[:, ::-1], [[3, 2, 1]]),
        (X, np.array([[True, False, True]]), [[1, 0, 1]]),
        (K, 7, 7),
        (K, np.int64(7), 7),
        (K, True, 1),
        (X, [[1, 2, 3]], [[1, 2, 3]]),
        (X, [[1.5, True, 3]], [[1.5, 1, 3]]),
        (X, np.zeros((0, 3), "float32"), np.zeros((0, 3))),
        (B, [True, False], [True, False]),
        (U, [0, 255, 3], [0, 255, 3]),
        (U, range(3), [0, 1, 2]),
    ],
)
def test_values_become_arrays_of_the_inputs_dtype(tensor: sa.Tensor, value: Any, expected: Any) -> None:
    array = convert(tensor, value)
    assert type(array) is np.ndarray and array.dtype == tensor.dtype
    np.testing.assert_array_equal(array, expected)


def test_exactly_what_loses_nothing_is_widened(rng: np.random.Generator) -> None:
    """Every value comes back from the wider dtype; without the option, and where it might not, it is refused."""
    for source in (*SUPPORTED, bfloat16()):
        bits = np.frombuffer(rng.bytes(4096), "uint8")
        with np.errstate(invalid="ignore"):
            array = bits % 2 == 1 if source.kind == "b" else bits.view(source)[np.isfinite(bits.view(source))]
        for target in (*SUPPORTED, bfloat16()):
            tensor = sa.placeholder((None,), target)
            if source == target or is_lossless(source, target):
                found = convert(tensor, array)
                back = found if source.kind == "c" else found.real
                assert found.dtype is tensor.dtype and back.astype(source).tobytes() == array.tobytes()
            else:
                with pytest.raises(sa.DTypeError, match="has dtype"):
                    convert(tensor, array)
            if source != target:
                with pytest.raises(sa.DTypeError, match=r"has dtype .*; convert it with .astype"):
                    convert(tensor, array, widen=False)


def test_sessions_widen_unless_they_are_told_not_to() -> None:
    loose, strict = sa.compile(F * 2.0, [F]), sa.compile(F * 2.0, [F], options={"widen_feeds": False})
    assert loose(np.float32(0.1)) == float(np.float32(0.1)) * 2.0 and strict(0.1) == 0.2
    with pytest.raises(sa.DTypeError, match="has dtype float32, not float64"):
        strict(np.float32(0.1))


def test_an_array_that_fits_is_not_copied() -> None:
    array = np.ones((2, 3), "float32")
    assert np.shares_memory(convert(X, array), array)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="float32").reshape(3, 2).T,
        np.arange(12, dtype="float32").reshape(2, 6)[:, ::2],
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.arange(6, dtype="float32").reshape(2, 3)[::-1],
        np.frombuffer(b"\0" + np.arange(6, dtype="<f4").tobytes(), dtype="<f4", count=6, offset=1).reshape(2, 3),
        np.arange(6, dtype="float32").reshape(2, 3).view(Subclass),
    ],
    ids=["transposed", "strided", "other byte order", "backwards", "unaligned", "subclass"],
)
def test_any_layout_becomes_contiguous(array: np.ndarray) -> None:
    found = convert(X, array)
    assert type(found) is np.ndarray and found.flags.c_contiguous and found.flags.aligned and found.dtype.isnative
    np.testing.assert_array_equal(found, np.asarray(array))


def test_read_only_arrays_are_taken_as_they_are() -> None:
    array = np.ones((2, 3), "float32")
    array.flags.writeable = False
    assert np.shares_memory(convert(X, array), array)


def test_an_object_with_the_array_protocol() -> None:
    class Wrapped:
        dtype = np.dtype("float32")

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.ones((1, 3), "float32")

    np.testing.assert_array_equal(convert(X, Wrapped()), np.ones((1, 3)))


@pytest.mark.parametrize(
    ("tensor", "value", "error", "message"),
    [
        (X, np.zeros((2, 3)), sa.DTypeError, "has dtype float64, not float32; convert it with .astype\\('float32'\\)"),
        (X, np.zeros((2, 3), "int32"), sa.DTypeError, "dtype int32"),
        (F, np.int64(1), sa.DTypeError, "dtype int64"),
        (K, 1.0, sa.DTypeError, "float64 numbers, which int64 can't hold"),
        (K, [1], sa.FeedError, "has 1 axes .* not 0"),
        (U, [0, 256, 1], sa.DTypeError, "numbers outside the range of uint8"),
        (U, [0, -1, 1], sa.DTypeError, "numbers outside the range of uint8"),
        (K, 1 << 70, sa.StaticadError, "k"),
        (B, [1, 0], sa.DTypeError, "int64 numbers, which bool can't hold"),
        (X, np.zeros(3, "float32"), sa.FeedError, r"has 1 axes \(shape \(3,\)\), not 2; reshape it"),
        (X, 1.0, sa.FeedError, "has 0 axes"),
        (X, [[1, 2], [3]], sa.FeedError, "no rectangular array"),
        (X, None, sa.FeedError, "NoneType, not an array of numbers"),
        (X, "text", sa.FeedError, "str, not an array of numbers"),
        (X, [["a", "b", "c"]], sa.FeedError, "list, not an array of numbers"),
        (X, object(), sa.FeedError, "object, not an array of numbers"),
        (X, {"a": 1}, sa.FeedError, "dict, not an array of numbers"),
        (X, [[1j, 2, 3]], sa.DTypeError, "complex128 numbers, which float32 can't hold"),
        (X, np.zeros((2, 3), "complex64"), sa.DTypeError, "complex64"),
        (X, np.array([["a", "b", "c"]]), sa.DTypeError, "<U1"),
        (X, sa.placeholder((2, 3), "float32"), sa.FeedError, "symbolic tensor"),
    ],
)
def test_values_that_do_not_fit(tensor: sa.Tensor, value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        convert(tensor, value)
    assert repr(tensor.name) in str(caught.value) and f"{__file__}:" in str(caught.value)


def test_feeds_are_ordered_by_tensor_or_name() -> None:
    assert order_feeds([X, K], {K: 1, X: 2}) == (2, 1)
    assert order_feeds([X, K], {"k": 1, "x": 2}) == (2, 1)
    assert order_feeds([X, K], {"k": 1, X: 2}) == (2, 1)
    assert order_feeds([], {}) == ()


def test_calls_by_name() -> None:
    session = sa.compile(sa.where(B, F, K), [F, K, B])
    assert session(2.0, k=3, b=[True, False]).tolist() == session(b=[True, False], k=3, f=2.0).tolist() == [2.0, 3.0]
    for arrays, named, message in (
        ((2.0,), {"k": 3, "q": 1}, "no input is named 'q'; the inputs are 'f', 'k', 'b'"),
        ((2.0,), {"f": 3, "k": 1}, "placeholder 'f' .* is fed twice"),
        ((), {"k": 3, "b": [True, True]}, "missing feed for placeholder 'f'"),
        ((1.0, 2, [True, True], 4), {"k": 3}, "takes 3 arrays .*, not 4"),
    ):
        with pytest.raises(sa.FeedError, match=message):
            session(*arrays, **named)
    named_self = sa.placeholder((), name="self")
    assert sa.compile(named_self + 1.0)(self=1.0) == 2.0


def test_what_is_not_fed_has_its_default() -> None:
    given = np.arange(3.0)
    x = sa.placeholder((None,), name="x", default=given)
    rate = sa.placeholder((), "float32", name="rate", default=0.5)
    key = sa.placeholder((2,), "uint32", name="key", default=[1, 2])
    given[:] = -1.0  # it was copied
    y = x * rate + key[1]
    session = sa.compile(y, [x, rate, key])
    for found in (session(), session.run(), session(key=[0, 2]), session([0, 1, 2]), sa.evaluate(y)[0]):
        np.testing.assert_array_equal(found, [2.0, 2.5, 3.0])
    np.testing.assert_array_equal(session([4.0], 2.0), [10.0])
    np.testing.assert_array_equal(session.run({rate: 1.0, "x": [1.0]}), [3.0])
    assert session.check() and sa.compile(rate * F, [F, rate])(3.0) == 1.5
    other = sa.placeholder((), "float32", name="rate", default=2.0)  # the same program, with another default
    assert sa.compile(other * F, [F, other])(3.0) == 6.0
    with pytest.raises(sa.FeedError, match="takes 2 arrays .*, not 0"):
        sa.compile(rate * F, [F, rate])()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((2,), "float32", None, [1, 2, 3]), sa.ShapeError, r"a default of shape \(3,\) for float32\[2\]"),
        (((None,), "float32", None, 1.0), sa.ShapeError, r"a default of shape \(\)"),
        (((), "int64", None, 0.5), sa.DTypeError, "a default of dtype float64 for int64"),
        (((), "uint8", None, 256), sa.DTypeError, "256"),
        (((), "float32", None, "text"), sa.DTypeError, "a default of dtype <U4"),
        (((), "float32", None, F), sa.DTypeError, "default"),
    ],
)
def test_defaults_that_do_not_fit(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sa.placeholder(*arguments)


def test_inputs_without_a_name_and_with_one_name() -> None:
    a, b, c = sa.placeholder(()), sa.placeholder((), name="same"), sa.placeholder((), name="same")
    assert order_feeds([a, b, c], {a: 1, b: 2, c: 3}) == (1, 2, 3)
    with pytest.raises(sa.FeedError, match="2 inputs are named 'same'; feed them by tensor"):
        order_feeds([a, b, c], {a: 1, "same": 2})


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({X: 1}, "missing feed for placeholder 'k'"),
        ({}, "missing feed for placeholder 'x' .* placeholder 'k'"),
        ({X: 1, K: 2, "y": 3}, "no input is named 'y'; the inputs are 'x', 'k'"),
        ({X: 1, K: 2, F: 3}, "placeholder 'f' .* is no input of this session; the inputs are 'x', 'k'"),
        ({X: 1, K: 2, "k": 3}, "placeholder 'k' .* is fed twice"),
        ({X: 1, K: 2, 0: 3}, "the key 0 of the feeds is neither a tensor nor a name"),
        ([1, 2], "feeds are a mapping .* call the session itself"),
        (np.zeros(3), "feeds are a mapping"),
    ],
)
def test_feeds_that_do_not_match_the_inputs(feeds: Any, message: str) -> None:
    with pytest.raises(sa.FeedError, match=message):
        order_feeds([X, K], feeds)


def test_sizes_are_bound_by_the_first_feed_and_checked_by_the_others() -> None:
    a, b = sa.placeholder(("n", 2), name="a"), sa.placeholder((5, "m", "n"), name="b")
    assert bind_sizes([a, b], [np.zeros((3, 2)), np.zeros((5, 0, 3))]) == {Symbol("n"): 3, Symbol("m"): 0}
    with pytest.raises(sa.FeedError, match="the size n is 3 by axis 0 of placeholder 'a' .* but 4 by axis 2 of .*'b'"):
        bind_sizes([a, b], [np.zeros((3, 2)), np.zeros((5, 1, 4))])
    with pytest.raises(sa.FeedError, match=r"has shape \(3, 1\): the size of axis 1 is 1, not 2"):
        bind_sizes([a, b], [np.zeros((3, 1)), np.zeros((5, 1, 3))])


def test_sizes_within_one_input() -> None:
    square = sa.placeholder(("n", "n"), name="square")
    with pytest.raises(sa.FeedError, match="the size n is 2 by axis 0 of .* but 3 by axis 1 of"):
        bind_sizes([square], [np.zeros((2, 3))])


def test_computed_sizes() -> None:
    y = sa.placeholder(("n",), name="y")
    x = sa.placeholder((y.shape[0] + 1, 2 * y.shape[0]), name="x")
    for inputs, arrays in (([x, y], [np.zeros((4, 6)), np.zeros(3)]), ([y, x], [np.zeros(3), np.zeros((4, 6))])):
        assert bind_sizes(inputs, arrays) == {Symbol("n"): 3}
    assert sa.compile([x.sum() + y.sum()], [x, y])(np.ones((4, 6)), np.ones(3)) == [27.0]
    with pytest.raises(sa.FeedError, match=r"'x'.*: the size of axis 1 is 5, not 2\*n, which is 6 where n = 3"):
        bind_sizes([x, y], [np.zeros((4, 5)), np.zeros(3)])
    with pytest.raises(sa.FeedError, match=r"no other feed determines n \+ 1, the size of axis 0"):
        bind_sizes([x], [np.zeros((4, 5))])


def test_free_symbols() -> None:
    assert free_symbols([sa.placeholder(("n", 3, "m")), sa.placeholder(("n",))]) == {Symbol("n"), Symbol("m")}


def test_sizes_that_an_op_needs_equal_do_not_broadcast() -> None:
    a, b = sa.placeholder(("p",), name="a"), sa.placeholder(("q",), name="b")
    checks = size_checks(sort_nodes([a + b]))
    check_sizes(checks, [], {Symbol("p"): 3, Symbol("q"): 3})
    with pytest.raises(sa.FeedError, match="add: sizes p = 1 and q = 3 have to be equal, at .*does not broadcast"):
        check_sizes(checks, [], {Symbol("p"): 1, Symbol("q"): 3})


def test_sizes_that_become_negative_or_divide_by_zero() -> None:
    x = sa.placeholder(("n",), name="x")
    with pytest.raises(sa.FeedError, match="is negative, at "):
        check_sizes(size_checks(sort_nodes([sa.zeros((symbol("n") - 4,)) + 1.0])), [], {Symbol("n"): 3})
    reshaped = x.reshape(symbol("m"), -1)
    with pytest.raises(sa.FeedError, match="divides by zero, at "):
        check_sizes(size_checks(sort_nodes([reshaped])), [], {Symbol("n"): 3, Symbol("m"): 0})
