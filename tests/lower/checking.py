"""Plans that are run by the interpreter and compared with the reference, on arrays made up for the occasion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from staticad.ir.dims import Symbol, as_symbol
from staticad.ir.graph import Tensor, sort_nodes
from staticad.lower.kernel.plan import TEMPORARY, Buffer, Plan
from staticad.ops.control import all_nodes
from staticad.reference import evaluate
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for


def made_up(tensors: Sequence[Tensor], sizes: int | Sequence[int] = 5, seed: int = 0) -> dict[Tensor, np.ndarray]:
    """An array for every placeholder below the tensors; free sizes get the given values in order of appearance."""
    rng = np.random.default_rng(seed)
    known: dict[Symbol, int] = {}
    waiting = [sizes] if isinstance(sizes, int) else list(sizes)
    found = {}
    for node in sorted(sort_nodes(tensors), key=lambda n: n.serial):
        if node.op.name != "placeholder":
            continue
        shape = []
        for size in node.out.shape:
            symbol = as_symbol(size)
            if symbol is not None and symbol not in known:
                known[symbol] = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            shape.append(known[symbol] if symbol is not None else int(size))
        if node.out.dtype.kind == "f":
            found[node.out] = rng.normal(size=shape).astype(node.out.dtype)
        else:
            found[node.out] = rng.integers(0, 2, shape).astype(node.out.dtype)
    return found


def computes(
    fetches: Tensor | Sequence[Tensor],
    sizes: int | Sequence[int] = 5,
    feeds: Mapping[Tensor, np.ndarray] | None = None,
    updates: Mapping[Any, Tensor] | None = None,
    optimized: bool = True,
) -> Plan:
    """The plan, after its interpretation has given what the reference gives, variables included."""
    wanted = [fetches] if isinstance(fetches, Tensor) else list(fetches)
    changes = dict(updates or {})
    targets = [*wanted, *changes.values()]
    values = made_up(targets, sizes) if feeds is None else dict(feeds)
    plan = plan_for(wanted, changes, list(values), optimized)
    results, variables = interpret(plan, values, values_of_variables([*targets, *changes]))
    expected = evaluate(targets, values)
    new = dict(zip(changes, expected[len(wanted) :], strict=True))
    for variable, value in variables.items():
        np.testing.assert_allclose(value, new.get(variable, variable.value), rtol=1e-9, atol=1e-12)
    for number, (result, want) in enumerate(zip(results, expected)):
        assert result.dtype == want.dtype
        np.testing.assert_allclose(result, want, rtol=1e-9, atol=1e-12, err_msg=f"fetch {number}")
    return plan


def values_of_variables(tensors: Sequence[Tensor]) -> dict[Any, np.ndarray]:
    """The values of the variables below the tensors."""
    found = (node.outputs[0] for node in all_nodes(tensors))
    return {t: t.value for t in found if t.op.name == "variable"}


def stored(plan: Plan) -> list[Buffer]:
    """The temporaries that have memory, but for the bytes that routines work in."""
    return [b for b in plan.buffers if b.role == TEMPORARY and b.number in plan.offsets and b.dtype != "uint8"]
