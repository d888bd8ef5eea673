"""Looking into a session: its kernels as text and as tables, and the first operation that makes a NaN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from staticad.errors import NonFiniteError
from staticad.ir.dtypes import is_complex, is_inexact
from staticad.ir.graph import Tensor, describe
from staticad.ops.sources import constant_array
from staticad.reference import evaluate
from staticad.runtime.compiled import Compiled
from staticad.runtime.drawings import keyed_steps
from staticad.runtime.variables import Variable

_DIVISIONS = ("div", "reciprocal", "floor_divide", "remainder", "rsqrt")
_NUMBERS = np.empty(0, np.int64)  # for those of a loop's steps, which are never computed as an array
_DOMAINS = ("log", "log1p", "sqrt", "pow")


# ---- the first operation that is not finite --------------------------------------------------------------------------


def check_finite(targets: Sequence[Tensor], feeds: Mapping[Tensor, np.ndarray]) -> None:
    """Evaluate the graph op by op. Raises NonFiniteError for the first op that makes a NaN or an infinity of finite
    inputs, and for a feed or variable that holds one."""
    values: dict[Tensor, np.ndarray] = dict(feeds)
    for tensor, array in feeds.items():
        _check_source(tensor, array)

    def value(tensor: Tensor) -> np.ndarray:
        found = values.get(tensor)
        if found is None:
            constant = constant_array(tensor)
            if constant is None and not isinstance(tensor, Variable):
                return _NUMBERS
            if constant is None:
                constant = tensor.value
                _check_source(tensor, constant)
            found = values[tensor] = constant
        return found

    def watch(tensor: Tensor, array: np.ndarray) -> np.ndarray:
        inputs = [value(x) for x in tensor.inputs]
        if inputs and not _finite(array) and all(map(_finite, inputs)):
            raise NonFiniteError(_explain(tensor, array, inputs))
        values[tensor] = array
        return array

    for tensor in targets:
        if isinstance(tensor, Variable):
            value(tensor)
    evaluate(targets, feeds, watch=watch)


def _finite(array: np.ndarray) -> bool:
    return not is_inexact(array.dtype) or bool(np.isfinite(array).all())


def _count(array: np.ndarray) -> str:
    """How many elements are not finite, and where the first of them is."""
    nan, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    parts = [f"{n} {what}" for n, what in ((nan, "NaN"), (infinite, "infinite")) if n]
    first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    place = f", the first at {list(first)}" if first else ""
    return f"{' and '.join(parts)} of {array.size} elements{place}"


def _check_source(tensor: Tensor, array: np.ndarray) -> None:
    if not _finite(array):
        what = "variable" if isinstance(tensor, Variable) else "feed"
        raise NonFiniteError(
            f"{what} {describe(tensor)} holds numbers that are not finite ({_count(array)}); "
            "replace them before the run, for example with np.nan_to_num"
        )


def _range(array: np.ndarray) -> str:
    if not array.size:
        return "empty"
    if is_complex(array.dtype):
        return f"of sizes from {abs(array).min()} to {abs(array).max()}"
    return f"from {array.min()} to {array.max()}"


def _explain(tensor: Tensor, array: np.ndarray, inputs: Sequence[np.ndarray]) -> str:
    operands = "; ".join(f"{describe(x)} {_range(found)}" for x, found in zip(tensor.inputs, inputs, strict=True))
    name = tensor.op.name
    if name in _DIVISIONS:
        remedy = "keep the divisor away from 0, for example with sa.where or sa.maximum"
    elif name in _DOMAINS:
        remedy = "keep the operand inside the function's domain, for example with sa.clip or sa.maximum"
    else:
        remedy = f"the result is outside the range of {tensor.dtype.name}: scale the operands, or compute in float64"
    return f"{describe(tensor)} makes numbers that are not finite ({_count(array)}) of {operands}; {remedy}"


# ---- the kernels -----------------------------------------------------------------------------------------------------


def sources(compiled: Compiled) -> str:
    """The distinct kernel texts, in order of first use, each under the label of its first step and the keys of all."""
    labels: dict[str, list[str]] = {}
    keys: dict[str, list[str]] = {}
    for key, step in keyed_steps(compiled.plan):
        text = compiled.text(step)
        labels.setdefault(text, []).append(step.label)
        keys.setdefault(text, []).append(key)
    parts = []
    for text, found in labels.items():
        used = f" (used {len(found)} times)" if len(found) > 1 else ""
        parts.append(f"# {found[0]}{used} ({', '.join(keys[text])})\n{text}")
    return "\n\n".join(parts)
