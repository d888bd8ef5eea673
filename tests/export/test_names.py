"""Any string is a name in every export; anything else is refused where the name is given."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import staticad as sa
from staticad.errors import GraphError
from staticad.ir.printer import print_graph

HARD = [
    "\n", "\n\n", "a\n", "\na", "a\n\n\nb", "\r\n", "\0", "\ud800", "a\udfffb", '"', "\\", "\\n", 'a"\\', "<b>", "&lt;",
    "]]>", "<!--", "{a|b}", "\u2028", "\x7f", "\x1b[0m", "  ", "\ufeff", "é😀", "\t", "#a", "\n#include <a>", "//",
    "\\N",
    "x" * 20_000, "\n" * 500, "\U0001f600" * 5_000,
]  # fmt: skip
names = st.one_of(
    st.sampled_from(HARD),
    st.text(st.one_of(st.characters(), st.sampled_from("\n\r\t\0\"'<>&;\\{}|[]#/*% \ud800\u2028")), max_size=60),
)


@given(names)
@settings(max_examples=60, deadline=None)
def test_every_text_export_takes_every_name(name: str) -> None:
    x = sa.placeholder((2,), name=name)
    y = sa.scan(lambda c, row: (c + row, c), x.sum(), x)
    assert sa.to_dot({name: y[0]}, name=name).startswith("digraph ")
    graph = sa.to_networkx({name: y[0]}, name=name)
    assert name in networkx.get_node_attributes(graph, "name").values() and graph.name == name
    assert not name or (repr(name) in print_graph([y[0]]) and repr(name) in repr(x))


# Graphviz is compiled code: what it does to memory shows in a process of its own, at the latest when that ends.
DRAWING = """
import sys, staticad as sa
from tests.export.test_names import HARD
for name in HARD:
    x = sa.placeholder((2,), name=name)
    for tensors in ({name: x * 2}, [x]):
        print(len(sa.to_svg(sa.to_dot(tensors, name=name))))
"""


def test_pictures_of_hard_names() -> None:
    command, environment = [sys.executable, "-c", DRAWING], {**os.environ, "MALLOC_CHECK_": "3"}
    done = subprocess.run(command, capture_output=True, timeout=300, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "assertion" not in done.stderr
    assert len(done.stdout.split()) == 2 * len(HARD)


def test_a_picture_shows_the_lines_of_a_name() -> None:
    text = sa.to_svg(sa.placeholder((), name="first\n\n<third>"))
    assert {"first", "<third>"} <= set(ElementTree.fromstring(text.encode()).itertext())


@pytest.mark.parametrize("name", [5, b"x", ("a",), 1.5, True, object(), ["a"]], ids=lambda n: type(n).__name__)
@pytest.mark.parametrize(
    "use",
    [
        lambda name: sa.placeholder((2,), name=name),
        lambda name: sa.variable(np.zeros(2), name=name),
        lambda name: sa.constant(1.0, name=name),
        lambda name: sa.compile(sa.constant(1.0), name=name),
        lambda name: sa.to_dot(sa.constant(1.0), name=name),
        lambda name: sa.to_networkx(sa.constant(1.0), name=name),
        lambda name: sa.nn.Dense(2, 3, name=name),
    ],
    ids=["placeholder", "variable", "constant", "session", "dot", "networkx", "layer"],
)
def test_a_name_that_is_no_string_is_refused(use: Any, name: Any) -> None:
    with pytest.raises(GraphError, match=rf"a name is a string.*{__file__}"):
        use(name)
