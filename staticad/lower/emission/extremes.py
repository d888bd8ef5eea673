"""Places of extremes that are known: by a second pass, the smallest number of an element that is as extreme.

These numbers are as wide as the elements where the row is not too long for them: a vector then has as many of both.
"""

from __future__ import annotations

import numpy as np

from staticad.ir.dims import Size
from staticad.ir.dtypes import INT32, INT64, DType
from staticad.ir.expressions import Cast, Constant, Expression, Name, call, constant
from staticad.lower.emission.reductions import combine_of, combined_dtype
from staticad.lower.emission.results import Results
from staticad.lower.fusion.clusters import Member
from staticad.lower.kernel.language import Compute
from staticad.records import dataclass


@dataclass(frozen=True)
class Search:
    """The search for the place of a member's extreme: what elements are compared with, and the place so far."""

    member: Member
    bound: Name
    place: Name

    def look(self, results: Results, number: Expression) -> None:
        """Look at the element that the loops are at, which has that number."""
        value, dtype = results.operand(self.member), self.place.dtype
        numbered = call("where", self._found(value), _as_dtype(number, dtype), _behind(dtype))
        results.emitter.emit(Compute(self.place.name, call("min_reduce", self.place, numbered)))

    def _found(self, value: Expression) -> Expression:
        """Whether an element is the extreme."""
        if combined_dtype(self.member).kind != "f":
            return call("equal", value, self.bound)
        order = "less_equal" if combine_of(self.member) == "max_reduce" else "greater_equal"
        return call("logical_not", call(order, value, self.bound))

    def result(self, results: Results) -> Name:
        """The first place."""
        return self.place if self.place.dtype == INT64 else results.register(Cast(self.place, INT64))


def search(results: Results, member: Member, extreme: Name, extent: Size) -> Search:
    """Begin to look for an extreme in a row. Floats are compared with a bound of all that are not it: so one comparison
    finds NaN, too, where that is the extreme."""
    bounds = {"max_reduce": "short_of_max", "min_reduce": "short_of_min"}
    compared = combined_dtype(member)
    bound = results.register(call(bounds[combine_of(member)], extreme)) if compared.kind == "f" else extreme
    short = isinstance(extent, int) and extent < 2**31 and compared.itemsize <= 4
    return Search(member, bound, results.register(_behind(INT32 if short else INT64)))


def _behind(dtype: DType) -> Constant:
    """A number behind all those of elements."""
    return constant(int(np.iinfo(dtype).max), dtype)


def _as_dtype(value: Expression, dtype: DType) -> Expression:
    return value if value.dtype == dtype else Cast(value, dtype)
