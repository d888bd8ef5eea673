"""Programs that Python runs on numbers, run on tensors: the same values, or an error that names the line.

Among them those in which a variable has no value where its block was left, and those that ask for the identity or the
type of a value which a branch or loop turns into a tensor.
"""

from __future__ import annotations

import inspect
import numbers
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import GraphError

INPUTS = (-2.0, -0.5, 0.5, 1.5, 2.5, 7.0)


# ---- what has to be the same -----------------------------------------------------------------------------------------


def return_in_a_nested_block(x: Any) -> Any:
    if x > 0:
        if x > 1:
            return x * 2
        y = x
    else:
        y = -x
    return y + 1


def return_in_the_other_block(x: Any) -> Any:
    if x > 0:
        if x > 1:
            y = 1.0
        else:
            return x * 7
    else:
        y = 2.0
    z = y * 2
    return z


def returns_on_both_sides(x: Any) -> Any:
    if x > 0:
        if x > 1:
            return x
        else:
            a = 3.0
    elif x < -1:
        a = 4.0
    else:
        return x * 2
    return a * x


def assigned_behind_a_guard(x: Any) -> Any:
    if x > 0:
        if x > 1:
            if x > 2:
                return x * 9
        z = x + 1
    else:
        z = x - 1
    w = z * z
    if w > 4:
        return w
    return z


def return_in_a_chain(x: Any) -> Any:
    if x > 2:
        y = 1.0
    elif x > 1:
        return x
    elif x > -1:
        y = 2.0
    else:
        y = 3.0
        if x > -1.75:
            return y * 9
    return y * x


def return_in_a_python_loop(x: Any) -> Any:
    for k in range(3):
        if x > k:
            if x > 2:
                return x * k
            y = x + k
        else:
            y = x - k
        x = y * 0.5
    return x


def return_in_a_loop(x: Any) -> Any:
    i = 0.0
    while i < 4:
        if i > x:
            if i > 2:
                return i * 10
            j = i
        else:
            j = 0.5
        i = i + 1.0 + j
    return -i


def continue_in_a_nested_block(x: Any) -> Any:
    total = 0.0
    i = 0.0
    while i < 5:
        i = i + 1
        if x > i:
            if x > i + 1:
                continue
            step = x
        else:
            step = -1.0
        total = total + step * i
    return total


def break_in_a_nested_block(x: Any) -> Any:
    total = 0.0
    i = 0.0
    while i < 5:
        i = i + 1
        if x > 0:
            if x > i + 2:
                break
            step = i
        else:
            step = x
        total = total + step
    return total + i


def return_within_with(x: Any) -> Any:
    with np.errstate(all="ignore"):
        if x > 0:
            if x > 1:
                return x * 2
            y = x
        else:
            y = 1.0
    return y


def several_values(x: Any) -> Any:
    if x > 0:
        if x > 2:
            return x
        pair, scale = (x, 2.0), [x * 3]
    else:
        pair, scale = (-x, 5.0), [x]
    a, b = pair
    return a * b + scale[0]


def in_a_function_inside(x: Any) -> Any:
    def inner(a: Any) -> Any:
        if a > 0:
            if a > 1:
                return a * 2
            b = a * 5
        else:
            b = a
        return b

    return inner(x) + inner(-x)


def flags(x: Any) -> Any:
    flag = False
    if x > 0:
        flag = True
    if not flag:
        return x * 2
    if flag and x > 1:
        return x * 3
    return 4.0 if flag == True else 5.0  # noqa: E712


def chains(x: Any) -> Any:
    a = 0.0
    if x > 0:
        a = x
    return 1.0 if 0 < a <= 2 != x else 2.0


def none_or_not(x: Any) -> Any:
    y = None
    if x > 0:
        y = x
    else:
        y = -x
    if y is not None:
        return y
    return x * 100


def the_same_object(x: Any) -> Any:
    y = x
    return x * (1.0 if y is x and y is not None else 2.0)


def types_of_others(x: Any) -> Any:
    y = [x, 1.0]
    if x > 0:
        y[1] = 2.0
    return y[1] if isinstance(y, list) and type(y) is list and not isinstance(y[1], str) else -1.0


PROGRAMS = [
    return_in_a_nested_block, return_in_the_other_block, returns_on_both_sides, assigned_behind_a_guard,
    return_in_a_chain, return_in_a_python_loop, return_in_a_loop, continue_in_a_nested_block, break_in_a_nested_block,
    return_within_with, several_values, in_a_function_inside, flags, chains, none_or_not, the_same_object,
    types_of_others,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.__name__ for p in PROGRAMS])
def test_programs_compute_what_python_computes(program: Callable[[Any], Any]) -> None:
    x = sa.placeholder((), name="x")
    y = sa.function(program)(x)
    for value in INPUTS:
        (found,) = sa.evaluate(y, {x: np.asarray(value)})
        np.testing.assert_allclose(found, program(value), err_msg=f"x = {value}")


def test_compiled_as_well() -> None:
    x = sa.placeholder((), name="x")
    programs = [return_in_a_nested_block, return_in_a_loop, continue_in_a_nested_block]
    session = sa.compile([sa.function(p)(x) for p in programs])
    for value in INPUTS:
        np.testing.assert_allclose(session(value), [p(value) for p in programs])


# ---- what only a run could answer ------------------------------------------------------------------------------------


def _set(x: Any) -> Any:
    flag = False
    if x > 0:
        flag = True
    return flag


def is_false(x: Any) -> Any:
    flag, i = False, 0.0
    while i < x:
        flag = i > 0.5
        i = i + 1.0
    if flag is False:  # here
        return x * 2
    return x * 3


def is_true(x: Any) -> Any:
    flag = _set(x)
    return 1.0 if flag is True else 2.0  # here


def is_not_false(x: Any) -> Any:
    flag = _set(x)
    if False is not flag:  # here
        return x
    return -x


def is_a_number(x: Any) -> Any:
    first = y = 0
    if x > 0:
        y = 1
    return 1.0 if y is first else 2.0  # here


def is_the_same(x: Any) -> Any:
    y = x
    if x > 0:
        y = x + 1.0
    return 1.0 if y is x else 2.0  # here


def while_true(x: Any) -> Any:
    go, i = True, 0.0
    while go is True:  # here
        i = i + 1.0
        if i >= x:
            go = False
    return i


def in_a_chain(x: Any) -> Any:
    flag = _set(x)
    return 1.0 if x < 100 and False is flag is False else 2.0  # here


def in_a_lambda(x: Any) -> Any:
    flag = _set(x)
    return (lambda: 1.0 if flag is False else 2.0)()  # here


def in_a_comprehension(x: Any) -> Any:
    flag = _set(x)
    return float(len([1 for _ in range(2) if flag is False]))  # here


def in_an_assertion(x: Any) -> Any:
    flag = _set(x)
    assert flag is True  # here
    return x


def isinstance_of_a_bool(x: Any) -> Any:
    flag = _set(x)
    return 1.0 if isinstance(flag, bool) else 2.0  # here


def isinstance_of_a_number(x: Any) -> Any:
    y = 0.0
    if x > 0:
        y = 1.0
    z = y * 2 + 1
    return z if isinstance(z, (str, numbers.Number)) else -z  # here


def isinstance_in_a_loop(x: Any) -> Any:
    y, i = 0.0, 0.0
    while i < x:
        y = y + 1.0 if isinstance(y, float) else y - 1.0  # here
        i = i + 1
    return y


def type_of_a_bool(x: Any) -> Any:
    flag = _set(x)
    return 1.0 if type(flag) is bool else 2.0  # here


def match_true(x: Any) -> Any:
    flag = _set(x)
    match flag:  # here
        case True:
            return x * 2
    return x * 4


def match_a_type(x: Any) -> Any:
    flag = _set(x)
    match (flag, 1):  # here
        case (bool(), _):
            return x * 2
    return x * 4


def match_a_value(x: Any) -> Any:
    k = 0
    if x > 0:
        k = 1
    match k:
        case 0:  # here
            return x * 2
    return x * 4


def no_value_after_a_break(x: Any) -> Any:
    i = 0.0
    while True:
        if x > i:
            if x > 3:
                break
            step = 1.0
        else:
            step = 2.0
        i = i + step
        if i > 5:
            break
    return step  # here


REFUSED = [
    is_false, is_true, is_not_false, is_a_number, is_the_same, while_true, in_a_chain, in_a_lambda,
    in_a_comprehension, in_an_assertion, isinstance_of_a_bool, isinstance_of_a_number, isinstance_in_a_loop,
    type_of_a_bool, match_true, match_a_type, match_a_value, no_value_after_a_break,
]  # fmt: skip


@pytest.mark.parametrize("program", REFUSED, ids=[p.__name__ for p in REFUSED])
def test_what_only_a_run_could_tell_is_an_error(program: Callable[[Any], Any]) -> None:
    x = sa.placeholder((), name="x")
    lines, first = inspect.getsourcelines(program)
    line = first + next(number for number, text in enumerate(lines) if text.rstrip().endswith("# here"))
    with pytest.raises(GraphError, match=re.escape(f"{__file__}:{line}") + r"\b"):
        sa.function(program)(x)


def test_tensors_that_nobody_has_turned_have_their_own_type() -> None:
    @sa.function
    def kinds(x: Any) -> Any:
        y = x
        if x.sum() > 0:
            y = x + 1.0
        return [isinstance(v, (int, float)) or type(v) is float for v in (x, y, y * 2)]

    assert kinds(sa.placeholder(3)) == [False, False, False]
