"""Cases of the special functions: integers and numbers as operands, weights and signs of logsumexp, orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from tests.harness.cases import BOOL, FLOATS, INTEGERS, Case, Input, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

special = sa.special
X, XY = values("ab"), values("ab", "b")
SMALL = (BOOL, INTEGERS[0], INTEGERS[3], *FLOATS)  # the float types of integers, and floats


def _promoted() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Callable[..., Tensor], **more: Any) -> Case:
        return Case(f"special.{name}", inputs, build, "special", SMALL, ulp=None, special=False, smooth=False, **more)

    yield case("erfc of numbers", X, lambda x: special.erfc(x) + special.log_ndtr(x))
    yield case("gammaln of numbers", X, lambda x: special.gammaln(sa.absolute(x) + 1))
    yield case("xlogy of numbers", XY, lambda x, y: special.xlogy(x, sa.absolute(y)))
    yield case("kl_div of numbers", XY, lambda x, y: special.kl_div(sa.absolute(x), sa.absolute(y) + 1))
    yield case("gammainc of a number", X, lambda x: special.gammainc(2, sa.absolute(x)))
    yield case("betainc of numbers", X, lambda x: special.betainc(sa.absolute(x) + 1, 2, 0.25))
    yield case(
        "transformations of numbers", XY, lambda x, y: special.boxcox(sa.absolute(x) + 1, 0.5) + special.exprel(y)
    )
    yield case("counts", X, lambda x: special.factorial(sa.absolute(x)) + special.comb(5, x) + special.binom(5, 2))
    yield case("distances", XY, lambda x, y: special.huber(1, x) + special.pseudo_huber(2, y))
    yield case("jn", X, lambda x: special.jn(2, x) + special.ive(sa.arange(x.shape[1]), x))


def _chains() -> Iterator[Case]:
    def case(name: str, inputs: tuple[Input, ...], build: Callable[..., Tensor], **more: Any) -> Case:
        return Case(f"special.{name}", inputs, build, "special", FLOATS, ulp=None, special=False, orders=1, **more)

    yield case("i0", X, lambda x: sa.i0(x))
    yield case("log_expit", X, special.log_expit)
    yield case("polygamma", X, lambda x: special.polygamma(2, x) + special.polygamma(1, x), domain=(0.5, 3.0))
    yield case("multigammaln", X, lambda x: special.multigammaln(x, 3), domain=(1.5, 3.0))
    yield case("exp1", X, lambda x: special.exp1(x) * special.expn(3, x), domain=(0.5, 3.0))
    yield case("sici", X, lambda x: sa.multiply(*special.sici(x)), domain=(0.8, 3.0))
    yield case("fresnel", X, lambda x: sa.add(*special.fresnel(x)), domain=(0.3, 1.2))
    yield case("kn", X, lambda x: special.kn(2, x) + special.yn(1, x) * special.kve(0, x), domain=(0.6, 3.0))
    yield case("cosm1", X, lambda x: special.cosm1(x) * special.exp10(x), domain=(0.2, 1.2))
    yield case("boxcox", XY, lambda x, p: special.boxcox(x, p) + special.boxcox1p(x, p), domain=(0.4, 3.0))
    yield case("inv_boxcox", XY, lambda x, p: special.inv_boxcox(x, p) * special.inv_boxcox1p(x, p), domain=(0.2, 1.2))
    yield case("powm1", XY, lambda x, p: special.powm1(x, p) + special.exprel(p), domain=(0.4, 3.0))
    yield case("pseudo_huber", XY, lambda x, d: special.pseudo_huber(d, x), domain=(0.4, 3.0))
    yield case("binom", XY, lambda n, k: special.binom(n + 2, k) * special.rgamma(k), domain=(0.6, 1.9))
    yield case("weighted logsumexp", XY, lambda x, b: special.logsumexp(x, axis=1, b=sa.exp(b)), nonzero=frozenset("b"))
    yield case(
        "logsumexp with signs", XY,
        lambda x, b: sa.multiply(*special.logsumexp(x, axis=0, b=b, keepdims=True, return_sign=True)),
        nonzero=frozenset("ab"),
    )  # fmt: skip


def _front_cases() -> Iterator[Case]:
    yield from _promoted()
    yield from _chains()


A = np.array([[0.5, -1.25, 2.0], [3.0, 0.25, -0.5]])
POSITIVE = np.abs(A) + 0.1
SMOOTH = (
    special.exprel,
    special.cosm1,
    special.rgamma,
    special.erfc,
    special.ndtr,
    special.i0e,
    special.j0,
    special.j1,
    special.log_ndtr,
)
OF_POSITIVE = (special.gammaln, special.digamma, special.gamma, special.entr, special.exp1)


def _step(build: Builder) -> Tensor | None:
    x = build.pick(lambda t: t.dtype.kind == "f")
    if x is None:
        return None
    tame = sa.tanh(x)
    if build.chance(0.4):
        return build.choose(SMOOTH)(tame * 2)
    positive = sa.absolute(tame) + 0.4
    if build.chance(0.6):
        return build.choose(OF_POSITIVE)(positive)
    return build.choose((_gammainc, special.betaln, special.xlogy, special.rel_entr))(positive + 0.3, positive)


def _gammainc(a: Tensor, x: Tensor) -> Tensor:
    """Which has no third derivative by the first operand."""
    return special.gammainc(sa.stop_gradient(a), x)


FAMILY = FamilyCases(
    front_cases=_front_cases,
    numpy_calls={np.i0: [lambda x: np.i0(x)]},
    steps=(_step,),
)
