"""Functions written as people write Python, for numbers and arrays as well as for tensors: the first argument is a
float vector, the second an integer, the third a float."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

CALLS = 0
SCALE = 0.5


def nested_loops_with_jumps(x: Any, n: Any, v: Any) -> Any:
    total = 0.0
    for i in range(len(x)):
        for j in range(n):
            if j > i:
                break
            if (i + j) % 2:
                continue
            total += x[i] * (j + 1)
        if total > 5:
            return total * 2
    return total


def a_while_in_a_while(x: Any, n: Any, v: Any) -> Any:
    count, value = 0, v
    while True:
        inner = value
        while inner > 0.1:
            inner = inner / 2 - 0.01
            count += 1
            if count > 40:
                return -value
        value = value - 0.3
        if value < 0:
            break
    else:
        value = 100.0
    return value + count


def returns_deep_inside(x: Any, n: Any, v: Any) -> Any:
    if v > 0:
        if n > 2:
            for i in range(n):
                if x[i % len(x)] > 0.5:
                    return x[i % len(x)]
            return v
        elif n == 1:
            return -v
    else:
        while v < -0.2:
            v = v / 3
            if n > 3:
                return v * 10
    return v + n


def else_of_loops(x: Any, n: Any, v: Any) -> Any:
    found = -1
    for i in range(len(x)):
        if x[i] > v:
            found = i
            break
    else:
        found = len(x) * 10
    k = n
    while k > 0:
        k -= 2
        if k == 1:
            break
    else:
        found = found + 100
    return found + k


def items_and_augmented_assignment(x: Any, n: Any, v: Any) -> Any:
    y = np.zeros_like(x)
    m = np.zeros((3, len(x)))
    for i in range(len(x)):
        y[i] += x[i]
        y[i] *= v
        y[-1] -= 0.25 * y[i]
        m[i % 3, i] += y[i]
        m[1, i] = m[1, i] + m[0, i - 1]
        m[2] += 0.1
    y[1:] += y[:-1]
    y[::2] **= 2
    return (m * y).sum()


def swaps_and_unpacking(x: Any, n: Any, v: Any) -> Any:
    a, (b, *others) = x[0], (v, x[1], x[0] * 2)
    for _ in range(n):
        a, b = b, a + b * 0.5
        others[0], others[1] = others[1], others[0] * 0.9
        (a, b), c = (b, a), others[0]
        a += c
    first, *_, last = [a, 1.0, 2.0, b]
    return first - last + others[1]


def comprehensions(x: Any, n: Any, v: Any) -> Any:
    powers = [v**k for k in range(4) if k != 2]
    table = {k: p * 2 for k, p in enumerate(powers)}
    total = sum(table.values())
    pairs = [(i, j) for i in range(3) for j in range(i)]
    for i, j in pairs:
        if x[i] > x[j]:
            total = total + x[i] * j
    return total + sum(x[i] for i in range(2)) + max(p for p in [v, v * v])


def closures(x: Any, n: Any, v: Any) -> Any:
    count = 0
    scale = 2.0

    def bump(by: Any, twice: bool = False) -> Any:
        nonlocal count
        if by > 0:
            count = count + by
        if twice:
            return bump(by * scale)
        return count

    def higher(f: Callable[..., Any]) -> Callable[..., Any]:
        def inner(value: Any) -> Any:
            if value > 1:
                value = 2 * value
            return f(value, twice=True) + f(-value)

        return inner

    result = higher(bump)(v)
    scale = 3.0
    return result + higher(bump)(v + 1) + count


def counts_calls(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        global CALLS
        CALLS += 1
        return function(*args, **kwargs) * 1.0

    return counted


def halves(by: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def halved(*args: Any) -> Any:
            return function(*args) / by

        return halved

    return decorate


@counts_calls
@halves(2.0)
def decorated(v: Any, n: Any) -> Any:
    while v < n:
        v = v + 1.5
    return v


def calls_of_decorated_functions(x: Any, n: Any, v: Any) -> Any:
    return decorated(v, n) + decorated(v * 2, n)


def ackermann(m: int, n: int, v: Any) -> Any:
    """Recursion over Python's integers, around a choice by a number of the data."""
    if m == 0:
        return v + n + 1 if v > 0 else v - n
    if n == 0:
        return ackermann(m - 1, 1, v)
    return ackermann(m - 1, 2, v) * 0.5 + ackermann(m, n - 1, v) * 0.1


def recursion(x: Any, n: Any, v: Any) -> Any:
    return ackermann(2, 2, v)


class Model:
    """Methods, class methods, properties; the instance is Python."""

    rate = 0.1

    def __init__(self, depth: int) -> None:
        self.depth = depth

    @property
    def twice(self) -> int:
        return self.depth * 2

    @staticmethod
    def clip(v: Any) -> Any:
        return 1.0 if v > 1 else v

    @classmethod
    def step(cls, v: Any, grad: Any) -> Any:
        while abs(grad) > 1:
            grad = grad * 0.5
        return v - cls.rate * grad

    def __call__(self, v: Any) -> Any:
        for _ in range(self.twice):
            if v < 0:
                v = -v
            v = self.step(v, v * 3)
        return self.clip(v)


def methods(x: Any, n: Any, v: Any) -> Any:
    return Model(2)(v) + Model(1)(x[0])


def keyword(v: Any, /, *args: Any, bias: Any = SCALE, **others: Any) -> Any:
    for extra in args:
        if v > extra:
            v -= extra
    return v + bias + others.get("more", 0) if v > 0 else v


def arguments_of_all_kinds(x: Any, n: Any, v: Any) -> Any:
    given = {"bias": 1}
    return keyword(v, 0.25, x[0], more=v) + keyword(v, bias=n) + keyword(*[v, x[1]], **given)


def conditions_of_many_forms(x: Any, n: Any, v: Any) -> Any:
    a = v if 0 < v <= 1 and not n == 2 else -v
    if v > 0 and n > 1 or x[0] < 0:
        a += 1
    if not (v < 0 or n in (1, 3)):
        a += 10
    if x.sum() > 0 != (n > 2):
        a += 100
    return a if a else 0.5


def tries(x: Any, n: Any, v: Any) -> Any:
    total = v
    try:
        for i in range(3):
            if x[i] > 0:
                total += x[i]
        missing = {}["nothing"]
        total = missing
    except KeyError as error:
        if v > 0:
            total = total * len(error.args)
    finally:
        total = total + 1
    return total


def loops_over_values(x: Any, n: Any, v: Any) -> Any:
    total = 0.0
    for weight, name in zip([1.0, 2.0], ["one", "two"]):
        if name == "two" and v > 0:
            continue
        for k, item in enumerate(x):
            if item < 0:
                continue
            total += weight * item * k
    for item in reversed([v, v * 2]):
        total = total * 0.5 + item
    return total


def the_collatz_sequence(x: Any, n: Any, v: Any) -> Any:
    m, steps = n + 6, 0
    while m != 1:
        m = m // 2 if m % 2 == 0 else 3 * m + 1
        steps += 1
    return steps * v


def a_sort_by_insertion(x: Any, n: Any, v: Any) -> Any:
    y = x.copy()
    for i in range(1, len(y)):
        key = y[i]
        j = i - 1
        while j >= 0 and y[j] > key:
            y[j + 1] = y[j]
            j -= 1
        y[j + 1] = key
    return (y * np.arange(len(y))).sum()


def assignment_expressions(x: Any, n: Any, v: Any) -> Any:
    total, i = 0.0, 0
    while (part := v / (i + 1)) > 0.2:
        total += part
        i += 1
        if (square := total * total) > 50:
            return square
    return total


def shadows(x: Any, n: Any, v: Any) -> Any:
    i = 5
    for i in range(3):
        x = x * 0.5 + i
    total = x.sum() + i
    for _ in range(0):
        i = 100
    values = [i * 2 for i in range(4)]
    return total + i + len(values)


def pairs() -> Iterator[tuple[int, float]]:
    yield 1, 2.0
    yield 3, 4.0


def generators_of_values(x: Any, n: Any, v: Any) -> Any:
    total = v
    for k, weight in pairs():
        if total > k:
            total = total - weight
        else:
            total = total + weight * k
    return total


FUNCTIONS = (
    nested_loops_with_jumps, a_while_in_a_while, returns_deep_inside, else_of_loops, items_and_augmented_assignment,
    swaps_and_unpacking, comprehensions, closures, calls_of_decorated_functions, recursion, methods,
    arguments_of_all_kinds, conditions_of_many_forms, tries, loops_over_values, the_collatz_sequence,
    a_sort_by_insertion, assignment_expressions, shadows, generators_of_values,
)  # fmt: skip
