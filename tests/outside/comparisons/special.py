"""Special functions over the ranges at which the peer is accurate and has derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.elementwise import of_one, of_two, unary
from tests.outside.comparisons.table import Case, Table, each, named, uniform

A, B, UNIT = uniform(0.6, 6, 3, 4), uniform(0.6, 6, 3, 4), uniform(0.1, 0.9, 3, 4)
HOLDS = UNIT > 0.4
HOLDS[:, 1] = True


def by_last(first: np.ndarray, orders: int = 2, why: str = "") -> object:
    """Functions of parameters by which the peer has no derivative."""
    return lambda name: Case(
        lambda m, x: [named(m, name)(first, x), named(m, name)(2.5, x), named(m, name)(first[:0], x[0])],
        (A,), "f", orders, why,
    )  # fmt: skip


def binomial(m: Any, n: Any, k: Any) -> Any:
    return m.exp(m.special.gammaln(n + 1) - m.special.gammaln(k + 1) - m.special.gammaln(n - k + 1))


def beta_logarithm(m: Any, a: Any, b: Any) -> Any:
    return m.special.gammaln(a) + m.special.gammaln(b) - m.special.gammaln(a + b)


def formula(name: str, f: Any, shift: float = 0.0, orders: int = 2) -> Case:
    """A function of one or two operands that the peer has as a formula."""
    operands = (A, B)[: f.__code__.co_argcount - 1]

    def results(g: Any, x: Any, *others: Any) -> list[Any]:
        x = x + shift
        return [g(x, *others), g(x[1, 2], *others), g(x[:0], *(v[0] for v in others))]

    return Case(
        lambda m, *xs: results(named(m, name), *xs), operands, "f", orders,
        theirs=lambda m, *xs: results(lambda *ys: f(m, *ys), *xs),
    )  # fmt: skip


FORMULAS: dict[str, Case] = {
    "special.binom": formula("special.binom", binomial, 6), "special.comb": formula("special.comb", binomial, 6),
    "special.betaln": formula("special.betaln", beta_logarithm),
    "special.beta": formula("special.beta", lambda m, a, b: m.exp(beta_logarithm(m, a, b))),
    "special.factorial": formula("special.factorial", lambda m, x: m.special.gamma(x + 1)),
    "special.rgamma": formula("special.rgamma", lambda m, x: 1 / m.special.gamma(x)),
    "special.gammasgn": formula("special.gammasgn", lambda m, x: m.sign(m.special.gamma(x)), -3.3, 0),
    "special.cosm1": formula("special.cosm1", lambda m, x: m.cos(x) - 1),
    "special.exp10": formula("special.exp10", lambda m, x: 10.0**x, -4),
    "special.exprel": formula("special.exprel", lambda m, x: m.expm1(x) / x),
    "special.boxcox": formula("special.boxcox", lambda m, x, p: m.expm1(p * m.log(x)) / p, -0.3),
    "special.boxcox1p": formula("special.boxcox1p", lambda m, x, p: m.expm1(p * m.log1p(x)) / p),
    "special.inv_boxcox": formula("special.inv_boxcox", lambda m, y, p: m.exp(m.log1p(p * y) / p)),
    "special.inv_boxcox1p": formula("special.inv_boxcox1p", lambda m, y, p: m.expm1(m.log1p(p * y) / p)),
    "special.powm1": formula("special.powm1", lambda m, x, y: x**y - 1, -0.3),
    "special.huber": formula(
        "special.huber", lambda m, d, r: m.where(abs(r) <= d, r * r / 2, d * (abs(r) - d / 2))),
    "special.pseudo_huber": formula(
        "special.pseudo_huber", lambda m, d, r: d * d * (m.sqrt(1 + (r / d) ** 2) - 1)),
}  # fmt: skip
TABLE: Table = {
    **FORMULAS,
    **each(
        "special.erfc special.log_ndtr special.ndtr special.i1 special.i0 erf sigmoid softplus relu special.log_expit",
        unary(-2.5, 2.5),
    ),
    **each(
        "special.gammaln special.digamma special.entr special.expi special.i0e special.i1e special.gamma", unary(0.5, 8)
    ),
    "special.exp1": unary(0.5, 8, orders=1, why="JAX has no second derivative")("special.exp1"),
    **each("special.ndtri special.logit", unary(0.1, 0.9)),
    "special.erfinv": unary(-0.9, 0.9)("special.erfinv"),
    **{
        f"special.{name}": Case(lambda m, x, v, name=name: of_two(getattr(m.special, name), x, v), (A, B))
        for name in ("xlogy", "xlog1py", "rel_entr", "kl_div")
    },
    **{
        f"special.{name}": Case(
            lambda m, x, v, name=name: of_two(getattr(m.special, name), x, v)[:-1],
            (A, B),
            orders=1,
            why="JAX has no second derivative",
        )
        for name in ("gammainc", "gammaincc")
    },
    "special.betainc": Case(lambda m, x: [m.special.betainc(A, B, x), m.special.betainc(2.0, B[:0], x[0])], (UNIT,)),
    "special.zeta": Case(lambda m, x: [m.special.zeta(A + 1, x), m.special.zeta(2.5, x[:0])], (B,)),
    "special.polygamma": Case(lambda m, x: of_one(lambda x: m.special.polygamma(1, x), x), (A,)),
    "special.multigammaln": Case(lambda m, x: of_one(lambda x: m.special.multigammaln(x + 2, 3), x), (A,)),
    "special.softmax, special.log_softmax": Case(
        lambda m, x: [
            f(x, **given)
            for f in (m.special.softmax, m.special.log_softmax)
            for given in ({"axis": -1}, {"axis": (0, 1)}, {"axis": 0}, {})
        ],
        (A,),
    ),
    "softmax, log_softmax": Case(
        lambda m, x: [
            *(f(x, axis=axis) for f in (m.nn.softmax, m.nn.log_softmax) for axis in (-1, 0, (0, 1))),
            m.nn.softmax(x[:, :0]),
            m.nn.softmax(x[:0]),
            m.nn.softmax(x, where=HOLDS, axis=0),
        ],
        (A,),
    ),
    "logsumexp": Case(
        lambda m, x, v: [
            m.nn.logsumexp(x),
            m.nn.logsumexp(x, axis=-1, keepdims=True),
            m.nn.logsumexp(x, axis=(0, -1), b=v),
            m.nn.logsumexp(x[:, :0], axis=1),
            m.nn.logsumexp(x[1, 2]),
            m.nn.logsumexp(x, axis=0, where=HOLDS),
            m.nn.logsumexp(x, b=v - 3, axis=0, return_sign=True),
        ],
        (A, B),
    ),
    "one_hot": Case(
        lambda m, x: [
            m.nn.one_hot(np.array([[0, 2], [3, 1]]), 4),
            m.nn.one_hot(np.array([0, 2]), 3, axis=0),
            m.nn.one_hot(np.array(1), 3),
            m.nn.one_hot(np.zeros((0, 2), int), 3),
            m.nn.one_hot(np.array([5, -1]), 3),
        ],
        (A,),
        orders=0,
    ),
}
