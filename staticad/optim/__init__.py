"""Optimizers: they turn a loss into the updates that a session applies."""

from staticad.optim.adam import Adam, AdamW
from staticad.optim.adaptive import Adagrad, RMSprop
from staticad.optim.optimizer import Optimizer
from staticad.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]
