"""The passes, in their order, from the user's graph with its gradients to the graph that is lowered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from staticad.config import note, settings
from staticad.errors import VerifyError
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.verify import agree, verify
from staticad.records import dataclass
from staticad.rewrite.algebra import ALGEBRA_RULES
from staticad.rewrite.barriers import BARRIER_RULES
from staticad.rewrite.contract import CONTRACT_RULES
from staticad.rewrite.engine import apply_rules
from staticad.rewrite.fold import FOLD_RULES
from staticad.rewrite.guards import CHOICE_RULES
from staticad.rewrite.layout import layout_rules
from staticad.rewrite.logic import LOGIC_RULES
from staticad.rewrite.movement import MOVEMENT_RULES
from staticad.rewrite.parts import part_rules
from staticad.rewrite.pattern import Rule
from staticad.rewrite.picks import pick_rules
from staticad.rewrite.powers import POWER_RULES
from staticad.rewrite.quotients import DISTRIBUTION_RULES
from staticad.rewrite.random_keys import KEY_RULES
from staticad.rewrite.reduction import REDUCTION_RULES
from staticad.rewrite.regions import REGION_RULES
from staticad.rewrite.sizes import unify_sizes
from staticad.rewrite.stability import STABILITY_RULES


@dataclass(frozen=True)
class Options:
    """``stabilize``: stable forms instead of those that overflow. ``unsound``: also the rules that change results at
    the special values that they name (NaN, infinities, -0.0, overflow)."""

    stabilize: bool = True
    unsound: bool = False


@dataclass(frozen=True)
class Pass:
    """A set of rules, applied together until none fires. ``rules(outputs)`` may look at the graph first.

    ``settled`` are the rules of earlier passes that are applied to what this one makes.
    """

    name: str
    rules: Callable[[Sequence[Tensor]], tuple[Rule, ...]]
    settled: tuple[Rule, ...] = ()


SIMPLE_RULES: tuple[Rule, ...] = (
    *BARRIER_RULES,
    *FOLD_RULES,
    *ALGEBRA_RULES,
    *POWER_RULES,
    *LOGIC_RULES,
    *MOVEMENT_RULES,
    *REGION_RULES,
    *REDUCTION_RULES,
    *KEY_RULES,
)

SIMPLIFY = Pass("simplify", lambda outputs: SIMPLE_RULES)
STABILIZE = Pass("stabilize", lambda outputs: STABILITY_RULES, SIMPLE_RULES)
SPREAD = Pass("multiply out", lambda outputs: DISTRIBUTION_RULES, (*STABILITY_RULES, *SIMPLE_RULES))
PARTS = Pass("parts of products", part_rules, SIMPLE_RULES)
PICKS = Pass("picked elements", pick_rules, SIMPLE_RULES)
CONTRACT = Pass("contract", lambda outputs: (*CONTRACT_RULES, *layout_rules(outputs), *CHOICE_RULES), SIMPLE_RULES)

# Dead nodes are not reached from the outputs, and equal nodes become one in every pass.
PASSES: tuple[Pass, ...] = (SIMPLIFY, STABILIZE, SPREAD, PARTS, PICKS, CONTRACT)


def optimize(outputs: Sequence[Tensor], options: Options | None = None) -> list[Tensor]:
    """The outputs over a smaller, faster and numerically stable graph: same number, same order, same types up to the
    names of free sizes that the constraints of the given graph make equal.

    Placeholders and variables stay the same objects. Raises VerifyError if a rule breaks an invariant of the graph;
    with the setting ``verify`` the whole graph is checked before and after every pass.
    """
    chosen = options or Options()
    if settings().verify:
        verify(outputs, "construction")
    current = unify_sizes(outputs)
    for step in PASSES:
        if chosen.stabilize or step not in (STABILIZE, SPREAD):
            current = run_pass(step, current, chosen)
    for before, after in zip(outputs, current, strict=True):
        if not agree(before.type, after.type):
            raise VerifyError(f"an output changed its type from {before.type} to {after.type}")
    return current


def run_pass(step: Pass, outputs: Sequence[Tensor], options: Options) -> list[Tensor]:
    """One pass; prints what its rules did at debug level 2."""
    start = time.perf_counter()
    counts: Counter[str] = Counter()
    result = _apply(step, outputs, options, counts)
    if settings().verify:
        verify(result, f"the pass {step.name}")
    if settings().debug >= 2:
        seconds = time.perf_counter() - start
        before, after = len(sort_nodes(outputs)), len(sort_nodes(result))
        note(2, f"rewrite: {step.name}: {before} -> {after} nodes in {seconds * 1e3:.1f} ms")
        for name, count in counts.most_common():
            note(2, f"rewrite:   {count:5d} x {name}")
    return result


def rules_that_fire(outputs: Sequence[Tensor], options: Options | None = None) -> Counter[str]:
    """How often each rule fires when these outputs are optimized."""
    counts: Counter[str] = Counter()
    chosen = options or Options()
    current = unify_sizes(outputs)
    for step in PASSES:
        current = _apply(step, current, chosen, counts)
    return counts


def _apply(step: Pass, outputs: Sequence[Tensor], options: Options, counts: Counter[str]) -> list[Tensor]:
    rules, settled = (
        tuple(rule for rule in group if options.unsound or not rule.unsound)
        for group in (step.rules(outputs), step.settled)
    )
    if not rules:
        return list(outputs)
    return apply_rules(outputs, rules, counts, settled)
