"""Barriers disappear."""

from __future__ import annotations

import staticad as sa
from staticad.ops.barrier import STOP_GRADIENT, demanding, of_shape
from staticad.ops.base import apply
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP
from staticad.rewrite.barriers import BARRIER_RULES
from staticad.rewrite.pipeline import optimize
from tests.rewrite.support import rewritten


def test_stop_gradient_is_the_identity() -> None:
    x = placeholder((3,))
    (new,) = rewritten([apply(EXP, apply(STOP_GRADIENT, x))], BARRIER_RULES)
    assert new.inputs == (x,)


def test_demand_is_the_identity() -> None:
    x, y = placeholder((None,)), placeholder((None,))
    whole = x + y
    (new,) = rewritten([apply(EXP, demanding(x, [(x.shape[0], 3)], [whole.node]))], BARRIER_RULES)
    assert new.inputs == (x,)
    (new,) = optimize([apply(EXP, of_shape(x, (3,)))])
    assert new.shape == (3,) and new.inputs[0].inputs == (x,)


def test_gradients_of_what_demands_nothing_have_no_demands_around_them() -> None:
    x = placeholder((None, 4))
    (gradient,) = sa.gradients((sa.exp(x) @ sa.ones((4, 2))).sum(), [x])
    assert gradient.op.name == "mul"
