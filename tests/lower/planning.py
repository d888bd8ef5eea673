"""Plans without machine code: what a session would run, for tests that look at plans or interpret them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, sort_nodes
from staticad.lower.kernel.plan import Plan, Step
from staticad.lower.kernel.routine import Routine
from staticad.lower.lower import lower
from staticad.ops.control import all_nodes
from staticad.pairs.decompose import Decomposition
from staticad.rewrite.pipeline import Options, optimize


def plan_for(
    fetches: Tensor | Sequence[Tensor],
    updates: Mapping[Tensor, Tensor] | None = None,
    inputs: Sequence[Tensor] | None = None,
    optimized: bool = True,
) -> Plan:
    """The plan of a session with these fetches and updates."""
    wanted = [fetches] if isinstance(fetches, Tensor) else list(fetches)
    changes = dict(updates or {})
    targets = [*wanted, *changes.values()]
    nodes = sort_nodes(targets)
    if inputs is None:
        inputs = [n.out for n in sorted(nodes, key=lambda n: n.serial) if n.op.name == "placeholder"]
    constraints = [c for node in nodes for c in node.constraints]
    if any(is_complex(kind.dtype) for node in all_nodes(targets) for kind in node.types):
        targets = Decomposition().outputs(targets)
    rewrite = partial(optimize, options=Options(True, False)) if optimized else list
    outputs = rewrite(targets)
    pairs = list(zip(changes, outputs[len(wanted) :]))
    return lower(inputs, outputs[: len(wanted)], pairs, constraints, nodes, rewrite)


def labels(plan: Plan) -> list[str]:
    """The steps' labels, commit steps with an exclamation mark."""
    return [s.label for s in plan.compute] + [s.label + "!" for s in plan.commit]


def loop_steps(plan: Plan) -> list[Step]:
    """The steps that are generated loops, not matrix products."""
    return [s for s in plan.steps if not isinstance(s.kernel, Routine) and s.label != "matmul"]
