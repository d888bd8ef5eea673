"""Normalization: arrays with mean 0 and variance 1, or of mean square 1, over some of their axes.

x has floats; integers take their float type. Variances are mean squares (ddof 0), and ``eps`` is added to them. A
weight multiplies the result, a bias is added. Shapes that do not fit raise ShapeError. Channels are axis 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.autodiff.derivatives import stop_gradient
from staticad.errors import ConfigError, ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.axes import normalize_axis
from staticad.functional.movement import expand_dims, reshape
from staticad.functional.padding import pad
from staticad.ir import dims
from staticad.ir.dims import Dim, Shape, Size
from staticad.ir.dtypes import finfo
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.nn.reducing import as_float
from staticad.ops.barrier import of_shape
from staticad.ops.mode import in_training
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import as_shape

Sizes = int | Dim | Sequence[int | Dim]


def _standardized(x: Tensor, axes: tuple[int, ...], eps: Operand) -> Tensor:
    """(x - mean) / sqrt(variance + eps). The variance is E(x - c)² - (mean - c)² for any constant c, here the mean: so
    that derivatives of every order are right, and none waits for the sum of the derivatives by x - mean, which is 0."""
    mean = reductions.mean(x, axes, keepdims=True)
    center = stop_gradient(mean)
    squares = reductions.mean(elementwise.square(x - center), axes, keepdims=True)
    variance = squares - elementwise.square(mean - center)
    return (x - mean) * elementwise.rsqrt(variance + eps)


def _scaled(
    op: str,
    y: Tensor,
    weight: Operand | None,
    bias: Operand | None,
    axes: tuple[int, ...],
    names: tuple[str, str] = ("weight", "bias"),
) -> Tensor:
    """y * weight + bias; both have the sizes of these axes, and these names in errors."""
    shape = tuple(y.shape[a] for a in axes)
    others = tuple(a for a in range(y.ndim) if a not in axes)
    for what, value, combine in zip(names, (weight, bias), (elementwise.multiply, elementwise.add), strict=True):
        if value is not None:
            v = to_tensor(value)
            if not may_be_same(v.shape, shape):
                raise ShapeError(
                    f"{op}: the {what} has to have the shape ({', '.join(map(str, shape))}), not {describe(v)} "
                    f"({describe(y)})"
                )
            y = combine(y, expand_dims(of_shape(v, shape), others))
    return y


def _last(op: str, x: Tensor, normalized_shape: Sizes | None) -> tuple[Tensor, tuple[int, ...]]:
    """The axes at the end that have these sizes."""
    if normalized_shape is None:
        return x, (normalize_axis(op, -1, x),)
    shape: Shape = as_shape(normalized_shape)
    count = len(shape)
    if not 1 <= count <= x.ndim or not may_be_same(x.shape[-count:], shape):
        raise ShapeError(
            f"{op}: the last sizes have to be ({', '.join(map(str, shape))}), one at least, not those of {describe(x)}"
        )
    return of_shape(x, (*x.shape[:-count], *shape)), tuple(range(x.ndim - count, x.ndim))


def _channels(op: str, x: Tensor, least: int, axis: int = 1) -> int:
    if x.ndim < least:
        raise ShapeError(f"{op}: needs {least} axes at least, (batch, channels, …), not {describe(x)}")
    return normalize_axis(op, axis, x)


def layer_norm(
    x: Operand,
    normalized_shape: Sizes | None = None,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """x with mean 0 and variance 1 over its last axes, those of ``normalized_shape``; the last one for None.

    ``weight`` and ``bias`` have that shape. J. L. Ba, J. R. Kiros, G. E. Hinton, Layer normalization (2016).
    """
    a, axes = _last("layer_norm", as_float("layer_norm", x), normalized_shape)
    return _scaled("layer_norm", _standardized(a, axes, eps), weight, bias, axes)


def rms_norm(
    x: Operand, normalized_shape: Sizes | None = None, weight: Operand | None = None, eps: float | None = None
) -> Tensor:
    """x / sqrt(mean(x²) + eps) over its last axes, as `layer_norm`; ``eps`` is the spacing of floats at 1 for None.

    B. Zhang, R. Sennrich, Root mean square layer normalization (2019).
    """
    a, axes = _last("rms_norm", as_float("rms_norm", x), normalized_shape)
    least = float(finfo(a.dtype).eps) if eps is None else eps
    mean = reductions.mean(elementwise.square(a), axes, keepdims=True)
    return _scaled("rms_norm", a * elementwise.rsqrt(mean + least), weight, None, axes)


def group_norm(
    x: Operand, num_groups: int, weight: Operand | None = None, bias: Operand | None = None, eps: float = 1e-5
) -> Tensor:
    """x of (batch, channels, …) with mean 0 and variance 1 in every example and group of neighbouring channels.

    ``weight`` and ``bias`` have one number per channel. Y. Wu, K. He, Group normalization (2018).
    """
    op = "group_norm"
    a = as_float(op, x)
    _channels(op, a, 2)
    channels = a.shape[1]
    if type(num_groups) is not int or num_groups < 1:
        raise ConfigError(f"{op}: the number of groups is an int from 1, not {num_groups!r}")
    if isinstance(channels, int) and channels % num_groups:
        raise ShapeError(f"{op}: {channels} channels are not {num_groups} equal groups ({describe(a)})")
    each: Size = dims.floordiv(channels, num_groups)
    groups = reshape(a, (a.shape[0], num_groups, each, *a.shape[2:]))
    y = reshape(_standardized(groups, tuple(range(2, groups.ndim)), eps), a.shape)
    return _scaled(op, y, weight, bias, (1,))


def instance_norm(
    x: Operand,
    running_mean: Operand | None = None,
    running_var: Operand | None = None,
    weight: Operand | None = None,
    bias: Operand | None = None,
    use_input_stats: bool = True,
    eps: float = 1e-5,
) -> Tensor:
    """x of (batch, channels, …) with mean 0 and variance 1 in every example and channel.

    Without ``use_input_stats`` mean and variance are the given ones, as in `batch_norm`. Other arguments as there.
    D. Ulyanov, A. Vedaldi, V. Lempitsky, Instance normalization (2016).
    """
    op = "instance_norm"
    a = as_float(op, x)
    _channels(op, a, 3)
    if not use_input_stats:
        return _by_statistics(op, a, running_mean, running_var, weight, bias, eps, 1)
    _several(op, a, tuple(range(2, a.ndim)))
    return _scaled(op, _standardized(a, tuple(range(2, a.ndim)), eps), weight, bias, (1,))


def batch_norm(
    x: Operand,
    running_mean: Operand | None = None,
    running_var: Operand | None = None,
    weight: Operand | None = None,
    bias: Operand | None = None,
    training: bool | None = None,
    eps: float = 1e-5,
    axis: int = 1,
) -> Tensor:
    """x with every channel less a mean and divided by a standard deviation; channels are ``axis``.

    With ``training`` they are those of x over all other axes; else ``running_mean`` and ``running_var``, one number per
    channel, as are ``weight`` and ``bias``. None leaves that to the session: ``mode="train"`` takes those of x,
    ``mode="eval"`` and no mode the running ones. Nothing is changed: `batch_statistics` gives the next running ones.
    S. Ioffe, C. Szegedy, Batch normalization (2015).
    """
    op = "batch_norm"
    a = as_float(op, x)
    place = _channels(op, a, 2, axis)
    if not training:
        evaluated = _by_statistics(op, a, running_mean, running_var, weight, bias, eps, place)
    others = tuple(k for k in range(a.ndim) if k != place)
    if training is False or (training is None and dims.product(a.shape[k] for k in others) == 1):
        return evaluated
    _several(op, a, others)
    trained = _scaled(op, _standardized(a, others, eps), weight, bias, (place,))
    return trained if training else elementwise.where(in_training(False), trained, evaluated)


def batch_statistics(
    x: Operand, running_mean: Operand, running_var: Operand, momentum: float = 0.1, axis: int = 1
) -> tuple[Tensor, Tensor]:
    """What running mean and variance are after a batch: (1 - momentum) of them and momentum of those of x.

    The variance of x is the unbiased one, as in torch. They are constants to derivatives. Variables keep them::

        next_mean, next_var = sa.nn.batch_statistics(x, mean, var)
        train = sa.compile(loss, inputs=[x], updates={**optimizer.minimize(loss), mean: next_mean, var: next_var})
    """
    op = "batch_statistics"
    a = as_float(op, x)
    place = _channels(op, a, 2, axis)
    others = tuple(k for k in range(a.ndim) if k != place)
    _several(op, a, others)
    found = []
    for running, new in ((running_mean, reductions.mean(a, others)), (running_var, reductions.var(a, others, ddof=1))):
        r = to_tensor(running)
        found.append(cast((1 - momentum) * r + momentum * cast(new, r.dtype), r.dtype).detach())
    return found[0], found[1]


def _several(op: str, x: Tensor, axes: tuple[int, ...]) -> None:
    if dims.product(x.shape[a] for a in axes) == 1:
        raise ShapeError(f"{op}: one number has no variance to divide by; give running statistics ({describe(x)})")


def _by_statistics(
    op: str,
    x: Tensor,
    mean: Operand | None,
    var: Operand | None,
    weight: Operand | None,
    bias: Operand | None,
    eps: float,
    axis: int,
) -> Tensor:
    if mean is None or var is None:
        raise ConfigError(f"{op}: without statistics of x itself, running_mean and running_var are needed")
    names = ("running variance", "running mean")
    scale = elementwise.rsqrt(as_float(op, var) + eps)
    centred = _scaled(op, x, None, elementwise.negative(mean), (axis,), names)
    return _scaled(op, _scaled(op, centred, scale, None, (axis,), names), weight, bias, (axis,))


def local_response_norm(x: Operand, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x of (batch, channels, …) divided by (k + alpha m)**beta: m is the mean square of ``size`` channels around.

    Channels beyond the ends count as 0. A. Krizhevsky, I. Sutskever, G. Hinton, ImageNet classification (2012).
    """
    op = "local_response_norm"
    a = as_float(op, x)
    _channels(op, a, 3)
    if type(size) is not int or size < 1:
        raise ConfigError(f"{op}: the number of channels is an int from 1, not {size!r}")
    widths = [(0, 0)] * a.ndim
    widths[1] = (size // 2, (size - 1) // 2)
    squares = pad(elementwise.square(a), widths)
    total = squares[:, : a.shape[1]]
    for first in range(1, size):
        total = total + squares[:, first : first + a.shape[1]]
    return a / (k + alpha / size * total) ** beta
