"""What compiling is: a graph is rewritten and lowered to a plan. A program from disk does without, see `request`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from staticad import progress
from staticad.config import timed
from staticad.ir.dtypes import is_complex, is_half
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.orders import remembered_orders
from staticad.ir.types import Demands
from staticad.late import later
from staticad.lower.kernel.plan import Plan
from staticad.lower.loops.guarding import bodies
from staticad.lower.loops.watching import watched_plan
from staticad.lower.lower import lower
from staticad.ops.control import check_scopes
from staticad.records import dataclass
from staticad.rewrite.pipeline import Options, optimize
from staticad.runtime import arguments
from staticad.runtime.compiled import Compiled, Traced
from staticad.runtime.float_state import standard_floats

if TYPE_CHECKING:
    from staticad.halves import widen
    from staticad.pairs import decompose
    from staticad.runtime.request import Request
else:  # few programs have such numbers
    widen, decompose = later("staticad.halves.widen"), later("staticad.pairs.decompose")


@dataclass(frozen=True)
class Lowered:
    """A graph that was rewritten, ``optimized`` and in the form of a ``plan``. ``bodies`` are the plans of bodies that
    demand something of sizes, ``traced`` are the tables if there are any."""

    optimized: list[Tensor]
    plan: Plan
    compiled: Compiled
    bodies: list[Plan]
    traced: Traced | None


@remembered_orders()
def lowered(request: Request, everything: list[Node]) -> Lowered:
    """The graph of a request, whose nodes and those of bodies are ``everything``, as a plan. Raises GraphError,
    ShapeError and DTypeError for what can't be compiled."""
    check_scopes(request.targets)
    nodes = sort_nodes(request.targets)
    arguments.check_symbols(request.inputs, everything)
    with Demands(c for node in nodes for c in node.constraints) as demands:
        for variable, value in request.changes:
            arguments.check_update(variable, value, demands)
        constraints = demands.close()
    rewrite = _rewriter(request.options)
    progress.tell("rewriting the graph")
    with timed("rewrite the graph"), standard_floats():
        forms: list[widen.Widening | decompose.Decomposition] = []
        dtypes = {kind.dtype for node in everything for kind in node.types}
        if any(map(is_half, dtypes)):
            forms.append(widen.Widening())
        if any(map(is_complex, dtypes)):
            forms.append(decompose.Decomposition())
        targets = [request.targets]  # and what they are in each form
        for form in forms:
            targets.append(form.outputs(targets[-1]))
        optimized = rewrite(targets[-1])
    inputs: Sequence[Tensor] = request.inputs
    updated: Sequence[Tensor] = [variable for variable, _ in request.changes]
    for form in forms:
        inputs, updated = [*map(form.stored, inputs)], [*map(form.stored, updated)]
    count = len(request.fetches)
    pairs = list(zip(updated, optimized[count:], strict=True))
    progress.tell("lowering it to a plan")
    with timed("lower it to a plan"), standard_floats():
        plan = lower(inputs, optimized[:count], pairs, constraints, nodes, rewrite)
        for form, seen in zip(reversed(forms), reversed(targets[:-1]), strict=True):
            plan = form.seen(plan, seen[:count])
    compiled = Compiled(watched_plan(plan))
    demanding = [body for body in bodies(plan) if body.sized or body.requirements]
    return Lowered(optimized, plan, compiled, demanding, compiled.tables(request.symbols))


def _rewriter(chosen: Mapping[str, Any]) -> Callable[[list[Tensor]], list[Tensor]]:
    """What the options make of a graph before it is lowered."""
    if not chosen["optimize"]:
        return list
    rules = Options(chosen["stabilize"], chosen["unsound"])
    return lambda tensors: optimize(tensors, rules)
