"""Looking into a session: its kernels and their times as tables, and the first operation that makes a NaN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from staticad.errors import NonFiniteError
from staticad.ir.graph import Tensor, describe
from staticad.lower.plan import Plan, Step
from staticad.ops.sources import constant_array
from staticad.reference import evaluate
from staticad.runtime.binding import Binding, Compiled
from staticad.runtime.variables import Variable

_DIVISIONS = ("div", "reciprocal", "floor_divide", "remainder", "rsqrt")
_DOMAINS = ("log", "log1p", "sqrt", "pow")


class Row(NamedTuple):
    """One kernel of a profile: the user's lines that it computes, and the seconds of all its calls together."""

    label: str
    lines: tuple[str, ...]
    seconds: float
    calls: int


class Profile(list[Row]):
    """The kernels in the order in which they run; as text a table, the slowest first."""

    @property
    def seconds(self) -> float:
        """The time of all kernels together."""
        return sum(row.seconds for row in self)

    def __str__(self) -> str:
        lines = [f"{'µs/call':>10} {'calls':>6} {'share':>6}  kernel"]
        for row in sorted(self, key=lambda row: -row.seconds):
            share = row.seconds / self.seconds if self.seconds else 0.0
            lines.append(f"{1e6 * row.seconds / row.calls:10.2f} {row.calls:6} {share:6.1%}  {row.label}")
            lines += [f"{'':26}{line}" for line in row.lines[:4]]
            if len(row.lines) > 4:
                lines.append(f"{'':26}and {len(row.lines) - 4} more lines")
        return "\n".join(lines)


def user_lines(step: Step) -> tuple[str, ...]:
    """The lines that a step computes, each once."""
    return tuple(dict.fromkeys(f"{where.file}:{where.line}" for where in step.where))


def profile(plan: Plan, binding: Binding, run: Any, written: Sequence[Variable], repeat: int) -> Profile:
    """Time the steps of a binding of its own over ``repeat`` calls of ``run``, after one that is not counted.

    The written variables keep their values.
    """
    values = [v.value for v in written]
    times = binding.program.profile()
    try:
        run()
        times[:] = 0
        for _ in range(repeat):
            run()
    finally:
        for variable, value in zip(written, values, strict=True):
            variable.assign(value)
    nanoseconds = times.tolist()
    return Profile(
        Row(step.label, user_lines(step), 1e-9 * time, repeat)
        for step, time in zip(plan.steps, nanoseconds, strict=True)
    )


# ---- the first operation that is not finite --------------------------------------------------------------------------


def check_finite(targets: Sequence[Tensor], feeds: Mapping[Tensor, np.ndarray]) -> None:
    """Evaluate the graph op by op. Raises NonFiniteError for the first op that makes a NaN or an infinity of finite
    inputs, and for a feed or variable that holds one."""
    values: dict[Tensor, np.ndarray] = dict(feeds)
    for tensor, array in feeds.items():
        _check_source(tensor, array)

    def value(tensor: Tensor) -> np.ndarray:
        found = values.get(tensor)
        if found is None:
            constant = constant_array(tensor)
            if constant is None:
                assert isinstance(tensor, Variable)
                constant = tensor.value
                _check_source(tensor, constant)
            found = values[tensor] = constant
        return found

    def watch(tensor: Tensor, array: np.ndarray) -> np.ndarray:
        inputs = [value(x) for x in tensor.inputs]
        if inputs and not _finite(array) and all(map(_finite, inputs)):
            raise NonFiniteError(_explain(tensor, array, inputs))
        values[tensor] = array
        return array

    for tensor in targets:
        if isinstance(tensor, Variable):
            value(tensor)
    evaluate(targets, feeds, watch=watch)


def _finite(array: np.ndarray) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _count(array: np.ndarray) -> str:
    """How many elements are not finite, and where the first of them is."""
    nan, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    parts = [f"{n} {what}" for n, what in ((nan, "NaN"), (infinite, "infinite")) if n]
    first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    place = f", the first at {list(first)}" if first else ""
    return f"{' and '.join(parts)} of {array.size} elements{place}"


def _check_source(tensor: Tensor, array: np.ndarray) -> None:
    if not _finite(array):
        what = "variable" if isinstance(tensor, Variable) else "feed"
        raise NonFiniteError(
            f"{what} {describe(tensor)} holds numbers that are not finite ({_count(array)}); "
            "replace them before the run, for example with np.nan_to_num"
        )


def _range(array: np.ndarray) -> str:
    return f"from {array.min()} to {array.max()}" if array.size else "empty"


def _explain(tensor: Tensor, array: np.ndarray, inputs: Sequence[np.ndarray]) -> str:
    operands = "; ".join(f"{describe(x)} {_range(found)}" for x, found in zip(tensor.inputs, inputs, strict=True))
    name = tensor.op.name
    if name in _DIVISIONS:
        remedy = "keep the divisor away from 0, for example with sa.where or sa.maximum"
    elif name in _DOMAINS:
        remedy = "keep the operand inside the function's domain, for example with sa.clip or sa.maximum"
    else:
        remedy = f"the result is outside the range of {tensor.dtype.name}: scale the operands, or compute in float64"
    return f"{describe(tensor)} makes numbers that are not finite ({_count(array)}) of {operands}; {remedy}"


# ---- the plan as data for drawings -----------------------------------------------------------------------------------


def sources(compiled: Compiled) -> str:
    """The distinct kernel texts, in order of first use, each under the label of its first step."""
    parts = []
    labels: dict[str, list[str]] = {}
    for step in compiled.steps:
        labels.setdefault(compiled.text(step), []).append(step.label)
    for text, found in labels.items():
        parts.append(f"# {found[0]}" + (f" (used {len(found)} times)" if len(found) > 1 else "") + f"\n{text}")
    return "\n\n".join(parts)


def drawn_steps(plan: Plan) -> list[dict[str, Any]]:
    """The steps as `staticad.export.dot.steps_to_dot` takes them."""
    return [
        {
            "label": step.label,
            "kind": "contract" if isinstance(step.kernel, str) else "elementwise",
            "reads": [str(n) for n in step.reads],
            "writes": [str(n) for n in step.writes],
            "where": ", ".join(str(w) for w in step.where[:4]),
            "phase": "compute" if position < len(plan.compute) else "commit",
        }
        for position, step in enumerate(plan.steps)
    ]


def drawn_buffers(plan: Plan, inputs: Sequence[Tensor], variables: Sequence[Variable]) -> dict[str, dict[str, str]]:
    """The buffers as `staticad.export.dot.steps_to_dot` takes them."""
    names: dict[str, Sequence[Tensor]] = {"feed": inputs, "variable": variables}
    found = {}
    for b in plan.buffers:
        name = names[b.role][b.position].name if b.role in names else None
        kind = f"{b.dtype.name}[{','.join(map(str, b.shape))}]"
        found[str(b.number)] = {"label": f"{name or b.role}\n{kind}", "role": b.role}
    return found
