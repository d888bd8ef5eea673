"""Neural networks: layers, initializers, activations and losses."""

from staticad.functional.elementwise import relu, sigmoid, softplus, tanh
from staticad.functional.special import cross_entropy, log_softmax, mse, one_hot, softmax
from staticad.nn import initializers
from staticad.nn.dropout import dropout
from staticad.nn.layers import Dense, Layer, Sequential

__all__ = [
    "Dense", "Layer", "Sequential", "cross_entropy", "dropout", "initializers", "log_softmax", "mse", "one_hot", "relu",
    "sigmoid", "softmax", "softplus", "tanh",
]  # fmt: skip
