"""Run kernel sources on NumPy arrays, and measure errors in units of the last place."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mpmath
import numpy as np

from staticad.codegen.loader import kernel_address
from tests.harness.kept import kept

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def kernel_dtype(dtype: Any) -> str:
    """How a kernel's source spells a NumPy dtype."""
    name = np.dtype(dtype).name
    return "bool_" if name == "bool" else name


def run(source: str, slots: Sequence[np.ndarray | int], lo: int, hi: int) -> None:
    """Compile the source and call it on a block of arguments: arrays by address, integers as they are."""
    block = np.array([slot if isinstance(slot, int) else slot.ctypes.data for slot in slots], np.int64)
    KERNEL(kernel_address(source))(block.ctypes.data, lo, hi)


def elementwise_source(inputs: Sequence[Any], expressions: Iterable[tuple[str, Any]]) -> str:
    """One loop per expression in a, b, c (the inputs' elements) with the dtype of its result."""
    outputs = list(expressions)
    count = len(inputs) + len(outputs)
    lines = ["def kernel(args, lo, hi):"]
    for slot, dtype in enumerate([*inputs, *(dtype for _, dtype in outputs)]):
        lines.append(f"    p{slot} = pointer(args, {slot}, {kernel_dtype(dtype)}, {slot}, {count})")
    for slot, (expression, _) in enumerate(outputs, len(inputs)):
        lines.append("    for i in range(lo, hi):")
        lines += [f"        {name} = load(p{place}, i)" for name, place in zip("abc", range(len(inputs)))]
        lines.append(f"        store(p{slot}, i, {expression})")
    return "\n".join(lines) + "\n"


def evaluate(inputs: Sequence[np.ndarray], expressions: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The results of expressions in a, b, c over the inputs, all by one kernel; the values are the result dtypes."""
    arrays = [np.ascontiguousarray(array) for array in inputs]
    outputs = [np.empty(arrays[0].shape, dtype) for dtype in expressions.values()]
    source = elementwise_source([array.dtype for array in arrays], expressions.items())
    run(source, [*arrays, *outputs], 0, arrays[0].size)
    return dict(zip(expressions, outputs))


def assert_identical(actual: np.ndarray, expected: np.ndarray, *inputs: np.ndarray) -> None:
    """Equal values, NaN where NaN is expected, and equal signs of zeros; names the inputs of the first difference."""
    assert actual.dtype == expected.dtype
    same = actual == expected
    if actual.dtype.kind == "f":
        same &= np.signbit(actual) == np.signbit(expected)
        same |= np.isnan(actual) & np.isnan(expected)
    if not same.all():
        at = int(np.flatnonzero(~same)[0])
        values = [array[at] for array in inputs]
        raise AssertionError(f"{(~same).sum()} differ; f{values} = {actual[at]!r}, expected {expected[at]!r}")


def ulps(actual: np.ndarray, function: Callable[..., Any], *inputs: np.ndarray, known_as: str = "") -> np.ndarray:
    """Distance of each result from the exact value of an mpmath function, in units of the last place of its dtype.
    ``known_as`` is the file that says what the function is, and its name there: then its values are kept."""

    def truth() -> np.ndarray:
        found = np.zeros((2, actual.size))
        for i, arguments in enumerate(zip(*inputs)):
            exact = function(*(mpmath.mpf(float(argument)) for argument in arguments))
            found[0, i] = float(exact)
            if np.isfinite(found[0, i]):
                found[1, i] = float(exact - mpmath.mpf(found[0, i]))
        return found

    if known_as:
        file, _, name = known_as.rpartition(":")
        points = [part for array in inputs for part in (array.dtype.str.encode(), array.tobytes())]
        settings = f"{name} of mpmath {mpmath.__version__} with {mpmath.mp.prec} bits".encode()
        found = kept([settings, *(Path(path).read_bytes() for path in (file, __file__)), *points], truth)
    else:
        found = truth()
    high, low = found.reshape(2, *actual.shape)
    info = np.finfo(actual.dtype)
    limit = float(info.max)
    overflows = np.abs(high) > limit * (1 + float(info.eps) / 4)
    with np.errstate(over="ignore", invalid="ignore"):
        spacing = np.spacing(np.abs(np.clip(high, -limit, limit).astype(actual.dtype))).astype(float)
        distance = np.abs((actual.astype(float) - high) - low) / spacing
    return np.where(overflows, np.where(actual == np.copysign(np.inf, high), 0.0, np.inf), distance)
