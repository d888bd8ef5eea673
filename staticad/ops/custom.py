"""Functions whose derivative the user has given: their results, with the rule beside them.

The rule is a graph of its own (see `staticad.autodiff.custom`), which is put in where derivatives are taken. Rewriting
looks neither at it nor through it; lowering leaves nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

import numpy as np

from staticad.errors import GradientError
from staticad.ir.graph import Attrs, Tensor, describe
from staticad.ir.types import TensorType
from staticad.ops.barrier import Barrier
from staticad.ops.base import Inferred, Op
from staticad.ops.creation import zeros

Maybe = Tensor | None


class Rule(Protocol):
    """What a user has said of a derivative. Both get the inputs of the node."""

    def pull(self, gs: Sequence[Maybe], inputs: Sequence[Tensor]) -> Sequence[Maybe]:
        """The cotangents of the arguments, from those of the results."""

    def push(self, ts: Sequence[Maybe], inputs: Sequence[Tensor]) -> Sequence[Maybe]:
        """The tangents of the results, from those of the arguments."""


class Ruled(Op):
    """Inputs: the results of a function (cut off from what they were computed of), its arguments, what else the
    function reads, what the rule reads. attrs counts: how many there are of the first three; rule: a `Rule`. The
    outputs are the results."""

    family = "custom"
    title = "Custom derivatives"
    about = "The results of a function, and what its user says of their derivatives. They cost nothing."
    several_outputs = True

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        return inputs[: attrs["counts"][0]], ()


def _vjp(
    gs: Sequence[Maybe], ys: Sequence[Tensor], *inputs: Tensor, counts: tuple[int, int, int], rule: Rule
) -> list[Maybe]:
    results, arguments, others = counts
    found: list[Maybe] = [None] * len(inputs)
    found[results : results + arguments] = rule.pull(gs, inputs)
    first = results + arguments
    found[first : first + others] = [zeros(x.type) for x in inputs[first : first + others]]  # which raises, if asked
    return found


def _jvp(
    ts: Sequence[Maybe], ys: Sequence[Tensor], *inputs: Tensor, counts: tuple[int, int, int], rule: Rule
) -> Sequence[Maybe]:
    results, arguments, _ = counts
    return rule.push(ts[results : results + arguments], inputs)


def _no_rule(*args: Any, **attrs: Any) -> NoReturn:
    *_, x = args
    raise GradientError(
        f"a function with a derivative of its own reads {describe(x)}, which is not among its arguments: its rule says "
        "nothing of the derivative by it; make it an argument, or use sa.stop_gradient of it in the function"
    )


def _results(*inputs: np.ndarray, counts: tuple[int, int, int], rule: Rule) -> tuple[np.ndarray, ...]:
    return inputs[: counts[0]]


RULED = Ruled(
    "ruled",
    numpy=_results,
    vjp=_vjp,
    jvp=_jvp,
    notes="`custom_jvp`, `custom_vjp`, `custom_gradient`; the derivative is what the rule says",
)
CAPTURED = Barrier(
    "captured",
    numpy=lambda x: x,
    vjp=_no_rule,
    jvp=_no_rule,
    notes="what such a function reads beside its arguments: a derivative by it raises GradientError",
)

CUSTOM_OPS = (RULED, CAPTURED)
