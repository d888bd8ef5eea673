"""Writes docs/ops.md from the declarations of the ops: run ``python docs/make_ops.py`` after a change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from staticad.ops import ALL_OPS
from staticad.ops.base import Op

TARGET = Path(__file__).resolve().with_name("ops.md")

HEAD = """# Ops

The nodes of a graph are made of these ops, and every function of the package is a composition of them. This page is
made from their declarations by `python docs/make_ops.py`; a test fails when it is out of date.

## Dtypes

Ops take operands of one dtype and never convert; the functions in front of them insert the casts:

- operands of several dtypes meet in NumPy 2's result type; Python numbers are weak and take the tensor's dtype;
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
"""

FAMILIES: Mapping[str, tuple[str, str]] = {
    "source": ("Sources", "No operands; the value comes from outside."),
    "creation": ("Creation", "Made from sizes and indices alone, inside the kernel that uses them."),
    "elementwise": ("Elementwise", "One scalar expression per element; operands broadcast. They fuse."),
    "reduce": ("Reductions", "Over any set of axes, which disappear; fused with the expressions that they reduce."),
    "argreduce": ("Positions of extremes", "Over one axis."),
    "movement": ("Views", "Every element of the result is an element of the operand: index arithmetic, not copies."),
    "reshape": ("Reshape", "The same elements in row-major order: a view where the operand is stored that way."),
    "assemble": ("Assembly", "A new array whose regions are copied from the operands."),
    "gather": ("Reading at integer arrays", "Indices are checked in every run; negative ones count from the end."),
    "scatter": ("Writing at integer arrays", "A copy of the base, changed at the places that the indices name."),
    "contract": ("Matrix products", "Kernels or calls of BLAS for floats; leading axes broadcast."),
    "barrier": ("Barriers", "The operand's value, and a statement about derivatives. They cost nothing."),
}
DTYPES = {"biuf": "all", "iuf": "integers, floats", "iu": "integers", "f": "floats", "b": "bool"}
RESULTS: Mapping[str, str] = {
    **dict.fromkeys(("placeholder", "variable", "constant", "full", "iota", "position", "cast"), "the one asked for"),
    "argmax": "int64",
    "argmin": "int64",
    "size": "int64",
}

NOTES: Mapping[str, str] = {
    "placeholder": "an input of every run",
    "variable": "keeps its value between runs",
    "constant": "equal by dtype, shape and bits: 0.0 and -0.0 stay apart",
    "full": "one number everywhere",
    "iota": "the own index along an axis; `arange`, `eye`, `linspace` and `tril` are made of it",
    "position": "the own index in row-major order; the counters of `sa.random`",
    "size": "a size as a number",
    "div": "true division; x / 0 is an infinity or NaN",
    "floor_divide": "rounds towards minus infinity",
    "remainder": "has the sign of the divisor; derivative 1 in the dividend, -floor(a / b) in the divisor",
    "pow": "integers to negative powers give 0, ±1 for ±1; derivative in a is 0 for b = 0, in b it is 0 at a = 0",
    "sign": "0 for 0, NaN for NaN",
    "abs": "derivative 0 at 0",
    "square": "x * x",
    "sqrt": "derivative infinite at 0",
    "rsqrt": "1 / sqrt(x)",
    "log": "-inf at 0, NaN below",
    "expm1": "exact near 0; derivative expm1(x) + 1",
    "log1p": "exact near 0",
    "sigmoid": "no overflow for any x",
    "softplus": "log(1 + exp(x)) without overflow; derivative sigmoid(x)",
    "relu": "derivative 0 at 0 and for NaN",
    "maximum": "NaN if one operand is NaN; equal operands get half the cotangent each",
    "minimum": "NaN if one operand is NaN; equal operands get half the cotangent each",
    "where": "the branch that is not taken gets the cotangent 0, which its own rule may turn into NaN where its"
    " derivative is infinite (1 / x at 0): guard its operand with a `where` too",
    "round": "halves to even",
    "cast": "between floats the cotangent is cast back; to and from integers and bool nothing is connected",
    "logical_and": "operands count as true where they are not 0",
    "logical_or": "operands count as true where they are not 0",
    "logical_xor": "operands count as true where they are not 0",
    "logical_not": "operands count as true where they are not 0",
    "bitwise_and": "of bools it is `logical_and`; `bitwise_or`, `bitwise_xor` and `invert` likewise",
    "left_shift": "0 for shifts by the width of the dtype or more, or by a negative number",
    "right_shift": "keeps the sign; 0 or -1 for shifts by the width of the dtype or more, or by a negative number",
    "threefry64": "a block of random bits from a key and a counter; `sa.random` is made of these two",
    "threefry32": "the exclusive or of the two words of the block",
    "erfinv": "infinite at -1 and 1, NaN beyond",
    "sum": "0 for no elements; rounding does not depend on the number of threads",
    "prod": "1 for no elements; derivative right with any number of zeros",
    "max": "NaN if there is one; no elements are an error; ties share the cotangent equally",
    "min": "NaN if there is one; no elements are an error; ties share the cotangent equally",
    "any": "False for no elements",
    "all": "True for no elements",
    "argmax": "the first one; a NaN counts as the most extreme",
    "argmin": "the first one; a NaN counts as the most extreme",
    "slice": "start, step (also negative) and size per axis",
    "diagonal": "becomes the last axis",
    "embed": "the operand at a region of a filled array; `pad`, and the derivative of a slice",
    "replace": "the base with a region replaced",
    "gather": "integer-array indexing, `take`",
    "gather_along": "`take_along_axis`",
    "scatter": "`x.at[i].set`, `add`, `multiply`, `min`, `max`; of several sets of one place the last stays, and only"
    " that has a derivative; tied extremes share the cotangent equally",
    "scatter_along": "`put_along_axis`; as scatter",
    "matmul": "integers wrap around; for bool a product is and, a sum is or",
    "stop_gradient": "`x.detach()`",
}


def derivative(op: Op) -> str:
    """How the op takes part in differentiation, in a word."""
    if op.family in ("source", "creation"):
        return ""
    if op.family == "barrier":
        return "stops"
    if op.nondifferentiable:
        return "zero"
    return "linear" if op.linear else "yes"


def row(op: Op) -> str:
    """The line of one op in its family's table."""
    dtypes = getattr(op, "only", None) or DTYPES[getattr(op, "operands", "biuf")]
    result = RESULTS.get(op.name, getattr(op, "result", "same"))
    dtypes = dtypes if derivative(op) else ""
    return f"| `{op.name}` | {dtypes} | {result} | {derivative(op)} | {NOTES.get(op.name, '')} |".replace("|  |", "| |")


def render() -> str:
    """The text of docs/ops.md."""
    parts = [HEAD]
    for family, (title, about) in FAMILIES.items():
        rows = [row(op) for op in ALL_OPS if op.family == family]
        parts.append(
            "\n".join(
                [
                    f"## {title}\n",
                    f"{about}\n",
                    "| op | dtypes | result | derivative | notes |",
                    "|---|---|---|---|---|",
                    *rows,
                ]
            )
            + "\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), "utf-8")
