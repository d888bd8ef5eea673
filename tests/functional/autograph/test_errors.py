"""What a graph can't do says so, and where: in the user's file."""

from __future__ import annotations

import re
from typing import Any

import pytest

import staticad as sa

HERE = re.escape(__file__.rpartition("/")[2])


class Holder:
    y: Any = None


holder = Holder()


def one_block(x: sa.Tensor) -> Any:
    if x > 0:
        y = x
    return y


def dtypes(x: sa.Tensor) -> Any:
    if x > 0:
        y = x * 2
    else:
        y = x.astype("float32")
    return y


def a_float_and_an_integer(x: sa.Tensor) -> Any:
    return x.astype("int64") if x > 0 else 2.5


def shapes(x: sa.Tensor) -> Any:
    return sa.ones((2,)) if x > 0 else sa.ones((3,))


def forms(x: sa.Tensor) -> Any:
    return (x, x) if x > 0 else x


def strings(x: sa.Tensor) -> Any:
    name = "a" if x > 0 else "b"
    return name


def no_return(x: sa.Tensor) -> Any:
    if x > 0:
        return x


def loop_dtype(x: sa.Tensor) -> Any:
    k = sa.constant(1)
    while x > k:
        k = k * 1.5
    return k


def loop_shape(x: sa.Tensor) -> Any:
    v = sa.ones((2,))
    while v.sum() < 10:
        v = sa.concatenate([v, v])
    return v


def loop_form(x: sa.Tensor) -> Any:
    best = None
    while x > 0:
        best, x = x, x - 1
    return best


def loop_string(x: sa.Tensor) -> Any:
    s = "a"
    while x > 0:
        s, x = "b", x - 1
    return s


def growing(x: sa.Tensor) -> Any:
    parts: list[Any] = []
    while x > 0:
        parts.append(x)
        x = x - 1
    return parts


def no_step(x: sa.Tensor) -> Any:
    while x > 0:
        y, x = x, x - 1
    return y


def no_step_of_for(x: sa.Tensor) -> Any:
    for i in range(x.astype("int64")):
        y = i
    return y


def raises(x: sa.Tensor) -> Any:
    if x < 0:
        raise ValueError("negative")
    return x


def asserts(x: sa.Tensor) -> Any:
    assert x > 0
    return x


def stores(x: sa.Tensor) -> Any:
    while x > 0:
        x = x - 1
        holder.y = x
    return x


def stores_items(x: sa.Tensor) -> Any:
    if x > 0:
        holder.y[0] = x
    return x


def walrus(x: sa.Tensor) -> Any:
    return x > 0 and (y := x) > 3 and y


def counts_a_float(x: sa.Tensor) -> Any:
    for _ in range(x):
        x = x + 1
    return x


def truth_of_a_vector(x: sa.Tensor) -> Any:
    if sa.stack([x, x]) > 0:
        x = x + 1
    return x


CASES = [
    (one_block, sa.GraphError, rf"'y' is assigned in only one block of the if at .*{HERE}:\d+.*assign it before"),
    (dtypes, sa.DTypeError, rf"'y' is mul float64\[\] \(made at .*{HERE}:\d+\) in one block and cast float32.*astype"),
    (a_float_and_an_integer, sa.DTypeError, r"2\.5 does not fit int64"),
    (shapes, sa.ShapeError, r"float64\[2\].*float64\[3\].*shapes have to be equal"),
    (forms, sa.GraphError, "a tuple of 2 values in one block and placeholder"),
    (strings, sa.GraphError, "'a' in one block and 'b' in the other"),
    (no_return, sa.GraphError, "None at its end"),
    (loop_dtype, sa.DTypeError, r"'k' changes its dtype in the while loop at .*constant int64.* mul float64"),
    (loop_shape, sa.ShapeError, r"'v' changes its shape in the while loop at .*float64\[2\].*float64\[4\]"),
    (loop_form, sa.GraphError, "'best' is None before the while loop"),
    (loop_string, sa.GraphError, "'s' is 'a' before .* and 'b' after a step"),
    (growing, sa.GraphError, "'parts' is a list of 0 values .* a list of 1 values after a step.*sa.scan"),
    (no_step, sa.GraphError, "'y' has no value if the while loop at .* makes no step"),
    (no_step_of_for, sa.GraphError, "'y' has no value if the for loop at .* makes no step"),
    (raises, sa.GraphError, "whether ValueError is raised"),
    (asserts, sa.GraphError, "assert at .*known only at run time"),
    (stores, sa.GraphError, r"assigns holder\.y \(line \d+\)"),
    (stores_items, sa.GraphError, r"assigns holder\.y\[0\]"),
    (counts_a_float, sa.DTypeError, "bounds are integer scalars"),
    (truth_of_a_vector, sa.GraphError, r"ambiguous; use \.any\(\) or \.all\(\)"),
]


@pytest.mark.parametrize(("function", "error", "text"), CASES, ids=[c[0].__name__ for c in CASES])
def test_errors(function: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        sa.function(function)(sa.placeholder((), name="x"))
    assert re.search(HERE, str(caught.value))


def test_assignment_inside_an_operand() -> None:
    with pytest.raises(sa.GraphError, match=rf":= inside .*{HERE}:{walrus.__code__.co_firstlineno + 1}"):
        sa.function(walrus)


def test_an_error_names_the_line_of_the_statement() -> None:
    with pytest.raises(sa.DTypeError) as caught:
        sa.function(dtypes)(sa.placeholder(()))
    first = dtypes.__code__.co_firstlineno
    lines = [int(n) - first for n in re.findall(rf"{HERE}:(\d+)", str(caught.value))]
    assert lines == [2, 4, 1]  # both values, and the if
