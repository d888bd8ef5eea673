"""A loop that Python executes very often while a graph is built says so, once and with its line."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import UnrolledLoopWarning
from staticad.functional.autograph.unrolling import COPIES
from staticad.ops.control import LOOP
from staticad.reference import evaluate

X = sa.placeholder((), name="x")


def nested(x: Any, rows: Any) -> Any:
    total = x
    for i in range(rows):
        for _ in range(i):
            total = total + x
    return total


def counted(x: Any, steps: Any) -> Any:
    k = 0
    while k < steps:
        x, k = x + 1.0, k + 1
    return x


def without_tensors(x: Any, steps: Any) -> Any:
    number = 0.0
    for k in range(steps):
        number += k
    return x * number


def line_of(function: Callable[..., Any], text: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if text in line)


@pytest.mark.parametrize(
    ("function", "steps", "text", "kind"), [(nested, 30, "for _ in", "for"), (counted, COPIES + 1, "while", "while")]
)
def test_a_loop_of_many_copies_is_named_once(function: Callable[..., Any], steps: int, text: str, kind: str) -> None:
    built = sa.function(function)
    line = line_of(function, text)
    with pytest.warns(
        UnrolledLoopWarning, match=rf"^the {kind} loop at .*{__name__.split('.')[-1]}.py:{line} "
    ) as caught:
        built(X, steps)
    assert len(caught) == 1 and (caught[0].filename, caught[0].lineno) == (__file__, line)
    assert r"range(sa.constant(n))" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        built(X, steps)
    inside = built(X, sa.constant(steps))
    assert inside.op is LOOP
    for result in (built(X, steps), inside):
        assert evaluate(result, {X: np.float64(2.0)})[0] == function(2.0, steps)


def test_fewer_copies_and_other_loops_say_nothing() -> None:
    sa.function(nested)(X, 20)
    sa.function(without_tensors)(X, 10 * COPIES)
    for _ in range(3):  # every call counts anew
        sa.function(nested)(X, 20)
