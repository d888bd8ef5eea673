"""Sizes, counts and offsets beyond 64 bits: the right value, or a typed error that names the sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, FeedError, GraphError, IndexOutOfBounds, OutOfMemory, ShapeError, StaticadError
from staticad.ir.dims import Dim

HUGE = 2**32  # elements of an axis, of arrays that hold none
X, Y = sa.placeholder(("n", 0)), sa.placeholder((0, "m"))
N, M = X.shape[0], Y.shape[1]
FEEDS = {X: np.zeros((HUGE, 0)), Y: np.zeros((0, HUGE))}
assert isinstance(N, Dim) and isinstance(M, Dim)

BEYOND: dict[str, Callable[[], Any]] = {
    "product": lambda: N * M,
    "power": lambda: N**3,
    "negative": lambda: -1 * N * M,
    "quotient": lambda: (N * M * N) // (M + 1),
    "factorial": lambda: N * (N - 1) * (N - 2) * (N - 3),
    "coefficient": lambda: N * 2**70,
    "maximum": lambda: sa.concatenate([sa.zeros((N, M)), sa.zeros((3, M))]).size,
}
WITHIN: dict[str, tuple[Callable[[], Any], int]] = {
    "quotient": (lambda: (N * M) // (M * 4), HUGE // 4),
    "difference": (lambda: N * M * 8 - M * N * 8 + N, HUGE),
    "largest": (lambda: N * M // 2 - 1, 2**63 - 1),
}


@pytest.mark.parametrize("size", BEYOND.values(), ids=BEYOND)
def test_a_size_beyond_64_bits_is_an_error_when_sizes_are_bound(size: Callable[[], Any]) -> None:
    y = sa.asarray(size())
    session = sa.compile(y, inputs=[X, Y])
    for run in (lambda: session.run(FEEDS), lambda: sa.evaluate(y, FEEDS)):
        with pytest.raises(FeedError, match=r"is -?[\d,]{20,} where .*n = 4294967296.* 64 bits"):
            run()


@pytest.mark.parametrize(("size", "value"), WITHIN.values(), ids=WITHIN)
def test_only_the_value_counts(size: Callable[[], Any], value: int) -> None:
    y = sa.asarray(size())
    assert sa.compile(y, inputs=[X, Y]).run(FEEDS) == value == sa.evaluate(y, FEEDS)[0]


def test_shapes_and_elements_beyond_64_bits() -> None:
    x = sa.placeholder((3,), "int8")
    for y in (sa.ones((N, M, N)).sum(), sa.ones((N, M))):
        session = sa.compile(y, inputs=[X, Y])
        for run in (lambda session=session: session.run(FEEDS), lambda y=y: sa.evaluate(y, FEEDS)):
            with pytest.raises((FeedError, OutOfMemory), match="64 bits|no computer"):
                run()
    cases: list[Callable[[], Any]] = [
        lambda: sa.placeholder((2**70,)),
        lambda: sa.placeholder((2**40, 2**40, 0)),  # NumPy has no such array either
        lambda: sa.zeros((np.uint64(2**63 + 5),)),
        lambda: sa.ones((2**40, 2**40)),
        lambda: sa.full(2**63, 1.0),
        lambda: sa.arange(2**70),
        lambda: sa.arange(1e300),
        lambda: sa.arange(np.inf),
        lambda: sa.arange(np.nan),
        lambda: sa.eye(2**70),
        lambda: sa.linspace(0, 1, 2**70),
        lambda: sa.tile(x, 2**70),
        lambda: sa.repeat(x, 2**70),
        lambda: sa.pad(x, 2**70),
        lambda: sa.broadcast_to(x, (2**62, 3)),
        lambda: sa.reshape(x, (2**70,)),
        lambda: sa.concatenate([sa.zeros(2**62), sa.zeros(2**62)]),
        lambda: sa.scan(lambda c, _: (c, c), 0.0, length=2**70),
    ]
    for case in cases:
        with pytest.raises(ShapeError, match=__file__):
            case()


def test_slices_and_indices_beyond_64_bits_mean_what_they_do_in_numpy() -> None:
    x, y = np.arange(3.0), sa.placeholder((None,))
    far = 2**70
    keys = [np.s_[far:], np.s_[:far], np.s_[-far:], np.s_[:-far], np.s_[far::-1], np.s_[-far:far]]
    results = sa.compile([y[k] for k in keys] + [sa.constant(x)[k] for k in keys])(x)
    for key, found in zip([*keys, *keys], results, strict=True):
        np.testing.assert_array_equal(found, x[key])
    with pytest.raises(IndexOutOfBounds, match="out of bounds"):
        sa.constant(x)[far]


def test_polynomials_that_explode_are_errors() -> None:
    with pytest.raises(GraphError, match="no size"):
        (N + 1) ** 1000
    size: Any = 1
    with pytest.raises(GraphError, match="terms"):
        for _ in range(20):
            a, b = sa.placeholder((None, None)).shape
            size = size * (a + b)


@pytest.mark.parametrize("value", [5, np.int64(5), np.uint8(5), np.uint64(5), np.array(5), np.int8(-3), -3, True])
def test_loops_take_every_integer_as_a_bound(value: Any) -> None:
    p = sa.placeholder((), "int64")
    both = [sa.fori_loop(0, value, lambda i, s: s + i, 0), sa.fori_loop(value, p, lambda i, s: s + i, 0)]
    expected = [sum(range(int(value))), sum(range(int(value), 7))]
    assert sa.evaluate(both, {p: 7}) == expected


@pytest.mark.parametrize(
    "value",
    [
        2**63 + 5, -(2**70), np.uint64(2**63 + 5), np.array(2**63 + 5, np.uint64), 5.0, np.float64(5), np.float16(3),
        "5", None, np.array([5]), np.True_, sa.placeholder((), "uint64"), sa.placeholder(()),
        sa.placeholder((1,), "int64"),
    ],
    ids=repr,
)  # fmt: skip
def test_other_bounds_of_loops_are_errors(value: Any) -> None:
    p = sa.placeholder((), "int64")

    @sa.function
    def ranges(bound: Any) -> Any:
        s = 0
        for _ in range(bound, p):
            s = s + 1
        return s

    for build in (
        lambda: sa.fori_loop(0, value, lambda i, s: s + 1, 0),
        lambda: sa.fori_loop(value, p, lambda i, s: s + 1, 0),
        lambda: ranges(value),
    ):
        with pytest.raises((DTypeError, GraphError, ShapeError)):
            build()


def test_lengths_of_scans_are_sizes() -> None:
    stacked = sa.scan(lambda c, _: (c + 1, c), 0, length=np.uint8(3))[1]  # type: ignore[arg-type]
    assert sa.evaluate(stacked)[0].tolist() == [0, 1, 2]
    for length in (-3, 2.0, True, "3", np.array([3])):
        with pytest.raises(ShapeError, match="size"):
            sa.scan(lambda c, _: (c, c), 0.0, length=length)  # type: ignore[arg-type]


def test_ranks() -> None:
    most = (1,) * 64
    x = sa.placeholder(most)
    np.testing.assert_array_equal(sa.compile(sa.exp(x).sum(axis=5, keepdims=True) * x)(np.zeros(most)), np.zeros(most))
    cases: list[Callable[[], Any]] = [
        lambda: sa.placeholder((1,) * 65),
        lambda: sa.zeros((1,) * 65),
        lambda: x[None],
        lambda: sa.expand_dims(x, 0),
        lambda: sa.stack([x, x]),
        lambda: sa.broadcast_to(x, (2, *most)),
        lambda: sa.reshape(x, (1,) * 65),
        lambda: sa.tensordot(sa.ones((1,) * 40), sa.ones((1,) * 40), 0),
        lambda: sa.scan(lambda c, _: (c, c), x, length=3),
        lambda: sa.jacobian(sa.ones((1,) * 40) * x.sum(), x),
    ]
    for case in cases:
        with pytest.raises(StaticadError, match=r"axes.*NumPy"):
            case()
