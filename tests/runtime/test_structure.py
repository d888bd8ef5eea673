"""Nests of fetches: flattened in order, packed again in the same form."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

import staticad as sa
from staticad.runtime.structure import flatten

A, B, C = (sa.placeholder((), name=name) for name in "abc")


class Pair(NamedTuple):
    loss: Any
    rest: Any


@pytest.mark.parametrize(
    ("nest", "packed"),
    [
        (A, 0),
        ([A, B], [0, 1]),
        ((A, B), (0, 1)),
        ([A], [0]),
        ((A,), (0,)),
        ([], []),
        ((), ()),
        ({}, {}),
        ({"loss": A, "more": B}, {"loss": 0, "more": 1}),
        ({"x": [A, (B,)], 3: C}, {"x": [0, (1,)], 3: 2}),
        (Pair(A, {"b": B}), Pair(0, {"b": 1})),
        ([Pair(A, [B]), C, A], [Pair(0, [1]), 2, 3]),
        ([[[A]]], [[[0]]]),
        ((A, [], {}), (0, [], {})),
    ],
)
def test_nests(nest: Any, packed: Any) -> None:
    leaves, pack = flatten(nest)
    result = pack(tuple(range(len(leaves))))
    assert result == packed
    assert type(result) is type(packed)


def test_the_order_is_that_of_the_nest() -> None:
    leaves, _ = flatten({"second": B, "first": [A, C]})
    assert [t is u for t, u in zip(leaves, (B, A, C), strict=True)] == [True] * 3


def test_named_tuples_stay_what_they_are() -> None:
    _, pack = flatten(Pair(A, B))
    result = pack((1, 2))
    assert isinstance(result, Pair) and result.rest == 2


def test_every_packing_is_a_new_container() -> None:
    for nest in ([A], {"a": A}, [A, [B]]):
        leaves, pack = flatten(nest)
        values = tuple(range(len(leaves)))
        assert pack(values) is not pack(values)


@pytest.mark.parametrize("wrong", [None, 3.0, "loss", {A.name: 1}, [A, None], {"a": {B.name: sa}}, iter([A]), {1, 2}])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(sa.GraphError, match="fetches are tensors, or lists, tuples, dicts of them"):
        flatten(wrong)
