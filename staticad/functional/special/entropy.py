"""Products with logarithms that are 0 where the factor is 0, divergences, and the logistic function's kin, by SciPy's
names."""

from __future__ import annotations

from staticad.functional import elementwise
from staticad.functional.front import as_float, float_binary, float_unary, implements
from staticad.ir.graph import Tensor
from staticad.ops.entropy import ENTR, KL_DIV, LOGIT, REL_ENTR, XLOG1PY, XLOGY
from staticad.ops.promotion import Operand

xlogy = float_binary(XLOGY, "xlogy", "x1 log(x2), 0 where x1 is 0 and x2 a number.")
xlog1py = float_binary(XLOG1PY, "xlog1py", "x1 log(1 + x2), 0 where x1 is 0 and x2 a number.")
entr = float_unary(ENTR, "entr", "-x log(x), 0 at 0, -infinite below.")
rel_entr = float_binary(REL_ENTR, "rel_entr", "x1 log(x1 / x2), 0 where x1 is 0 and x2 >= 0, infinite elsewhere.")
kl_div = float_binary(KL_DIV, "kl_div", "x1 log(x1 / x2) - x1 + x2, x2 where x1 is 0 and x2 >= 0, infinite elsewhere.")
logit = float_unary(LOGIT, "logit", "log(x / (1 - x)), the inverse of expit; infinite at 0 and 1, NaN beyond.")
expit = elementwise.sigmoid


@implements("log_expit")
def log_expit(x: Operand) -> Tensor:
    """log(1 / (1 + exp(-x))), without overflow."""
    return elementwise.negative(elementwise.softplus(elementwise.negative(as_float(x))))
