"""The exponential of a matrix.

The derivative follows R. Mathias, A chain rule for matrix functions (1996), and is made of ops again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ABS, DIV, MUL
from staticad.ops.assemble import CONCATENATE
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.comparison import ISFINITE, LESS, LOGICAL_AND
from staticad.ops.complex import MODULUS
from staticad.ops.creation import fill
from staticad.ops.library import Library
from staticad.ops.matrices import as_numbers
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, swapped
from staticad.ops.reduce import SUM
from staticad.ops.selection import WHERE
from staticad.ops.slicing import SLICE

# Of the approximation of degree 13, which holds for norms up to the limit (N. Higham, The scaling and squaring method
# for the matrix exponential revisited, 2005), or roots of norms of powers up to the other one (A. Al-Mohy and
# N. Higham, A new scaling and squaring algorithm for the matrix exponential, 2009).
PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
    10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
LARGEST = 5.371920351148152
LARGEST_ROOT = 4.25


def _expm_numpy(a: np.ndarray) -> np.ndarray:
    result = np.empty_like(a)
    for place in np.ndindex(a.shape[:-2]):
        result[place] = _exponential(a[place])
    return result


def _norm(a: np.ndarray) -> float:
    return float(np.abs(a).sum(1).max(initial=0))


def _exponential(a: np.ndarray) -> np.ndarray:
    """As the routine does it, see `staticad.codegen.lapack_exponential`."""
    real = a.real.dtype.type
    norm = _norm(a)
    if not np.isfinite(norm):
        return np.full_like(a, np.nan)
    lower = not np.triu(a, 1).any()
    upper = not np.tril(a, -1).any()
    if lower and not upper:  # a solver would exchange its rows
        return _exponential(a.T).T
    halvings = 0
    while True:
        scaled = a * real(2.0**-halvings)
        a2 = scaled @ scaled
        a4 = a2 @ a2
        a6 = a2 @ a4
        norms = (_norm(a6), _norm(a4 @ a4), _norm(a4 @ a6))
        if np.isfinite(norms).all() or halvings:
            break
        while norm > (4096.0 if real is np.float32 else 1.2e30):  # of which the tenth power is a number
            norm, halvings = norm / 2, halvings + 1
    if norm > LARGEST:
        more = _halvings(np.abs(scaled), norm, norms)
        scaled, a2, a4, a6 = (x * real(2.0 ** (-more * k)) for x, k in ((scaled, 1), (a2, 2), (a4, 4), (a6, 6)))
        halvings += more
    one, b = np.eye(len(a), dtype=a.dtype), [a.dtype.type(number) for number in PADE]
    odd = a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one
    odd = scaled @ odd
    x = np.linalg.solve(even - odd, even + odd) if a.size else a
    for turn in range(halvings + 1):
        x = x @ x if turn else x
        if upper and halvings:
            _renew(x, a * real(2.0 ** (turn - halvings)))
    return x


def _halvings(size: np.ndarray, norm: float, norms: tuple[float, float, float]) -> int:
    """How often a matrix is halved, whose powers 6, 8 and 10 have these norms, and absolute values ``size``."""
    sixth, eighth, tenth = norms
    left_out = 0.0850435 if size.dtype == np.float32 else 0.184249  # (c / u)**(1 / 26), c of the first term left out
    halvings = 0
    while norm > LARGEST:
        if eighth <= LARGEST_ROOT**8 and (sixth <= LARGEST_ROOT**6 or tenth <= LARGEST_ROOT**10):
            power = np.ones(len(size))
            for _ in range(27):
                power = size @ power * (left_out * 2.0**-halvings)
            if power.max() <= left_out * norm:
                break
        halvings, norm = halvings + 1, norm / 2
        sixth, eighth, tenth = sixth * 2.0**-6, eighth * 2.0**-8, tenth * 2.0**-10
    return halvings


def _renew(x: np.ndarray, a: np.ndarray) -> None:
    """Compute the diagonal of the exponential of an upper triangle, and the one above it, by exponentials."""
    d, rows = np.diagonal(a), np.arange(len(a) - 1)
    mean, half = (d[1:] + d[:-1]) / 2, (d[1:] - d[:-1]) / 2
    square = half * half
    near = np.abs(half) <= 0.01
    safe = np.where(near, 1, half)
    quotient = np.where(near, 1 + square / 6 + square * square / 120, np.sinh(safe) / safe)
    x[rows, rows + 1] = a[rows, rows + 1] * (np.exp(mean) * quotient)
    np.fill_diagonal(x, np.exp(d))


def _frechet(a: Tensor, direction: Tensor) -> Tensor:
    """The derivative in a direction: the upper right part of exp([A E; 0 A]). It is linear in E, so E is taken at the
    size of 1: a large one, as a second derivative has it, would decide how often the block is halved and squared."""
    n, last = a.shape[-1], a.ndim - 1
    direction = apply(BROADCAST_TO, direction, shape=a.shape)
    size = apply(SUM, apply(MODULUS if is_complex(a.dtype) else ABS, direction), axes=(last - 1, last))
    size = apply(EXPAND_DIMS, size, axes=(last - 1, last))
    usual = apply(LOGICAL_AND, apply(LESS, fill((), 0, size.dtype), size), apply(ISFINITE, size))
    size = as_numbers(apply(STOP_GRADIENT, apply(WHERE, usual, size, fill((), 1, size.dtype))), a)
    zero = fill(a.shape, 0, a.dtype)
    above = apply(CONCATENATE, a, apply(DIV, direction, size), axis=last)
    block = apply(CONCATENATE, above, apply(CONCATENATE, zero, a, axis=last), axis=last - 1)
    starts, sizes = (*[0] * (last - 1), 0, n), a.shape
    return apply(MUL, size, apply(SLICE, apply(EXPM, block), starts=starts, steps=(1,) * a.ndim, sizes=sizes))


def _expm_vjp(g: Tensor, y: Tensor, a: Tensor) -> tuple[Tensor]:
    return (_frechet(swapped(a), g),)


def _expm_jvp(ts: Sequence[Tensor | None], y: Tensor, a: Tensor) -> Tensor:
    assert ts[0] is not None
    return _frechet(a, ts[0])


EXPM = Library(
    "expm",
    operands="fc",
    normwise=True,
    signature="(n,n)->(n,n)",
    functions=("gemm", "gesv"),
    workspace=lambda n: 8 * (7 * n * n + n),
    work=lambda n: 24 * n * n * n,
    numpy=_expm_numpy,
    vjp=_expm_vjp,
    jvp=_expm_jvp,
    notes="scaling and squaring; NaN if an element is not finite; the derivative is a part of the exponential of a "
    "matrix of twice the size",
)
