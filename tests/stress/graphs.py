"""Random graphs: a compiled session computes what the reference computes, and forward mode agrees with reverse mode."""

from __future__ import annotations

import numpy as np

from staticad.errors import GradientError
from staticad.ir.graph import sort_nodes
from staticad.reference import evaluate
from tests.harness.derivatives import check_duality
from tests.harness.printing import printing
from tests.harness.random_builder import RandomGraph
from tests.harness.random_graphs import check_seeds, random_graph
from tests.stress.program import Case, Finding

TINY = 1e-30
SHARED = 0.75  # of graphs that are compared in derivatives alone, which compiles nothing


def prepare(short: bool) -> Case:
    def case(rng: np.random.Generator) -> int:
        seed = int(rng.integers(1 << 31))
        if rng.random() < SHARED:
            with printing():
                return duality(random_graph(seed), rng)
        for failure in check_seeds([seed]):
            raise Finding(failure)
        return 1

    return case


def duality(graph: RandomGraph, rng: np.random.Generator) -> int:
    """Compares the derivatives of all float results by all float sources, to second order, where all that they are
    computed of is finite and not tiny: zero times infinity stands at different places in the two modes, and quotients
    by tiny numbers cancel to nothing."""
    ys = [t for t in graph.outputs if t.dtype.kind == "f"]
    nodes = sort_nodes(graph.outputs)
    variables = {n.out: n.out.value for n in nodes if n.op.name == "variable"}
    values = {**graph.feeds, **variables}
    xs = [t for t in values if t.dtype.kind == "f"]
    if not xs or not ys or not all(np.isfinite(values[x]).all() for x in xs):
        return 0
    with np.errstate(all="ignore"):
        floats = [t for node in nodes for t in node.outputs if t.dtype.kind == "f"]
        if not all(map(_is_ordinary, evaluate(floats, values))):
            return 0
        for order in (2, 1):
            try:
                check_duality(ys, xs, values, rng, order)
            except AssertionError as error:
                raise Finding(f"graph of seed {graph.seed}: {error}") from error
            except GradientError as error:  # random numbers have two by their parameters
                if "no third derivative" not in str(error):
                    raise
                continue
            return order
    return 0


def _is_ordinary(value: np.ndarray) -> bool:
    return bool(np.isfinite(value).all()) and not bool(((value != 0) & (abs(value) < TINY)).any())
