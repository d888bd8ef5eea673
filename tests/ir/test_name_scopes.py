"""Name scopes: names that begin with the scope, nested, on their own thread, and what they leave alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import staticad as sa
from staticad.errors import GraphError
from staticad.ir import name_scopes
from staticad.ir.provenance import here, inherit


def test_what_is_made_inside_is_called_after_the_scope() -> None:
    with sa.name_scope("a"):
        x = sa.placeholder((), name="x")
        with sa.name_scope("b.c"):
            w, c = sa.variable(1.0, name="w"), sa.constant(2.0, name="two")
            unnamed = sa.variable(1.0)
        last = sa.placeholder((), name="last")
    with sa.name_scope("a"):
        again = sa.placeholder((), name="again")
    assert [t.name for t in (x, w, c, last, again)] == ["a.x", "a.b.c.w", "a.b.c.two", "a.last", "a.again"]
    assert unnamed.name is None and sa.placeholder((), name="x").name == "x"
    assert sa.compile(x * w * c + last)(3.0, 1.0) == 7.0
    assert sa.compile(x * w, [x]).run({"a.x": 2.0}) == 2.0


def test_lines_know_the_scope_and_are_equal_without_it() -> None:
    x = sa.placeholder((), name="x")
    places = []
    for scope in ("a", "b"):
        with sa.name_scope(scope):
            places.append(sa.exp(x).where)
    assert [place.scope for place in places] == ["a", "b"] and places[0] == places[1]
    assert hash(places[0]) == hash(places[1]) and str(places[0]) == str(places[1])
    assert places[0].derived("gradient of exp").scope == "a"
    with inherit(places[1]):
        assert here().scope == "b"
    with sa.name_scope("model"):
        y = sa.sin(x)
    (g,) = sa.gradients(y, [x])
    assert g.where.scope == "model"  # a derivative belongs to the scope of what it is the derivative of


def test_a_scope_ends_with_an_error_and_belongs_to_its_thread() -> None:
    found: list[Any] = []
    with pytest.raises(ZeroDivisionError), sa.name_scope("a"):
        thread = threading.Thread(target=lambda: found.append(name_scopes.current()))
        thread.start()
        thread.join()
        raise ZeroDivisionError
    assert found == [""] and name_scopes.current() == ""


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_scope_has_a_name(name: Any) -> None:
    with pytest.raises(GraphError, match="name_scope: a name is a string"), sa.name_scope(name):
        pass
