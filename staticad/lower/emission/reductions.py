"""How a reduction is kept, in a register or in memory.

Extremes of floats are kept as integers (`staticad.codegen.scalar_reduce`). Sums of float32 must not add up too many
terms one after another: short ones stay float32; long ones are float32 for a *run* of terms at a time, and the runs
are added in float64; where there are no long runs, every term is added in float64 (*wide*). So the error is that of
NumPy's pairwise sums, at the speed of float32. A run in a register is long, since its terms go to the lanes of several
vectors. In memory every element takes its terms one by one, so a run is short there.

Long products of float32 are wide: each rounding of a run would count as much as one of the result.
"""

from __future__ import annotations

import numpy as np

from staticad.ir.dims import Size
from staticad.ir.dtypes import FLOAT32, FLOAT64, DType
from staticad.ir.expressions import Call, Cast, Constant, Expression, Name, constant
from staticad.lower.fusion.clusters import Member, Reduction

PLAIN, RUNS, WIDE = "plain", "runs", "wide"
RUN = 256  # terms: where vectors are of 8 numbers, and four are added at a time, a lane adds 8 of them
LEAST_RUN = 64  # a shorter run costs more than it saves
COLUMN_RUN = 32  # terms that an element in memory takes one after another; with 16 large kernels lose some percent


def reduction_of(member: Member) -> Reduction:
    """How a member reduces."""
    assert member.reduction is not None, member
    return member.reduction


def combined_dtype(member: Member) -> DType:
    """What a reduction combines."""
    assert member.operand is not None
    return member.operand.dtype


def combine_of(member: Member) -> str:
    """The kernel function that takes the accumulator and a value."""
    return reduction_of(member).op.combine


def initial_of(member: Member) -> Constant:
    """The value of an empty reduction."""
    dtype = combined_dtype(member)
    return constant(reduction_of(member).op.initial(dtype), dtype)


def mode_of(member: Member, terms: Size, run: Size) -> str:
    """How a reduction of that many terms, so many of them in the innermost loop, is kept in a register."""
    if not _loses_digits(member) or (isinstance(terms, int) and terms <= (RUN if is_sum(member) else COLUMN_RUN)):
        return PLAIN
    return RUNS if is_sum(member) and not (isinstance(run, int) and run < LEAST_RUN) else WIDE


def column_run(member: Member, terms: Size, inner: Size) -> int:
    """How often the outermost reduced loop runs until what an element in memory has combined in float32 is combined
    with the rest in float64: always where this is 0, after every term where it is -1. ``inner`` are the terms of one
    iteration of that loop."""
    if not _loses_digits(member) or (isinstance(terms, int) and terms <= COLUMN_RUN):
        return 0
    runs = is_sum(member) and isinstance(inner, int) and inner <= COLUMN_RUN
    return max(1, COLUMN_RUN // max(1, int(inner))) if runs else -1


def is_sum(member: Member) -> bool:
    """True for sums."""
    return combine_of(member) == "add_reduce"


def _loses_digits(member: Member) -> bool:
    """True for sums and products of float32."""
    return combine_of(member) in ("add_reduce", "mul_reduce") and combined_dtype(member) == FLOAT32


def _key(member: Member) -> str | None:
    keys = {"max_reduce": "max_key", "min_reduce": "min_key"}
    return keys.get(combine_of(member)) if combined_dtype(member).kind == "f" else None


def to_register(member: Member, value: Expression, mode: str) -> Expression:
    """A value as the register of its reduction holds it."""
    if mode != PLAIN:
        return Cast(value, FLOAT64)
    key = _key(member)
    return Call(key, (value,), np.dtype(f"int{8 * value.dtype.itemsize}")) if key else value


def from_register(member: Member, register: Name, mode: str) -> Expression:
    """The result that a register holds."""
    if _key(member):
        return Call("key_value", (register,), combined_dtype(member))
    held, wanted = FLOAT64 if mode != PLAIN else combined_dtype(member), member.node.types[0].dtype
    return register if held == wanted or reduction_of(member).position else Cast(register, wanted)
