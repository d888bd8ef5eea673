"""Stable products and quotients of exponentials: what gradients of log, softmax and sigmoid forms are made of.

A gradient is built from the form that the user wrote, so log(1 + exp(x)) gives exp(x) * (1 / (1 + exp(x))), which is
inf * 0 for a large x. In a product these parts find each other wherever they stand in it:

* y / y = 1 where y > 0 in exact arithmetic, but may have been rounded to 0 or inf (the quotient then was NaN)
* 1 / (1 + exp(x)) = sigmoid(-x)
* exp(x) * sigmoid(-x) = sigmoid(x), sigmoid(x) / exp(x) = sigmoid(-x)
* exp(x) / sum(exp(x)) = exp(x - m) / sum(exp(x - m)) with m = max(x)
* sum(a * exp(x)) / sum(exp(x)) = sum(a * exp(x - m)) / sum(exp(x - m))

A sum is multiplied out where one of these applies to one of its terms. The laws are exact in real numbers; in floats
both sides agree to rounding where the left one did not over- or underflow. Where zero met infinity in exact arithmetic
(y / y for a sum y of nothing, or of an infinite term; exp(inf) * sigmoid(-inf)) the result is NaN, by a guard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from staticad.ir import dims
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, RECIPROCAL, SUB
from staticad.ops.base import apply
from staticad.ops.facts import facts, nonnegative
from staticad.ops.reduce import SUM
from staticad.ops.transcendental import EXP, SIGMOID
from staticad.rewrite.exponentials import base, is_at_least_one, shifted_exponentials, sum_of_exponentials
from staticad.rewrite.factors import (
    Axes,
    Factor,
    Lost,
    Product,
    factorize,
    outline,
    zero_of_nothing,
)
from staticad.rewrite.guards import cancelled, guarded, guards, infinite_at_zero
from staticad.rewrite.match import fit, is_constant
from staticad.rewrite.pattern import Rule, remembering, some
from staticad.rewrite.terms import TERMS, Sums, is_stabilizing, may_improve


def opposite(a: Tensor, b: Tensor) -> bool:
    """Whether one is the negative of the other, as far as the form tells."""
    return (a.node.op is NEG and a.node.inputs[0] is b) or (b.node.op is NEG and b.node.inputs[0] is a)


def negated(x: Tensor) -> Tensor:
    """-x, or y if x is -y."""
    return x.node.inputs[0] if x.node.op is NEG else apply(NEG, x)


def one_plus_exp(tensor: Tensor) -> Tensor | None:
    """x, if the tensor is 1 + exp(x)."""
    if tensor.node.op is not ADD:
        return None
    a, b = tensor.node.inputs
    for one, other in ((a, b), (b, a)):
        if other.node.op is EXP and other.shape == tensor.shape and is_constant(one, 1):
            return other.node.inputs[0]
    return None


def _cancel(product: Product) -> Product | None:
    below = {f.key: f for f in product.factors if f.inverse}
    for factor in product.factors if below else ():
        other = None if factor.inverse else below.get(factor.key)
        if other is None or _is_one_or_nan(factor.tensor):
            continue
        lost = cancelled(factor, other)
        if lost is not None:
            return replace(product.without(factor, other), lost=(*product.lost, *lost))
    return None


def _is_one_or_nan(tensor: Tensor) -> bool:
    """exp(x - x), which a softmax over one element comes to, needs no guard instead of itself."""
    x = tensor.node.inputs[0].node if tensor.node.op is EXP else None
    return x is not None and x.op is SUB and x.inputs[0] is x.inputs[1]


def _sigmoid(product: Product) -> Product | None:
    for factor in product.factors:
        if factor.inverse:
            x = one_plus_exp(factor.tensor)
            if x is not None:
                return product.without(factor).times(Factor(apply(SIGMOID, negated(x)), factor.axes))
    return None


def _exp_of_sigmoid(product: Product) -> Product | None:
    sigmoids = [f for f in product.factors if f.tensor.node.op is SIGMOID and not f.inverse]
    for factor in product.factors if sigmoids else ():
        if factor.tensor.node.op is not EXP:
            continue
        x = factor.tensor.node.inputs[0]
        for other in sigmoids:
            y = other.tensor.node.inputs[0]
            if other.axes != factor.axes or not (x is y if factor.inverse else opposite(x, y)):
                continue
            # The sigmoid is 0 where the exponential, or its reciprocal, is infinite.
            lost = Lost(other, factor, x, factor.axes, -np.inf if factor.inverse else None)
            left = product.without(factor, other).times(Factor(apply(SIGMOID, negated(y)), factor.axes))
            return replace(left, lost=(*product.lost, lost))
    return None


def _softmax(product: Product) -> Product | None:
    for below in product.factors:
        found = sum_of_exponentials(below.tensor) if below.inverse else None
        if found is None:
            continue
        x, reduced = found
        for factor in product.factors:
            if factor.inverse:
                continue
            if factor.tensor is below.tensor.node.inputs[0] and _left(factor.axes, reduced) == below.axes:
                exponentials, total, _ = shifted_exponentials(x, reduced)
                return product.without(factor, below).times(
                    Factor(exponentials, factor.axes), Factor(total, below.axes, inverse=True)
                )
            if factor.axes == below.axes and factor.tensor.node.op is SUM:
                parts = _softmax_parts(factor.tensor, below.tensor)
                if parts is not None:
                    return product.without(factor, below).times(
                        Factor(parts[0], factor.axes), Factor(parts[1], below.axes, inverse=True)
                    )
    return None


def _softmax_parts(tensor: Tensor, total: Tensor) -> tuple[Tensor, Tensor] | None:
    """sum(a * exp(x - m)) and sum(exp(x - m)), for sum(a * exp(x)) and sum(exp(x)) over the same axes."""
    terms = tensor.node.inputs[0]
    reduced = tensor.node.attrs["axes"]
    exponentials = total.node.inputs[0]
    if reduced != total.node.attrs["axes"] or terms.ndim != exponentials.ndim:
        return None
    product = factorize(terms)
    whole = tuple(range(-terms.ndim, 0))
    for factor in product.factors:
        if factor.tensor is exponentials and factor.axes == whole and not factor.inverse:
            shifted, below, _ = shifted_exponentials(exponentials.node.inputs[0], reduced)
            above = product.without(factor).times(Factor(shifted, whole)).build(terms)
            return apply(SUM, fit(above, terms.type), axes=reduced), below
    return None


def _left(axes: Axes, reduced: Axes) -> Axes:
    return tuple(a for i, a in enumerate(axes) if i not in reduced)


_STEPS = (_cancel, _sigmoid, _exp_of_sigmoid, _softmax)


def stabilize(product: Product) -> Product | None:
    """The product after every step that applies; None if none does."""
    result: Product | None = None
    while _is_promising(product):
        for step in _STEPS:
            better = step(product)
            if better is not None:
                product = result = better
                break
        else:
            break
    return result


def _is_promising(product: Product) -> bool:
    """False if no step applies: a look that takes a fraction of the time."""
    above, below = set[object](), set[object]()
    for factor in product.factors:
        op = factor.tensor.node.op
        if op is SIGMOID or (factor.inverse and (op is ADD or op is SUM)):
            return True
        (below if factor.inverse else above).add(factor.key)
    return not below.isdisjoint(above)


def _product(tensor: Tensor) -> Tensor | None:
    if not may_improve(outline(tensor)):
        return None
    product = factorize(tensor)
    better = stabilize(product) if is_stabilizing(product) else None
    if better is None:
        return None
    return fit(better.times(*guards(better.lost)).build(tensor), tensor.type)


def _product_with_sum() -> Callable[[Tensor], Tensor | None]:
    sums = Sums()

    def build(tensor: Tensor) -> Tensor | None:
        if not sums.worked_with.has(tensor) or not sums.may_help(tensor):
            return None
        product = factorize(tensor)
        if not is_stabilizing(product):
            return None
        for factor in product.factors:
            if factor.tensor.node.op in (ADD, SUB) and not factor.inverse:
                spread = _multiply_out(product, factor, sums.terms(factor, tensor.shape), tensor)
                if spread is not None:
                    return fit(spread, tensor.type)
        return None

    return build


def _multiply_out(product: Product, factor: Factor, terms: list[Product], like: Tensor) -> Tensor | None:
    """(a + b) * r = a * r + b * r, if that makes a step possible. ``terms`` are those of the factor."""
    rest = product.without(factor)
    if len(terms) > TERMS or not rest.factors:
        return None
    products = [Product((*rest.factors, *term.factors), rest.negative != term.negative) for term in terms]
    better = [stabilize(p) for p in products]
    if all(b is None for b in better):
        return None
    made = [b or p for b, p in zip(better, products, strict=True)]
    total = _total(made, like)
    lost: list[Lost] = []
    more: list[Factor] = []
    for p in made:
        shown = [each for each in p.lost if _shows(each, rest, made)]
        lost += [each for each in p.lost if not _shows(each, rest, made)]
        more += guards(shown, unless_finite=p.build(like)) if shown else []
    return Product((Factor(total, tuple(range(-total.ndim, 0))), *guards(lost), *more)).build(like)


def _has(product: Product, factor: Factor) -> bool:
    return any(f is factor for f in product.factors)


def _shows(lost: Lost, rest: Product, products: list[Product]) -> bool:
    """Whether (0 * a + b) * inf is infinite for a finite a, as what it became is: b is still multiplied by infinity."""
    outside = _has(rest, lost.infinite) and not _has(rest, lost.zero)
    return outside and any(_has(p, lost.infinite) for p in products)


def _sum_of_quotients() -> Callable[[Tensor], Tensor | None]:
    sums = Sums()
    return lambda tensor: _divided_once(tensor, sums)


def _divided_once(tensor: Tensor, sums: Sums) -> Tensor | None:
    """sum(a / s + b / s) = sum(a + b) / s for an s that is itself a sum of terms that are not negative, and does not
    vary along the axes; 0 for no terms. Where s is zero the terms are made infinite first: 1 / 0 - 2 / 0 is NaN, but
    (1 - 2) / 0 is not."""
    summed = tensor.node.inputs[0]
    axes = tensor.node.attrs["axes"]
    if summed.node.op not in (ADD, DIV, MUL, NEG, SUB):
        return None
    terms = sums.terms(Factor(summed, tuple(range(-summed.ndim, 0))), summed.shape)
    if len(terms) > TERMS:
        return None
    kept = [a for a in range(-summed.ndim, 0) if a + summed.ndim not in axes]
    common = {f.key: f for f in terms[0].factors if _is_constant_sum(f, kept)}
    for term in terms[1:]:
        common = {key: f for key, f in common.items() if any(f.key == key and f.inverse for f in term.factors)}
    if not common:
        return None
    for factor in common.values():
        terms = [term.without(next(f for f in term.factors if f.key == factor.key and f.inverse)) for term in terms]
        if not all(_undefined_without(factor, term) for term in terms):
            infinite = infinite_at_zero(factor)
            if infinite is None:
                return None
            terms = [term.times(infinite) for term in terms]
    total = apply(SUM, fit(_total(terms, summed), summed.type), axes=axes)
    moved = (Factor(f.tensor, tuple(kept.index(a) - len(kept) for a in f.axes), True) for f in common.values())
    result = fit(factorize(total).times(*moved).build(tensor), tensor.type)
    return zero_of_nothing(result, dims.product(summed.shape[a] for a in axes))


def _is_constant_sum(factor: Factor, kept: list[int]) -> bool:
    """Whether the factor is 1 / s for a sum s of terms >= 0 that only varies along the axes that are kept."""
    tensor = factor.tensor
    return factor.inverse and tensor.node.op is SUM and set(factor.axes) <= set(kept) and nonnegative(tensor)


def _undefined_without(factor: Factor, term: Product) -> bool:
    """Whether a term, divided by s, is NaN for certain where s is zero: it has the terms of s as a factor, or a guard
    of them. Also if s is never zero."""
    s = factor.tensor
    if not facts(s).zero or is_at_least_one(s):
        return True
    inner, reduced = s.node.inputs[0], s.node.attrs["axes"]
    exponent = base(inner.node.inputs[0]) if inner.node.op is EXP else None

    def vanishes(f: Factor) -> bool:
        of = f.tensor.node.inputs[0] if f.tensor.node.op is EXP else guarded(f.tensor)
        return f.tensor is inner or (of is not None and base(of) is exponent)

    return any(not f.inverse and _left(f.axes, reduced) == factor.axes and vanishes(f) for f in term.factors)


def _total(products: list[Product], like: Tensor) -> Tensor:
    total = products[0].build(like)
    for product in products[1:]:
        total = apply(ADD, total, product.build(like))
    return total


QUOTIENT_RULES = (
    Rule("products and quotients of exponentials", (MUL, DIV, RECIPROCAL), _product),
    remembering("sum(x / s) = sum(x) / s", (SUM,), _sum_of_quotients, some((ADD, DIV, MUL, NEG, SUB))),
)

# Applied when no other rule fires: a product that was multiplied out no longer matches p - p * sigmoid(x).
DISTRIBUTION_RULES = (remembering("(a + b) * r = a * r + b * r", (MUL, DIV), _product_with_sum),)
