"""Frozen dataclasses that are cheap to declare are as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import gc
import inspect
import pickle
import runpy
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from staticad.records import NamedTuple, dataclass


def declare(decorate: Callable[..., Any], **options: Any) -> tuple[type, type]:
    @decorate(frozen=True, **options)
    class Base:
        """Of one field."""

        one: int

    @decorate(frozen=True, **options)
    class Point(Base):
        two: float = 2.0
        many: list[int] = dataclasses.field(default_factory=list)
        hidden: int = dataclasses.field(default=0, compare=False, repr=False)

        @property
        def total(self) -> float:
            return self.one + self.two

    return Base, Point


@pytest.mark.parametrize("options", [{}, {"eq": False}, {"slots": True}])
def test_same_behaviour(options: dict[str, Any]) -> None:
    for ours, theirs in zip(declare(dataclass, **options), declare(dataclasses.dataclass, **options), strict=True):
        assert vars(ours)["__match_args__"] == vars(theirs)["__match_args__"]
        assert [f.name for f in dataclasses.fields(ours)] == [f.name for f in dataclasses.fields(theirs)]
        a, b = ours(1), theirs(1)
        assert repr(a) == repr(b)
        assert repr(dataclasses.replace(a, one=3)) == repr(dataclasses.replace(b, one=3))
        assert (a == ours(1), a == ours(2), a == 1) == (b == theirs(1), b == theirs(2), b == 1)
        assert repr(copy.copy(a)) == repr(a)
        for change in (lambda x: setattr(x, "one", 2), lambda x: delattr(x, "one"), lambda x: setattr(x, "new", 2)):
            with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
                change(a)
        with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required positional argument: 'one'"):
            ours()


def test_constructors_lie_ready() -> None:
    path = Path(__file__).resolve().parent.parent / "docs" / "make_constructors.py"
    scope = runpy.run_path(str(path))
    assert scope["TARGET"].read_text("utf-8") == scope["page"](), "run python docs/make_constructors.py"


def test_hashes() -> None:
    base, point = declare(dataclass)
    assert hash(base(1)) == hash(base(1)) != hash(base(2))
    assert point(1, 2.0, (), 1) == point(1, 2.0, (), 2)
    assert hash(point(1, 2.0, (), 1)) == hash(point(1, 2.0, (), 2))
    assert base(1) != point(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(point(1))
    assert point(1).many is not point(1).many


@dataclass(frozen=True, slots=True)
class Sealed:
    """Of slots."""

    one: int
    two: Any = None


@dataclass(frozen=True)
class Checked:
    """Has a say of its own."""

    one: int

    def __post_init__(self) -> None:
        if self.one < 0:
            raise ValueError("negative")

    def __repr__(self) -> str:
        return "mine"

    def __hash__(self) -> int:
        return 7


def test_pickles() -> None:
    for value in (Sealed(1, [2]), Checked(3)):
        assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)
    loop: list[Any] = []
    loop.append(Sealed(1, loop))
    assert "..." in repr(loop[0])


def test_own_methods_stay() -> None:
    assert (repr(Checked(1)), hash(Checked(1)), Checked(1) == Checked(1)) == ("mine", 7, True)
    with pytest.raises(ValueError, match="negative"):
        Checked(-1)


class Pair(NamedTuple):
    one: int
    two: tuple[int, ...] = ()


class StandardPair(typing.NamedTuple):
    one: int
    two: tuple[int, ...] = ()


def test_named_tuples_are_those_of_the_standard_library() -> None:
    ours, theirs = Pair(1), StandardPair(1)
    assert type(Pair) is type and Pair.__mro__[1:] == StandardPair.__mro__[1:] and not hasattr(ours, "__dict__")
    for name in ("_fields", "_field_defaults", "__match_args__", "__slots__"):
        assert vars(Pair)[name] == vars(StandardPair)[name], name
    assert str(inspect.signature(Pair)).replace("'", "") == "(one: int, two: tuple[int, ...] = ())"
    assert typing.get_type_hints(Pair) == typing.get_type_hints(StandardPair)
    for act in (
        lambda x: x == (1, ()) and hash(x) == hash((1, ())) and (x.one, x.two) == x,
        lambda x: repr(x).replace("Standard", ""),
        lambda x: repr(x._replace(two=(3,))).replace("Standard", ""),
        lambda x: x._asdict(),
        lambda x: type(x)._make([5, 6]) == (5, 6),
        lambda x: pickle.loads(pickle.dumps(x)) == x and type(copy.deepcopy(x)) is type(x),
    ):
        assert act(ours) == act(theirs)
    for wrong in (
        lambda x: type(x)(),
        lambda x: type(x)._make([1]),
        lambda x: x._replace(three=3),
        lambda x: setattr(x, "one", 2),
        lambda x: setattr(x, "new", 2),
    ):
        messages = []
        for x in (ours, theirs):
            with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
                wrong(x)
            messages.append(str(caught.value).replace("Standard", ""))
        assert messages[0] == messages[1]


def test_named_tuples_are_declared_after_a_collection() -> None:
    gc.collect()

    class Late(NamedTuple):
        one: int

    assert Late(3).one == 3
