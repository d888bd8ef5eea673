"""Work that the body of a loop need not do: transposes of what it captures, and results that exist already.

The backward pass of ``h @ w`` is ``g @ w.T`` in every step. BLAS and our own products read the rows of a right factor;
from a transposed one they have to collect columns, which takes up to as long as the product. So the transpose is made
once, before the loop.

The same pass hands out its factors, so that one product after the loop gives the gradient by w. A factor may be a
slice of a sequence, whose stack is that sequence, or the same as another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.substitute import substitute
from staticad.lower.interface import FamilyLowering
from staticad.ops.base import Op, apply, apply_all
from staticad.ops.control import Body, LoopShape, parameter
from staticad.ops.movement import TRANSPOSE


def relieve(node: Node, inputs: tuple[Tensor, ...], families: Mapping[Op, FamilyLowering]) -> Sequence[Tensor] | None:
    """The outputs of a loop whose body does less; None where there is nothing to take out."""
    shape: LoopShape = node.attrs["shape"]
    body: Body = node.attrs["body"]
    known = _known_results(shape, body, inputs)
    captured = dict(zip(shape.split_parameters(body.parameters)[2], shape.split_parameters(inputs)[2], strict=True))
    transposes = _transposed_factors(body, set(captured), families)
    if not known and not transposes:
        return None
    given = {captured[x.inputs[0]]: parameter(x.type, x.name) for x in transposes}
    outer = [apply(TRANSPOSE, matrix, axes=(1, 0)) for matrix in given]
    roots = substitute(body.roots, {x: given[captured[x.inputs[0]]] for x in transposes})
    count = len(body.outputs)
    sizes = tuple((symbol, value) for (symbol, _), value in zip(body.locals, roots[count:], strict=True))
    less = Body((*body.parameters, *given.values()), tuple(roots[:count]), body.demands, sizes)
    attrs = dict(node.attrs) | {"body": less, "shape": replace(shape, captures=shape.captures + len(outer))}
    end = shape.carries + shape.sequences + shape.captures
    outputs = apply_all(node.op, *inputs[:end], *outer, *inputs[end:], **attrs)
    stacks = outputs[shape.carries :]
    found = [known.get(number, stack) for number, stack in enumerate(stacks)]
    return [*outputs[: shape.carries], *(stacks[x] if isinstance(x, int) else x for x in found)]


def _known_results(shape: LoopShape, body: Body, inputs: tuple[Tensor, ...]) -> dict[int, Tensor | int]:
    """For the number of a result: the sequence that its stack is, or the number of an equal result. Not for sequences
    of run-time length, which nobody but loops may read."""
    if shape.conditional or shape.counted:
        return {}
    slices = shape.split_parameters(body.parameters)[1]
    sequences = shape.split_parameters(inputs)[1]
    first: dict[Tensor, Tensor | int] = dict(zip(slices, sequences, strict=True))
    found: dict[int, Tensor | int] = {}
    for number, result in enumerate(shape.split_outputs(body.outputs)[1]):
        if result in first:
            found[number] = first[result]
        first.setdefault(result, number)
    return found


def _transposed_factors(body: Body, captures: set[Tensor], families: Mapping[Op, FamilyLowering]) -> list[Tensor]:
    """Transposes of captured matrices that are right factors in the body."""
    return [
        x
        for product in sort_nodes(body.outputs)
        if families[product.op].accumulates
        for x in product.inputs[1:]
        if x.op is TRANSPOSE and x.ndim == 2 and x.inputs[0] in captures and 1 not in x.shape
    ]
