"""Arrays with an operand in the middle and a number around it, evaluated where they are read.

The gradient of a stencil is a sum of cotangents, each embedded in zeros at another place. Written out, every term
would be an array of its own. A term that few elementwise ops read is a *frame* instead: its reader loads the operand
where the index lies inside, under a mask, so that the whole sum is one loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from staticad.ir.dims import at_least
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.types import Constraint, TensorType
from staticad.lower.index.views import IndexedFamily, below_views
from staticad.ops.base import Inferred, Op, apply
from staticad.ops.slicing import EMBED

READERS = 3  # of an array that none of them finds in memory


class FramedFamily(IndexedFamily, Protocol):
    """What is asked of a family here."""

    @property
    def pointwise(self) -> bool:
        """An arithmetic expression of the operands' elements at the same index, with broadcasting."""

    @property
    def masked(self) -> bool:
        """What has an element may be read under a mask: nothing else happens on the way."""


class Frame(Op):
    """Lowered like a view."""

    family = "frame"

    def infer(self, inputs: tuple[TensorType, ...], attrs: dict[str, object]) -> Inferred:  # type: ignore[override]
        none: tuple[Constraint, ...] = ()
        return (TensorType(attrs["shape"], inputs[0].dtype),), none  # type: ignore[arg-type]


FRAME = Frame("frame", numpy=EMBED.numpy)


def find_frames(outputs: Sequence[Tensor], families: Mapping[Op, FramedFamily]) -> set[Node]:
    """The embedded arrays that are read by few, elementwise ops of their own shape."""
    order = sort_nodes(outputs)
    embedded = {node for node in order if node.op is EMBED}
    if not embedded:
        return set()
    uses = Counter([t.node for node in order for t in node.inputs if t.node in embedded])
    uses.update([t.node for t in outputs])
    fitting: Counter[Node] = Counter()
    for node in order:
        read = [t for t in node.inputs if t.node in embedded]
        if read and families[node.op].pointwise:
            fitting.update([t.node for t in read if t.type.shape == node.types[0].shape])
    return {node for node, count in fitting.items() if count == uses[node] <= READERS and _fits(node, families)}


def _fits(node: Node, families: Mapping[Op, FramedFamily]) -> bool:
    if node.op is not EMBED or any(step != 1 for step in node.attrs["steps"]):
        return False
    if not families[below_views(node.inputs[0], families).op].masked:
        return False
    return all(at_least(start, 0) for start in node.attrs["starts"])


def frame(node: Node, inputs: tuple[Tensor, ...]) -> Tensor:
    """The frame that stands for an embedded array."""
    attrs = node.attrs
    return apply(FRAME, *inputs, shape=attrs["shape"], starts=attrs["starts"], fill=attrs["fill"])
