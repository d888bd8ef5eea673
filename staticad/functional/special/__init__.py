"""Special functions with the names, arguments and values of ``scipy.special``; softmax and its kin; one-hot."""

from __future__ import annotations

import typing as _typing

from staticad.function_spellings import SPECIAL as _SPECIAL
from staticad.names import public as _public

if _typing.TYPE_CHECKING:
    from staticad.functional.angles import sinc
    from staticad.functional.elementwise import erf, expm1, log1p, round, softplus
    from staticad.functional.powers import cbrt, exp2
    from staticad.functional.special.bessel import (
        i0,
        i0e,
        i1,
        i1e,
        iv,
        ive,
        j0,
        j1,
        jn,
        jv,
        k0,
        k0e,
        k1,
        k1e,
        kn,
        kv,
        kve,
        y0,
        y1,
        yn,
        yv,
    )
    from staticad.functional.special.combinatorics import binom, comb, factorial, gammasgn, rgamma
    from staticad.functional.special.entropy import (
        entr,
        expit,
        kl_div,
        log_expit,
        logit,
        rel_entr,
        xlog1py,
        xlogy,
    )
    from staticad.functional.special.error_functions import erfc, erfcinv, erfcx, erfinv, log_ndtr, ndtr, ndtri
    from staticad.functional.special.gamma_functions import (
        beta,
        betaln,
        digamma,
        gamma,
        gammaln,
        lgamma,
        loggamma,
        multigammaln,
        polygamma,
        psi,
        zeta,
    )
    from staticad.functional.special.incomplete import betainc, betaincc, gammainc, gammaincc
    from staticad.functional.special.integrals import dawsn, erfi, exp1, expi, expn, fresnel, sici, spence
    from staticad.functional.special.scipy_softmaxes import log_softmax, softmax
    from staticad.functional.special.softmaxes import logsumexp, one_hot
    from staticad.functional.special.transformations import (
        boxcox,
        boxcox1p,
        cosm1,
        exp10,
        exprel,
        huber,
        inv_boxcox,
        inv_boxcox1p,
        powm1,
        pseudo_huber,
    )

__all__ = [
    "beta", "betainc", "betaincc", "betaln", "binom", "boxcox", "boxcox1p", "cbrt", "comb", "cosm1", "dawsn",
    "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfi", "erfinv", "exp1", "exp10", "exp2", "expi",
    "expit", "expm1", "expn", "exprel", "factorial", "fresnel", "gamma", "gammainc", "gammaincc", "gammaln",
    "gammasgn", "huber", "i0", "i0e", "i1", "i1e", "inv_boxcox", "inv_boxcox1p", "iv", "ive", "j0", "j1", "jn",
    "jv", "k0", "k0e", "k1", "k1e", "kl_div", "kn", "kv", "kve", "lgamma", "log1p", "log_expit", "log_ndtr",
    "log_softmax", "loggamma", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "one_hot", "polygamma",
    "powm1", "pseudo_huber", "psi", "rel_entr", "rgamma", "round", "sici", "sinc", "softmax", "softplus", "spence",
    "xlog1py", "xlogy", "y0", "y1", "yn", "yv", "zeta",
]  # fmt: skip

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), _SPECIAL)
