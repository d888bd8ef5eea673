"""Special functions with the names, arguments and values of ``scipy.special``; softmax and its kin; one-hot."""

from __future__ import annotations

import typing as _typing

from staticad.function_spellings import SPECIAL as _SPECIAL
from staticad.names import public as _public

if _typing.TYPE_CHECKING:
    from staticad.functional.elementwise import erf
    from staticad.functional.special.bessel import i0, i0e, i1, i1e, iv, ive, j0, j1, jn, jv
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
        multigammaln,
        polygamma,
        psi,
        zeta,
    )
    from staticad.functional.special.incomplete import betainc, betaincc, gammainc, gammaincc
    from staticad.functional.special.integrals import exp1, expi, expn
    from staticad.functional.special.scipy_softmaxes import log_softmax, softmax
    from staticad.functional.special.softmaxes import logsumexp, one_hot

__all__ = [
    "beta", "betainc", "betaincc", "betaln", "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "exp1",
    "expi", "expit", "expn", "gamma", "gammainc", "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "iv", "ive", "j0",
    "j1", "jn", "jv", "kl_div", "log_expit", "log_ndtr", "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr",
    "ndtri", "one_hot", "polygamma", "psi", "rel_entr", "softmax", "xlog1py", "xlogy", "zeta",
]  # fmt: skip

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), _SPECIAL)
