"""Losses of numbers: how far predictions are from targets, as distances or as negative log likelihoods.

Predictions and targets have equal shapes (ShapeError). Integers take the float type of the others; alone they are
float64. ``reduction`` is "mean" (NaN of no elements), "sum", or "none" for the loss of each element; another one raises
ConfigError. Names and formulas are those of torch.nn.functional.
"""

from __future__ import annotations

import math

from staticad.autodiff.derivatives import stop_gradient
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.elementwise import where
from staticad.functional.movement import broadcast_to, expand_dims
from staticad.ir.graph import Tensor
from staticad.nn.reducing import check_number, check_reduction, floats, pair, reduced
from staticad.ops.promotion import Operand

LOWEST_LOG = -100.0  # what binary_cross_entropy takes for the logarithm of 0


def _weighted(op: str, losses: Tensor, weight: Operand | None, reduction: str) -> Tensor:
    """The mean is that of the weighted losses, divided by the sum of the weights."""
    if weight is None:
        return reduced(op, losses, reduction)
    _, weights = floats(op, losses, weight)
    return reduced(op, losses * weights, reduction, broadcast_to(weights, losses.shape))


def mse(predictions: Operand, targets: Operand, *, weight: Operand | None = None, reduction: str = "mean") -> Tensor:
    """The square difference: (x - t)². The mean of weighted losses is divided by the sum of the weights."""
    a, b = pair("mse", predictions, targets)
    return _weighted("mse", elementwise.square(a - b), weight, reduction)


def mae(predictions: Operand, targets: Operand, *, weight: Operand | None = None, reduction: str = "mean") -> Tensor:
    """The absolute difference: |x - t|, with the derivative 0 at 0. Weights as in `mse`."""
    a, b = pair("mae", predictions, targets)
    return _weighted("mae", elementwise.absolute(a - b), weight, reduction)


def huber_loss(
    predictions: Operand,
    targets: Operand,
    *,
    delta: float = 1.0,
    weight: Operand | None = None,
    reduction: str = "mean",
) -> Tensor:
    """e² / 2 where |e| ≤ delta, delta * (|e| - delta / 2) beyond, for the difference e. Weights as in `mse`.

    P. J. Huber, Robust estimation of a location parameter (1964). Raises ConfigError unless delta is positive.
    """
    a, b = pair("huber_loss", predictions, targets)
    check_number("huber_loss", "delta", delta, lambda d: d > 0, "positive")
    e = a - b
    size = elementwise.absolute(e)
    losses = where(comparison.less_equal(size, delta), 0.5 * elementwise.square(e), delta * (size - 0.5 * delta))
    return _weighted("huber_loss", losses, weight, reduction)


def smooth_l1_loss(predictions: Operand, targets: Operand, *, beta: float = 1.0, reduction: str = "mean") -> Tensor:
    """e² / (2 beta) where |e| < beta, |e| - beta / 2 beyond, for the difference e; |e| for a beta of 0.

    R. Girshick, Fast R-CNN (2015). Raises ConfigError for a negative beta.
    """
    a, b = pair("smooth_l1_loss", predictions, targets)
    check_number("smooth_l1_loss", "beta", beta, lambda d: d >= 0, "at least 0")
    e = a - b
    size = elementwise.absolute(e)
    if beta == 0:
        return reduced("smooth_l1_loss", size, reduction)
    losses = where(comparison.less(size, beta), elementwise.square(e) * 0.5 / beta, size - 0.5 * beta)
    return reduced("smooth_l1_loss", losses, reduction)


def binary_cross_entropy(
    probabilities: Operand, targets: Operand, *, weight: Operand | None = None, reduction: str = "mean"
) -> Tensor:
    """-(t log p + (1 - t) log(1 - p)); logarithms below -100 are -100, with the derivative 0. NaN beyond 0 … 1.

    ``weight`` multiplies the losses and broadcasts. Use `binary_cross_entropy_with_logits` where p is a sigmoid: it
    keeps the accuracy that 1 - p has lost.
    """
    p, t = pair("binary_cross_entropy", probabilities, targets)
    yes = elementwise.maximum(elementwise.log(p), LOWEST_LOG)
    no = elementwise.maximum(elementwise.log1p(-p), LOWEST_LOG)
    losses = -(t * yes + (1 - t) * no)
    return reduced("binary_cross_entropy", losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
    logits: Operand,
    targets: Operand,
    *,
    weight: Operand | None = None,
    pos_weight: Operand | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The binary cross entropy of sigmoid(z): pos_weight t log(1 + e⁻ᶻ) + (1 - t) log(1 + eᶻ), exact for large z.

    ``weight`` multiplies the losses, ``pos_weight`` the part of positive targets; both broadcast.
    """
    z, t = pair("binary_cross_entropy_with_logits", logits, targets)
    positive = t if pos_weight is None else t * pos_weight
    losses = positive * elementwise.softplus(-z) + (1 - t) * elementwise.softplus(z)
    return reduced("binary_cross_entropy_with_logits", losses if weight is None else losses * weight, reduction)


def kl_div(log_probs: Operand, targets: Operand, *, log_target: bool = False, reduction: str = "mean") -> Tensor:
    """The terms of the Kullback-Leibler divergence of predictions from targets: t (log t - x), 0 where t is 0.

    ``log_probs`` are logarithms x; the targets are probabilities t, or with ``log_target`` logarithms too.
    ``reduction`` may also be "batchmean": the sum divided by the first size, which is the divergence itself; "mean"
    divides by the number of elements, as torch does.
    """
    check_reduction("kl_div", reduction, ("mean", "batchmean", "sum", "none"))
    x, t = pair("kl_div", log_probs, targets)
    if log_target:
        losses = elementwise.exp(t) * (t - x)
    else:
        losses = where(comparison.equal(t, 0), 0, t * elementwise.log(t)) - t * x
    if reduction == "batchmean":
        return reductions.sum(losses) / x.shape[0] if x.ndim else losses
    return reduced("kl_div", losses, reduction)


def poisson_nll_loss(
    predictions: Operand,
    targets: Operand,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of counts t under Poisson distributions, without what only t decides.

    exp(x) - t x where predictions are logarithms of means (``log_input``), else x - t log(x + eps). ``full`` adds
    Stirling's approximation of log(t!) for t > 1: t log t - t + log(2πt) / 2.
    """
    x, t = pair("poisson_nll_loss", predictions, targets)
    losses = elementwise.exp(x) - t * x if log_input else x - t * elementwise.log(x + eps)
    if full:
        stirling = t * elementwise.log(t) - t + 0.5 * elementwise.log(2 * math.pi * t)
        losses = losses + where(comparison.greater(t, 1), stirling, 0)
    return reduced("poisson_nll_loss", losses, reduction)


def gaussian_nll_loss(
    predictions: Operand,
    targets: Operand,
    var: Operand,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of targets under normal distributions: (log v + (x - t)² / v) / 2.

    ``var`` is the variance v: of the shape of the predictions, one that broadcasts to it, or one without the last
    axis. It is raised to ``eps`` at least, which derivatives do not notice. ``full`` adds log(2π) / 2.
    """
    a, b = pair("gaussian_nll_loss", predictions, targets)
    _, v = floats("gaussian_nll_loss", a, var)
    if v.ndim and v.ndim == a.ndim - 1 and v.shape == a.shape[:-1]:
        v = expand_dims(v, -1)
    v = v + stop_gradient(elementwise.maximum(v, eps) - v)
    losses = 0.5 * (elementwise.log(v) + elementwise.square(a - b) / v)
    return reduced("gaussian_nll_loss", losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


mse_loss = mse
l1_loss = mae
bce = binary_cross_entropy
bce_with_logits = binary_cross_entropy_with_logits
