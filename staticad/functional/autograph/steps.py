"""What a for loop in the graph runs over: ranges with tensor bounds, the first axes of tensors, combinations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from staticad.errors import GraphError, ShapeError
from staticad.functional import movement
from staticad.functional.control import count_tensor
from staticad.functional.elementwise import maximum, where
from staticad.functional.local_sizes import as_size
from staticad.ir import dims
from staticad.ir.dims import Dim, Size, local_symbols
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here, user_call
from staticad.ir.types import may_be_equal
from staticad.ops.barrier import demanding
from staticad.ops.promotion import to_tensor
from staticad.records import dataclass

Make = Callable[[Any, tuple[Tensor, ...]], Any]


@dataclass(frozen=True)
class Steps:
    """``length`` items; item k is ``item(k, slices)``, with the k-th slices of ``sequences`` along axis 0."""

    length: Size | Tensor
    sequences: tuple[Tensor, ...]
    item: Make

    def __iter__(self) -> Iterator[Any]:
        raise GraphError(
            f"the {self.length} items at {here()} are counted only at run time: they can be looped over by a for "
            "statement, not put into a Python list; sa.scan stacks results"
        )


def as_steps(iterable: Any) -> Steps | None:
    """What a loop in the graph runs over; None for what Python iterates over."""
    if isinstance(iterable, Steps):
        return iterable
    if not isinstance(iterable, Tensor):
        return None
    if not iterable.ndim:
        raise ShapeError(f"for at {here()}: {describe(iterable)} has no axis to loop over; use range() to count to it")
    if any(map(local_symbols, iterable.shape[1:])):  # no slices of one size
        return Steps(iterable.shape[0], (), lambda k, slices: iterable[k])
    return Steps(iterable.shape[0], (iterable,), lambda k, slices: slices[0])


def range_(*bounds: Any) -> Any:
    """``range``, also of tensors and sizes."""
    if not any(isinstance(b, (Tensor, Dim)) for b in bounds) or not 1 <= len(bounds) <= 3:
        return range(*bounds)
    start: Any = bounds[0] if len(bounds) > 1 else 0
    stop: Any = bounds[1] if len(bounds) > 1 else bounds[0]
    step: Any = bounds[2] if len(bounds) > 2 else 1
    with user_call():
        if any(isinstance(b, Tensor) for b in (start, stop, step)):
            start, stop, step = (b if isinstance(b, int) else _integer(b) for b in (start, stop, step))
            if isinstance(step, int):
                start, stop = _as_size(start), _as_size(stop)
        length = _count(start, stop, step)
    # The counter is a Python int when types are tried out, a tensor or a size otherwise.
    return Steps(length, (), lambda k, slices: start + k * step if not _plain(start, step) else k)


def _plain(start: Any, step: Any) -> bool:
    return isinstance(start, int) and isinstance(step, int) and start == 0 and step == 1


def _as_size(bound: Any) -> Any:
    """A counter of a loop around, as the size that it is in a step."""
    size = as_size(bound) if isinstance(bound, Tensor) else None
    return bound if size is None else size


def _integer(value: Any) -> Tensor:
    return count_tensor(f"range at {here()}", to_tensor(value))


def _count(start: Any, stop: Any, step: Any) -> Size | Tensor:
    if isinstance(step, int):
        if step == 0:
            raise GraphError(f"range at {here()}: the step can't be 0")
        span: Any = stop - start if step > 0 else start - stop
        size: Any = abs(step)
    elif isinstance(step, Tensor):
        up = step > 0
        span, size = where(up, stop - start, start - stop), where(up, step, -step)
    else:  # a free size, which is not negative
        span, size = stop - start, step
    count = span if isinstance(size, int) and size == 1 else (span + (size - 1)) // size
    return maximum(count, 0) if isinstance(count, Tensor) else dims.maximum(count, 0)


def enumerate_(iterable: Any, start: Any = 0) -> Any:
    """``enumerate``, also of tensors."""
    steps = as_steps(iterable)
    if steps is None:
        return enumerate(iterable, start)
    return Steps(steps.length, steps.sequences, lambda k, slices: (start + k, steps.item(k, slices)))


def zip_(*iterables: Any, strict: bool = False) -> Any:
    """``zip``, also of tensors, which then all have to have as many items."""
    found = [as_steps(i) for i in iterables]
    steps = [s for s in found if s is not None]
    if not steps or (len(steps) < len(found) and all(isinstance(s.length, int) for s in steps)):
        return zip(*iterables, strict=strict)
    if len(steps) < len(found):
        raise GraphError(f"zip at {here()}: a tensor with a free number of items and a Python iterable don't pair up")
    first = steps[0].length
    for other in steps[1:]:
        equal = first is other.length
        if not equal and not isinstance(first, Tensor) and not isinstance(other.length, Tensor):
            equal = may_be_equal(first, other.length)
        if not equal:
            raise ShapeError(f"zip at {here()}: {first} and {other.length} items; the numbers have to be equal")
    counts = [len(s.sequences) for s in steps]

    lengths = [size for size in (s.length for s in steps) if not isinstance(size, Tensor)]
    unequal = [(lengths[0], size) for size in lengths[1:] if size != lengths[0]]

    def item(k: Any, slices: tuple[Tensor, ...]) -> Any:
        parts, place = [], 0
        k = demanding(k, unequal) if isinstance(k, Tensor) else k
        for one, count in zip(steps, counts, strict=True):
            parts.append(one.item(k, slices[place : place + count]))
            place += count
        return tuple(parts)

    return Steps(first, tuple(t for s in steps for t in s.sequences), item)


def reversed_(iterable: Any) -> Any:
    """``reversed``, also of tensors and ranges of tensors."""
    steps = as_steps(iterable)
    if steps is None:
        return reversed(iterable)
    with user_call():
        flipped = tuple(movement.flip(t, 0) for t in steps.sequences)
        last = steps.length - 1
    return Steps(steps.length, flipped, lambda k, slices: steps.item(last - k, slices))
