"""The terms of sums that are multiplied out, in products of exponentials and quotients."""

from __future__ import annotations

from staticad.ir.dims import Shape
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, RECIPROCAL, SUB
from staticad.ops.reduce import SUM
from staticad.ops.transcendental import EXP, SIGMOID
from staticad.rewrite.factors import Below, Factor, Outline, Product, factorize, outline, outlined

TERMS = 8  # a sum of more terms is not multiplied out
_WORKED_WITH = frozenset((EXP, SIGMOID, DIV, RECIPROCAL))


def is_stabilizing(product: Product) -> bool:
    """A cheap first look: whether there is an exponential or a quotient to work with."""
    return any(f.inverse or f.tensor.node.op in (EXP, SIGMOID) for f in product.factors)


def may_improve(product: Outline) -> bool:
    """False if no step applies: a look before a product is taken apart."""
    above, below, vague = product
    if vague or not above.isdisjoint(below):
        return True
    if any(t.node.op is SIGMOID for t in above):
        return True
    return any(t.node.op in (ADD, SIGMOID, SUM) for t in below)


class Sums:
    """The terms of sums, of which each may stand in many products; they are looked for once in a pass."""

    def __init__(self) -> None:
        self.worked_with = Below(_WORKED_WITH)
        self._terms: dict[tuple[Factor, Shape], list[Product]] = {}
        self._outlines: dict[Tensor, tuple[Outline, bool]] = {}
        self._stabilizing: dict[Tensor, bool] = {}
        self._products: dict[tuple[Factor, Shape], Product] = {}

    def terms(self, factor: Factor, shape: Shape) -> list[Product]:
        """The terms of a sum, each as a product in the coordinates of the factor's product.

        A part of the sum in which there is nothing to work with, such as 1 - t, is one term. More than ``TERMS`` terms
        are not listed to the end.
        """
        found = self._terms.get((factor, shape))
        if found is not None:
            return found
        terms: list[Product] = []
        pending = [(factor.tensor, factor.axes, False)]
        while pending and len(terms) <= TERMS:
            tensor, axes, negative = pending.pop()
            node = tensor.node
            if node.op in (ADD, SUB) and self._is_worth_splitting(tensor, TERMS):
                left, right = node.inputs
                pending.append((right, axes[len(axes) - right.ndim :], negative != (node.op is SUB)))
                pending.append((left, axes[len(axes) - left.ndim :], negative))
            else:
                product = self._product(Factor(tensor, axes), shape)
                terms.append(Product(product.factors, product.negative != negative))
        self._terms[factor, shape] = terms
        return terms

    def _product(self, term: Factor, shape: Shape) -> Product:
        """A term taken apart; long sums that go on with shorter ones have theirs, too."""
        found = self._products.get((term, shape))
        if found is None:
            found = self._products[term, shape] = factorize(term.tensor, term.axes, shape)
        return found

    def may_help(self, tensor: Tensor) -> bool:
        """False if no step applies to a product with one of the terms of a sum among its factors: a look that takes a
        fraction of the time."""
        whole = outline(tensor)
        sums = [t for t in whole.above if t.node.op in (ADD, SUB)]
        if not sums or may_improve(whole):
            return bool(sums)
        above, below, _ = whole
        for terms, promising in map(self._outline_of, sums):
            if promising or not (above.isdisjoint(terms.below) and below.isdisjoint(terms.above)):
                return True
        return False

    def _outline_of(self, total: Tensor) -> tuple[Outline, bool]:
        """The terms of a sum that is multiplied out, and whether a step may apply to them alone."""
        found = self._outlines.get(total)
        if found is None:
            terms = self.terms(Factor(total, tuple(range(-total.ndim, 0))), total.shape)
            together = outlined(terms if len(terms) <= TERMS else ())
            found = self._outlines[total] = together, may_improve(together)
        return found

    def _is_worth_splitting(self, tensor: Tensor, depth: int) -> bool:
        """Whether a sum has a term with an exponential or a quotient."""
        if tensor.node.op in (ADD, SUB):
            if depth <= 0:
                return False
            left, right = tensor.node.inputs
            if left.node.op in (ADD, SUB):  # a long sum: its last term is looked at before all others
                left, right = right, left
            return self._is_worth_splitting(left, depth - 1) or self._is_worth_splitting(right, depth - 1)
        found = self._stabilizing.get(tensor)
        if found is None:
            found = self.worked_with.has(tensor) and is_stabilizing(factorize(tensor))
            self._stabilizing[tensor] = found
        return found
