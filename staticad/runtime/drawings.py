"""Sessions as pictures: the graph as it was built, as it was rewritten, and the calls of kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from staticad.errors import GraphError
from staticad.export.attributes import FORWARD, GRADIENT, UPDATE, common_start, part_of, scope_of
from staticad.export.dot import graph_to_dot
from staticad.export.notebook import escaped, html_picture, html_table
from staticad.export.steps import steps_to_dot
from staticad.ir.provenance import Where, here
from staticad.lower.kernel.plan import FEED, FETCH, VARIABLE, Plan, Step
from staticad.lower.kernel.routine import Routine
from staticad.runtime.request import Request
from staticad.runtime.structure import names


def session_to_dot(request: Request, fetches: Any, stage: str, name: str, limit: int | None) -> str:
    """One stage of what a session compiles as DOT text. Raises GraphError for a stage that there is not."""
    found = names(fetches, request.fetches)
    if stage in ("graph", "optimized"):
        outputs = request.targets if stage == "graph" else request.lowered.optimized
        labels = [f"output {number}{': ' + label if label else ''}" for number, label in enumerate(found)]
        labels += [f"new value of {variable.name or variable.type}" for variable, _ in request.changes]
        return graph_to_dot(outputs, labels, name=name, limit=limit)
    if stage == "kernels":
        plan = request.lowered.plan
        return steps_to_dot(_steps(plan), _buffers(plan, found), name=name, limit=limit)
    raise GraphError(f"no stage {stage!r}; there are 'graph', 'optimized' and 'kernels' (at {here()})")


def session_to_html(request: Request, title: str, dot: str) -> str:
    """A session for a notebook: what it takes, gives and changes, and its graph."""
    changed = {variable for variable, _ in request.changes}
    rows = [
        (what, t.name or "", str(t.type))
        for what, group in (("input", request.inputs), ("fetch", request.fetches))
        for t in group
    ]
    variables = request.ready.variables
    rows += [("updated variable" if v in changed else "variable", v.name or "", str(v.type)) for v in variables]
    return f"<p><b>{escaped(title)}</b></p>\n{html_table(('', 'name', 'type'), rows)}\n{html_picture(dot)}"


def keyed_steps(plan: Plan, prefix: str = "") -> Iterator[tuple[str, Step]]:
    """Every step with its key, by which pictures, sources and profiles call it: ``k3``, and ``k3b0k1`` for the second
    step in the first body of that."""
    for number, step in enumerate(plan.steps):
        key = f"{prefix}k{number}"
        yield key, step
        for place, body in enumerate(step.bodies):
            yield from keyed_steps(body, f"{key}b{place}")


def _steps(plan: Plan, prefix: str = "") -> list[dict[str, Any]]:
    """The steps as `staticad.export.steps.steps_to_dot` takes them."""
    found = []
    for number, step in enumerate(plan.steps):
        key = f"k{number}"
        bodies = [
            (f"body of {step.label}" if len(step.bodies) == 1 else f"branch {place} of {step.label}",
             _steps(body, f"{prefix}{key}b{place}"))
            for place, body in enumerate(step.bodies)
        ]  # fmt: skip
        found.append(
            {
                "key": key,
                "label": f"{prefix}{key}\n{step.label}",
                "kind": step.kernel.kind
                if isinstance(step.kernel, Routine)
                else "control"
                if bodies
                else "elementwise",
                "reads": [str(n) for n in step.reads],
                "writes": [str(n) for n in step.writes],
                "where": ", ".join(str(w) for w in step.where[:4]),
                "line": f"{step.where[0].file}:{step.where[0].line}" if step.where else "",
                "path": kernel_path(step, number >= len(plan.compute)),
                "bodies": bodies,
            }
        )
    return found


def kernel_path(step: Step, commit: bool, outer: Sequence[Where] = ()) -> tuple[str, ...]:
    """The groups that a kernel stands in: the part and the name scope that most of what it computes has. A loop of a
    gradient may compute much of the forward part again. A step without lines is of the ``outer`` ones."""
    lines = step.where or outer
    parts = [part_of(where) for where in lines]
    in_loop = step.inlined is not None or bool(step.bodies)
    part = max((FORWARD, GRADIENT, UPDATE), key=parts.count)
    part = "commit" if commit else GRADIENT if in_loop and GRADIENT in parts else part
    scopes = [scope for where in lines if (scope := scope_of(where))]
    common = common_start(scopes) if scopes else ()
    return (part, *(common or (Counter(scopes).most_common(1)[0][0] if scopes else ())))


def _buffers(plan: Plan, fetched: Sequence[str]) -> dict[str, dict[str, str]]:
    """The buffers as `staticad.export.steps.steps_to_dot` takes them."""
    outside = {FEED: plan.inputs, VARIABLE: plan.variables}
    found = {}
    for b in plan.buffers:
        name = outside[b.role][b.position].name if b.role in outside else None
        if b.role == FETCH:
            label = fetched[b.position] if b.position < len(fetched) else ""
            name = f"output {b.position}{': ' + label if label else ''}"
        kind = f"{b.dtype.name}[{','.join(map(str, b.shape))}]"
        found[str(b.number)] = {"label": f"{name or b.role}\n{kind}", "role": b.role}
    return found
