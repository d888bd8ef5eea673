"""Elements of buffers in machine code: names of `staticad.codegen.kernel_names` as linters and type checkers read them.

To them an element is a float, or an int where the dtype is int64. Imported for type checkers only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Element = TypeVar("Element", int, float)


class Pointer(Generic[Element]):
    """A buffer of elements of one dtype."""


int64: type[int]
pointer: Callable[[int, int, type[Element], int, int], Pointer[Element]]
load: Callable[[Pointer[Element], int], Element]
store: Callable[[Pointer[Element], int, Element], None]
cast: Callable[[float, type[int]], int]
add: Callable[[float, float], float]
div: Callable[[float, float], float]
hypot: Callable[[float, float], float]
mul: Callable[[float, float], float]
size: Callable[[int, int], int]
sub: Callable[[float, float], float]
where: Callable[[bool, Element, Element], Element]
equal: Callable[[float, float], bool]
matrix_sums: Callable[[int, int, int, int, int, int, type[float]], None]
less: Callable[[float, float], bool]
log: Callable[[float], float]
exp: Callable[[float], float]
sin: Callable[[float], float]
cos: Callable[[float], float]
sinh: Callable[[float], float]
cosh: Callable[[float], float]
neg: Callable[[float], float]
sqrt: Callable[[float], float]
inf: float
nan: float
