"""The product of all other elements, exact where elements are zero: what the derivative of a product needs."""

from __future__ import annotations

from collections.abc import Callable

from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL
from staticad.ops.conversion import CAST
from staticad.ops.selection import WHERE
from staticad.ops.sources import constant

Fold = Callable[[Tensor], Tensor]


def product_of_others(x: Tensor, product: Fold, total: Fold) -> Tensor:
    """For every element of x the product of the others that are folded together with it.

    ``product`` and ``total`` fold a tensor of x's shape and give the result at the place of every element.

    With P the product of the elements that are not zero, Z the zeros among the elements and e_k the elementary
    symmetric polynomials, the whole product is ``P * e_|Z|(x_j, j in Z)``. The derivative of that with respect to
    one element is written out here with every zero kept as a variable (and not as a number), so that this expression
    may itself be differentiated: derivatives of a product are exact up to the third order whatever the number of
    zeros. (The fourth would need the next polynomial.) For an infinite element, and where P over- or underflows,
    the result may be NaN, infinite or zero.
    """
    number = {k: constant(float(k), x.dtype) for k in range(4)}

    def choose(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return apply(WHERE, condition, a, b)

    is_zero = apply(EQUAL, x, number[0])
    nonzero = choose(is_zero, number[1], x)
    zero = choose(is_zero, x, number[0])
    whole = product(nonzero)
    count = total(apply(CAST, is_zero, dtype=x.dtype))
    first, squares = total(zero), total(zero * zero)
    second = (first * first - squares) * constant(0.5, x.dtype)
    none, one, two, three = (apply(EQUAL, count, number[k]) for k in range(4))
    # e_|Z| and, for a zero, its derivative with respect to that zero.
    zeros = choose(none, number[1], choose(one, first, choose(two, second, number[0])))
    rest = first - zero
    other_zeros = choose(one, number[1], choose(two, rest, choose(three, second - zero * rest, number[0])))
    return choose(is_zero, whole * other_zeros, whole / nonzero * zeros)
