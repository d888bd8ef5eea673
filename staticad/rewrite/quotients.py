"""Stable products and quotients of exponentials: what gradients of log, softmax and sigmoid forms are made of.

A gradient is built from the form that the user wrote, so log(1 + exp(x)) gives exp(x) * (1 / (1 + exp(x))), which is
inf * 0 for a large x. In a product these parts find each other wherever they stand in it:

* y / y = 1 where y > 0 in exact arithmetic, but may have been rounded to 0 or inf (the quotient then was NaN)
* 1 / (1 + exp(x)) = sigmoid(-x)
* exp(x) * sigmoid(-x) = sigmoid(x), sigmoid(x) / exp(x) = sigmoid(-x)
* exp(x) / sum(exp(x)) = exp(x - m) / sum(exp(x - m)) with m = max(x)
* sum(a * exp(x)) / sum(exp(x)) = sum(a * exp(x - m) / sum(exp(x - m)))

A sum is multiplied out where one of these applies to one of its terms. The laws are exact in real numbers; in floats
both sides agree to rounding where the left one did not over- or underflow. NaN stays NaN: where what is left after
y / y = 1 does not depend on y, it is multiplied by 1 + 0 * min(y, 1), or by 1 + 0 * x for y = exp(x).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, RECIPROCAL, SUB
from staticad.ops.base import apply
from staticad.ops.reduce import SUM
from staticad.ops.selection import MINIMUM
from staticad.ops.transcendental import EXP, SIGMOID
from staticad.rewrite.exponentials import shifted_exponentials, sum_of_exponentials
from staticad.rewrite.factors import Axes, Factor, Product, factorize
from staticad.rewrite.match import depends, fit, is_constant, number, positive
from staticad.rewrite.pattern import Rule

TERMS = 8  # a sum of more terms is not multiplied out


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
    if below:
        for factor in product.factors:
            if not factor.inverse and factor.key in below and _may_cancel(factor.tensor):
                return replace(product.without(factor, below[factor.key]), cancelled=(*product.cancelled, factor))
    return None


def _keep_nan(result: Tensor, cancelled: Iterable[Factor], like: Tensor) -> Tensor:
    """The result, NaN where a factor that was cancelled is NaN."""
    for factor in {f.key: f for f in cancelled}.values():
        tensor = factor.tensor
        exponent = tensor.node.inputs[0] if tensor.node.op is EXP else None
        if depends(result, exponent if exponent is not None else tensor):
            continue
        # Infinity has come of an overflow, if it does not stand in the exponent itself.
        kept = exponent if exponent is not None else apply(MINIMUM, tensor, fit(number(1, tensor), tensor.type))
        zero = apply(MUL, fit(number(0, kept), kept.type), kept)
        guard = apply(ADD, fit(number(1, kept), kept.type), zero)
        result = factorize(fit(result, like.type)).times(Factor(guard, factor.axes)).build(like)
    return result


def _may_cancel(tensor: Tensor) -> bool:
    """Positive tensors, except exp(x - x), which a softmax over one element comes to: it is 1 or NaN, and NaN stays."""
    if tensor.node.op is EXP:
        x = tensor.node.inputs[0].node
        return not (x.op is SUB and x.inputs[0] is x.inputs[1])
    return positive(tensor)


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
            return product.without(factor, other).times(Factor(apply(SIGMOID, negated(y)), factor.axes))
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
                inner = _softmax_inside(factor.tensor, below.tensor)
                if inner is not None:
                    return product.without(factor, below).times(Factor(inner, factor.axes))
    return None


def _softmax_inside(tensor: Tensor, total: Tensor) -> Tensor | None:
    """sum(a * exp(x)) / sum(exp(x)) as the sum of a quotient, where both are over the same axes."""
    terms = tensor.node.inputs[0]
    reduced = tensor.node.attrs["axes"]
    exponentials = total.node.inputs[0]
    if reduced != total.node.attrs["axes"] or terms.ndim != exponentials.ndim:
        return None
    product = factorize(terms)
    whole = tuple(range(-terms.ndim, 0))
    for factor in product.factors:
        if factor.tensor is exponentials and factor.axes == whole and not factor.inverse:
            divided = product.times(Factor(total, _left(whole, reduced), inverse=True))
            return apply(SUM, fit(divided.build(terms), terms.type), axes=reduced)
    return None


def _left(axes: Axes, reduced: Axes) -> Axes:
    return tuple(a for i, a in enumerate(axes) if i not in reduced)


_STEPS = (_cancel, _sigmoid, _exp_of_sigmoid, _softmax)


def stabilize(product: Product) -> Product | None:
    """The product after every step that applies; None if none does."""
    result: Product | None = None
    while True:
        for step in _STEPS:
            better = step(product)
            if better is not None:
                product = result = better
                break
        else:
            return result


def _is_stabilizing(product: Product) -> bool:
    """A cheap first look: whether there is an exponential or a quotient to work with."""
    return any(f.inverse or f.tensor.node.op in (EXP, SIGMOID) for f in product.factors)


def _product(tensor: Tensor) -> Tensor | None:
    product = factorize(tensor)
    if not _is_stabilizing(product):
        return None
    better = stabilize(product)
    if better is None:
        return None
    return fit(_keep_nan(better.build(tensor), better.cancelled, tensor), tensor.type)


def _product_with_sum(tensor: Tensor) -> Tensor | None:
    product = factorize(tensor)
    if not _is_stabilizing(product):
        return None
    for factor in product.factors:
        if factor.tensor.node.op in (ADD, SUB) and not factor.inverse:
            spread = _multiply_out(product, factor, tensor)
            if spread is not None:
                return fit(spread, tensor.type)
    return None


def _multiply_out(product: Product, factor: Factor, like: Tensor) -> Tensor | None:
    """(a + b) * r = a * r + b * r, if that makes a step possible."""
    terms = _terms(factor)
    rest = product.without(factor)
    if len(terms) > TERMS or not rest.factors:
        return None
    products = [Product((*rest.factors, *term.factors), rest.negative != term.negative) for term in terms]
    better = [stabilize(p) for p in products]
    if all(b is None for b in better):
        return None
    total = _total([b or p for b, p in zip(better, products, strict=True)], like)
    return _keep_nan(total, [f for b in better if b is not None for f in b.cancelled], like)


def _terms(factor: Factor) -> list[Product]:
    """The terms of a sum, each as a product in the coordinates of the factor's product.

    A part of the sum in which there is nothing to work with, such as 1 - t, is one term. More than ``TERMS`` terms
    are not listed to the end.
    """
    terms: list[Product] = []
    pending = [(factor.tensor, factor.axes, False)]
    while pending and len(terms) <= TERMS:
        tensor, axes, negative = pending.pop()
        node = tensor.node
        if node.op in (ADD, SUB) and _worth_splitting(tensor, TERMS):
            left, right = node.inputs
            pending.append((right, axes[len(axes) - right.ndim :], negative != (node.op is SUB)))
            pending.append((left, axes[len(axes) - left.ndim :], negative))
        else:
            product = factorize(tensor, axes)
            terms.append(Product(product.factors, product.negative != negative))
    return terms


def _worth_splitting(tensor: Tensor, depth: int) -> bool:
    """Whether a sum has a term with an exponential or a quotient."""
    if tensor.node.op in (ADD, SUB):
        return depth > 0 and any(_worth_splitting(t, depth - 1) for t in tensor.node.inputs)
    return _is_stabilizing(factorize(tensor))


def _sum_of_quotients(tensor: Tensor) -> Tensor | None:
    """sum(a / s + b / s) = sum(a + b) / s for an s > 0 that is itself a sum of positive terms and does not vary along
    the axes."""
    summed = tensor.node.inputs[0]
    if summed.node.op not in (ADD, DIV, MUL, NEG, SUB):
        return None
    terms = _terms(Factor(summed, tuple(range(-summed.ndim, 0))))
    if len(terms) > TERMS:
        return None
    kept = [a for a in range(-summed.ndim, 0) if a + summed.ndim not in tensor.node.attrs["axes"]]
    common = {f.key: f for f in terms[0].factors if _is_constant_sum(f, kept)}
    for term in terms[1:]:
        common = {key: f for key, f in common.items() if any(f.key == key and f.inverse for f in term.factors)}
    if not common:
        return None
    for factor in common.values():
        terms = [term.without(next(f for f in term.factors if f.key == factor.key and f.inverse)) for term in terms]
    total = apply(SUM, fit(_total(terms, summed), summed.type), axes=tensor.node.attrs["axes"])
    moved = (Factor(f.tensor, tuple(kept.index(a) - len(kept) for a in f.axes), True) for f in common.values())
    return fit(factorize(total).times(*moved).build(tensor), tensor.type)


def _is_constant_sum(factor: Factor, kept: list[int]) -> bool:
    """Whether the factor is 1 / s for a sum s of positive terms that only varies along the axes that are kept."""
    tensor = factor.tensor
    return (
        factor.inverse and tensor.node.op is SUM and set(factor.axes) <= set(kept) and positive(tensor.node.inputs[0])
    )


def _total(products: list[Product], like: Tensor) -> Tensor:
    total = products[0].build(like)
    for product in products[1:]:
        total = apply(ADD, total, product.build(like))
    return total


QUOTIENT_RULES = (
    Rule("products and quotients of exponentials", (MUL, DIV, RECIPROCAL), _product),
    Rule("sum(x / s) = sum(x) / s", (SUM,), _sum_of_quotients),
)

# Applied when no other rule fires: a product that was multiplied out no longer matches p - p * sigmoid(x).
DISTRIBUTION_RULES = (Rule("(a + b) * r = a * r + b * r", (MUL, DIV), _product_with_sum),)
