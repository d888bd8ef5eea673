"""Python slices of an axis as start, step and size, exact for free sizes too.

On an axis of a free size n: ``x[:5]`` has size min(n, 5), ``x[-3:]`` min(n, 3), ``x[1:-1]`` max(n - 2, 0), ``x[::2]``
(n + 1)//2. A size as a bound counts from the front where it is not negative (``x[:m]``), else from the end (``x[-m:]``
is all of x where m is 0).
"""

from __future__ import annotations

import operator
from typing import Any

from staticad.errors import DTypeError, ShapeError
from staticad.functional.local_sizes import as_bound
from staticad.ir import dims
from staticad.ir.dims import Dim, Size
from staticad.ir.graph import Tensor, describe
from staticad.ir.proofs import follows
from staticad.ops.base import apply
from staticad.ops.slicing import SLICE
from staticad.records import dataclass

FAR = 2**48  # a number of elements from which on an offset may be no number of the machine's


@dataclass(frozen=True)
class Bound:
    """A place between elements, clipped to the axis: so many from the front (also less than none), or from the end."""

    amount: Size
    from_end: bool = False

    @property
    def clipped(self) -> Size:
        """The amount, at least 0."""
        return _maximum(self.amount, 0)

    def first(self, n: Size) -> Size:
        """The element behind the bound on an axis of size n, wherever there is one."""
        if self.from_end:
            return _maximum(n - self.amount, 0)
        return _minimum(self.amount, n) if isinstance(self.amount, int) and self.amount > FAR else self.clipped

    def last(self, n: Size) -> Size:
        """The element before the bound on an axis of size n, wherever there is one."""
        return (n - self.amount if self.from_end else _minimum(self.amount, n)) - 1


def between(n: Size, low: Bound, high: Bound) -> Size:
    """The number of elements between two bounds on an axis of size n, 0 if they are crossed.

    The difference of the two places, written such that every sub-expression is a non-negative size.
    """
    if low.from_end == high.from_end:
        # From the front: those between the amounts, as far as the axis goes; from the end the same mirrored.
        near, far = (high, low) if low.from_end else (low, high)
        return _minimum(_maximum(n - near.clipped, 0), _maximum(far.amount - near.clipped, 0))
    if high.from_end:
        return _maximum(n - low.clipped - high.amount, 0)
    return _maximum(_minimum(n, high.amount) - _maximum(n - low.amount, 0), 0)


def _minimum(a: Size, b: Size) -> Size:
    return b if follows(a - b, ()) else a if follows(b - a, ()) else dims.minimum(a, b)


def _maximum(a: Size, b: Size) -> Size:
    return a if follows(a - b, ()) else b if follows(b - a, ()) else dims.maximum(a, b)


def wrapped(index: Size, n: Size) -> Size:
    """Python's meaning of a negative index: it counts from the end of an axis of size n."""
    if follows(index, ()):
        return index
    if follows(index * -1 - 1, ()):
        return index + n
    return index + n * dims.minimum(dims.maximum(index * -1, 0), 1)


def _size_bound(value: Size, shift: int, n: Size) -> Bound:
    if follows(value, ()):
        return Bound(value + shift)
    if follows(value * -1 - 1, ()):
        return Bound(value * -1 - shift, from_end=True)
    beyond = follows((value + n + shift) * -1, (value * -1 - 1,))  # if negative, then before the front, as n - 1 is
    return Bound((value if beyond else wrapped(value, n)) + shift)


def _bound(value: Any, default: Bound, shift: int, n: Size, x: Tensor) -> Bound:
    """A bound of a slice; ``shift`` is 1 for backward slices, whose bounds stand behind their element."""
    if value is None:
        return default
    if isinstance(value, Tensor):
        size = as_bound(value, n)
        value = value if size is None else size
    if isinstance(value, Dim):
        return _size_bound(value, shift, n)
    try:
        number = operator.index(value) if not isinstance(value, Tensor) else None
    except TypeError:
        number = None
    if number is None:
        raise DTypeError(
            f"getitem: a slice has ints and sizes as bounds, and inside of loops and branches integer scalars, not "
            f"{value!r}; use sa.take for places that are computed ({describe(x)})"
        )
    return Bound(number + shift) if number >= 0 else Bound(-number - shift, from_end=True)


def resolve(key: slice, n: Size, x: Tensor) -> tuple[Size, int, Size]:
    """Start, step and size of a slice of an axis of size n. ``x`` is for error messages.

    Raises DTypeError for bounds that are no ints or sizes, ShapeError for the step 0.
    """
    try:
        step = 1 if key.step is None else operator.index(key.step)
    except (TypeError, ShapeError):
        raise DTypeError(f"getitem: a slice has an int as its step, not {key.step!r} ({describe(x)})") from None
    if step == 0:
        raise ShapeError(f"getitem: the step of a slice can't be 0 ({describe(x)})")
    first, last = Bound(0), Bound(0, from_end=True)
    if step > 0:
        low, high = _bound(key.start, first, 0, n, x), _bound(key.stop, last, 0, n, x)
        span = between(n, low, high)
        return low.first(n), step, _steps(span, step)
    # Backwards through the elements between stop and start, from the last of them on.
    low, high = _bound(key.stop, first, 1, n, x), _bound(key.start, last, 1, n, x)
    span = between(n, low, high)
    return high.last(n), step, _steps(span, -step)


def _steps(span: Size, step: int) -> Size:
    return span if span == 0 else dims.floordiv(span + step - 1, step)


def take_slice(x: Tensor, axis: int, key: slice) -> Tensor:
    """A slice of one axis."""
    start, step, size = resolve(key, x.shape[axis], x)
    starts = tuple(start if a == axis else 0 for a in range(x.ndim))
    steps = tuple(step if a == axis else 1 for a in range(x.ndim))
    sizes = tuple(size if a == axis else n for a, n in enumerate(x.shape))
    return apply(SLICE, x, starts=starts, steps=steps, sizes=sizes)
