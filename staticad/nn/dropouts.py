"""Dropout: elements that are left out at random while a model learns."""

from __future__ import annotations

import numpy as np

from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.functional import random
from staticad.functional.elementwise import divide, multiply, rsqrt, where
from staticad.functional.movement import expand_dims
from staticad.ir.dims import Shape
from staticad.ir.dtypes import is_float
from staticad.ir.graph import Tensor, describe
from staticad.ops.mode import in_training
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array

SELU_LIMIT = -1.7580993408473766  # -scale * alpha of selu


def dropout(x: Operand, rate: Operand, key: Operand, training: bool | None = None) -> Tensor:
    """``x`` with every element 0 with probability ``rate``, and the others divided by 1 - rate: the mean is kept.

    ``rate`` is a number from 0 to less than 1, also a scalar tensor; ``key`` decides which elements, and has to be
    another one in every step and for every use (`random.fold_in`). Where ``training`` is false the result is x itself.
    None leaves that to the session: ``mode="eval"`` gives x, ``mode="train"`` and no mode leave elements out.

    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, Dropout: a simple way to prevent neural
    networks from overfitting (2014). Raises DTypeError for an x that is no float, ConfigError for a known rate that is
    not in [0, 1), ShapeError for a rate with axes.
    """
    a, keep = _checked("dropout", x, rate)
    if training is False or keep is None:
        return a
    return _kept(a, _chosen(key, keep, a.shape), keep, training)


def feature_dropout(x: Operand, rate: Operand, key: Operand, training: bool | None = None) -> Tensor:
    """`dropout` of whole features: of x of (batch, features, …) the array behind each of both is left out or kept.

    J. Tompson and others, Efficient object localization using convolutional networks (2015). Raises as `dropout`,
    ShapeError for fewer than two axes.
    """
    a, keep = _checked("feature_dropout", x, rate)
    if a.ndim < 2:
        raise ShapeError(f"feature_dropout: needs two axes at least, (batch, features, …), not {describe(a)}")
    if training is False or keep is None:
        return a
    chosen = _chosen(key, keep, a.shape[:2])
    return _kept(a, expand_dims(chosen, tuple(range(2, a.ndim))), keep, training)


def alpha_dropout(x: Operand, rate: Operand, key: Operand, training: bool | None = None) -> Tensor:
    """Dropout for `selu`: elements become its lower limit with probability ``rate``, and the result is scaled and
    shifted so that a mean of 0 and a variance of 1 are kept.

    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, Self-normalizing neural networks (2017). Raises as `dropout`.
    """
    a, keep = _checked("alpha_dropout", x, rate)
    if training is False or keep is None:
        return a
    scale = rsqrt(keep * (1 + (1 - keep) * SELU_LIMIT**2))
    shift = scale * ((1 - keep) * SELU_LIMIT)
    kept = where(_trained(training, _chosen(key, keep, a.shape), True), a, SELU_LIMIT)
    return kept * _trained(training, scale, 1.0) - _trained(training, shift, 0.0)


def _checked(op: str, x: Operand, rate: Operand) -> tuple[Tensor, Tensor | None]:
    """x, and the share that is kept; None for all."""
    a, share = to_tensor(x), to_tensor(rate)
    if not is_float(a.dtype):
        raise DTypeError(f"{op}: only floats can be scaled, not {describe(a)}; use astype")
    if share.ndim:
        raise ShapeError(f"{op}: the rate is one number, not {describe(share)}")
    number = constant_array(share)
    if number is not None and not 0 <= number < 1:
        raise ConfigError(f"{op}: the rate has to be in [0, 1), not {number}")
    return a, None if number is not None and number == 0 else 1 - cast(share, a.dtype)


def _chosen(key: Operand, keep: Tensor, shape: Shape) -> Tensor:
    return random.bernoulli(key, cast(keep, np.dtype(np.float32)), shape)


def _kept(x: Tensor, chosen: Tensor, keep: Tensor, training: bool | None) -> Tensor:
    factor = _trained(training, divide(1.0, keep), 1.0)
    return where(_trained(training, chosen, True), multiply(x, factor), 0.0)


def _trained(training: bool | None, value: Tensor, otherwise: float) -> Tensor:
    """The value in training. The mode chooses between masks and factors, and x itself is untouched by it: so that
    derivatives are those of dropout without a mode."""
    return value if training else where(in_training(True), value, otherwise)
