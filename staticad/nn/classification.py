"""Losses of classes: cross entropy, negative log likelihood, and margins.

Targets that are classes are integers from 0. Others raise IndexOutOfBounds, which names the target and the loss: while
the graph is built where the targets are constants, in the run else.
"""

from __future__ import annotations

from staticad.errors import ConfigError, DTypeError, IndexOutOfBounds, ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import normalize_axis
from staticad.functional.elementwise import where
from staticad.functional.movement import expand_dims, squeeze
from staticad.functional.special.softmaxes import log_softmax, shifted
from staticad.ir.dtypes import INT64, is_float, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.nn.reducing import as_float, broadcasting, check_number, check_reduction, pair, reduced
from staticad.ops.barrier import of_shape
from staticad.ops.base import apply
from staticad.ops.creation import indices
from staticad.ops.indexing import GATHER, GATHER_ALONG
from staticad.ops.movement import BROADCAST_TO
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array
from staticad.records import dataclass


@dataclass(frozen=True)
class _Classes:
    """The targets of a loss: ``index`` is safe where ``valid`` (None: everywhere) is false. ``text`` is the error."""

    index: Tensor
    valid: Tensor | None
    axis: int
    text: str

    def of(self, x: Tensor) -> Tensor:
        """What stands at the target class along the axis."""
        index = expand_dims(self.index, self.axis)
        spread = (*x.shape[: self.axis], 1, *x.shape[self.axis + 1 :])
        index = index if index.shape == spread else apply(BROADCAST_TO, index, shape=spread)
        chosen = apply(GATHER_ALONG, x, index, axes=(self.axis,), position=0, aligned=True, labels=self.text)
        return squeeze(chosen, self.axis)

    def kept(self, x: Tensor) -> Tensor:
        """x, and 0 for targets that are left out."""
        return x if self.valid is None else where(self.valid, x, 0)

    def weights(self, weight: Tensor | None, like: Tensor) -> Tensor | None:
        """The weights of all targets; None where all of them count the same."""
        if weight is not None:
            found = apply(GATHER, weight, self.index, axes=(0,), position=0, aligned=False, labels=self.text)
            return self.kept(found)
        return None if self.valid is None else cast(self.valid, like.dtype)


def _classes(op: str, x: Tensor, targets: Tensor, axis: int, ignored: int | None) -> _Classes:
    """Targets of the shape of x without the axis. Raises DTypeError, ShapeError and IndexOutOfBounds."""
    if not is_integer(targets.dtype):
        raise DTypeError(f"{op}: targets have to be integers, not {describe(targets)} (of {describe(x)})")
    others = (*x.shape[:axis], *x.shape[axis + 1 :])
    if not may_be_same(targets.shape, others):
        raise ShapeError(
            f"{op}: targets have to have the shape of the scores without axis {axis} "
            f"(scores: {describe(x)}, targets: {describe(targets)})"
        )
    remedy = "" if ignored is not None else "; ignore_index= leaves targets out"
    text = f"{op}: the target {{index}} is none of the {{size}} classes, which are 0 to {{last}}{remedy}"
    size, array = x.shape[axis], constant_array(targets)
    if array is not None and isinstance(size, int):
        wrong = array[((array < 0) | (array >= size)) & (array != ignored)]
        if wrong.size:
            found = text.format(index=wrong.flat[0], size=size, last=size - 1)
            raise IndexOutOfBounds(f"{found} (scores: {describe(x)})")
    index = cast(of_shape(targets, others), INT64)
    if ignored is None:
        return _Classes(index, None, axis, text)
    valid = comparison.not_equal(index, ignored)
    return _Classes(where(valid, index, 0), valid, axis, text)


def _class_weights(op: str, weight: Operand | None, x: Tensor, axis: int) -> Tensor | None:
    """One weight per class, in the dtype of x."""
    if weight is None:
        return None
    w = cast(to_tensor(weight), x.dtype)
    if not may_be_same(w.shape, (x.shape[axis],)):
        raise ShapeError(f"{op}: there is one weight for each class of axis {axis} ({describe(w)}, {describe(x)})")
    return of_shape(w, (x.shape[axis],))


def _along(weight: Tensor, x: Tensor, axis: int) -> Tensor:
    """A vector along one axis of x."""
    return expand_dims(weight, tuple(a for a in range(x.ndim) if a != axis))


def cross_entropy(
    logits: Operand,
    targets: Operand,
    axis: int = -1,
    *,
    weight: Operand | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "none",
) -> Tensor:
    """The loss -log(softmax(logits)) at the target class, one per example unless ``reduction`` is "mean" or "sum".

    ``logits`` has the classes along ``axis`` (that of torch is 1). ``targets`` are classes, integers with the shape of
    the other axes, or probabilities, floats with the shape of the logits. ``weight`` has a weight for each class.
    Targets equal to ``ignore_index`` have the loss 0. The "mean" is the weighted one of the targets that count, so not
    the mean of what "none" gives; of none it is NaN. That of probabilities is the mean over examples. With
    ``label_smoothing`` s the target is 1 - s of itself and s of all classes alike.

    A class outside 0 … classes - 1, a negative one too, raises IndexOutOfBounds. Raises DTypeError for other targets,
    ShapeError for shapes that do not fit, ConfigError for a wrong option. C. Szegedy and others, Rethinking the
    Inception architecture (2016), section 7.
    """
    op = "cross_entropy"
    a, t = as_float(op, logits), to_tensor(targets)
    place = normalize_axis(op, axis, a)
    check_reduction(op, reduction)
    check_number(op, "label_smoothing", label_smoothing, lambda s: (s >= 0) & (s <= 1), "in [0, 1]")
    w = _class_weights(op, weight, a, place)
    if is_float(t.dtype) and t.ndim == a.ndim:
        return _of_probabilities(a, t, place, w, label_smoothing, ignore_index, reduction)
    if is_float(t.dtype):
        raise DTypeError(
            f"{op}: targets have to be integers, or floats of the shape of the logits, not {describe(t)} "
            f"(logits: {describe(a)})"
        )
    classes = _classes(op, a, t, place, ignore_index)
    below = shifted("cross_entropy", a, place)
    logarithm = elementwise.log(reductions.sum(elementwise.exp(below), place))
    losses = logarithm - classes.of(below)
    weights = classes.weights(w, a)
    if w is not None and weights is not None:
        losses = losses * weights
    if label_smoothing != 0:
        count = cast(to_tensor(a.shape[place]), a.dtype)
        if w is None:
            alike = count * logarithm - reductions.sum(below, place)
        else:
            alike = reductions.sum(w) * logarithm - reductions.sum(_along(w, a, place) * below, place)
        losses = (1 - label_smoothing) * losses + (label_smoothing / count) * alike
    return reduced(op, classes.kept(losses), reduction, weights)


def _of_probabilities(
    a: Tensor, t: Tensor, axis: int, w: Tensor | None, smoothing: float, ignored: int | None, reduction: str
) -> Tensor:
    if ignored is not None:
        raise ConfigError(f"cross_entropy: ignore_index is for targets that are classes, not {describe(t)}")
    a, t = pair("cross_entropy", a, t)
    if smoothing != 0:
        t = t * (1 - smoothing) + smoothing / cast(to_tensor(a.shape[axis]), a.dtype)
    if w is not None:
        t = t * _along(w, a, axis)
    return reduced("cross_entropy", -reductions.sum(t * log_softmax(a, axis), axis), reduction)


def nll_loss(
    log_probs: Operand,
    targets: Operand,
    axis: int = -1,
    *,
    weight: Operand | None = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood: what `cross_entropy` is of logits, of their `log_softmax`. Arguments as there."""
    a, t = as_float("nll_loss", log_probs), to_tensor(targets)
    place = normalize_axis("nll_loss", axis, a)
    classes = _classes("nll_loss", a, t, place, ignore_index)
    w = _class_weights("nll_loss", weight, a, place)
    weights = classes.weights(w, a)
    losses = -classes.of(a)
    if w is not None and weights is not None:
        losses = losses * weights
    return reduced("nll_loss", classes.kept(losses), reduction, weights)


def multi_margin_loss(
    scores: Operand,
    targets: Operand,
    *,
    p: int = 1,
    margin: float = 1.0,
    weight: Operand | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ max(0, margin - x[t] + x[i])ᵖ / classes over the classes i other than the target t; p is 1 or 2.

    ``scores`` has the classes along the last axis, targets are classes, ``weight`` has a factor for each of them.
    """
    op = "multi_margin_loss"
    if p not in (1, 2):
        raise ConfigError(f"{op}: p is 1 or 2, not {p!r}")
    x = as_float(op, scores)
    axis = normalize_axis(op, -1, x)
    classes = _classes(op, x, to_tensor(targets), axis, None)
    over = elementwise.relu(margin - expand_dims(classes.of(x), axis) + x)
    numbers = indices((*(1,) * axis, x.shape[axis]), axis)
    other = comparison.not_equal(numbers, expand_dims(classes.index, axis))
    losses = reductions.mean(where(other, over if p == 1 else elementwise.square(over), 0), axis)
    weights = classes.weights(_class_weights(op, weight, x, axis), x)
    return reduced(op, losses if weights is None else losses * weights, reduction)


def multilabel_margin_loss(scores: Operand, targets: Operand, *, reduction: str = "mean") -> Tensor:
    """Σ max(0, 1 - x[t] + x[i]) / classes over target classes t and other classes i; one per example.

    Scores have the classes along the last axis, and targets the same shape: an example's classes, ended by a -1.
    """
    op = "multilabel_margin_loss"
    x, t = as_float(op, scores), to_tensor(targets)
    axis = normalize_axis(op, -1, x)
    if not is_integer(t.dtype):
        raise DTypeError(f"{op}: targets have to be integers, not {describe(t)} (scores: {describe(x)})")
    if not may_be_same(t.shape, x.shape):
        raise ShapeError(f"{op}: scores and targets differ in shape ({describe(x)}, {describe(t)})")
    t = cast(of_shape(t, x.shape), INT64)
    numbers = indices((*(1,) * axis, x.shape[axis]), axis)
    ended = comparison.less(t, 0)
    first = reductions.argmax(ended, axis, keepdims=True)
    valid = comparison.logical_or(comparison.less(numbers, first), ~reductions.any(ended, axis, keepdims=True))
    text = f"{op}: the target {{index}} is none of the {{size}} classes, which are 0 to {{last}}"
    index = where(valid, t, 0)
    chosen = apply(GATHER_ALONG, x, index, axes=(axis,), position=0, aligned=True, labels=text)
    # The axes are the targets t, then the classes i.
    wanted = comparison.equal(expand_dims(index, -1), expand_dims(numbers, -2)) & expand_dims(valid, -1)
    other = ~reductions.any(wanted, -2, keepdims=True) & expand_dims(valid, -1)
    over = elementwise.relu(1 - expand_dims(chosen, -1) + expand_dims(x, -2))
    losses = reductions.sum(where(other, over, 0), (-2, -1)) / cast(to_tensor(x.shape[axis]), x.dtype)
    return reduced(op, losses, reduction)


def multilabel_soft_margin_loss(
    scores: Operand, targets: Operand, *, weight: Operand | None = None, reduction: str = "mean"
) -> Tensor:
    """The mean over the classes, along the last axis, of the binary cross entropy of sigmoid(x); one per example.

    Targets are 0 or 1 for each class; ``weight`` has a factor for each class.
    """
    op = "multilabel_soft_margin_loss"
    x, t = pair(op, scores, targets)
    losses = t * elementwise.softplus(-x) + (1 - t) * elementwise.softplus(x)
    losses = losses if weight is None else losses * weight
    return reduced(op, reductions.mean(losses, normalize_axis(op, -1, losses)), reduction)


def soft_margin_loss(scores: Operand, targets: Operand, *, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-t x)) of targets that are 1 or -1."""
    x, t = pair("soft_margin_loss", scores, targets)
    return reduced("soft_margin_loss", elementwise.softplus(-(t * x)), reduction)


def hinge_loss(scores: Operand, targets: Operand, *, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """max(0, margin - t x) of targets that are 1 or -1."""
    x, t = pair("hinge_loss", scores, targets)
    return reduced("hinge_loss", elementwise.relu(margin - t * x), reduction)


def hinge_embedding_loss(
    distances: Operand, targets: Operand, *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """The distance x itself for the target 1, max(0, margin - x) for -1."""
    x, t = pair("hinge_embedding_loss", distances, targets)
    far = where(comparison.not_equal(t, 1), elementwise.relu(margin - x), 0)
    return reduced("hinge_embedding_loss", far + where(comparison.not_equal(t, -1), x, 0), reduction)


def margin_ranking_loss(
    x1: Operand, x2: Operand, targets: Operand, *, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - t (x1 - x2)): x1 should be larger where t is 1, smaller where it is -1. Operands broadcast."""
    a, b, t = broadcasting("margin_ranking_loss", x1, x2, targets)
    return reduced("margin_ranking_loss", elementwise.relu(margin - t * (a - b)), reduction)
