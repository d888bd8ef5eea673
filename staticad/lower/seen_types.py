"""Plans of graphs in which other types stand for some of the user's, as they look from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from staticad.ir.graph import Node, Tensor
from staticad.lower.kernel.plan import Buffer, External, Plan


def seen_from_outside(
    plan: Plan, fetches: Sequence[Tensor], stored: Mapping[Node, Tensor], result: Callable[[Buffer, Tensor], Buffer]
) -> Plan:
    """The plan with the inputs and variables of the user, for which others are ``stored``: the same number of axes
    that they have. ``result`` is a buffer of a fetched tensor as that is."""
    own = {stand_in.node.serial: node.out for node, stand_in in stored.items()}

    def outside(external: External) -> External:
        tensor = own.get(external.key)
        if tensor is None:
            return external
        return External(tensor.node.serial, tensor.name, tensor.dtype, external.shape[: tensor.ndim])

    return replace(
        plan,
        inputs=tuple(map(outside, plan.inputs)),
        variables=tuple(map(outside, plan.variables)),
        fetches=tuple(map(result, plan.fetches, fetches)),
    )
