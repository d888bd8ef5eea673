"""The steps that random graphs grow by: each picks tensors of a graph and makes a new one, or None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from tests.harness import random_ops
from tests.harness.families import ALL, FLOATS
from tests.harness.library_cases import FAMILIES
from tests.harness.random_bits import bits, drawing, rejecting

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

SMOOTH = (
    sa.exp, sa.expm1, sa.sin, sa.cos, sa.tanh, sa.sigmoid, sa.softplus, sa.erf, sa.square, sa.negative, sa.absolute,
    sa.relu,
)  # fmt: skip
PARTIAL = (sa.log, sa.log1p, sa.sqrt, sa.rsqrt, sa.reciprocal, sa.tan)
ROUNDING = (sa.floor, sa.ceil, sa.trunc, sa.rint, sa.sign)
BINARY = (sa.add, sa.subtract, sa.multiply, sa.maximum, sa.minimum)
DIVIDING = (sa.divide, sa.floor_divide, sa.remainder)
COMPARING = (sa.equal, sa.not_equal, sa.less, sa.less_equal, sa.greater, sa.greater_equal)
LOGICAL = (sa.logical_and, sa.logical_or, sa.logical_xor)


def is_float(t: Tensor) -> bool:
    return t.dtype.kind == "f"


def not_bool(t: Tensor) -> bool:
    return t.dtype.kind != "b"


def has_axes(t: Tensor) -> bool:
    return t.ndim > 0


def tame(build: Builder, t: Tensor) -> Tensor:
    """Most of the time a bounded version, so that not every graph ends in infinities."""
    return sa.tanh(t) * 1.5 if build.chance(0.6) else t


def positive(build: Builder, t: Tensor) -> Tensor:
    return sa.absolute(t) + 0.3 if build.chance(0.8) else t


def smooth(build: Builder) -> Tensor | None:
    x = build.pick(is_float)
    return None if x is None else build.choose(SMOOTH)(tame(build, x))


def partial_function(build: Builder) -> Tensor | None:
    x = build.pick(is_float)
    return None if x is None else build.choose(PARTIAL)(positive(build, tame(build, x)))


def rounding(build: Builder) -> Tensor | None:
    x = build.pick(not_bool)
    return None if x is None else build.choose(ROUNDING)(x)


def partner(build: Builder, x: Tensor) -> Any:
    """Something to combine with x: a tensor, a number, a view of x."""
    kind = build.rng.random()
    if kind < 0.2:
        return float(build.rng.normal()) if is_float(x) else int(build.rng.integers(1, 5))
    if kind < 0.3 and x.ndim == 2:
        return sa.transpose(x)
    if kind < 0.4 and x.ndim:
        return sa.sum(x, axis=int(build.rng.integers(x.ndim)), keepdims=True)
    return build.pick(lambda t: t.ndim == 0 or x.ndim == 0 or t.shape[-1] in (1, x.shape[-1]))


def binary(build: Builder) -> Tensor | None:
    x = build.pick(not_bool)
    y = None if x is None else partner(build, x)
    if y is None:
        return None
    return build.choose(BINARY)(x, y) if build.chance(0.7) else build.choose(BINARY)(y, x)


def dividing(build: Builder) -> Tensor | None:
    x = build.pick(not_bool)
    y = None if x is None else partner(build, x)
    if y is None:
        return None
    if isinstance(y, Tensor) and is_float(y):
        y = positive(build, y)
    return build.choose(DIVIDING)(x, y)


def powered(build: Builder) -> Tensor | None:
    x = build.pick(not_bool)
    if x is None:
        return None
    if build.chance(0.7):
        return x ** build.choose((2, 3, 1, 0, 4)) if not is_float(x) else x ** build.choose((2, 3, 0.5, -1, 1, 2.5, 0))
    y = build.pick(is_float)
    return None if y is None or not is_float(x) else positive(build, tame(build, x)) ** tame(build, y)


def comparing(build: Builder) -> Tensor | None:
    x = build.pick()
    y = None if x is None else partner(build, x)
    return None if y is None else build.choose(COMPARING)(x, y)


def logical(build: Builder) -> Tensor | None:
    x, y = build.pick(lambda t: t.dtype.kind == "b"), build.pick()
    return None if x is None or y is None else build.choose(LOGICAL)(x, y)


def selecting(build: Builder) -> Tensor | None:
    condition, x = build.pick(lambda t: t.dtype.kind == "b"), build.pick()
    y = None if x is None else partner(build, x)
    if y is None:
        return None
    return sa.where(sa.greater(x, y) if condition is None else condition, x, y)


def classifying(build: Builder) -> Tensor | None:
    x = build.pick()
    return None if x is None else build.choose((sa.isnan, sa.isfinite, sa.isinf, sa.logical_not))(x)


def casting(build: Builder) -> Tensor | None:
    """Floats beyond the range of an integer have no value there; they are clipped first."""
    x = build.pick()
    if x is None:
        return None
    dtype = build.choose(ALL if build.chance(0.5) else FLOATS)
    if is_float(x) and dtype.kind in "iu":
        x = sa.clip(sa.where(sa.isfinite(x), x, 0), 0 if dtype.kind == "u" else -100, 100)
    return x.astype(dtype)


def some_axes(build: Builder, x: Tensor) -> Any:
    if x.ndim == 0 or build.chance(0.25):
        return None
    count = int(build.rng.integers(1, x.ndim + 1))
    return tuple(int(a) for a in build.rng.permutation(x.ndim)[:count])


def has_elements(build: Builder, x: Tensor, axes: Any) -> bool:
    sizes = build.concrete(x)
    return all(sizes[a] for a in (range(x.ndim) if axes is None else axes))


def reducing(build: Builder) -> Tensor | None:
    x = build.pick()
    if x is None:
        return None
    axes = some_axes(build, x)
    choices: list[Any] = [sa.sum, sa.prod, sa.any, sa.all]
    if has_elements(build, x, axes):
        choices += [sa.max, sa.min, sa.mean, sa.var]
    return build.choose(choices)(x, axis=axes, keepdims=build.chance(0.3))


def extreme_place(build: Builder) -> Tensor | None:
    x = build.pick(has_axes)
    if x is None:
        return None
    axis = int(build.rng.integers(x.ndim))
    return build.choose((sa.argmax, sa.argmin))(x, axis=axis) if build.concrete(x)[axis] else None


def normalizing(build: Builder) -> Tensor | None:
    x = build.pick(lambda t: is_float(t) and t.ndim > 0)
    if x is None:
        return None
    axis = int(build.rng.integers(x.ndim))
    if not build.concrete(x)[axis]:
        return None
    return build.choose((sa.softmax, sa.log_softmax, sa.logsumexp))(tame(build, x), axis=axis)


def rearranging(build: Builder) -> Tensor | None:
    x = build.pick(has_axes)
    if x is None:
        return None
    axis = int(build.rng.integers(x.ndim))
    kind = int(build.rng.integers(6))
    if kind == 0:
        return sa.transpose(x, [int(a) for a in build.rng.permutation(x.ndim)])
    if kind == 1:
        return sa.flip(x, axis)
    if kind == 2:
        return sa.expand_dims(x, int(build.rng.integers(x.ndim + 1)))
    if kind == 3:
        return sa.reshape(x, -1)
    if kind == 4:
        return sa.swapaxes(x, axis, int(build.rng.integers(x.ndim)))
    return sa.broadcast_to(x, (build.choose((1, 2, 3)), *x.shape))


def slicing(build: Builder) -> Tensor | None:
    x = build.pick(has_axes)
    if x is None:
        return None
    key: list[Any] = []
    for size in build.concrete(x)[: int(build.rng.integers(1, x.ndim + 1))]:
        bounds = [None, None, *range(-size - 1, size + 2)]
        if size and build.chance(0.15):
            key.append(int(build.rng.integers(-size, size)))
        elif build.chance(0.1):
            key.append(None)
        else:
            key.append(slice(build.choose(bounds), build.choose(bounds), build.choose((None, None, 1, 2, 3, -1, -2))))
    return x[tuple(key)]


def joining(build: Builder) -> Tensor | None:
    x = build.pick(has_axes)
    if x is None:
        return None
    y = build.pick(lambda t: t.ndim == x.ndim) if build.chance(0.6) else x
    axis = int(build.rng.integers(x.ndim))
    return sa.stack([x, x * 2 if not_bool(x) else x], axis) if build.chance(0.3) else sa.concatenate([x, y], axis)


def padding(build: Builder) -> Tensor | None:
    x = build.pick(has_axes)
    if x is None:
        return None
    return sa.pad(x, [tuple(int(w) for w in build.rng.integers(0, 3, 2)) for _ in range(x.ndim)])


def multiplying(build: Builder) -> Tensor | None:
    x = build.pick(lambda t: t.ndim >= 1 and not_bool(t))
    if x is None:
        return None
    y = build.pick(lambda t: t.ndim >= 1 and not_bool(t) and t.shape[max(-2, -t.ndim)] == x.shape[-1])
    if y is None:
        return x @ (sa.transpose(x) if x.ndim == 2 else x)
    return x @ y


def index_for(build: Builder, size: int, shape: tuple[Any, ...]) -> Any:
    """Integers that are legal for an axis: a constant, or made of numbers of the graph."""
    if build.chance(0.5) or not all(isinstance(s, int) for s in shape):
        source = build.pick(lambda t: t.dtype.kind in "iu" and t.dtype != np.uint64)
        if source is not None:
            return sa.remainder(source.astype("int64"), size) - (size if build.chance(0.3) else 0)
    return build.rng.integers(-size, size, [s if isinstance(s, int) else 2 for s in shape])


def gathering(build: Builder) -> Tensor | None:
    x = build.pick(has_axes)
    if x is None:
        return None
    axis = int(build.rng.integers(x.ndim))
    size = build.concrete(x)[axis]
    if not size:
        return None
    index = index_for(build, size, (3,) if build.chance(0.7) else (2, 2))
    if build.chance(0.3):
        return x[index] if axis == 0 else x[(slice(None),) * axis + (index,)]
    return sa.take(x, index, axis=axis)


def gathering_along(build: Builder) -> Tensor | None:
    x = build.pick(has_axes)
    if x is None or not build.concrete(x)[-1]:
        return None
    index = sa.argmax(x, axis=-1, keepdims=True)
    return sa.take_along_axis(x, index, axis=-1)


def scattering(build: Builder) -> Tensor | None:
    x = build.pick(lambda t: t.ndim > 0 and not_bool(t))
    if x is None:
        return None
    size = build.concrete(x)[0]
    if not size:
        return None
    index = index_for(build, size, (3,))
    target = x.at[index]
    value = build.choose((1, x[index] * 2, sa.sum(x, axis=0)))
    return build.choose((target.set, target.add, target.multiply, target.min, target.max))(value)


def writing(build: Builder) -> Tensor | None:
    """A slice replaced or added to."""
    x = build.pick(lambda t: t.ndim > 0 and not_bool(t))
    if x is None:
        return None
    size = build.concrete(x)[0]
    first, last = sorted(int(i) for i in build.rng.integers(0, size + 1, 2))
    key = slice(first, last, build.choose((1, 1, 2)))
    target = x.at[key]
    return build.choose((target.set, target.add))(build.choose((1, x[key] * 2)))


def diagonal_parts(build: Builder) -> Tensor | None:
    x = build.pick(lambda t: t.ndim == 2 and not_bool(t))
    if x is None:
        return None
    return build.choose((sa.diagonal, sa.trace, sa.tril, sa.triu))(x)


def counting(build: Builder) -> Tensor | None:
    """Sizes and indices as numbers."""
    x = build.pick(has_axes)
    if x is None:
        return None
    size = x.shape[0]
    return build.choose((
        lambda: sa.arange(size) * 1.5,
        lambda: x + size if not_bool(x) else None,
        lambda: sa.zeros(x.shape, x.dtype),
        lambda: sa.full(x.shape, 2, "float32"),
        lambda: sa.one_hot(sa.arange(size), 3),
    ))()  # fmt: skip


def stopping(build: Builder) -> Tensor | None:
    x = build.pick(is_float)
    return None if x is None else sa.stop_gradient(x)


def factoring(build: Builder) -> Tensor | None:
    """Routines of a matrix that is far from singular."""
    x = build.pick(lambda t: is_float(t) and t.ndim == 1)
    if x is None:
        return None
    v = sa.where(sa.isfinite(x), sa.tanh(x), 0.5)
    column = sa.expand_dims(v, 1)
    matrix = column * v + 2 * sa.eye(x.shape[0], dtype=x.dtype)
    kind = int(build.rng.integers(4))
    if kind == 0:
        return sa.linalg.cholesky(matrix)
    if kind == 1:
        return sa.linalg.solve(matrix, column)
    if kind == 2:
        return sa.linalg.solve_triangular(matrix, column, lower=True)
    sign, logarithm = sa.linalg.slogdet(matrix)
    return sign * logarithm


STEPS = (
    smooth, smooth, smooth, partial_function, rounding, binary, binary, binary, binary, dividing, powered, comparing,
    logical, selecting, selecting, classifying, casting, reducing, reducing, reducing, extreme_place, normalizing,
    rearranging, rearranging, slicing, slicing, joining, padding, multiplying, multiplying, gathering, gathering_along,
    scattering, writing, diagonal_parts, counting, stopping, bits, drawing, rejecting, factoring,
    *random_ops.STEPS, *(step for family in FAMILIES for step in family.steps),
)  # fmt: skip
