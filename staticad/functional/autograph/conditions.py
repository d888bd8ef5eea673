"""Truth values that may be tensors: conditions, and / or / not, chained comparisons."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from staticad.errors import GraphError
from staticad.functional import control
from staticad.functional.autograph import identity
from staticad.functional.autograph.staging import staged
from staticad.ir.dims import Dim, at_least
from staticad.ir.dtypes import BOOL
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.provenance import here, user_call
from staticad.ops.base import apply
from staticad.ops.comparison import LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, NOT_EQUAL
from staticad.ops.contract import Contract
from staticad.ops.control import Control
from staticad.ops.indexing import Gather, Scatter
from staticad.ops.library import Library
from staticad.ops.promotion import to_tensor
from staticad.ops.sources import constant

Thunk = Callable[[], Any]
_MAY_FAIL_OR_COST = (Gather, Scatter, Control, Contract, Library)  # what a run skips when it can


def condition(value: Any, what: str) -> Any:
    """The truth of a value: a bool, or a bool scalar tensor. Raises GraphError for a tensor of several elements."""
    if isinstance(value, Dim):
        if at_least(value, 1):
            return True
        value = to_tensor(value)
    if not isinstance(value, Tensor):
        return bool(value)
    if any(size != 1 for size in value.shape):
        raise GraphError(
            f"{what} at {here()}: the truth value of {describe(value)} is ambiguous; use .any() or .all(), "
            "or combine elementwise with & | ~"
        )
    with user_call():
        scalar = value.reshape(()) if value.ndim else value
        return scalar if scalar.dtype == BOOL else apply(NOT_EQUAL, scalar, to_tensor(0, scalar.dtype))


def and_(*operands: Thunk) -> Any:
    """``a and b and …``; an operand whose predecessors are known to be false is not built, one whose evaluation can
    fail or is expensive runs only if they hold."""
    return _combine("and", False, operands)


def or_(*operands: Thunk) -> Any:
    """``a or b or …``, as `and_`."""
    return _combine("or", True, operands)


def _combine(what: str, decided_by: bool, operands: tuple[Thunk, ...]) -> Any:
    value = operands[0]()
    for operand in operands[1:]:
        if isinstance(value, (Tensor, Dim)):
            value = condition(value, what)
        if isinstance(value, Tensor):
            value = _join(what, decided_by, value, operand)
        elif bool(value) == decided_by:
            return value
        else:
            value = operand()
    return value


def _join(what: str, decided_by: bool, left: Tensor, operand: Thunk) -> Any:
    right = condition(operand(), what)
    if not isinstance(right, Tensor):
        return right if right == decided_by else left
    if not _can_always_run(right, left.node.serial):

        def lazily() -> Any:
            with staged():
                return condition(operand(), what)

        def decided() -> Any:
            return constant(decided_by)

        return control.cond(left, decided, lazily) if decided_by else control.cond(left, lazily, decided)
    with user_call():
        return apply(LOGICAL_OR if decided_by else LOGICAL_AND, left, right)


def _can_always_run(tensor: Tensor, mark: int) -> bool:
    """True if the nodes made since ``mark`` can't fail and cost little."""
    seen: set[Node] = set()
    pending = [tensor.node]
    while pending:
        node = pending.pop()
        if node.serial > mark and node not in seen:
            if isinstance(node.op, _MAY_FAIL_OR_COST):
                return False
            seen.add(node)
            pending += [t.node for t in node.inputs]
    return True


def not_(value: Any) -> Any:
    """``not value``."""
    truth = condition(value, "not")
    if not isinstance(truth, Tensor):
        return not truth
    with user_call():
        return apply(LOGICAL_NOT, truth)


def compare(left: Any, *rest: Any) -> Any:
    """``left < b <= c``: operators (as text) and thunks alternate; every operand is evaluated at most once."""
    if len(rest) == 2:
        return OPERATORS[rest[0]](left, rest[1]())
    result: Any = True
    for symbol, operand in zip(rest[::2], rest[1::2], strict=True):
        right = operand()
        single = condition(OPERATORS[symbol](left, right), "a chain of comparisons")
        if not isinstance(single, Tensor):
            if not single:
                return False
        elif isinstance(result, Tensor):
            with user_call():
                result = apply(LOGICAL_AND, result, single)
        else:
            result = single
        left = right
    return result


def _ordered(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison in which free sizes count as the numbers that they will be."""

    def compared(left: Any, right: Any) -> Any:
        if isinstance(left, Dim) or isinstance(right, Dim):
            return _compare_sizes(function, left, right)
        return function(left, right)

    return compared


def _compare_sizes(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if isinstance(left, (int, Dim)) and isinstance(right, (int, Dim)):
        difference = left - right
        if isinstance(difference, int):
            return function(difference, 0)
        if at_least(difference, 1):
            return function(1, 0)
        if at_least(difference * -1, 1):
            return function(-1, 0)
        if at_least(difference, 0) and function in (operator.ge, operator.lt):
            return function is operator.ge
        if at_least(difference * -1, 0) and function in (operator.le, operator.gt):
            return function is operator.le
    elif not isinstance(left, (int, float, Dim, Tensor)) or not isinstance(right, (int, float, Dim, Tensor)):
        return function(left, right)
    with user_call():
        return function(to_tensor(left), to_tensor(right))


def _contains(item: Any, container: Any) -> Any:
    tensors = isinstance(item, Tensor) or (
        isinstance(container, (list, tuple)) and any(isinstance(c, Tensor) for c in container)
    )
    if not tensors:
        return item in container
    if isinstance(container, Tensor):
        return (container == item).any()
    return or_(*(lambda c=c: item == c for c in container)) if len(container) else False


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "==": _ordered(operator.eq),
    "!=": _ordered(operator.ne),
    "is": identity.is_,
    "is not": identity.is_not,
    "in": lambda left, right: _contains(left, right),
    "not in": lambda left, right: not_(_contains(left, right)),
}
