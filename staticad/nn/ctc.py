"""The loss of connectionist temporal classification: all ways to read a sequence of labels from frames.

A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, Connectionist temporal classification (2006): the forward variables
of section 4.1, in logarithms, as a scan over frames, whose derivative the scan has.
"""

from __future__ import annotations

import numpy as np

from staticad.autodiff.derivatives import stop_gradient
from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.functional import comparison, elementwise
from staticad.functional.control import scan
from staticad.functional.creation import arange
from staticad.functional.elementwise import maximum, where
from staticad.functional.indexing import take_along_axis
from staticad.functional.joining import stack
from staticad.functional.movement import broadcast_to, expand_dims, reshape, squeeze
from staticad.functional.padding import pad
from staticad.ir.dims import Shape
from staticad.ir.dtypes import FLOAT32, INT64, is_half, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.nn.reducing import as_float, check_reduction, reduced
from staticad.ops.barrier import of_shape
from staticad.ops.base import apply
from staticad.ops.indexing import GATHER_ALONG
from staticad.ops.promotion import Operand, cast, to_tensor

IMPOSSIBLE = -1e30  # the logarithm of a probability of 0: finite, so that derivatives are
_TEXT = "ctc_loss: the label {index} is none of the {size} classes, which are 0 to {last}"


def ctc_loss(
    log_probs: Operand,
    targets: Operand,
    input_lengths: Operand,
    target_lengths: Operand,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability that frames read as the targets, when repeated labels and then blanks are left out.

    ``log_probs`` are logarithms of probabilities of the shape (frames, batch, classes), `log_softmax` of the last axis;
    ``targets`` are labels of the shape (batch, labels). Frames and labels count up to their lengths, of shape (batch,);
    what stands behind may be anything. All without their batch axis are one example. Targets that do not fit into the
    frames have the loss infinity, or 0 with ``zero_infinity``, and the derivative 0. "mean" divides every loss by the
    number of its labels (at least 1) before it takes the mean over the batch, as torch does.

    The derivative is that of the loss by its argument. (That of torch is another one, which is right only behind a
    log_softmax; behind it both are equal.) A label outside raises IndexOutOfBounds, a length beyond its axis is that of
    the axis. Raises DTypeError for labels and lengths that are no integers, ShapeError for shapes that do not fit.
    """
    op = "ctc_loss"
    check_reduction(op, reduction)
    x, t = as_float(op, log_probs), to_tensor(targets)
    kept, single = x.dtype, x.ndim == 2
    x = cast(x, FLOAT32) if is_half(kept) else x  # float16 holds no logarithm of a probability of 0
    lengths = [to_tensor(length) for length in (input_lengths, target_lengths)]
    if single:
        x, t = expand_dims(x, 1), expand_dims(t, 0)
        lengths = [reshape(length, (1,)) for length in lengths]
    _check(op, x, t, *lengths)
    if type(blank) is not int or blank < 0 or (isinstance(x.shape[2], int) and blank >= x.shape[2]):
        raise ConfigError(f"{op}: the blank {blank!r} is no class of {describe(x)}")
    batch, labels = x.shape[1], t.shape[1]
    frames, counts = (cast(of_shape(length, (batch,)), INT64) for length in lengths)
    frames, counts = elementwise.minimum(frames, x.shape[0]), elementwise.minimum(counts, labels)
    inside = comparison.less(arange(labels), expand_dims(counts, 1))
    t = where(inside, cast(of_shape(t, (batch, labels)), INT64), blank)
    final = _forward(x, t, frames, blank)
    blanks = 2 * expand_dims(counts, 1)  # the state of the blank behind the last label; that label is before it
    ends = [take_along_axis(final, maximum(state, 0), axis=1)[:, 0] for state in (blanks, blanks - 1)]
    ends[1] = where(comparison.equal(counts, 0), IMPOSSIBLE, ends[1])
    losses = -_log_sum(*ends)
    losses = where(comparison.greater(losses, -IMPOSSIBLE / 10), 0.0 if zero_infinity else np.inf, losses)
    if reduction == "mean":
        losses = losses / cast(maximum(counts, 1), losses.dtype)
    return cast(reduced(op, squeeze(losses, 0) if single and reduction == "none" else losses, reduction), kept)


def _forward(x: Tensor, t: Tensor, frames: Tensor, blank: int) -> Tensor:
    """The logarithms of the forward variables behind the last frame: (batch, 2 labels + 1), blanks between labels."""
    batch, labels = t.shape
    states = 2 * labels + 1
    extended = reshape(stack([broadcast_to(to_tensor(blank), t.shape), t], axis=2), (batch, 2 * labels))
    extended = pad(extended, ((0, 0), (0, 1)), constant_values=blank)
    shape: Shape = (x.shape[0], batch, states)
    index = broadcast_to(expand_dims(extended, 0), shape)
    heard = apply(GATHER_ALONG, x, index, axes=(2,), position=0, aligned=True, labels=_TEXT)
    # A label is reached from the one before it, unless they are equal.
    before = pad(extended, ((0, 0), (2, 0)), constant_values=blank)[:, :states]
    skips = comparison.logical_and(comparison.not_equal(extended, blank), comparison.not_equal(extended, before))
    first = where(comparison.equal(arange(states), 0), 0.0, IMPOSSIBLE)
    start = cast(broadcast_to(first, (batch, states)), x.dtype)

    def step(state: Tensor, frame: tuple[Tensor, Tensor]) -> tuple[Tensor, None]:
        number, score = frame
        one = pad(state, ((0, 0), (1, 0)), constant_values=IMPOSSIBLE)[:, :states]
        two = where(skips, pad(state, ((0, 0), (2, 0)), constant_values=IMPOSSIBLE)[:, :states], IMPOSSIBLE)
        following = _log_sum(state, one, two) + score
        return where(expand_dims(comparison.less(number, frames), 1), following, state), None

    final, _ = scan(step, start, (arange(x.shape[0]), maximum(heard, IMPOSSIBLE)))
    return final


def _log_sum(*logarithms: Tensor) -> Tensor:
    """log(Σ exp(x)) of finite numbers."""
    top = logarithms[0]
    for x in logarithms[1:]:
        top = maximum(top, x)
    top = stop_gradient(top)
    total = elementwise.exp(logarithms[0] - top)
    for x in logarithms[1:]:
        total = total + elementwise.exp(x - top)
    return elementwise.log(total) + top


def _check(op: str, x: Tensor, t: Tensor, *lengths: Tensor) -> None:
    for tensor in (t, *lengths):
        if not is_integer(tensor.dtype):
            raise DTypeError(f"{op}: labels and lengths have to be integers, not {describe(tensor)}")
    if x.ndim != 3 or t.ndim != 2 or not may_be_same(t.shape[:1], x.shape[1:2]):
        raise ShapeError(
            f"{op}: needs log_probs of (frames, batch, classes) and targets of (batch, labels), "
            f"not {describe(x)} and {describe(t)}"
        )
    for length in lengths:
        if not may_be_same(length.shape, x.shape[1:2]):
            raise ShapeError(f"{op}: there is one length for each example, not {describe(length)} ({describe(x)})")
