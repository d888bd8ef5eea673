"""Numbers of elements in the float types of averages."""

from __future__ import annotations

from staticad.functional import elementwise
from staticad.ir.dims import Size
from staticad.ir.dtypes import DType, finfo, is_half
from staticad.ir.graph import Tensor
from staticad.ops.promotion import to_tensor


def number(count: Size | Tensor, dtype: DType) -> Tensor:
    """A count in a float type. One that a 16-bit float would round, or could not hold, is put together of digits that
    are exact: between these operations numbers have 32 bits."""
    base = 2 ** (finfo(dtype).nmant + 1) if is_half(dtype) else 0  # so far it holds all integers
    if isinstance(count, Tensor) or not base or (isinstance(count, int) and count <= base):
        return to_tensor(count, dtype)
    high = count // base
    rest = to_tensor(high, dtype) if isinstance(high, int) and high <= base else _two_digits(high, base, dtype)
    return elementwise.add(elementwise.multiply(rest, float(base)), to_tensor(count % base, dtype))


def _two_digits(count: Size, base: int, dtype: DType) -> Tensor:
    first, second = (to_tensor(digit, dtype) for digit in (count // base, count % base))
    return elementwise.add(elementwise.multiply(first, float(base)), second)
