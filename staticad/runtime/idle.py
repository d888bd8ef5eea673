"""Steps that are not run: what writes nothing for these sizes, and what no computer would ever finish.

A feed of shape (0, 2**62) holds nothing, but loops over its second axis would make as many empty steps, which nobody
can interrupt inside of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from staticad.errors import FeedError
from staticad.ir.dims import Shape, Size, is_runtime, local_symbols
from staticad.late import later
from staticad.records import NamedTuple

if TYPE_CHECKING:
    from staticad.lower.kernel import plan as plans
    from staticad.lower.kernel.plan import Step
else:
    plans = later("staticad.lower.kernel.plan")

LIMIT = 2**56  # operations, or steps of a kernel's outermost loop: weeks of the fastest machine


class Idle(NamedTuple):
    """A step is idle where ``work`` is 0 and each of the shapes that it writes has a 0. Numbers of tables."""

    work: Any
    shapes: tuple[tuple[Any, ...], ...]

    def holds(self, of: Callable[[Any], int]) -> bool:
        """Whether that is so by the values of the numbers."""
        return of(self.work) == 0 and all(any(of(size) == 0 for size in shape) for shape in self.shapes)


def idleness(step: Step, shapes_of: Mapping[int, Shape], number: Callable[[Size], Any]) -> bool | Idle:
    """Whether a step has no work (or is a loop), can't fail, and writes only arrays without elements; an `Idle` where
    that depends on numbers that are no ints. ``shapes_of`` are those of buffers."""
    loop = step.kernel if isinstance(step.kernel, plans.LoopCall) else step.inlined
    if _may_fail(step):
        return False
    work = 0 if loop is not None else number(step.work)
    if isinstance(work, int) and work != 0:
        return False
    scratch = loop.scratch if loop is not None else None
    written = [shapes_of[buffer] for buffer in step.writes if buffer != scratch]
    if any(all(isinstance(size, int) and size != 0 for size in shape) for shape in written):
        return False
    if any(is_runtime(size) or local_symbols(size) for shape in written for size in shape):
        return False
    shapes = [tuple(map(number, shape)) for shape in written]
    if any(all(isinstance(size, int) and size != 0 for size in shape) for shape in shapes):
        return False
    unknown = tuple(shape for shape in shapes if not any(isinstance(size, int) and size == 0 for size in shape))
    return Idle(work, unknown) if unknown or not isinstance(work, int) else True


def steps_inside(step: Step, number: Callable[[Size], Any]) -> list[Any]:
    """What must not exceed the limit: the operations of a kernel, and the steps of its outermost loop. Raises FeedError
    for ints that do."""
    loop = step.kernel if isinstance(step.kernel, plans.LoopCall) else step.inlined
    if loop is not None or isinstance(step.kernel, plans.BranchCall):  # loops can be interrupted
        return []
    counts = [number(step.work), number(step.extent)]
    most = max((count for count in counts if isinstance(count, int)), default=0)
    if most > LIMIT:
        raise FeedError(f"{most:,} steps of a kernel end on no computer; feed smaller arrays")
    return [count for count in counts if not isinstance(count, int)]


def _may_fail(step: Step) -> bool:
    if isinstance(step.kernel, plans.LoopCall):
        return step.kernel.condition is not None or any(map(_may_fail, step.kernel.plan.steps))
    return step.may_fail or (step.inlined is not None and step.inlined.condition is not None)
