"""Writes docs/ops.md from the declarations of the ops: run ``python docs/make_ops.py`` after a change."""

from __future__ import annotations

from pathlib import Path

from staticad.ops.barrier import Barrier
from staticad.ops.base import Creation, Op, Source
from staticad.ops.catalogue import ALL_OPS

TARGET = Path(__file__).resolve().with_name("ops.md")

HEAD = """# Ops

A graph consists of these ops. Every function of the package is one op, or a composition of several. `python
docs/make_ops.py` makes this page from the declarations of the ops. A test fails when it is out of date.

## Dtypes

All operands of an op have one dtype. The public functions insert casts where they are needed:

- Operands of several dtypes are cast to NumPy 2's result type. Python numbers are weak: they take the tensor's dtype.
- Floats are float16, bfloat16, float32 and float64. Kernels compute the first two in float32, see
  [half precision](half-precision.md).
- Kernels compute a complex tensor as two real ones, see [complex numbers](complex.md).
- Functions of floats (`exp`, `sin`, `/` …) turn bools and integers into float64. They turn integers of at most 16 bits
  into float32. (NumPy takes float16 for 8 bits.)
- `sum`, `prod` and `mean` accumulate bools and integers in 64 bits, as NumPy does, and floats in their own dtype.
- Comparisons of signed with unsigned integers compare the true values.
- Indices may have any integer dtype, and become int64. `argmax` and `argmin` return int64.
- Integers wrap around on overflow. An integer division by zero gives 0.

In the tables, *dtypes* are those that the operands may have. *result* is "same" where the result has the dtype of the
operands.

## Derivatives

The column *derivative* says:

- "yes": the op has a rule. Rules are made of ordinary nodes, so their results can be differentiated again.
- "linear": the op is its own derivative.
- "zero": the derivative is zero wherever it exists. Gradients stop there: to `sa.gradients`, the result does not
  depend on the operand.

Where a derivative does not exist, the notes say which value is used. If an op broadcasts an operand, the derivative is
summed to the shape of the operand.

Squares of roots are simplified before derivatives are taken: `sqrt(x)**2` is x, `abs(x)**2` is x * x, and
`linalg.norm(x)**2` is a sum of squares, also inside `exp(-d * d)` or `(d / s)**2`. So these have all derivatives at 0.
The length itself has no derivative at 0. There its first and second derivatives are taken as 0.
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
