"""Cumulative ops along one axis: every element of the result is made of the elements up to it.

Their derivatives are linear recurrences, which are an op of their own and closed under differentiation: nothing is
divided by, so that they are right with zeros among the elements, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.ir import expressions
from staticad.ir.dtypes import DType, is_float, kind_of, unsupported
from staticad.ir.expressions import Expression, call
from staticad.ir.graph import Attrs, Tensor
from staticad.ir.types import Demands, TensorType, same_shape
from staticad.ops.arithmetic import ADD, MUL
from staticad.ops.base import Inferred, Op, apply
from staticad.ops.comparison import EQUAL, ISNAN, LOGICAL_OR
from staticad.ops.conversion import CAST
from staticad.ops.creation import fill
from staticad.ops.reduce import highest, lowest
from staticad.ops.selection import WHERE

Tangents = Sequence[Tensor | None]


class Form(StrEnum):
    """What a scan leaves at a place: what it has with the element there, or without it; of recurrences also what they
    have with the term there, before it is multiplied (see `Recurrence`)."""

    PLAIN = "plain"
    EXCLUSIVE = "exclusive"
    LAGGED = "lagged"


class Scan(Op):
    """Attrs ``axis``, ``reverse`` (from the last element to the first) and ``form``. The operands have one type, which
    is that of the result.

    ``initial(dtype)`` is what a scan begins with, and in the result where the form leaves out the first element
    (``bare``). ``step(carry, elements, form)`` gives what is left at a place and the next carry.
    """

    family = "cumulative"
    title = "Cumulative"
    about = (
        "Every element of the result is made of those up to it along one axis. A kernel that runs along the axis; over "
        "long vectors, several threads do. Sums and products of float32 are carried in float64."
    )
    remembered = True
    ulps: float | None = None
    operands = "iuf"
    arity = 1

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        first = inputs[0]
        if len(inputs) != self.arity:
            raise ShapeError(f"takes {self.arity} operands, got {len(inputs)}")
        if any(t.dtype != first.dtype for t in inputs):
            raise DTypeError(f"operands of several dtypes ({', '.join(str(t.dtype) for t in inputs)}); cast them first")
        if kind_of(first.dtype) not in self.operands:
            raise DTypeError(unsupported(first.dtype))
        with Demands() as demands:
            for other in inputs[1:]:
                if not same_shape(first.shape, other.shape, demands):
                    raise ShapeError("operands of several shapes; broadcast them first")
            return (first,), demands.close()

    def initial(self, dtype: DType, form: Form) -> Any:
        """The carry before the first element."""
        raise NotImplementedError(self.name)

    def step(self, carry: Expression, elements: Sequence[Expression], form: Form) -> tuple[Expression, Expression]:
        """What is left at a place, and the next carry."""
        raise NotImplementedError(self.name)


class Cumulative(Scan):
    """``combine(carry, element)`` gives the next carry, as an expression; ``total``, a kernel function that takes the
    elements in any order, makes one of many."""

    def __init__(
        self,
        name: str,
        *,
        combine: Callable[[Expression, Expression], Expression],
        identity: Callable[[DType, Form], Any],
        total: str,
        operands: str = "iuf",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.combine, self.identity, self.total, self.operands = combine, identity, total, operands

    def initial(self, dtype: DType, form: Form) -> Any:
        return self.identity(dtype, form)

    def step(self, carry: Expression, elements: Sequence[Expression], form: Form) -> tuple[Expression, Expression]:
        following = self.combine(carry, elements[0])
        return (carry if form == Form.EXCLUSIVE else following), following


class Recurrence(Scan):
    """``h = a * h + b`` over the elements of a and b, from h = 0. Left is h; in the exclusive form the h before; in the
    lagged one ``b + h``, and h goes on as ``a * (b + h)``: there an element of a counts from the next place on."""

    operands = "fc"
    arity = 2

    def initial(self, dtype: DType, form: Form) -> Any:
        return 0

    def step(self, carry: Expression, elements: Sequence[Expression], form: Form) -> tuple[Expression, Expression]:
        a, b = elements
        if form == Form.LAGGED:
            result = expressions.add(b, carry)
            return result, expressions.mul(a, result)
        following = expressions.add(expressions.mul(a, carry), b)
        return (carry if form == Form.EXCLUSIVE else following), following


# ---- derivatives -----------------------------------------------------------------------------------------------------


def recurrence(a: Tensor, b: Tensor, axis: int, reverse: bool, form: Form) -> Tensor:
    """A linear recurrence along an axis."""
    return apply(RECURRENCE, a, b, axis=axis, reverse=reverse, form=form)


def _mirrored(form: Form) -> Form:
    """The form of the recurrence that carries cotangents back."""
    return {Form.PLAIN: Form.LAGGED, Form.LAGGED: Form.PLAIN}.get(form, form)


def _recurrence_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, axis: int, reverse: bool, form: Form) -> Any:
    back = recurrence(a, g, axis, not reverse, _mirrored(form))
    if form == Form.LAGGED:
        return apply(MUL, recurrence(a, g, axis, not reverse, Form.EXCLUSIVE), y), back
    before = y if form == Form.EXCLUSIVE else recurrence(a, b, axis, reverse, Form.EXCLUSIVE)
    return apply(MUL, back, before), back


def _recurrence_jvp(ts: Tangents, y: Tensor, a: Tensor, b: Tensor, axis: int, reverse: bool, form: Form) -> Any:
    ta, tb = ts
    through = None if tb is None else recurrence(a, tb, axis, reverse, form)
    if ta is None:
        return through
    if form == Form.PLAIN:
        before = recurrence(a, b, axis, reverse, Form.EXCLUSIVE)
        made = recurrence(a, apply(MUL, ta, before), axis, reverse, Form.PLAIN)
    else:
        made = recurrence(a, apply(MUL, ta, y), axis, reverse, Form.EXCLUSIVE)
    return made if through is None else apply(ADD, through, made)


def _sum_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int, reverse: bool, form: Form) -> tuple[Tensor, ...]:
    return (apply(CUMSUM, g, axis=axis, reverse=not reverse, form=form),)


def _sum_jvp(ts: Tangents, y: Tensor, x: Tensor, **attrs: Any) -> Tensor | None:
    return None if ts[0] is None else apply(CUMSUM, ts[0], **attrs)


def _product_before(y: Tensor, x: Tensor, axis: int, reverse: bool, form: Form) -> Tensor:
    return y if form == Form.EXCLUSIVE else apply(CUMPROD, x, axis=axis, reverse=reverse, form=Form.EXCLUSIVE)


def _product_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int, reverse: bool, form: Form) -> tuple[Tensor, ...]:
    """An element times: the product before it, and the cotangents behind it, each times what is between."""
    back = recurrence(x, g, axis, not reverse, _mirrored(form))
    return (apply(MUL, back, _product_before(y, x, axis, reverse, form)),)


def _product_jvp(ts: Tangents, y: Tensor, x: Tensor, axis: int, reverse: bool, form: Form) -> Tensor | None:
    if ts[0] is None:
        return None
    made = apply(MUL, ts[0], _product_before(y, x, axis, reverse, form))
    return recurrence(x, made, axis, reverse, form)


def _records(y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Which elements are the extreme up to them, and 0 for them, 1 for the others: these hand on the one before."""
    new = apply(LOGICAL_OR, apply(EQUAL, x, y), apply(ISNAN, x))
    return new, apply(CAST, apply(EQUAL, new, fill((), False, new.dtype)), dtype=x.dtype)


def _extreme_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int, reverse: bool, form: Form) -> tuple[Tensor, ...]:
    new, keep = _records(y, x)
    back = recurrence(keep, g, axis, not reverse, Form.LAGGED)
    return (apply(WHERE, new, back, fill((), 0, g.dtype)),)


def _extreme_jvp(ts: Tangents, y: Tensor, x: Tensor, axis: int, reverse: bool, form: Form) -> Tensor | None:
    if ts[0] is None:
        return None
    new, keep = _records(y, x)
    return recurrence(keep, apply(WHERE, new, ts[0], fill((), 0, y.dtype)), axis, reverse, Form.PLAIN)


# ---- references ------------------------------------------------------------------------------------------------------


def _scanned(
    step: Callable[..., tuple[np.ndarray, np.ndarray]],
    initial: Any,
    xs: tuple[np.ndarray, ...],
    axis: int,
    reverse: bool,
) -> np.ndarray:
    """One slice after another along the axis."""
    moved = [np.moveaxis(x, axis, 0)[::-1] if reverse else np.moveaxis(x, axis, 0) for x in xs]
    results = np.empty_like(moved[0])
    carry = np.full(results.shape[1:], initial, results.dtype)
    with np.errstate(all="ignore"):
        for place, elements in enumerate(zip(*moved, strict=True)):
            results[place], carry = step(carry, *elements)
    return np.ascontiguousarray(np.moveaxis(results[::-1] if reverse else results, 0, axis))


def _reference(combine: np.ufunc, identity: Callable[[DType, Form], Any]) -> Callable[..., np.ndarray]:
    def reference(x: np.ndarray, axis: int, reverse: bool, form: Form) -> np.ndarray:
        def step(carry: np.ndarray, element: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            following = combine(carry, element, dtype=x.dtype)
            return (carry if form == Form.EXCLUSIVE else following), following

        return _scanned(step, identity(x.dtype, form), (x,), axis, reverse)

    return reference


def _recurred(a: np.ndarray, b: np.ndarray, axis: int, reverse: bool, form: Form) -> np.ndarray:
    def step(carry: np.ndarray, factor: np.ndarray, term: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if form == Form.LAGGED:
            return term + carry, factor * (term + carry)
        following = factor * carry + term
        return (carry if form == Form.EXCLUSIVE else following), following

    return _scanned(step, 0, (a, b), axis, reverse)


# ---- the ops ---------------------------------------------------------------------------------------------------------


def _none(dtype: DType, form: Form) -> Any:
    """The sum of nothing: -0.0 keeps the sign of a zero that is added."""
    return -0.0 if is_float(dtype) and form == Form.PLAIN else 0


CUMSUM: Cumulative = Cumulative(
    "cumsum",
    combine=lambda carry, x: call("add", carry, x),
    identity=_none,
    total="add_reduce",
    operands="iufc",
    notes="rounding does not depend on the number of threads",
    numpy=_reference(np.add, _none),
    vjp=_sum_vjp,
    jvp=_sum_jvp,
)
CUMPROD: Cumulative = Cumulative(
    "cumprod",
    combine=lambda carry, x: call("mul", carry, x),
    identity=lambda dtype, form: 1,
    total="mul_reduce",
    operands="iufc",
    notes="derivative right with any number of zeros, in every order",
    numpy=_reference(np.multiply, lambda dtype, form: 1),
    vjp=_product_vjp,
    jvp=_product_jvp,
)
LAST = "NaN from the first NaN on; the derivative is that of the last of equal extremes"
CUMMAX = Cumulative(
    "cummax",
    combine=lambda carry, x: call("max_reduce", carry, x),
    identity=lambda dtype, form: lowest(dtype),
    total="max_reduce",
    operands="biuf",
    notes=LAST,
    numpy=_reference(np.maximum, lambda dtype, form: lowest(dtype)),
    vjp=_extreme_vjp,
    jvp=_extreme_jvp,
)
CUMMIN = Cumulative(
    "cummin",
    combine=lambda carry, x: call("min_reduce", carry, x),
    identity=lambda dtype, form: highest(dtype),
    total="min_reduce",
    operands="biuf",
    notes=LAST,
    numpy=_reference(np.minimum, lambda dtype, form: highest(dtype)),
    vjp=_extreme_vjp,
    jvp=_extreme_jvp,
)
RECURRENCE: Recurrence = Recurrence(
    "recurrence",
    notes="h = a * h + b; what derivatives of the others are made of",
    numpy=_recurred,
    vjp=_recurrence_vjp,
    jvp=_recurrence_jvp,
)

CUMULATIVE_OPS = (CUMSUM, CUMPROD, CUMMAX, CUMMIN, RECURRENCE)
