"""What tests do with complex numbers: they are made of real operands, and taken apart again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ops.base import apply, apply_all
from staticad.ops.complex import ANGLE, COMPLEX, CONJ, IMAG, MODULUS, REAL
from staticad.ops.complex_linalg import COMPLEX_LIBRARY_OPS, REAL_LIBRARY_OPS
from staticad.ops.decompositions import EIGH, FULL_QR, FULL_SVD, QR, SVD
from staticad.ops.eigen import EIG, SCHUR, SQRTM, SYLVESTER
from staticad.ops.library import Library
from staticad.ops.linalg import CHOLESKY, LU_FACTOR, LU_SOLVE, SLOGDET, SOLVE_TRIANGULAR
from staticad.ops.matrix_exponential import EXPM
from staticad.ops.matrix_functions import LSTSQ, LU, PIVOT_ORDER
from tests.harness.cases import Case, Input
from tests.harness.families import FLOATS
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder


def _of_parts(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda a, b: function(apply(COMPLEX, a, b))


OPS: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
    "real": (lambda z: apply(REAL, z), 0),
    "imag": (lambda z: apply(IMAG, z), 0),
    "conj": (lambda z: apply(IMAG, apply(CONJ, z)), 0),
    "modulus": (lambda z: apply(MODULUS, z), 3),
    "angle": (lambda z: apply(ANGLE, z), 3),
}


def op_cases() -> Iterator[Case]:
    for name, (function, ulp) in OPS.items():
        operands = tuple(Input(("a", "b")) for _ in range(2))
        yield Case(f"complex {name}", operands, _of_parts(function), "complex", FLOATS, (0.3, 2.0), ulp)
    yield from library_cases()


def front_cases() -> Iterator[Case]:
    def parts(a: Tensor, b: Tensor) -> Tensor:
        z = sa.complex(a, b)
        assert sa.iscomplexobj(z) and sa.isrealobj(a)
        turned = sa.conj(z) * sa.conjugate(sa.complex(b))
        return sa.real(turned) + sa.imag(turned) * sa.angle(z) + sa.where(sa.iscomplex(z) & ~sa.isreal(z), a, b)

    operands = tuple(Input(("a", "b")) for _ in range(2))
    yield Case("parts of complex numbers", operands, parts, "complex", FLOATS, (0.3, 2.0), None, special=False)


def _stored(z: Tensor) -> Tensor:
    """The parts of complex numbers as they lie in memory, of which the routines know."""
    return sa.stack([apply(REAL, z), apply(IMAG, z)], -1)


def _regular(a: Tensor, b: Tensor) -> Tensor:
    return apply(COMPLEX, a * 0.1 + 2 * sa.eye(a.shape[-1], dtype=a.dtype)[::-1], b * 0.1)


FLAGS = {"trans": 1, "lower": 1, "unit": 0}


def library_cases() -> Iterator[Case]:
    """The routines for complex matrices, which take what complex graphs become; of what is not unique what is."""

    def call(op: Library, *operands: Tensor, **attrs: int) -> tuple[Tensor, ...]:
        return apply_all(COMPLEX_LIBRARY_OPS[op], *operands, **attrs)

    def stored(a: Tensor, b: Tensor) -> Tensor:
        return _stored(_regular(a, b))

    def positive(a: Tensor, b: Tensor) -> Tensor:
        z = _regular(a, b) * sa.astype(sa.arange(a.shape[-1]) + 1, a.dtype)
        return _stored(z @ sa.conj(z.mT))

    def factors(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        matrix = stored(a, b)
        return matrix, *call(LU_FACTOR, matrix)  # type: ignore[return-value]

    def sizes(x: Tensor) -> Tensor:
        """The absolute values of stored numbers."""
        return sa.hypot(x[..., 0], x[..., 1])

    def root(a: Tensor, b: Tensor) -> Tensor:
        matrix = positive(a, b)
        return call(SQRTM, matrix, *call(SCHUR, matrix))[0]

    def equation(a: Tensor, b: Tensor) -> Tensor:
        first, second = positive(a, b), positive(b, a)
        return call(SYLVESTER, first, second, *call(SCHUR, first), *call(SCHUR, second), stored(a, b))[0]

    def unordered(values: Tensor) -> Tensor:
        return sa.stack([values.sum(-2), (values * values).sum(-2)])

    builds: dict[str, Callable[..., Tensor]] = {
        "cholesky": lambda a, b: call(CHOLESKY, positive(a, b))[0],
        "lu_factor": lambda a, b: factors(a, b)[1],
        "lu_solve": lambda a, b: call(LU_SOLVE, *factors(a, b), stored(b, a), trans=0)[0],
        "solve_triangular": lambda a, b: call(
            SOLVE_TRIANGULAR, _stored(_regular(a, b)[..., ::-1]), stored(b, a), **FLAGS
        )[0],
        "slogdet": lambda a, b: call(SLOGDET, *factors(a, b))[1],
        "eigh": lambda a, b: call(EIGH, positive(a, b), upper=1)[0],
        "eigh vectors": lambda a, b: sizes(call(EIGH, positive(a, b), upper=0)[1]),
        "svd": lambda a, b: sizes(call(SVD, positive(a, b))[2]),
        "full_svd": lambda a, b: call(FULL_SVD, stored(a, b))[1],
        "qr": lambda a, b: call(QR, stored(a, b))[1],
        "full_qr": lambda a, b: call(FULL_QR, stored(a, b))[0],
        "lu": lambda a, b: call(LU, stored(a, b))[0],
        "pivot_order": lambda a, b: call(PIVOT_ORDER, *call(LU, stored(a, b)))[1],
        "lstsq": lambda a, b: call(LSTSQ, stored(a, b), stored(b, a), sa.constant(0.01, a.dtype))[0],
        "expm": lambda a, b: call(EXPM, stored(a, b))[0],
        "eig": lambda a, b: unordered(call(EIG, positive(a, b))[0]),
        "real eig": lambda a, b: unordered(apply_all(REAL_LIBRARY_OPS[EIG], a)[0]),
        "schur": lambda a, b: sizes(call(SCHUR, positive(a, b))[0]).sum((-1, -2)) * 0,
        "real schur": lambda a, b: apply_all(SCHUR, a)[1].sum((-1, -2)) * 0,
        "sqrtm": root,
        "sylvester": equation,
    }
    for name, build in builds.items():
        yield Case(
            f"complex_{name}", (Input(("a", "a")), Input(("a", "a"))), build, "library", FLOATS,
            ulp=None, special=False, total=False, smooth=False,
        )  # fmt: skip


NUMPY_CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.real: [np.real, lambda x: np.real(x * 1j)],
    np.imag: [np.imag, lambda x: np.imag(x * 1j)],
    np.angle: [np.angle, lambda x: np.angle(x * 1j, deg=True)],
    np.iscomplex: [np.iscomplex, lambda x: np.iscomplex(x * 1j)],
    np.isreal: [np.isreal, lambda x: np.isreal(x * 1j)],
    np.iscomplexobj: [lambda x: x * np.iscomplexobj(x), lambda x: x * np.iscomplexobj(x * 1j)],
    np.isrealobj: [lambda x: x * np.isrealobj(x)],
}

FUNCTIONS = (
    lambda z: z * z, sa.conj, sa.exp, lambda z: z / (2 + sa.abs(z)), lambda z: z * (1 - 2j),
    lambda z: sa.where(z.real > 0, z, 1j),
)  # fmt: skip


def _angle(z: Tensor) -> Tensor:
    """Of a number right of the branch cut."""
    return sa.angle(sa.complex(1 + sa.abs(z.real), z.imag))


def complex_numbers(build: Builder) -> Tensor | None:
    """A few functions of a complex number, of which a part goes on."""
    x = build.pick(lambda t: t.dtype.kind == "f")
    if x is None:
        return None
    z = sa.complex(sa.tanh(x), 0.5 if build.chance(0.3) else sa.sin(x))
    for _ in range(int(build.rng.integers(1, 4))):
        z = build.choose(FUNCTIONS)(z)
    return build.choose((sa.real, sa.imag, sa.abs, _angle))(z)


FAMILY = FamilyCases(op_cases=op_cases, front_cases=front_cases, numpy_calls=NUMPY_CALLS, steps=(complex_numbers,))
