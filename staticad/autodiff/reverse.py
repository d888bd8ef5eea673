"""Reverse mode: gradients, which wait until somebody looks at them if nothing can go wrong in making them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from staticad.autodiff.connect import Unconnected, is_unconnected
from staticad.autodiff.waiting import are_certain
from staticad.ir.deferred import Derivation
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here
from staticad.late import later

if TYPE_CHECKING:
    from staticad.autodiff import pullback
else:  # which a program from disk does without
    pullback = later("staticad.autodiff.pullback")


def gradients(
    ys: Tensor | Sequence[Tensor],
    xs: Tensor | Sequence[Tensor],
    grad_ys: Any = None,
    stop_gradients: Tensor | Sequence[Tensor] = (),
    unconnected: Unconnected = "error",
) -> list[Tensor]:
    """The derivatives of ``ys`` by ``xs``: for every x the sum over all y of (dy/dx)ᵀ · grad_y, with x's shape.

    ``ys`` and ``xs`` are tensors of float or complex dtype, ``xs`` also intermediates. By a complex x + iy it is
    d/dx - i d/dy (docs/complex.md). ``grad_ys`` gives the cotangents, one per
    y and of its shape; None means 1 and needs a y of one element. Tensors in ``stop_gradients`` count as constants,
    except for what is asked of them directly. ``unconnected`` decides about an x that no y depends on: "error",
    "zero" (zeros), or "none" (None in the list). Derivatives of piecewise constant ops (comparisons, floor, argmax)
    are zero and do not connect.

    Raises GradientError for integers, a y of several elements without a cotangent, cotangents that do not fit, an
    unconnected x, and an op without a derivative.
    """
    plain = grad_ys is None and isinstance(stop_gradients, (tuple, list)) and not stop_gradients
    if plain and is_unconnected(unconnected):
        y = ys[0] if isinstance(ys, (list, tuple)) and len(ys) == 1 else ys
        sources = [xs] if isinstance(xs, Tensor) else xs
        if isinstance(y, Tensor) and isinstance(sources, (list, tuple)) and are_certain(y, sources):
            return Derivation(_of_one, (y, *sources), [x.type for x in sources], here()).tensors
    return pullback.derive(ys, xs, grad_ys, stop_gradients, unconnected)


def _of_one(y: Tensor, *xs: Tensor) -> list[Tensor]:
    return pullback.derive(y, xs)
