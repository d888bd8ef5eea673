"""Python as it is written, rewritten: the same numbers as by Python itself, and errors that name the user's lines."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.functional.autograph import odd_functions
from tests.functional.autograph.odd_functions import FUNCTIONS

EXAMPLES = (
    ([0.7, -0.3, 1.2, 0.4], 3, 1.7),
    ([-0.7, 0.3, -1.2, 0.9], 1, -0.9),
    ([2.0, 1.0, 0.5, -0.25], 5, 0.3),
    ([0.1, 0.2, 0.3, 0.6], 2, 4.0),
    ([0.1, 0.2, 0.3, 0.4], 0, -0.05),
)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_the_graph_gives_what_python_gives(function: Callable[..., Any]) -> None:
    """By the reference; what compiled code makes of branches and loops is compared elsewhere."""
    inputs = [sa.placeholder((4,), name="x"), sa.placeholder((), "int64", name="n"), sa.placeholder((), name="v")]
    result = sa.function(function)(*inputs)
    assert isinstance(result, sa.Tensor)
    for x, n, v in EXAMPLES:
        (found,) = sa.evaluate(result, dict(zip(inputs, (np.array(x), n, v), strict=True)))
        np.testing.assert_allclose(found, function(np.array(x), n, v), rtol=1e-12, err_msg=str((x, n, v)))


def test_a_decorator_runs_once_for_every_call() -> None:
    before = odd_functions.CALLS
    sa.function(odd_functions.calls_of_decorated_functions)(None, 2, sa.placeholder((), name="v"))
    assert odd_functions.CALLS == before + 2


def test_all_compiled_together() -> None:
    inputs = [sa.placeholder((4,), name="x"), sa.placeholder((), "int64", name="n"), sa.placeholder((), name="v")]
    results = [sa.function(function)(*inputs) for function in FUNCTIONS[:6]]
    session = sa.compile(results, inputs=inputs)
    for x, n, v in EXAMPLES:
        for function, found in zip(FUNCTIONS, session(np.array(x), n, v), strict=False):
            np.testing.assert_allclose(found, function(np.array(x), n, v), rtol=1e-12, err_msg=function.__name__)


def test_arrays_that_get_tensors_become_tensors() -> None:
    @sa.function
    def fill(v: sa.Tensor, n: sa.Tensor) -> sa.Tensor:
        m = np.zeros((3, 2))
        for i in range(n):
            m[i % 3, 1] += v
        if v > 0:
            m[0] = -v
        m[2, 1] -= 1.0
        return m * 2

    v, n = sa.placeholder((), name="v"), sa.placeholder((), "int64", name="n")
    (found,) = sa.evaluate(fill(v, n), {v: 0.5, n: 4})
    np.testing.assert_array_equal(found, [[-1, -1], [0, 1], [0, -1]])
    kept = np.zeros(2)
    kept[:] = 1  # an array that gets numbers stays one
    assert isinstance(sa.function(lambda a: [a.__setitem__(0, 2.0), a][1])(kept), np.ndarray)


def in_a_comprehension(x: sa.Tensor) -> Any:
    parts = [x[:k] for k in (2, 3)]
    return [
        p + q
        for p, q in zip(parts, reversed(parts))  # wrong
    ]


def in_a_method_of_an_inner_class(x: sa.Tensor) -> Any:
    class Inner:
        def __call__(self, v: sa.Tensor) -> Any:
            if v[0] > 0:
                v = v @ v[:2]  # wrong
            return v

    return Inner()(x)


def in_a_loop_in_a_branch(x: sa.Tensor) -> Any:
    total = 0.0
    if x[0] > 0:
        for row in x:
            while total < 3:
                total = total + row * x[:2] + x  # wrong
    return total


def in_an_argument(x: sa.Tensor) -> Any:
    def inner(value: Any, *, scale: Any) -> Any:
        return value * scale

    return inner(
        x,
        scale=sa.concatenate(
            [x, x],
            axis=1,
        ),  # wrong
    )


@pytest.mark.parametrize(
    "function",
    [in_a_comprehension, in_a_method_of_an_inner_class, in_a_loop_in_a_branch, in_an_argument],
    ids=lambda function: function.__name__,
)
def test_errors_name_the_line(function: Callable[..., Any]) -> None:
    lines, first = inspect.getsourcelines(function)
    wrong = next(number for number, line in enumerate(lines, first) if "# wrong" in line)
    with pytest.raises(sa.StaticadError) as caught:
        sa.function(function)(sa.placeholder((3,), name="x"))
    named = [int(number) for number in re.findall(rf"{re.escape(Path(__file__).name)}:(\d+)", str(caught.value))]
    assert any(wrong - 3 <= line <= wrong for line in named), (str(caught.value), wrong)
