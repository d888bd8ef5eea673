"""Loops whose steps wait for each other, as where the state of a program's loop is a few numbers.

LLVM would try in vain to vectorize them, and copies of their bodies gain nothing. Without that, their machine code is
as fast and takes half the time to make.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from staticad.records import NamedTuple

_FLOATS = ("float32", "float64")
_IN_ORDER = ("add", "sub", "mul", "div")  # whose rounding keeps steps in their order; not maxima, nor moves

Place = tuple[str, str]  # a pointer and an index that is the same in all steps


class _Sources(NamedTuple):
    """The places whose number before the step a value is, perhaps by choices; and those that it is computed from."""

    same: frozenset[Place]
    computed: frozenset[Place]


_NONE = _Sources(frozenset(), frozenset())


def is_serial(function: ast.FunctionDef) -> bool:
    """Whether every innermost loop of a kernel has a float that each step computes from that of the step before."""
    floats = {
        name for s in function.body if isinstance(s, ast.Assign) for name, dtype in _pointers(s) if dtype in _FLOATS
    }
    bodies = [*_innermost(function.body)]
    return bool(bodies) and all(_Step(floats).waits(body) for body in bodies)


def _pointers(s: ast.Assign) -> Iterator[tuple[str, str]]:
    match s:
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(func=ast.Name(id="pointer"), args=[_, _, ast.Name(id=dtype), *_]),
        ):
            yield name, dtype


def _innermost(statements: Sequence[ast.stmt]) -> Iterator[Sequence[ast.stmt]]:
    """The bodies of loops without loops in them."""
    for s in statements:
        if isinstance(s, ast.If):
            yield from _innermost(s.body)
        elif isinstance(s, ast.For | ast.While):
            inside = [*_innermost(s.body)]
            yield from inside or [s.body]


class _Step:
    """A step of a loop, read line by line."""

    def __init__(self, floats: set[str]) -> None:
        self.floats = floats
        self.names: dict[str, _Sources] = {}

    def waits(self, statements: Sequence[ast.stmt]) -> bool:
        """Whether it stores a number that is computed from the one that it replaces."""
        for s in statements:
            match s:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.names[name] = self.sources(value)
                case ast.Expr(value=ast.Call(func=ast.Name(id="store"), args=[ast.Name(id=pointer), index, value])):
                    if (pointer, ast.unparse(index)) in self.sources(value).computed:
                        return True
                case ast.If(body=body) if self.waits(body):
                    return True
        return False

    def sources(self, e: ast.expr) -> _Sources:
        match e:
            case ast.Name(id=name):
                return self.names.get(name, _NONE)
            case ast.Call(func=ast.Name(id="load"), args=[ast.Name(id=pointer), ast.Constant(value=index)]):
                return _Sources(frozenset({(pointer, str(index))} if pointer in self.floats else ()), frozenset())
            case ast.Call(func=ast.Name(id=name), args=arguments):
                found = [self.sources(argument) for argument in arguments]
                same = frozenset().union(*[f.same for f in found])
                computed = frozenset().union(*[f.computed for f in found])
                return _Sources(frozenset(), computed | same) if name in _IN_ORDER else _Sources(same, computed)
        return _NONE
