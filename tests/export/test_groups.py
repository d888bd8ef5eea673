"""Groups of a picture: all things stand in one box each, the boxes are few, and no way leads in a circle."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.export.groups import Item, arrange


def random_items(seed: int, count: int, scopes: int) -> list[Item]:
    rng = np.random.default_rng(seed)
    items: list[Item] = []
    for number in range(count):
        inputs = {f"n{int(k)}" for k in rng.integers(max(0, number - 20), number, 2)} if number > 3 else set()
        path = ("forward" if rng.random() < 0.5 else "gradient", *(f"s{k}" for k in rng.integers(0, scopes, 2)))
        items.append(Item(f"n{number}", path[: rng.integers(1, 4)], f"a.py:{rng.integers(9)}", tuple(sorted(inputs))))
    return items


@pytest.mark.parametrize("seed", range(6))
def test_boxes_hold_everything_once_and_make_no_circle(seed: int) -> None:
    items = random_items(seed, 400, 4)
    for limit in (10, 40, 200):
        boxes = arrange(items, limit)
        assert len(boxes) <= limit
        assert sorted(item.key for box in boxes for item in box.members) == sorted(item.key for item in items)
        box_of = {item.key: number for number, box in enumerate(boxes) for item in box.members}
        before = {
            number: {box_of[key] for item in box.members for key in item.inputs} - {number}
            for number, box in enumerate(boxes)
        }
        while ready := [number for number, needed in before.items() if not needed]:
            before = {n: needed - set(ready) for n, needed in before.items() if n not in ready}
        assert not before, "a circle"


def test_what_fits_is_not_grouped() -> None:
    items = random_items(0, 30, 2)
    assert [box.members for box in arrange(items, 30)] == [(item,) for item in items]
    assert all(not box.title for box in arrange(items, None))


def test_scopes_are_opened_from_the_outside_as_far_as_there_is_room() -> None:
    items = []
    for number in range(60):
        scope = (f"block{number // 20}", f"layer{number // 5}")
        items.append(Item(f"n{number}", ("forward", *scope), "a.py:1", (f"n{number - 1}",) if number else ()))
    assert [box.title for box in arrange(items, 10)] == [*(f"layer{k}" for k in range(8)), "block2"]
    twelve = [box.title for box in arrange(items, 12)]
    assert twelve == [f"layer{k}" for k in range(12)]


def test_a_scope_that_is_entered_again_is_a_box_of_its_own() -> None:
    names = ["a"] * 10 + ["b"] * 10 + ["a"] * 10
    items = [Item(f"n{k}", ("forward", s), "a.py:1", (f"n{k - 1}",) if k else ()) for k, s in enumerate(names)]
    assert [box.title for box in arrange(items, 10)] == ["a", "b", "a (2)"]


def test_nodes_without_scopes_are_grouped_by_line_and_one_line_by_neighbours() -> None:
    items = [Item(f"n{k}", ("forward",), f"a.py:{k // 10}", (f"n{k - 1}",) if k else ()) for k in range(100)]
    assert [box.title for box in arrange(items, 10)] == [f"a.py:{k}" for k in range(10)]
    one = [Item(f"n{k}", ("forward",), "a.py:1", (f"n{k - 1}",) if k else ()) for k in range(1000)]
    boxes = arrange(one, 15)
    assert [box.title for box in boxes] == [f"forward {k}" for k in range(1, 13)]
    assert {len(box.members) for box in boxes} == {84, 76}


def test_things_without_a_line_are_not_one_group() -> None:
    items = [Item(f"n{k}", ("forward",), "", ()) for k in range(20)]
    boxes = arrange([*items, *(Item(f"m{k}", ("forward",), "a.py:1", ()) for k in range(20))], 30)
    assert all(box.title or len(box.members) == 1 for box in boxes)
