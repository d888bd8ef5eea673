"""What is taken out of the bodies of loops: transposes of captures, results that exist already."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from staticad.lower.kernel.plan import LoopCall, Plan
from staticad.ops.control import LOOP
from staticad.reference import evaluate
from tests.lower.planning import plan_for


def p(*shape: object) -> sa.Tensor:
    return sa.placeholder(shape)  # type: ignore[arg-type]


def copies(plan: Plan) -> int:
    """How many steps copy a matrix."""
    return sum(step.label == "copy" and bool(step.reads) for step in plan.steps)


def right(fetches: list[sa.Tensor], shapes: list[tuple[int, ...]]) -> None:
    """Compiled like the reference."""
    inputs = [n.out for n in sort_nodes(fetches) if n.op.name == "placeholder"]
    inputs.sort(key=lambda t: t.node.serial)
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape) for shape in shapes]
    want = evaluate(fetches, dict(zip(inputs, values, strict=True)))
    for result, expected in zip(sa.compile(fetches, inputs=inputs)(*values), want, strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-12)


def test_the_transpose_in_a_backward_pass_is_made_before_the_loop() -> None:
    h, w, xs = p("batch", 6), p(6, 6), p("steps", "batch", 6)
    last, _ = sa.scan(lambda h, x: (sa.tanh(h @ w + x), None), h, xs)
    fetches = [last, *sa.gradients(sa.sum(last), [h, w, xs])]
    plan = plan_for(fetches)
    assert copies(plan) == 1
    assert not any(isinstance(step.kernel, LoopCall) for step in plan.steps)
    right(fetches, [(3, 6), (6, 6), (4, 3, 6)])


def test_a_transpose_is_made_once_for_all_products_of_a_body() -> None:
    h, w = p(5, 6), p(6, 6)
    last = sa.fori_loop(0, 3, lambda i, h: sa.tanh(h @ w) @ w, h)
    fetches = [last, *sa.gradients(sa.sum(last), [h])]
    assert copies(plan_for(fetches)) == 1
    right(fetches, [(5, 6), (6, 6)])


def test_transposes_of_a_while_loop() -> None:
    h, w = p(5, 6), p(6, 6)
    _, last = sa.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, sa.tanh(s[1] @ w)), (sa.constant(0), h))
    right([last, *sa.gradients(sa.sum(last), [h, w])], [(5, 6), (6, 6)])


def test_transposes_of_what_changes_stay_in_the_body() -> None:
    h = p(6, 6)
    last = sa.fori_loop(0, 3, lambda i, h: sa.tanh(h @ h.T), h)
    right([last, *sa.gradients(sa.sum(last), [h])], [(6, 6)])


@pytest.mark.parametrize("reverse", [False, True])
def test_the_stack_of_a_sequence_is_the_sequence(reverse: bool) -> None:
    h, xs = p(4), p("steps", 4)
    last, (first, second, third) = sa.scan(lambda h, x: (h + x, (x, h * x, x)), h, xs, reverse=reverse)
    fetches = [last, first, second, third]
    (loop,) = [step for step in plan_for(fetches).steps if step.label.startswith("loop")]
    assert len(loop.writes) <= 3  # the carry, the products, scratch
    right(fetches, [(4,), (5, 4)])
    right([sa.exp(first) + third], [(4,), (5, 4)])


def test_equal_results_are_stacked_once() -> None:
    h = p(4)

    def step(h: sa.Tensor, i: sa.Tensor) -> tuple[sa.Tensor, object]:
        new = sa.sin(h) * i
        return new, (new, h, new)

    last, (one, before, other) = sa.scan(step, h, sa.arange(5.0))
    plan = plan_for([last, one + 1.0, other * 2.0, before])
    (loop,) = [s for s in plan.steps if s.label.startswith("loop")]
    big = [b for b in plan.buffers if b.number in loop.writes and b.shape == (5, 4)]
    assert len(big) == 2
    right([last, one + 1.0, other * 2.0, before], [(4,)])


def test_stacks_of_run_time_length_stay_with_their_loops() -> None:
    x = p(4)
    _, last = sa.while_loop(lambda s: s[0] < 5, lambda s: (s[0] + 1, sa.sin(s[1]) * s[1]), (sa.constant(0), x))
    (g,) = sa.gradients(sa.sum(last * last), [x])
    (second,) = sa.gradients(sa.sum(g), [x])
    loops = [n for n in sort_nodes([second]) if n.op is LOOP]
    assert loops
    right([last, g, second], [(4,)])
