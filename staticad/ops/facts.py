"""What the elements of a tensor may be, as far as its form tells: negative, zero, infinite, NaN.

The facts are those of exact arithmetic: exp(x) is neither zero nor infinite for a finite x, whatever a float makes of
it, so that rules may undo an over- or underflow. But exp(-inf) is zero, a sum of no elements is, and 0 / 0 is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.ir.dims import at_least
from staticad.ir.dtypes import is_float
from staticad.ir.graph import Node, Tensor
from staticad.ops.arithmetic import ABS, ADD, DIV, MUL, NEG, RECIPROCAL, RSQRT, SQRT, SQUARE
from staticad.ops.base import Movement, Reshape
from staticad.ops.conversion import CAST
from staticad.ops.creation import FULL, SIZE
from staticad.ops.reduce import MAX, MAX_OR_LOWEST, PROD, SUM
from staticad.ops.selection import WHERE
from staticad.ops.sources import CONSTANT
from staticad.ops.transcendental import EXP, SIGMOID, SOFTPLUS, TANH
from staticad.records import NamedTuple

DEPTH = 8


class Facts(NamedTuple):
    """Which of these some element may be; ``negative`` means less than zero, or -0.0."""

    negative: bool = True
    zero: bool = True
    infinite: bool = True
    nan: bool = True

    @property
    def finite(self) -> bool:
        """Neither infinite nor NaN."""
        return not (self.infinite or self.nan)

    def __or__(self, other: Facts) -> Facts:
        return Facts(*(a or b for a, b in zip(self, other)))


UNKNOWN = Facts()


def facts(tensor: Tensor) -> Facts:
    """What is known of a tensor, from its op and the next few below it."""
    return _facts(tensor, DEPTH, {})


def _facts(tensor: Tensor, depth: int, known: dict[Tensor, Facts]) -> Facts:
    node = tensor.node
    found = known.get(tensor)
    if found is None:
        inside = depth > 0 and len(node.outputs) == 1
        looked_at = node.inputs if inside and (node.op in _RULES or _is_view(node)) else ()
        found = _of_node(node, [_facts(t, depth - 1, known) for t in looked_at]) if inside else UNKNOWN
        if not is_float(tensor.dtype):
            found = Facts(found.negative and tensor.dtype.kind == "i", found.zero, False, False)
        known[tensor] = found
    return found


def nonnegative(tensor: Tensor) -> bool:
    """Whether no element is negative or -0.0; NaN aside."""
    return not facts(tensor).negative


def _is_view(node: Node) -> bool:
    return isinstance(node.op, (Movement, Reshape))


def _of_node(node: Node, of: list[Facts]) -> Facts:
    op: Any = node.op
    if op is FULL:
        return _of_values(np.asarray(node.attrs["value"]))
    if op is CONSTANT:
        return _of_values(node.attrs["value"].array)
    if op is SIZE:
        return Facts(False, not at_least(node.attrs["size"], 1), False, False)
    if _is_view(node):
        return of[0]
    rule = _RULES.get(op)
    return UNKNOWN if rule is None else rule(node, *of)


def _of_values(values: np.ndarray) -> Facts:
    if values.size > 4096:
        return UNKNOWN
    negative = np.signbit(values) if is_float(values.dtype) else values < 0
    return Facts(bool(negative.any()), *(bool(np.any(v)) for v in (values == 0, np.isinf(values), np.isnan(values))))


def _may_be_empty(node: Node) -> bool:
    x = node.inputs[0]
    return not all(at_least(x.shape[a], 1) for a in node.attrs["axes"])


def _exp(node: Node, x: Facts) -> Facts:
    return Facts(False, x.infinite and x.negative, x.infinite, x.nan)


def _sigmoid(node: Node, x: Facts) -> Facts:
    return Facts(False, x.infinite and x.negative, False, x.nan)


def _root(node: Node, x: Facts) -> Facts:
    return Facts(x.negative, x.zero, x.infinite, x.nan or x.negative)


def _inverse(node: Node, x: Facts) -> Facts:
    return Facts(x.negative, x.infinite, x.zero, x.nan)


def _inverse_root(node: Node, x: Facts) -> Facts:
    return _inverse(node, _root(node, x))


def _add(node: Node, a: Facts, b: Facts) -> Facts:
    negative = a.negative or b.negative
    opposite = negative and a.infinite and b.infinite
    return Facts(negative, negative or (a.zero and b.zero), a.infinite or b.infinite, a.nan or b.nan or opposite)


def _mul(node: Node, a: Facts, b: Facts) -> Facts:
    nan = a.nan or b.nan or (a.zero and b.infinite) or (a.infinite and b.zero)
    return Facts(a.negative or b.negative, a.zero or b.zero, a.infinite or b.infinite, nan)


def _div(node: Node, a: Facts, b: Facts) -> Facts:
    return _mul(node, a, _inverse(node, b))


def _sum(node: Node, x: Facts) -> Facts:
    zero = x.zero or x.negative or _may_be_empty(node)
    return Facts(x.negative, zero, x.infinite, x.nan or (x.negative and x.infinite))


def _prod(node: Node, x: Facts) -> Facts:
    return x._replace(nan=x.nan or (x.zero and x.infinite))


def _top(node: Node, x: Facts) -> Facts:
    return UNKNOWN if _may_be_empty(node) else x


_RULES: dict[Any, Any] = {
    ABS: lambda node, x: x._replace(negative=False),
    ADD: _add,
    CAST: lambda node, x: x,
    DIV: _div,
    EXP: _exp,
    MAX: lambda node, x: x,
    MAX_OR_LOWEST: _top,
    MUL: _mul,
    NEG: lambda node, x: x._replace(negative=True),
    PROD: _prod,
    RECIPROCAL: _inverse,
    RSQRT: _inverse_root,
    SIGMOID: _sigmoid,
    SOFTPLUS: _exp,
    SQRT: _root,
    SQUARE: lambda node, x: x._replace(negative=False),
    SUM: _sum,
    TANH: lambda node, x: Facts(True, True, False, x.nan),
    WHERE: lambda node, condition, a, b: a | b,
}
