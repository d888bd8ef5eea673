"""Embedding: rows of a table, by their numbers."""

from __future__ import annotations

from staticad.autodiff.derivatives import stop_gradient
from staticad.errors import DTypeError, IndexOutOfBounds, ShapeError
from staticad.functional import comparison
from staticad.functional.elementwise import where
from staticad.functional.movement import expand_dims
from staticad.ir.dtypes import INT64, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import apply
from staticad.ops.indexing import GATHER
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array

_TEXT = "embedding: the index {index} is none of the {size} rows, which are 0 to {last}"


def embedding(indices: Operand, weight: Operand, padding_idx: int | None = None) -> Tensor:
    """The rows of ``weight``, of shape (rows, …), at integers: indices of shape (a, b) give (a, b, …).

    Gradients leave the row ``padding_idx`` alone, which may count from the end. An index outside, a negative one too,
    raises IndexOutOfBounds. Raises DTypeError for indices that are no integers, ShapeError for a table without axes.
    """
    index, table = to_tensor(indices), to_tensor(weight)
    if not is_integer(index.dtype):
        raise DTypeError(f"embedding: indices have to be integers, not {describe(index)}")
    if not table.ndim:
        raise ShapeError(f"embedding: a table has rows, which {describe(table)} has not")
    rows, array = table.shape[0], constant_array(index)
    if array is not None and isinstance(rows, int):
        wrong = array[(array < 0) | (array >= rows)]
        if wrong.size:
            text = _TEXT.format(index=wrong.flat[0], size=rows, last=rows - 1)
            raise IndexOutOfBounds(f"{text} ({describe(table)})")
    index = cast(index, INT64)
    found = apply(GATHER, table, index, axes=(0,), position=0, aligned=False, labels=_TEXT)
    if padding_idx is None:
        return found
    if type(padding_idx) is not int or (isinstance(rows, int) and not -rows <= padding_idx < rows):
        raise IndexOutOfBounds(f"embedding: padding_idx {padding_idx!r} is no row of {describe(table)}")
    padding = comparison.equal(index, padding_idx if padding_idx >= 0 else rows + padding_idx)
    behind = tuple(range(index.ndim, index.ndim + table.ndim - 1))
    return where(expand_dims(padding, behind), stop_gradient(found), found)
