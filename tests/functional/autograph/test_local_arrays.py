"""Arrays of a size that only a step knows, read and filled element by element as one writes it in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import IndexOutOfBounds
from tests.lower.checked_memory import IndexReported, Iteration
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

Program = Callable[[Any], Any]


def read(a: Any) -> Any:
    s = 0.0
    for i in range(a.shape[0]):
        v = a[0, :i] * a[i, 0]
        for j in range(i):
            s += v[j] * v[i - 1 - j]
    return s


def read_by_its_length(a: Any) -> Any:
    s = 0.0
    for i in range(a.shape[0]):
        v, w = np.sin(a[i:, 0]), a[i, :i] * a[i, 0]
        for j in range(v.shape[0]):
            s += v[j] * a[i, j]
        for j in reversed(range(len(w))):
            s += w[j] * s
        if len(w) > 0:
            s += w[len(w) - 1] * w[-1] * w[len(w) // 2]
    return s


def read_in_a_while_loop(a: Any) -> Any:
    s = 0.0
    for i in range(a.shape[0]):
        v = a[0, :i] * a[i, 0]
        j = 0
        while j < i and v[j] < 0.4:
            s += v[j] * v[j]
            j += 1
    return s


def read_until_a_break(a: Any) -> Any:
    s, i = 0.0, 0
    while i < a.shape[0]:
        v = a[0, :i] * a[i, 0]
        for j in range(i):
            if v[j] > 0.4:
                break
            s += v[j] * v[j]
        i += 1
    return s


def read_in_branches(a: Any) -> Any:
    s = 0.0
    for i in range(a.shape[0]):
        v = a[0, :i] * a[i, 0]
        if i > 1:
            s += v[1] * v[0] + v[-1]
        else:
            s += 1.0
        if a[i, 0] > 0.5:
            for j in range(i):
                s += v[j] * v[j]
    return s


def rows(a: Any) -> Any:
    n, s = a.shape[0], 0.0
    for i in range(n):
        part = a[:i, i:] * a[i, 0]
        for row in part:
            for x in row:
                s += x * x
        for j in range(i):
            for k in range(n - i):
                s += part[j, k] * part[i - 1 - j, k]
    return s


def sizes_in_sizes(a: Any) -> Any:
    n, s = a.shape[0], 0.0
    for i in range(n):
        v = a[0, :i] * 2
        for j in range(i, n):
            part, w = a[i:j, :i] * a[j, i], v[: j - i] * a[i, j]
            for k in range(min(i, j - i)):
                s += w[k] * v[k]
            for k in range(j - i):
                for m in range(i):
                    s += part[k, m] * a[k, m]
    return s


def filled(a: Any) -> Any:
    n, s = a.shape[0], 0.0
    for i in range(1, n):
        v, w = np.zeros(i), np.ones((i, n - i)) + np.arange(i)[:, None]
        v[0] = a[i, 0]
        for j in range(1, i):
            v[j] = v[j - 1] * a[j, i] + np.eye(i)[j, j]
        for j in range(i):
            for k in range(n - i):
                w[j, k] *= a[j, k] * v[j]
        a[i, :i] = v
        s += (w * w).sum()
    return a * s


def changed(a: Any) -> Any:
    for i in range(a.shape[0]):
        v = a[0, :i] * a[i, 0]
        if i > 1:
            v[1] = v[0] * v[0]
            v[-1] += v[1]
        for j in range(1, i):
            if v[j] > v[j - 1]:
                v[j], v[j - 1] = v[j - 1], v[j] * 1.5
        a[i, :i] = v
    return a


def changed_at_an_end(a: Any) -> Any:
    """What the inner loop changes is the same place in all its steps, but which one only the outer step knows."""
    for i in range(np.count_nonzero(a[0] > 0.0)):
        for j in range(i + 1):
            a[len(a[: i + 1]) - 1, 0] += np.sin(a[j, i])
    return a


PROGRAMS: list[Program] = [
    read, read_by_its_length, read_in_a_while_loop, read_until_a_break, read_in_branches, rows, sizes_in_sizes, filled,
    changed, changed_at_an_end,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_programs_and_their_derivatives(program: Program, rng: np.random.Generator) -> None:
    """Every access of a plan is checked, among them those of steps without elements."""
    a, along = sa.placeholder(("n", "n"), name="a"), sa.placeholder(("n", "n"), name="along")
    y = sa.function(program)(a)
    loss = (y * y).sum()
    (gradient,) = sa.gradients(loss, [a])
    (tangent,) = sa.jvp([loss], [a], [along])
    (second,) = sa.gradients((gradient * along).sum(), [a])
    plan = plan_for([y, loss, gradient, tangent, second], inputs=[a, along])
    data, direction = rng.uniform(0.2, 1.0, (3, 3)), rng.normal(size=(3, 3))
    value, _, slope, rate, curvature = interpret(plan, {a: data, along: direction})[0]
    np.testing.assert_allclose(value, program(data.copy()), rtol=1e-12)
    np.testing.assert_allclose((slope * direction).sum(), rate, rtol=1e-11)
    small = 1e-6
    ahead, behind = (interpret(plan, {a: data + sign * small * direction, along: direction})[0] for sign in (1.0, -1.0))
    np.testing.assert_allclose((ahead[1] - behind[1]) / (2 * small), rate, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose((ahead[2] - behind[2]) / (2 * small), curvature, rtol=1e-5, atol=1e-6)


def test_machine_code_of_all(rng: np.random.Generator) -> None:
    a = sa.placeholder(("n", "n"), name="a")
    values = [sa.function(program)(a) for program in (read_in_branches, changed)]
    gradients = [sa.gradients(y.sum(), [a])[0] for y in values]
    session = sa.compile([*values, *gradients], inputs=[a])
    for n in (1, 2, 5):
        data = rng.uniform(0.2, 1.0, (n, n))
        for got, expected in zip(session(data), sa.evaluate([*values, *gradients], {a: data}), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def first_of_none(a: Any) -> Any:
    s = 0.0
    for i in range(a.shape[0]):
        v = a[0, :i] * a[i, 0]
        s += v[0]  # there is none at first
    return s


def behind_the_last(a: Any) -> Any:
    s = 0.0
    for i in range(1, a.shape[0]):
        v = a[0, :i] * a[i, 0]
        for j in range(i + 1):
            s += v[j]  # wrong
    return s


def put_into_none(a: Any) -> Any:
    s = 0.0
    for i in range(a.shape[0]):
        v = np.zeros(i)
        v[-1] = a[i, i]  # into none
        s += v.sum()
    return s


def many_of_none(a: Any) -> Any:
    n, s = a.shape[0], 0.0
    for i in range(n):
        v, many = a[n - 1, n - i :], np.sin(a[i]) * np.cos(a[:, i]) * np.exp(a[i]) * a[0] * a[i] * a[:, 0]
        s += (v[np.arange(n) * 0] * many).sum()  # of none
    return s


WRONG: list[Program] = [first_of_none, behind_the_last, put_into_none, many_of_none]


@pytest.mark.parametrize("program", WRONG, ids=lambda p: p.__name__)
def test_an_index_outside_is_an_error_of_the_step(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in NumPy, with the line. Machine code goes on with index 0 to the end of the step: nothing outside is read or
    written, though there may be no element."""
    a, data = sa.placeholder(("n", "n"), name="a"), np.ones((3, 3))
    y = sa.function(program)(a)
    with pytest.raises(IndexError) as expected:
        program(data.copy())
    words = str(expected.value).split()  # index 0 is out of bounds for axis 0 with size 0
    with pytest.raises(IndexOutOfBounds, match=rf"index {words[1]} .* size {words[-1]}"):
        sa.evaluate(y, {a: data})
    with pytest.raises(
        IndexOutOfBounds, match=rf"index {words[1]} is out of range .* size {words[-1]}, at .*{__name__.split('.')[-1]}"
    ):
        sa.compile(y, inputs=[a])(data)
    plan = plan_for([y, *sa.gradients(y, [a])], inputs=[a])
    with pytest.raises(IndexReported):
        interpret(plan, {a: data})
    check = Iteration.check_index

    def go_on(self: Iteration, status: Any, index: Any, size: int, code: int) -> int:
        try:
            return check(self, status, index, size, code)
        except IndexReported:
            return 0

    monkeypatch.setattr(Iteration, "check_index", go_on)
    interpret(plan, {a: data})
