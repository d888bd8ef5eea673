"""Nests: flattened and put together again, compared by their forms."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

import pytest

from staticad.functional.nests import flatten

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("nest", "leaves"),
    [
        (1, [1]),
        (None, []),
        ((), []),
        ([1, (2, [3])], [1, 2, 3]),
        ({"b": 1, "a": [2, None]}, [2, 1]),
        ({2: "x", 1: "y"}, ["y", "x"]),
        (Point(1, {"k": 2}), [1, 2]),
        ((Point(1, 2), 3), [1, 2, 3]),
    ],
)
def test_leaves_and_back(nest: Any, leaves: list[Any]) -> None:
    found, rebuild, _ = flatten(nest)
    assert found == leaves
    same = rebuild(found)
    assert same == nest and type(same) is type(nest)


def test_a_rebuilt_list_is_a_new_list() -> None:
    nest = [1, [2]]
    leaves, rebuild, _ = flatten(nest)
    copy = rebuild(leaves)
    copy[1].append(3)
    assert nest == [1, [2]]


def test_other_leaves_in_the_same_form() -> None:
    _, rebuild, _ = flatten({"a": Point(1, [2]), "b": 3})
    assert rebuild(["x", "y", "z"]) == {"a": Point("x", ["y"]), "b": "z"}


def test_keys_that_do_not_compare_keep_their_order() -> None:
    leaves, rebuild, _ = flatten({"a": 1, 2: 3})
    assert leaves == [1, 3] and rebuild(leaves) == {"a": 1, 2: 3}


def form(nest: Any) -> Any:
    return flatten(nest)[2]


def test_forms_tell_nests_apart_but_not_leaves() -> None:
    assert form((1, 2)) == form(("x", None.__class__))
    assert form({"a": 1, "b": 2}) == form(OrderedDict(b=3, a=4))
    different = [1, None, (), (1,), [1], (1, 2), {"a": 1}, {"b": 1}, Point(1, 2), (1, None), ((1,), 2)]
    assert all(form(a) != form(b) for i, a in enumerate(different) for b in different[:i])
