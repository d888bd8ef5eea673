"""Dropout: elements that are left out at random while a model learns."""

from __future__ import annotations

import numpy as np

from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.functional import random
from staticad.functional.elementwise import divide, multiply, where
from staticad.ir.dtypes import is_float
from staticad.ir.graph import Tensor, describe
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array


def dropout(x: Operand, rate: Operand, key: Operand, training: bool = True) -> Tensor:
    """``x`` with every element 0 with probability ``rate``, and the others divided by 1 - rate: the mean is kept.

    ``rate`` is a number from 0 to less than 1, also a scalar tensor; ``key`` decides which elements, and has to be
    another one in every step and for every use (`random.fold_in`). Without ``training`` the result is x itself.

    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, Dropout: a simple way to prevent neural
    networks from overfitting (2014). Raises DTypeError for an x that is no float, ConfigError for a known rate that is
    not in [0, 1), ShapeError for a rate with axes.
    """
    a, share = to_tensor(x), to_tensor(rate)
    if not is_float(a.dtype):
        raise DTypeError(f"dropout: only floats can be scaled, not {describe(a)}; use astype")
    if share.ndim:
        raise ShapeError(f"dropout: the rate is one number, not {describe(share)}")
    number = constant_array(share)
    if number is not None and not 0 <= number < 1:
        raise ConfigError(f"dropout: the rate has to be in [0, 1), not {number}")
    if not training or (number is not None and number == 0):
        return a
    keep = 1 - cast(share, a.dtype)
    chosen = random.bernoulli(key, cast(keep, np.dtype(np.float32)), a.shape)
    return where(chosen, multiply(a, divide(1.0, keep)), 0.0)
