"""Every node knows the user's line, through composites, derivatives and rewrites."""

from __future__ import annotations

import sys
import threading
from types import FrameType

import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from staticad.ir.provenance import Where, here, inherit, user_call


def line() -> int:
    frame: FrameType | None = sys._getframe(1)
    assert frame is not None
    return frame.f_lineno


def test_the_users_line_is_the_innermost_outside_the_package() -> None:
    x, made = sa.placeholder((3,)), line()
    assert (x.where.file, x.where.line, x.where.function) == (
        __file__,
        made,
        "test_the_users_line_is_the_innermost_outside_the_package",
    )
    assert x.where.notes == ()
    y, composite = sa.clip(2 * x, 0, 1).mean(), line()
    assert {node.where.line for node in sort_nodes([y]) if node is not x.node} == {composite}


def test_every_line_of_a_longer_program() -> None:
    def square(t: sa.Tensor) -> sa.Tensor:
        return t * t

    x = sa.placeholder(())
    y = square(x)
    assert y.where.function == "square"
    z = (lambda t: t + 1)(y)
    assert z.where.function == "<lambda>"
    assert z.where.line > y.where.line


def test_code_without_a_file_has_a_place_too() -> None:
    scope = {"sa": sa}
    exec(compile("\n\nx = sa.placeholder(()) + 1", "<cell 3>", "exec"), scope)
    assert str(scope["x"].where) == "<cell 3>:3"  # type: ignore[attr-defined]


def test_inherit_gives_a_place_to_what_is_made_inside() -> None:
    where = Where("train.py", 12, "main")
    x = sa.placeholder(())
    with inherit(where):
        assert (x + 1).where is where
        with inherit(where.derived("inner")):
            assert (x + 1).where.notes == ("inner",)
        assert here() is where
    assert (x + 1).where.file == __file__
    with pytest.raises(RuntimeError), inherit(where):
        raise RuntimeError
    assert here().file == __file__


def test_inherit_is_a_matter_of_one_thread() -> None:
    seen: list[str] = []
    with inherit(Where("train.py", 12, "main")):
        thread = threading.Thread(target=lambda: seen.append(here().file))
        thread.start()
        thread.join()
    assert seen != ["train.py"]


def test_user_call_holds_the_present_line() -> None:
    with user_call():
        expected = line() - 1
        x = sa.placeholder(())
        y = x + 1
    assert x.where.line == y.where.line == expected
    assert x.where.file == __file__


def test_notes_read_from_the_newest_to_the_oldest() -> None:
    where = Where("train.py", 12, "main")
    assert str(where) == "train.py:12"
    derived = where.derived("gradient of exp").derived("rewritten")
    assert derived.notes == ("rewritten", "gradient of exp")
    assert str(derived) == "train.py:12 (rewritten, gradient of exp)"
    assert where.notes == ()
    assert derived.derived("rewritten") is derived
    for i in range(20):
        derived = derived.derived(f"step {i}")
    assert derived.notes[0] == "step 19"
    assert len(derived.notes) == 8


def test_gradients_name_the_line_of_the_forward_pass() -> None:
    x = sa.placeholder(())
    y, forward = sa.exp(x * x), line()
    (slope,) = sa.gradients(y, [x])
    places = [node.where for node in sort_nodes([slope]) if node.where.notes]
    assert [where.notes[0] for where in places] == [
        "gradient of exp",
        "gradient of mul",
        "gradient of mul",
        "sum of gradients of placeholder",
    ]
    assert [where.line for where in places] == [forward, forward, forward, x.where.line]
    assert all(where.file == __file__ for where in places)
