"""Discrete Fourier transforms along an axis, all without a factor.

    fft:    y[k] = sum over j of x[j] w^(j k),  w = exp(-2 pi i / n), or exp(2 pi i / n) if ``inverse``
    rfft:   the first n // 2 + 1 of these for real x, from which the others follow: y[n - k] = conj(y[k])
    irfft:  x[j] = sum over k of y[k] exp(2 pi i j k / n), where the other half of y follows in that way

They are linear, and the matrix of the first one is symmetric: so their derivatives are these transforms again. Kernels
have `FOURIER_PARTS`, which graphs become when they are made real (`staticad.pairs.fourier`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from staticad.errors import DTypeError, FeedError, ShapeError
from staticad.ir.demands import Needed
from staticad.ir.dims import Size, floordiv
from staticad.ir.dtypes import complex_dtype, real_dtype
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.types import Demands, TensorType, same_size
from staticad.ops.arithmetic import MUL
from staticad.ops.base import Inferred, Op, apply
from staticad.ops.comparison import EQUAL, LOGICAL_OR
from staticad.ops.complex import COMPLEX, CONJ
from staticad.ops.creation import fill, indices, size_tensor
from staticad.ops.movement import EXPAND_DIMS
from staticad.ops.selection import WHERE
from staticad.ops.sources import constant


class Fourier(Op):
    """Transforms along an axis, attr axis."""

    family, remembered = "fourier", True
    title = "Fourier transforms"
    about = "Along one axis, of any length, in O(n log n) operations; without a factor."
    ulps = None


class Transform(Fourier):
    """One operand; ``operand`` is the kind of its dtype, "f" or "c"."""

    linear = True

    def __init__(self, name: str, *, operand: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.operands = operand

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        axis = attrs["axis"]
        if x.dtype.kind != self.operands:
            raise DTypeError(f"{x.dtype} instead of {'a float' if self.operands == 'f' else 'a complex type'}")
        with Demands() as demands:
            size, dtype = self.made(x.shape[axis], x.dtype, attrs, demands)
            if x.shape[axis] == 0 or size == 0:
                raise ShapeError("a transform of no elements; give at least one")
            return (TensorType((*x.shape[:axis], size, *x.shape[axis + 1 :]), dtype),), demands.close()

    def made(self, size: Size, dtype: np.dtype, attrs: Attrs, demands: Demands) -> tuple[Size, np.dtype]:
        """The size of the axis and the dtype of the result."""
        return size, dtype

    def needed(self, node: Node) -> list[Needed]:
        sizes = {node.inputs[0].shape[node.attrs["axis"]], node.types[0].shape[node.attrs["axis"]]}
        text = f"{self.called} over axis {node.attrs['axis']} of {node.inputs[0].type} needs at least one element there"
        return [Needed(size, 1, FeedError, text) for size in sizes]


class RealTransform(Transform):
    """Of real numbers: half of the result."""

    result = "complex"

    def made(self, size: Size, dtype: np.dtype, attrs: Attrs, demands: Demands) -> tuple[Size, np.dtype]:
        return floordiv(size, 2) + 1, complex_dtype(dtype)


class RealInverse(Transform):
    """To real numbers, attr n."""

    result = "float"

    def made(self, size: Size, dtype: np.dtype, attrs: Attrs, demands: Demands) -> tuple[Size, np.dtype]:
        half = floordiv(attrs["n"], 2) + 1
        if same_size(size, half, demands) is None:
            raise ShapeError(f"{size} numbers instead of the {half} of which {attrs['n']} real ones are made")
        return attrs["n"], real_dtype(dtype)


class FourierParts(Fourier):
    """The real part, the imaginary one if there is one, and the table of roots of unity, cosines and sines of
    2 pi k / n as two rows; perhaps six rows more, with which a length that has a large prime factor becomes that of a
    convolution (`staticad.pairs.fourier`). With attr inverse there are both parts. Real and imaginary parts of the
    result lie side by side on a last axis. With attr closed its first number stands behind the last one again.
    """

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        parts, table, _ = parts_and_tables(inputs)
        if len({t.dtype for t in inputs}) > 1 or table.dtype.kind != "f":
            raise DTypeError("the parts and the roots of unity have to be of one float type")
        with Demands() as demands:
            for size, other in [
                *((size, other) for part in parts for size, other in zip(parts[0].shape, part.shape, strict=True)),
                (table.shape[1], parts[0].shape[attrs["axis"]]),
            ]:
                if same_size(size, other, demands) is None:
                    raise ShapeError(f"sizes {size} and {other} differ")
            axis, shape = attrs["axis"], parts[0].shape
            size = shape[axis] + int(attrs["closed"])
            return (TensorType((*shape[:axis], size, *shape[axis + 1 :], 2), parts[0].dtype),), demands.close()


Operand = TypeVar("Operand", TensorType, Tensor, np.ndarray)


def parts_and_tables(inputs: Sequence[Operand]) -> tuple[Sequence[Operand], Operand, Operand | None]:
    """The parts that `FourierParts` transforms, its table of roots of unity, and that for a convolution."""
    if inputs[-1].shape[0] == 2:
        return inputs[:-1], inputs[-1], None
    return inputs[:-2], inputs[-2], inputs[-1]


# ---- derivatives -----------------------------------------------------------------------------------------------------


def _at_ends(like: Tensor, axis: int, n: Size, ends: float, between: float) -> Tensor:
    """A number for the places 0 and n/2 of an axis, another one for those between, as complex numbers."""
    place = indices((like.shape[axis],), 0)
    double = apply(MUL, place, constant(2))
    end = apply(LOGICAL_OR, apply(EQUAL, place, constant(0)), apply(EQUAL, double, size_tensor(n)))
    dtype = real_dtype(like.dtype)
    numbers = apply(WHERE, end, constant(ends, dtype), constant(between, dtype))
    if like.ndim > axis + 1:
        numbers = apply(EXPAND_DIMS, numbers, axes=tuple(range(1, like.ndim - axis)))
    return apply(COMPLEX, numbers, fill((), 0, dtype))


def _rfft_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int) -> tuple[Tensor]:
    """Re(sum over k of g[k] w^(j k)): half of what irfft makes of conj(g), but at the ends, which stand there once."""
    n = x.shape[axis]
    return (apply(IRFFT, apply(CONJ, apply(MUL, g, _at_ends(g, axis, n, 1, 0.5))), axis=axis, n=n),)


def _irfft_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int, n: Size) -> tuple[Tensor]:
    """The adjoint: each number stands in the sum twice but for the ends."""
    half = apply(CONJ, apply(RFFT, g, axis=axis))
    return (apply(MUL, half, _at_ends(half, axis, n, 1, 2)),)


# ---- reference -------------------------------------------------------------------------------------------------------


def _fft_numpy(x: np.ndarray, axis: int, inverse: bool) -> np.ndarray:
    result = np.fft.ifft(x, axis=axis, norm="forward") if inverse else np.fft.fft(x, axis=axis)
    return result.astype(x.dtype)


def _rfft_numpy(x: np.ndarray, axis: int) -> np.ndarray:
    return np.fft.rfft(x, axis=axis).astype(complex_dtype(x.dtype))


def _irfft_numpy(x: np.ndarray, axis: int, n: int) -> np.ndarray:
    return np.fft.irfft(x, n, axis=axis, norm="forward").astype(real_dtype(x.dtype))


def _parts_numpy(*operands: np.ndarray, axis: int, inverse: bool, closed: bool) -> np.ndarray:
    parts, _, _ = parts_and_tables(operands)
    z = parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]
    result = np.fft.ifft(z, axis=axis, norm="forward") if inverse else np.fft.fft(z, axis=axis)
    if closed:
        result = np.concatenate([result, np.take(result, [0], axis)], axis)
    return np.stack([result.real, result.imag], -1).astype(parts[0].dtype)


FFT: Transform = Transform(
    "fft",
    operand="c",
    numpy=_fft_numpy,
    vjp=lambda g, y, x, axis, inverse: (apply(FFT, g, axis=axis, inverse=inverse),),
    notes="attrs axis, inverse (the other sign of the exponent)",
)
RFFT: Transform = RealTransform(
    "rfft", operand="f", numpy=_rfft_numpy, vjp=_rfft_vjp, notes="of real numbers; half of the result"
)
IRFFT: Transform = RealInverse(
    "irfft",
    operand="c",
    numpy=_irfft_numpy,
    vjp=_irfft_vjp,
    notes="n real numbers of half of their transform; the imaginary parts at its ends are not read",
)
FOURIER_PARTS = FourierParts(
    "fourier_parts",
    numpy=_parts_numpy,
    nondifferentiable=True,
    called="fft",
    notes="`fft`, with its attrs, on parts of numbers and roots of unity; attr closed; what complex graphs become",
)

FOURIER_OPS = (FFT, RFFT, IRFFT, FOURIER_PARTS)

__all__ = ["FFT", "FOURIER_OPS", "FOURIER_PARTS", "IRFFT", "RFFT"]
