"""What the bodies of loops and branches are made of: their captures, their local sizes, the nodes that vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from staticad.errors import ShapeError
from staticad.functional import local_sizes
from staticad.ir.dims import local_symbols
from staticad.ir.graph import Node, Tensor, describe, sort_nodes
from staticad.ir.rebuild import copy_node, made_again
from staticad.ops.base import Creation
from staticad.ops.control import Body, Locals, sizes_spoken_of
from staticad.ops.effects import Effect
from staticad.ops.indexing import GATHER
from staticad.ops.slicing import SLICE
from staticad.ops.sources import CONSTANT


def make_body(
    parameters: tuple[Tensor, ...], outputs: Sequence[Tensor], sizes: Locals, mapping: dict[Tensor, Tensor]
) -> Body:
    """A body in which parameters stand for what is captured."""
    values = _in_order([*outputs, *(value for _, value in sizes)], mapping)
    symbols = [symbol for symbol, _ in sizes]
    named = tuple(zip(symbols, values[len(outputs) :], strict=True))
    return Body(parameters, tuple(values[: len(outputs)]), locals=named)


def _in_order(values: Sequence[Tensor], mapping: dict[Tensor, Tensor]) -> list[Tensor]:
    """Values with tensors replaced, whose nodes keep the order in which they were made: derivatives go through bodies
    in that order. So a node that is replaced, and all that were made after it, are copied."""
    done, inside = dict(mapping), set[Node]()
    stack = [t for t in values if t not in mapping]
    while stack:
        node = stack.pop().node
        if node.inputs and node not in inside:
            inside.add(node)
            stack += (t for t in node.inputs if t not in mapping)
    copied = False
    for node in sorted(inside, key=lambda node: node.serial):
        inputs = tuple(done.get(t, t) for t in node.inputs)
        new = made_again(node, inputs) if copied else copy_node(node, inputs)
        copied = copied or new is not node
        for old, tensor in zip(node.outputs, new.outputs, strict=True):
            done.setdefault(old, tensor)
    return [done.get(t, t) for t in values]


def locals_in(
    what: str, outputs: Sequence[Tensor], results: Sequence[Tensor], made_inside: Callable[[Node], bool]
) -> Locals:
    """The local sizes of which a body speaks. Raises ShapeError where a result has a size that only the body knows."""
    found = local_sizes.locals_of(outputs)
    own = {symbol for symbol, value in found if made_inside(value.node) or not local_sizes.nested()}
    for result in results:
        for size in result.shape:
            if local_symbols(size) & own:
                raise ShapeError(
                    f"{what}: the size {size} of {describe(result)} may be another one each time that the body runs, "
                    "so that it can't be the size of a result; reduce over that axis, or write into an array of a "
                    "fixed size"
                )
    return found


def shared_locals(found: Sequence[Locals], made_inside: Callable[[Node], bool]) -> list[Locals]:
    """The local sizes of the blocks of a branch, where each also has those from outside that other blocks speak of: it
    gets what they get, and its derivative speaks of the zeros that are its cotangents there."""
    outside = {symbol: value for sizes in found for symbol, value in sizes if not made_inside(value.node)}
    return [tuple((outside | dict(sizes)).items()) for sizes in found]


def captures_of(outputs: Sequence[Tensor], inside: Callable[[Node], bool]) -> list[Tensor]:
    """The tensors from outside that nodes inside (or the outputs themselves) read. Constants are no captures."""
    found: dict[Tensor, None] = {}
    seen: set[Node] = set()
    stack = list(outputs)
    while stack:
        tensor = stack.pop()
        node = tensor.node
        if not inside(node):
            if node.op is not CONSTANT and not isinstance(node.op, Creation):
                found[tensor] = None
        elif node not in seen:
            seen.add(node)
            stack.extend(node.inputs)
    return sorted(found, key=lambda t: (t.node.serial, t.index))


def varying(outputs: Iterable[Tensor], parameters: Iterable[Tensor]) -> set[Node]:
    """The nodes that change from step to step: the parameters and what depends on them. Nothing that speaks of local
    sizes stands outside of all loops and branches, and what a step prints or asserts belongs to it. So do parts of
    arrays of which a step reads a few places: outside, they would be copies, with cotangents of their own."""
    found = {p.node for p in parameters}
    begin = max((node.serial for node in found), default=0)
    values, outermost = local_sizes.values(), not local_sizes.nested()
    nodes = sort_nodes([*values.values(), *outputs])
    for node in nodes:
        if any(t.node in found for t in node.inputs) or (isinstance(node.op, Effect) and node.serial > begin):
            found.add(node)
        elif values:
            spoken = sizes_spoken_of(node)
            if spoken and (outermost or any(s in values and values[s].node in found for s in spoken)):
                found.add(node)
    return found | _parts(nodes, found, outputs, begin)


def _parts(nodes: Sequence[Node], found: set[Node], outputs: Iterable[Tensor], begin: int) -> set[Node]:
    """Slices of arrays from outside that are made inside, and read by gathers only."""
    made = {node for node in nodes if node.op is SLICE and node.serial > begin and node not in found}
    if made:
        made -= {t.node for t in outputs}
        for node in nodes:
            for number, x in enumerate(node.inputs):
                if x.node in made and (node.op is not GATHER or number or node not in found):
                    made.discard(x.node)
    return made
