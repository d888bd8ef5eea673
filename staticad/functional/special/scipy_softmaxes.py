"""softmax and log_softmax with SciPy's default: over all axes. Those of neural networks are along the last axis."""

from __future__ import annotations

from staticad.functional.reductions import Axis
from staticad.functional.special import softmaxes
from staticad.ir.graph import Tensor
from staticad.ops.promotion import Operand


def softmax(x: Operand, axis: Axis = None) -> Tensor:
    """exp(x) / Σ exp(x), over all axes by default; NaN where all are -inf (0/0); empty without elements.

    `staticad.softmax` is along the last axis by default."""
    return softmaxes.softmax(x, axis)


def log_softmax(x: Operand, axis: Axis = None) -> Tensor:
    """log(softmax(x)) without loss of accuracy, over all axes by default.

    `staticad.log_softmax` is along the last axis by default."""
    return softmaxes.log_softmax(x, axis)
