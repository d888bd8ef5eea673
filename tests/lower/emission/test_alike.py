"""Clusters that look alike are emitted once. Every plan is also interpreted and compared with the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.lower.emission.nest import Nest
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import Plan
from tests.lower.checking import computes
from tests.lower.planning import plan_for


@pytest.fixture
def nests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The labels of the nests that are emitted."""
    emitted: list[str] = []
    step = Nest.step

    def counted(self: Nest, label: str) -> object:
        emitted.append(label)
        return step(self, label)

    monkeypatch.setattr(Nest, "step", counted)
    return emitted


def kernels(plan: Plan) -> int:
    """How many objects the kernels of a plan are."""
    return len({id(s.kernel) for s in plan.steps if isinstance(s.kernel, Kernel) and s.label != "matmul"})


def descent(layers: int) -> Plan:
    h = sa.placeholder((None, 8))
    weights = [sa.variable(np.eye(8) / 3) for _ in range(layers)]
    for w in weights:
        h = h + sa.tanh(h @ w)
    slopes = sa.gradients((h * h).sum(), weights)
    return plan_for(h.sum(), {w: w - 0.3 * d for w, d in zip(weights, slopes, strict=True)})


def test_more_equal_layers_are_no_more_nests(nests: list[str]) -> None:
    descent(6)
    few = len(nests)
    plan = descent(24)
    assert len(nests) == 2 * few
    assert kernels(plan) <= few


def test_steps_that_share_a_kernel_have_their_own_memory_and_lines(nests: list[str]) -> None:
    x, y = sa.placeholder((5, 3)), sa.placeholder((5, 3))
    first = sa.exp(x) * 0.3
    second = sa.exp(y) * 0.3
    plan = computes([first, second])
    one, other = plan.compute
    assert len(nests) == 1 and one.kernel is other.kernel
    assert one.reads[0] != other.reads[0] and one.reads[1:] == other.reads[1:]  # the number is the same
    assert set(one.writes).isdisjoint(other.writes)
    assert {w.line for w in one.where} == {w.line - 1 for w in other.where}


@pytest.mark.parametrize(
    "pair",
    [
        lambda x, y: (sa.sin(x) * 0.3, sa.sin(y) * 0.7),  # numbers of their own
        lambda x, y: (x * sa.sin(y), y * sa.sin(y)),  # one operand is the other
        lambda x, y: (sa.sin(x[1:]), sa.sin(y[:-1])),  # other places
        lambda x, y: (sa.sin(x) + 0.3, sa.cos(y) + 0.3),  # other ops
        lambda x, y: (x + y.T, y + x),  # other views
        lambda x, y: (sa.take(x, [0, 1]) + 1.0, sa.take(y, [1, 0]) + 1.0),  # indices
    ],
)
def test_what_differs_is_not_shared(pair: Callable[[sa.Tensor, sa.Tensor], tuple[sa.Tensor, sa.Tensor]]) -> None:
    x, y = sa.placeholder((4, 4)), sa.placeholder((4, 4))
    computes([*pair(x, y), *(sa.exp(z).sum(axis=0) for z in pair(y, x))])


def test_float32_sums_in_memory_have_their_own_float64() -> None:
    x, y = (sa.placeholder((200, 40), "float32") for _ in range(2))
    plan = plan_for([sa.exp(x).sum(axis=0), sa.exp(y).sum(axis=0)])
    one, other = plan.compute
    assert one.kernel is other.kernel
    assert set(one.writes).isdisjoint(other.writes)
