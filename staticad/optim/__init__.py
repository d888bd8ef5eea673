"""Optimizers: they turn a loss into the updates that a session applies."""

import typing as _typing

from staticad.names import public as _public
from staticad.spellings import OPTIMIZERS as _OPTIMIZERS

if _typing.TYPE_CHECKING:
    from staticad.optim.adam import Adam, AdamW
    from staticad.optim.adaptive import Adagrad, RMSprop
    from staticad.optim.optimizer import Optimizer
    from staticad.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), _OPTIMIZERS)
