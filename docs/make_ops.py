"""Writes docs/ops.md from the declarations of the ops: run ``python docs/make_ops.py`` after a change."""

from __future__ import annotations

from pathlib import Path

from staticad.ops import ALL_OPS
from staticad.ops.base import Barrier, Creation, Op, Source

TARGET = Path(__file__).resolve().with_name("ops.md")

HEAD = """# Ops

The nodes of a graph are made of these ops, and every function of the package is a composition of them. This page is
made from their declarations by `python docs/make_ops.py`; a test fails when it is out of date.

## Dtypes

Ops take operands of one dtype and never convert; the functions in front of them insert the casts:

- operands of several dtypes meet in NumPy 2's result type; Python numbers are weak and take the tensor's dtype;
- floats are float16, bfloat16, float32 and float64; the first two are float32 to kernels, see
  [half precision](half-precision.md);
- a complex tensor is two real ones to kernels; see [complex numbers](complex.md);
- functions of floats (`exp`, `sin`, `/` …) turn bool and integers into float64, those of at most 16 bits into float32
  (NumPy would go down to float16 for 8 bits);
- `sum`, `prod` and `mean` accumulate bool and integers in 64 bits as NumPy does, floats in their own dtype;
- comparisons of integers with and without sign compare the true values;
- indices may have any integer dtype and become int64; argmax and argmin return int64;
- integers wrap around on overflow; an integer division by zero gives 0.

In the tables, *dtypes* are the legal ones of the operands, *result* is "same" where the result has the operands' dtype.

## Derivatives

*derivative* says "yes" for an op with a rule, "linear" for one that is its own derivative, "zero" where the
derivative is zero wherever it exists: gradients stop there, and such an op does not connect an x with a y. The
derivative rules are made of ordinary nodes, so all of them differentiate again. Where a derivative does not exist, the
notes say which value is taken. A cotangent is always summed down to its operand's shape, where the op broadcast it.

A root that meets itself in a product, a square or an even power is gone before derivatives are taken, in every mode:
`sqrt(x)**2` is x, `abs(x)**2` is x * x, and `linalg.norm(x)**2` a sum of squares, also in `exp(-d * d)` or
`(d / s)**2`. So these have all derivatives at 0. The length itself has none there; its subgradient 0 is taken, and 0
for its second derivative.
"""

DTYPES = {
    "biufc": "all", "biuf": "all but complex", "iufc": "integers, floats, complex", "iuf": "integers, floats",
    "iu": "integers", "fc": "floats, complex", "f": "floats", "b": "bool", "c": "complex",
}  # fmt: skip


def derivative(op: Op) -> str:
    """How the op takes part in differentiation, in a word."""
    if isinstance(op, (Source, Creation)):
        return ""
    if isinstance(op, Barrier) and op.nondifferentiable:
        return "stops"
    if op.nondifferentiable:
        return "zero"
    return "linear" if op.linear else "yes"


def row(op: Op) -> str:
    """The line of one op in its family's table."""
    dtypes = getattr(op, "only", None) or DTYPES[getattr(op, "operands", "biufc")]
    dtypes = dtypes if derivative(op) else ""
    return f"| `{op.name}` | {dtypes} | {op.result} | {derivative(op)} | {op.notes} |".replace("|  |", "| |")


def render() -> str:
    """The text of docs/ops.md."""
    parts = [HEAD]
    for family in dict.fromkeys(op.family for op in ALL_OPS):
        ops = [op for op in ALL_OPS if op.family == family]
        parts.append(
            "\n".join(
                [
                    f"## {ops[0].title}\n",
                    f"{ops[0].about}\n",
                    "| op | dtypes | result | derivative | notes |",
                    "|---|---|---|---|---|",
                    *map(row, ops),
                ]
            )
            + "\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), "utf-8")
