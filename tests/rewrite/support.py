"""What tests of rules share: values at the edges of every dtype, applying one rule, bit-for-bit comparison."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from staticad.errors import DTypeError
from staticad.ir.graph import Tensor
from staticad.ir.verify import agree, verify
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from staticad.rewrite.engine import apply_rules
from staticad.rewrite.pattern import Call, Pattern, Rule, Variable

DTYPES = tuple(map(np.dtype, ("float64", "float32", "int32", "int8", "uint8", "bool")))


def edges(dtype: np.dtype) -> np.ndarray:
    """Numbers at which laws of arithmetic tend to fail."""
    if dtype.kind == "f":
        info = np.finfo(dtype)
        numbers = [np.nan, np.inf, 0.0, info.max, info.tiny, info.smallest_subnormal, 1.0, 2.0, 3.7, 0.3, 1e3]
        return np.array(numbers + [-v for v in numbers[1:]], dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    info = np.iinfo(dtype)
    return np.array(sorted({info.min, info.min + 1, 0, 1, 2, 7, info.max, max(info.min, -1), max(info.min, -7)}), dtype)


def identical(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal bit for bit, except that any NaN equals any other."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    nan = np.isnan(a)
    return np.array_equal(nan, np.isnan(b)) and a[~nan].tobytes() == b[~nan].tobytes()


def rewritten(outputs: Sequence[Tensor], rules: Sequence[Rule], fires: bool = True) -> list[Tensor]:
    """The outputs after the rules, which have to fire (or not), have to keep all types, and leave a valid graph."""
    counts: Counter[str] = Counter()
    result = apply_rules(outputs, rules, counts)
    assert bool(counts) == fires, f"fired: {dict(counts)}"
    verify(result)
    assert all(agree(a.type, b.type) for a, b in zip(outputs, result, strict=True))
    return result


def names(pattern: Pattern) -> list[str]:
    """The variables of a pattern."""
    if isinstance(pattern, Variable):
        return [pattern.name]
    return sorted(set(itertools.chain(*map(names, pattern.operands)))) if isinstance(pattern, Call) else []


def check_equation(rule: Rule) -> dict[str, float]:
    """Build the left-hand side of an equation in every dtype that its ops allow, and evaluate both sides on all
    combinations of edge values. Returns for each dtype in which the rule fires the largest difference in units in the
    last place, infinite if values differ that are not both finite."""
    assert rule.left is not None
    found: dict[str, float] = {}
    variables = names(rule.left)
    for dtype, condition in itertools.product(DTYPES, (False, True)):
        kinds = {v: np.dtype("bool") if condition and v == "c" else dtype for v in variables}
        if condition and "c" not in variables:
            continue
        values = np.meshgrid(*(edges(kinds[v]) for v in variables), indexing="ij")
        inputs = {v: placeholder(a.shape, kinds[v], name=v) for v, a in zip(variables, values, strict=True)}
        feeds = {inputs[v]: a for v, a in zip(variables, values, strict=True)}
        try:
            with np.errstate(all="ignore"):
                left = rule.left.build(inputs, placeholder((), dtype))
                (before,) = evaluate(left, feeds)
        except (DTypeError, OverflowError):
            continue
        counts: Counter[str] = Counter()
        (right,) = apply_rules([left], [rule], counts)
        if not counts:
            continue
        verify([right])
        assert right.type == left.type
        (after,) = evaluate(right, feeds)
        found[dtype.name] = distance(before, after)
    return found


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference in units in the last place of ``a``; infinite for a difference in kind."""
    if identical(a, b):
        return 0.0
    if a.dtype.kind != "f":
        return np.inf
    finite = np.isfinite(a) & np.isfinite(b)
    if not identical(a[~finite], b[~finite]) or (np.signbit(a) != np.signbit(b))[finite].any():
        return np.inf
    a, b = a[finite].astype(np.longdouble), b[finite].astype(np.longdouble)
    return float(np.max(np.abs(a - b) / np.spacing(np.abs(a).astype(a.dtype)), initial=0)) if a.size else 0.0


def only(rules: Sequence[Rule], name: str) -> Rule:
    """The rule of that name."""
    return next(rule for rule in rules if rule.name == name)


def equations(rules: Sequence[Rule]) -> list[object]:
    """The rules that were written as equations, as parameters of a test."""
    return [pytest.param(rule, id=rule.name) for rule in rules if rule.left is not None]
