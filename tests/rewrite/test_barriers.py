"""stop_gradient disappears."""

from __future__ import annotations

from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP
from staticad.rewrite.barriers import BARRIER_RULES
from tests.rewrite.support import rewritten


def test_stop_gradient_is_the_identity() -> None:
    x = placeholder((3,))
    (new,) = rewritten([apply(EXP, apply(STOP_GRADIENT, x))], BARRIER_RULES)
    assert new.inputs == (x,)
