"""Compile time of large graphs: `python -m benchmarks.nodes [FORM ...] [--sizes 1000 10000 100000]`.

Each graph is compiled in a process of its own with an empty cache. A line tells the nodes of a graph and the CPU's
seconds of each phase, the last column how time grows from one size to the next: as the nodes to this power.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

import numpy as np

import staticad as sa
from benchmarks.table import digits, markdown
from staticad.ir.graph import sort_nodes

Outputs = list[Any]
Graph = tuple[Outputs, Callable[[], Outputs]]  # values, and what differentiates them
PHASES = {
    "rewrite the graph": "rewrite",
    "lower it to a plan": "lower",
    "compile or load its kernels": "kernels",
}
COLUMNS = ("build", "gradient", *PHASES.values(), "total")


def differentiated(value: Any, by: Any) -> Graph:
    return [value], lambda: [value, *sa.gradients(value, by)]


def plain(values: Outputs) -> Graph:
    return values, lambda: values


def chain(n: int) -> Graph:
    """Elementwise functions, one of the other."""
    y = x = sa.placeholder((40,))
    for _ in range(n // 5):
        y = sa.sin(y) + x
    return differentiated(y.sum(), [x])


def wide(n: int) -> Graph:
    """A sum of functions of one array."""
    y = x = sa.placeholder((40,))
    for k in range(n // 4):
        y = y + sa.sin(x * float(k))
    return plain([y])


def layers(n: int) -> Graph:
    """Residual layers."""
    h = sa.placeholder((None, 8))
    weights = [sa.placeholder((8, 8)) for _ in range(n // 11)]
    for w in weights:
        h = h + sa.tanh(h @ w)
    return differentiated((h * h).sum(), weights)


def polynomial(n: int) -> Graph:
    """Horner's scheme for single numbers."""
    y = x = sa.placeholder(())
    for c in np.random.default_rng(0).standard_normal(n // 6):
        y = y * x + float(c)
    return differentiated(y, [x])


def elements(side: int) -> Any:
    """A symmetric matrix and the elements of its Cholesky factor."""
    a = sa.placeholder((side, side))
    factor: list[list[Any]] = [[None] * side for _ in range(side)]
    for j in range(side):
        for i in range(j, side):
            total = a[i, j]
            for k in range(j):
                total = total - factor[i][k] * factor[j][k]
            factor[i][j] = sa.sqrt(total) if i == j else total / factor[j][j]
    return a, factor


def cholesky(n: int) -> Graph:
    """The unrolled factorization; its last row."""
    _, factor = elements(round((3 * n) ** (1 / 3)))
    return plain(factor[-1])


def cholesky_gradient(n: int) -> Graph:
    """The unrolled factorization; the logarithm of the determinant and its gradient."""
    a, factor = elements(round((3 / 4 * n) ** (1 / 3)))
    return differentiated(sum(sa.log(row[i]) for i, row in enumerate(factor)), [a])


def in_place(n: int) -> Graph:
    """The factorization that changes a matrix under `sa.function`, in loops over Python's ranges."""
    side = round((n / 2) ** (1 / 3))

    @sa.function
    def factorized(a: Any) -> Any:
        for j in range(side):
            for k in range(j):
                a[j, j] = a[j, j] - a[j, k] * a[j, k]
            a[j, j] = sa.sqrt(a[j, j])
            for i in range(j + 1, side):
                for k in range(j):
                    a[i, j] = a[i, j] - a[i, k] * a[j, k]
                a[i, j] = a[i, j] / a[j, j]
        return a

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return plain([factorized(sa.placeholder((side, side)))])


def terms(n: int) -> Graph:
    """A sum of the elements of an array, written out."""
    x = sa.placeholder((n // 6,))
    y = x[0]
    for k in range(1, n // 6):
        y = y + x[k]
    return differentiated(y, [x])


def concatenations(n: int) -> Graph:
    """An array that gets a new element in front of which the first is dropped."""
    y = sa.placeholder((50,))
    for _ in range(n // 4):
        y = sa.concatenate([y[1:], sa.sin(y[:1])])
    return plain([y])


def derivative(n: int) -> Graph:
    """The tenth derivative of exp(sin x)."""
    x = sa.placeholder(())
    y = sa.exp(sa.sin(x))

    def tenth() -> Outputs:
        found = y
        for _ in range(10):
            (found,) = sa.gradients(found, x)
        return [found]

    return [y], tenth


def hessian(n: int) -> Graph:
    """The gradients of 122 elements of an unrolled gradient."""
    x = sa.placeholder((122,))
    parts = [x[i] for i in range(122)]
    y = parts[0]
    for before, part in zip(parts, parts[1:], strict=False):
        y = y + part * sa.sin(before)

    def rows() -> Outputs:
        (first,) = sa.gradients(y, x)
        return [sa.gradients(first[i], x)[0] for i in range(122)]

    return [y], rows


FORMS = (chain, wide, layers, polynomial, cholesky, cholesky_gradient, in_place, terms, concatenations)
FIXED = (derivative, hessian)  # of one size
NAMES = {form.__name__: form for form in (*FORMS, *FIXED)}


def measure(name: str, size: int) -> dict[str, float]:
    """The nodes of a graph and the CPU's seconds of each phase of its compilation, in this process."""
    seconds = dict.fromkeys(COLUMNS, 0.0)

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        start = process_time()
        yield
        seconds[PHASES.get(what, what)] = seconds.get(PHASES.get(what, what), 0.0) + process_time() - start

    sa.compile(sa.placeholder((3,)) * 2.0)  # what is imported and loaded once
    from staticad.runtime import lowering, session

    for module in (lowering, session):
        setattr(module, "timed", timed)  # noqa: B010
    start = process_time()
    with timed("build"):
        _, differentiate = NAMES[name](size)
    with timed("gradient"):
        outputs = differentiate()
    sa.compile(outputs)
    seconds["total"] = process_time() - start
    return {"nodes": len(sort_nodes(outputs)), **seconds}


def measured(name: str, size: int, timeout: float) -> dict[str, float] | None:
    """The same in a new process with an empty cache; None where it fails or takes too long."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.nodes", name, "--sizes", str(size), "--here"]
        environment = {**os.environ, "STATICAD_CACHE_DIR": cache}
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)
        except subprocess.TimeoutExpired:
            return None
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nodes", description=__doc__)
    parser.add_argument("forms", nargs="*", metavar="FORM", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000], help="nodes, about")
    parser.add_argument("--timeout", type=float, default=900, metavar="S", help="seconds on the clock for a graph")
    parser.add_argument("--here", action="store_true", help="one graph in this process, as JSON")
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(measure(arguments.forms[0], arguments.sizes[0])))
        return
    lines = []
    for name in arguments.forms or NAMES:
        before: dict[str, float] | None = None
        for size in arguments.sizes[-1:] if NAMES[name] in FIXED else arguments.sizes:
            print(f"{name}, {size} nodes", file=sys.stderr, flush=True)
            found = measured(name, size, arguments.timeout)
            if found is None:
                lines.append([name, str(size), *["–"] * (len(COLUMNS) + 1)])
                continue
            growth = "" if before is None else f"{exponent(before, found):.2f}"
            lines.append([name, f"{found['nodes']:,}", *(digits(found[c]) for c in COLUMNS), growth])
            print(lines[-1], file=sys.stderr, flush=True)
            before = found
    print(markdown(["", "nodes", *COLUMNS, "exponent"], lines))


def exponent(one: dict[str, float], other: dict[str, float]) -> float:
    """How the total grows with the nodes."""
    return math.log(other["total"] / one["total"]) / math.log(other["nodes"] / one["nodes"])


if __name__ == "__main__":
    main()
