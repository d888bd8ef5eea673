"""What tests do with Fourier transforms: of real operands, and of what is made of the parts of the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.functional.fft.roots import roots
from staticad.ir.dims import floordiv
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.complex import COMPLEX
from staticad.ops.fourier import FFT, FOURIER_PARTS, IRFFT, RFFT
from tests.harness.cases import Case, Input, values
from tests.harness.families import FLOATS
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder


def _case(name: str, inputs: tuple[Input, ...], build: Any, nonzero: str = "", **more: Any) -> Case:
    return Case(name, inputs, build, "fourier", FLOATS, ulp=None, special=False, nonzero=frozenset(nonzero), **more)


def _both(y: Tensor) -> Tensor:
    """One real number of the parts of a complex one."""
    return sa.real(y) - 0.5 * sa.imag(y)


def op_cases() -> Iterator[Case]:
    def half(a: Tensor, b: Tensor) -> Tensor:
        return apply(COMPLEX, a[:, : floordiv(a.shape[1], 2) + 1], b[:, : floordiv(a.shape[1], 2) + 1])

    yield _case(
        "fft", values("abc", "abc"), lambda a, b: _both(apply(FFT, apply(COMPLEX, a, b), axis=1, inverse=False)), "b"
    )
    yield _case("rfft", values("ab"), lambda a: _both(apply(RFFT, a, axis=0)), "a")
    yield _case("irfft", values("ab", "ab"), lambda a, b: apply(IRFFT, half(a, b), axis=1, n=a.shape[1]), "b")
    yield _case(
        "fourier_parts", values("ab", "ab"),
        lambda a, b: apply(
            FOURIER_PARTS, a, b, roots(a.shape[1], a.shape[1], a.dtype), axis=1, inverse=True, closed=True
        ), "b",
        smooth=False,
    )  # fmt: skip


def front_cases() -> Iterator[Case]:
    fft = sa.fft

    def case(name: str, shape: tuple[int | str, ...], build: Callable[[Tensor], Tensor], nonzero: str = "") -> Case:
        return _case(name, (Input(shape),), build, nonzero)

    yield case("fft of 37", ("a", 37), lambda x: _both(fft.fft(x, norm="ortho")))
    yield case("rfft of 12 and irfft", (12, "a"), lambda x: fft.irfft(fft.rfft(x, 10, 0) ** 2, axis=0))
    yield case("fft2 of crops", (3, "a", 6), lambda x: _both(fft.ifft2(fft.fft2(x, (4, 5), (0, 2)), None, (0, 2))))
    yield case("hfft", ("a", 4), lambda x: fft.hfft(x) + sa.real(fft.ihfft(x)[:, :1]))
    yield case("fftshift", ("a", "b"), lambda x: fft.ifftshift(x, 1) * fft.fftshift(x) * fft.fftfreq(x.shape[1]), "b")
    for kind in (1, 2, 3, 4):
        yield case(f"dct {kind}", ("a", 5), partial(fft.dct, type=kind, norm="ortho"))
        yield case(f"idst {kind}", ("a", 4), partial(fft.idst, type=kind))


NUMPY_CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    **{
        function: [lambda x, f=function: np.abs(f(x)), lambda x, f=function: np.abs(f(x, 4, 0, "forward"))]
        for function in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft)
    },
    **{
        function: [lambda x, f=function: np.abs(f(x)), lambda x, f=function: np.abs(f(x, (3, 4), (1, 0), "ortho"))]
        for function in (
            np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2, np.fft.fftn, np.fft.ifftn, np.fft.rfftn,
            np.fft.irfftn,
        )
    },
    np.fft.fftshift: [np.fft.fftshift, lambda x: np.fft.fftshift(x, 1)],
    np.fft.ifftshift: [np.fft.ifftshift, lambda x: np.fft.ifftshift(x, (0,))],
}  # fmt: skip


def transforming(build: Builder) -> Tensor | None:
    """A transform along an axis, and a part of it."""
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim > 0 and t.shape[-1] != 0)
    if x is None:
        return None
    tame = sa.where(sa.isnan(x), 0.5, sa.tanh(x))  # of NaN, NumPy leaves imaginary parts that are always 0
    some = sa.pad(tame, (*((0, 0),) * (x.ndim - 1), (0, 1)))  # sizes may be 0
    y = build.choose((sa.fft.fft, sa.fft.rfft))(some)
    return build.choose((sa.real, sa.imag, lambda z: sa.fft.irfft(z, 3)))(y)


FAMILY = FamilyCases(op_cases=op_cases, front_cases=front_cases, numpy_calls=NUMPY_CALLS, steps=(transforming,))
