"""Bodies of derivatives without what the program prints: that is printed where the values themselves are computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from staticad.ir.graph import Node, Tensor
from staticad.ir.provenance import inherit
from staticad.ir.rebuild import rebuild
from staticad.ops.base import apply_all
from staticad.ops.control import COND, Body, Control, all_nodes, bodies
from staticad.ops.effects import AFTER, PRINT


def without_prints(outputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs over a graph that prints nothing, also in bodies."""
    return _Quiet().outputs(outputs) if _prints(outputs) else list(outputs)


def _prints(tensors: Iterable[Tensor]) -> bool:
    return any(node.op is PRINT for node in all_nodes(tensors))


class _Quiet:
    """One graph that is made quiet; each body once, so that loops of one origin stay that."""

    def __init__(self) -> None:
        self.known: dict[Body, Body] = {}

    def outputs(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        return rebuild(tensors, self.edit)

    def edit(self, node: Node, inputs: tuple[Tensor, ...]) -> Tensor | Sequence[Tensor] | None:
        """What replaces a node on these inputs."""
        if node.op is AFTER and node.inputs[1].op is PRINT:
            return inputs[0]
        if not isinstance(node.op, Control) or not any(_prints(body.roots) for body in bodies(node)):
            return None
        attrs = dict(node.attrs)
        if node.op is COND:
            attrs["branches"] = tuple(map(self.body, attrs["branches"]))
        else:
            attrs |= {"body": self.body(attrs["body"]), "base": self.body(attrs["base"])}
        with inherit(node.where):
            return apply_all(node.op, *inputs, **attrs)

    def body(self, body: Body) -> Body:
        if body not in self.known:
            made = self.outputs(body.roots)
            sizes = [symbol for symbol, _ in body.locals]
            outputs, values = made[: len(body.outputs)], made[len(body.outputs) :]
            named = tuple(zip(sizes, values, strict=True))
            self.known[body] = replace(body, outputs=tuple(outputs), locals=named)
        return self.known[body]
