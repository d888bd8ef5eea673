"""complex64 against torch: values, first and second derivatives. The judge is torch in complex128, and what torch in
complex64 is off says how many digits a function loses at these numbers.

torch's gradients are the conjugates of these (docs/complex.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("torch")
RNG = np.random.default_rng(4)
Z = (RNG.uniform(0.3, 0.9, (3, 3)) + 1j * RNG.uniform(-0.9, 0.9, (3, 3))).astype(np.complex64)
W = (RNG.uniform(0.3, 1.5, (3, 3)) - 1j * RNG.uniform(0.3, 1.5, (3, 3))).astype(np.complex64)
Call = Callable[[Any, Any, Any], Any]

# Of the module m, and of z and w, which are 3 x 3 complex numbers in the right half of the plane.
ELEMENTWISE: dict[str, Call] = {
    **{name: lambda m, z, w, name=name: getattr(m, name)(z) for name in (
        "exp", "log", "log10", "log2", "log1p", "expm1", "sqrt", "square", "reciprocal", "negative", "positive", "sin",
        "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "abs",
        "real", "imag", "angle", "conj", "rsqrt", "sinc", "sigmoid",
    )},
    **{name: lambda m, z, w, name=name: getattr(m, name)(z, w) for name in ("add", "subtract", "multiply", "divide")},
    "silu": lambda m, z, w: sa.nn.silu(z * w) if m is sa else z * w * m.sigmoid(z * w),  # torch's has no derivative
    "a power": lambda m, z, w: z**w, "numbers as powers": lambda m, z, w: z**3 + z**-2 + z**0.5 + 2.0**z,
    "parts": lambda m, z, w: m.real(z) * w + m.imag(w) * z, "where": lambda m, z, w: m.where(abs(z) > 0.7, z * w, w),
}  # fmt: skip
SUMS: dict[str, Call] = {
    "sum, mean, prod": lambda m, z, w: z.sum() * z.mean() + m.prod(z, 0),
    "cumsum, cumprod": lambda m, z, w: m.cumsum(z, 1) * m.cumprod(w, 0),
    "var": lambda m, z, w: m.var(z, 0), "norm": lambda m, z, w: m.linalg.norm(z, axis=1),
    "matmul": lambda m, z, w: z @ w @ z[0], "einsum": lambda m, z, w: m.einsum("ij,kj->ik", z, w),
    "vdot": lambda m, z, w: m.vdot(z[0], w[1]) * z[1], "outer": lambda m, z, w: m.outer(z[0], w[1]),
    "moves": lambda m, z, w: m.concatenate([m.roll(z, 1, 0), m.flip(w, (0,)), m.tril(z @ w)]),
    "fft": lambda m, z, w: m.fft.fft(z, 4) * m.fft.ifft(w, 4), "irfft": lambda m, z, w: m.fft.irfft(z, 4),
    "hfft": lambda m, z, w: m.fft.hfft(z, 3, norm="ortho"), "fft2": lambda m, z, w: m.fft.fft2(z) / m.fft.ifft2(w),
}  # fmt: skip
MATRICES: dict[str, Call] = {
    "inv, det": lambda m, z, w: m.linalg.inv(z) * m.linalg.det(w),
    "solve": lambda m, z, w: m.linalg.solve(z, w), "slogdet": lambda m, z, w: m.linalg.slogdet(z)[1] * z,
    "cholesky": lambda m, z, w: m.linalg.cholesky(_definite(z, w)), "pinv": lambda m, z, w: m.linalg.pinv(z[:, :2]),
    "eigvalsh": lambda m, z, w: m.linalg.eigvalsh(_definite(z, w)), "svdvals": lambda m, z, w: m.linalg.svdvals(z),
    "matrix_power": lambda m, z, w: m.linalg.matrix_power(z, 3), "qr": lambda m, z, w: abs(m.linalg.qr(z)[1]),
    "eigvals": lambda m, z, w: (m.linalg.eigvals(z) ** 2).sum(), "lstsq": lambda m, z, w: m.linalg.lstsq(z, w)[0],
    "expm": lambda m, z, w: getattr(m.linalg, "expm" if m is sa else "matrix_exp")(z / 2),
}  # fmt: skip
UNITS = 8  # of float32, relative to the largest element
TIMES = 4  # the error of torch
REFUSED = ("eigvalsh",)  # torch takes the rounding of its second derivative in complex64 for a phase


def _definite(z: Any, w: Any) -> Any:
    return z @ z.mT.conj() + w @ w.mT.conj()


def total(y: Any) -> Any:
    """A real number that depends on both parts of y, and not on y and its conjugate alike."""
    y = y * (0.5 + 0.25j)
    return (y.real**2).sum() + (y.imag * y.real).sum() + y.imag.sum()


def ours(call: Call, z: sa.Tensor, w: sa.Tensor) -> list[sa.Tensor]:
    y = call(sa, z, w)
    first = sa.gradients(total(y), [z, w], unconnected="zero")
    return [y, *first, *sa.gradients(sum(total(g * g) for g in first), [z, w], unconnected="zero")]


def theirs(call: Call, dtype: str) -> list[np.ndarray]:
    import torch

    z, w = (torch.tensor(a.astype(dtype), requires_grad=True) for a in (Z, W))
    given: Any = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
    y = call(Peer(), z, w)
    first = [g.conj() for g in torch.autograd.grad(total(y), [z, w], **given)]
    changed = sum(total(g * g) for g in first)
    second = [torch.zeros_like(z)] * 2
    if changed.requires_grad:
        second = [g.conj() for g in torch.autograd.grad(changed, [z, w], **given)]
    return [t.detach().resolve_conj().resolve_neg().numpy() for t in (y, *first, *second)]


class Peer:
    """torch under NumPy's names."""

    def __getattr__(self, name: str) -> Any:
        import torch

        others = {"vdot": lambda a, b: (a.conj() * b).sum(), "var": lambda z, axis: torch.var(z, axis, correction=0),
                  "log1p": lambda z: torch.log(1 + z), "rsqrt": torch.rsqrt, "outer": torch.outer,
                  "sinc": torch.sinc}  # fmt: skip
        return others.get(name) or getattr(torch, name)


@pytest.mark.parametrize("calls", [ELEMENTWISE, SUMS, MATRICES], ids=["elementwise", "sums", "matrices"])
def test_values_and_derivatives(calls: dict[str, Call]) -> None:
    z, w = sa.placeholder(Z.shape, "complex64"), sa.placeholder(W.shape, "complex64")
    nodes = {name: ours(call, z, w) for name, call in calls.items()}
    found = sa.compile(nodes, [z, w])(Z, W)
    wrong = []
    for name, call in calls.items():
        wide = theirs(call, "complex128")
        narrow = (
            [a.astype(f"{a.dtype.kind}{a.itemsize // 2}") for a in wide]
            if name in REFUSED
            else theirs(call, "complex64")
        )
        for order, (mine, other, exact) in enumerate(zip(found[name], narrow, wide, strict=True)):
            assert (mine.dtype, mine.shape) == (other.dtype, other.shape), name
            unit = np.finfo(np.float32).eps * np.abs(exact).max(initial=1e-3)
            error, others = (float(np.abs(a - exact).max() / unit) for a in (mine, other))
            if not error <= UNITS + TIMES * others:
                wrong.append(f"{name}, result {order}: {error:.1f} units, those of torch are {others:.1f}")
    assert not wrong, "\n".join(wrong)
