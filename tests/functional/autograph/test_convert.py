"""The decorator: closures, methods, defaults, nested and called functions, lines and names."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Node, sort_nodes
from tests.control.running import run

SCALE = 2.0
__private = 3.0


@pytest.fixture
def x() -> sa.Tensor:
    return sa.placeholder((), name="x")


def value(tensor: sa.Tensor, x: sa.Tensor, number: float) -> float:
    return float(run([tensor], {x: number})[0])


class Base:
    def __init__(self, factor: float) -> None:
        self.__factor = factor

    @sa.function
    def step(self, x: sa.Tensor) -> sa.Tensor:
        """Multiplies until 100."""
        while x < 100:
            x = x * self.__factor
        return x

    @sa.function
    @staticmethod
    def halved(x: sa.Tensor) -> sa.Tensor:
        return x / 2 if x > 1 else x

    @classmethod
    @sa.function
    def named(cls, x: sa.Tensor) -> Any:
        if x > 0:
            x = -x
        return cls.__name__, x


class Derived(Base):
    @sa.function
    def step(self, x: sa.Tensor) -> sa.Tensor:
        if x > 1:
            return super().step(x)
        else:
            return super().step(x) + 1


def test_methods(x: sa.Tensor) -> None:
    assert value(Base(3.0).step(x), x, 2.0) == 162
    assert [value(Derived(3.0).step(x), x, v) for v in (2.0, 0.5)] == [162, 122.5]
    assert value(Base.halved(x), x, 4.0) == 2 and value(Base(1.0).halved(x), x, 0.5) == 0.5
    name, result = Derived.named(x)
    assert name == "Derived" and value(result, x, 3.0) == -3
    bound = sa.function(Base(2.0).step)
    assert value(bound(x), x, 60.0) == 120


def test_names_documentation_and_defaults() -> None:
    def f(a: int, /, b: float = 1.5, *rest: int, c: str = "c", **more: Any) -> tuple[Any, ...]:
        """Documented."""
        return (a if a else None), b, rest, c, more

    f.attribute = 1  # type: ignore[attr-defined]
    g: Any = sa.function(f)
    assert (g.__name__, g.__doc__, g.__module__, g.__qualname__) == ("f", "Documented.", f.__module__, f.__qualname__)
    assert g.__wrapped__ is f and g.attribute == 1 and g.__annotations__ == f.__annotations__
    assert g(0) == (None, 1.5, (), "c", {})
    assert g(1, 2, 3, 4, c="d", e=5) == (1, 2, (3, 4), "d", {"e": 5})
    assert sa.function(g) is g and sa.function(f) is g


def test_closures_share_their_variables(x: sa.Tensor) -> None:
    count, offset = 0, 10.0

    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        nonlocal count
        count += 1
        return x + offset if x > 0 else x

    assert value(f(x), x, 1.0) == 11
    offset = 20.0
    assert value(f(x), x, 1.0) == 21
    assert count == 2


def test_globals_are_looked_up_when_called(x: sa.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        return x * SCALE if x > 0 else x

    assert value(f(x), x, 3.0) == 6
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert value(f(x), x, 3.0) == 15


def test_global_statements(x: sa.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SCALE", 1.0)

    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        global SCALE
        if x > 0:
            SCALE = x * 2
        return SCALE + 1

    result = f(x)
    assert isinstance(SCALE, sa.Tensor)
    assert [value(result, x, v) for v in (3.0, -3.0)] == [7, 2]


def helper(x: Any) -> Any:
    if x > 3:
        return x - 3
    return second(x)


def second(x: Any) -> Any:
    return x if x > 1 else x + 10


def factorial(k: Any) -> Any:
    if k <= 1:
        return 1
    return k * factorial(k - 1)


def test_called_functions_of_the_module_are_rewritten(x: sa.Tensor) -> None:
    f = sa.function(lambda x: helper(x) + second(x * 2))
    for number in (5.0, 2.0, 0.2):
        assert value(f(x), x, number) == pytest.approx(helper(number) + second(number * 2))
    with pytest.raises(sa.GraphError, match="truth value"):
        helper(x)  # not by itself


def test_recursion_over_python_values() -> None:
    assert sa.function(factorial)(5) == 120


def test_recursion_over_tensors_is_an_error(x: sa.Tensor) -> None:
    with pytest.raises(sa.GraphError, match="calls itself"):
        sa.function(factorial)(x)


def test_functions_of_other_modules_are_not(x: sa.Tensor) -> None:
    calls: list[Any] = []

    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        partial = functools.partial(calls.append, 1)
        partial()
        return np.add(x, functools.reduce(lambda a, b: a + b, [1, 2, 3]))

    assert value(f(x), x, 1.0) == 7 and calls == [1]


def test_nested_functions(x: sa.Tensor) -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        scale = 2
        if x > 10:
            scale = 3

        def g(y: sa.Tensor) -> sa.Tensor:
            """Uses a variable that a tensor decides."""
            if y > 1:
                return y * scale
            return y

        class Local:
            value = 1.0

        twice: Callable[[Any], Any] = lambda z: g(z) if z < 3 else z  # noqa: E731
        return twice(x) + g(x) * Local.value

    assert [value(f(x), x, v) for v in (0.5, 2.0, 4.0, 11.0)] == [1, 8, 12, 44]


def test_functions_given_to_the_graphs_own_loops(x: sa.Tensor) -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        def step(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
            if i % 2 == 0:
                return s * x
            return s + 1

        return sa.fori_loop(0, 4, step, x)

    assert value(f(x), x, 2.0) == (2 * 2 + 1) * 2 + 1


def test_deletion_and_annotations(x: sa.Tensor) -> None:
    @sa.function
    def f(x: sa.Tensor, late: bool) -> sa.Tensor:
        y: sa.Tensor = x
        z: Any
        if x > 0:
            z = y
            y = z * 2
            del z
        if late:
            del y
        return y

    assert value(f(x, False), x, 3.0) == 6
    with pytest.raises(UnboundLocalError, match="'y'"):
        f(x, True)


def test_nodes_know_the_lines_of_the_file(x: sa.Tensor) -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        while x < 10:
            x = sa.exp(x)
        if x > 20:
            x = -x
        return x

    first = f.__wrapped__.__code__.co_firstlineno  # type: ignore[attr-defined]
    nodes = {node.op.name: node for node in sort_nodes([f(x)])}

    def place(node: Node) -> tuple[str, int, str]:
        return node.where.file, node.where.line - first, node.where.function

    assert place(nodes["loop"]) == (__file__, 2, "f")
    assert place(nodes["cond"]) == (__file__, 4, "f")
    (exp,) = [n for n in sort_nodes(nodes["loop"].attrs["body"].outputs) if n.op.name == "exp"]
    assert place(exp) == (__file__, 3, "f")


def test_tracebacks_show_the_users_lines(x: sa.Tensor) -> None:
    @sa.function
    def f(x: sa.Tensor) -> sa.Tensor:
        while x < 10:
            x = x @ x  # this one
        return x

    with pytest.raises(sa.ShapeError) as caught:
        f(x)
    own = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if frame.filename == __file__]
    assert [frame.line for frame in own[-2:]] == ["while x < 10:", "x = x @ x  # this one"]
    assert [frame.name for frame in own[-2:]] == ["f", "f"]


def test_two_lambdas_on_one_line(x: sa.Tensor) -> None:
    f, g = sa.function(lambda x: x if x > 0 else -x), sa.function(lambda x: -x if x > 0 else x)
    assert (value(f(x), x, -2.0), value(g(x), x, 2.0)) == (2, -2)


def test_code_without_a_file(x: sa.Tensor) -> None:
    namespace: dict[str, Any] = {}
    exec("def f(x):\n    return x if x > 0 else -x\n", namespace)
    with pytest.raises(sa.GraphError, match="source of f .* not available"):
        sa.function(namespace["f"])


@pytest.mark.parametrize("thing", [len, int, 3, Base, functools.partial(len), np.sin])
def test_what_is_no_python_function(thing: Any) -> None:
    with pytest.raises(sa.GraphError, match="rewrites functions made by def or lambda"):
        sa.function(thing)


def test_generators_and_coroutines() -> None:
    def generator(x: Any) -> Any:
        yield x

    async def coroutine(x: Any) -> Any:
        return x

    for function in (generator, coroutine):
        with pytest.raises(sa.GraphError, match="generator or coroutine"):
            sa.function(function)


def test_generators_inside_are_left_alone() -> None:
    @sa.function
    def f(n: int) -> int:
        def count() -> Any:
            for k in range(n):
                if k % 2:
                    yield k

        return sum(count())

    assert f(6) == 9
