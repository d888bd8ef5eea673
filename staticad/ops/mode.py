"""The mode of a session as a number of its graph: whether it trains. `staticad.rewrite.modes` puts it in."""

from __future__ import annotations

import numpy as np

from staticad.ir.dtypes import BOOL
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.creation import Full


class Training(Full):
    """A bool scalar: attrs shape, dtype, value (where no mode is given)."""


TRAINING = Training(
    "training",
    numpy=lambda *, shape, dtype, value: np.full(shape, value, dtype),
    notes='`sa.training()`: whether the session is compiled with mode="train"; known when it is compiled',
)

MODE_OPS = (TRAINING,)


def in_training(default: bool) -> Tensor:
    """Whether the session trains; the default where it has no mode."""
    return apply(TRAINING, shape=(), dtype=BOOL, value=default)
