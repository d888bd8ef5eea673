"""Whether a session trains: one graph for training and for evaluation."""

from __future__ import annotations

from typing import Any

from staticad.errors import DTypeError
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.mode import in_training


def training(default: Any = True) -> Tensor:
    """A bool scalar: true in sessions that are compiled with ``mode="train"``, false with ``mode="eval"``.

    In sessions without a mode it is ``default``. With `where` and `cond` it chooses what a session computes: the other
    side is no part of the session, and what only that side needs has not to be fed. Raises DTypeError for a default
    that is no bool.
    """
    if not isinstance(default, bool):
        told = describe(default) if isinstance(default, Tensor) else repr(default)
        raise DTypeError(f"training: the default is True or False, not {told} (at {here()})")
    return in_training(default)
