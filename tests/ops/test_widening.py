"""float32 that becomes float64: one warning for each line, an error or nothing, and NumPy's scalars as weak ones."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.errors import Float64Warning
from staticad.ir.graph import describe
from tests.harness.function_calls import functions, valid_call

F = sa.placeholder((4, 3), "float32", name="f")
C = sa.placeholder((3,), "complex64", name="c")
H = sa.placeholder((3,), "float16", name="h")
D = sa.placeholder((3,), "float64", name="d")
S = sa.placeholder((), "float32", name="s")
I = sa.placeholder((3,), "int64", name="i")  # noqa: E741
STEP = sa.variable(0, name="step")

Call = Callable[[], Any]


def warned(call: Call) -> list[str]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        call()
    assert all(w.category is Float64Warning and w.filename == __file__ for w in found)
    return [str(w.message) for w in found]


def test_the_whole_text() -> None:
    root, rate = np.sqrt(64), 0.1 / (STEP + 1)
    call: Call = lambda: F / root  # noqa: E731
    behind = "or .astype('float64') behind the float32 tensor if that is meant"
    at = f"(at {__file__}:"
    assert warned(call) == [
        f"div: float32 becomes float64, which is slower, because of NumPy's scalar {root!r}; write float(…) around it, "
        f"{behind} (operands: {describe(F)}, {root!r}) {at}{call.__code__.co_firstlineno})"
    ]
    call = lambda: rate * F  # noqa: E731
    assert warned(call) == [
        f"mul: float32 becomes float64, which is slower, because of {describe(rate)}; write .astype('float32') behind "
        f"it, {behind} (operands: {describe(rate)}, {describe(F)}) {at}{call.__code__.co_firstlineno})"
    ]
    call = lambda: F + I  # noqa: E731
    assert warned(call) == [
        f"add: float32 becomes float64, which is slower, because of {describe(I)}: NumPy makes float64 of float32 and "
        f"int64; write .astype('float32') behind it, {behind} (operands: {describe(F)}, {describe(I)}) "
        f"{at}{call.__code__.co_firstlineno})"
    ]
    call = lambda: F @ np.eye(3)  # noqa: E731
    assert warned(call) == [
        f"matmul: float32 becomes float64, which is slower, because of an array of float64; write .astype('float32') "
        f"behind it, {behind} (operands: {describe(F)}, an array of float64 and shape (3, 3)) "
        f"{at}{call.__code__.co_firstlineno})"
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda: F * np.int64(2),
        lambda: np.float64(2) * F,
        lambda: np.multiply(F, np.float64(2)),
        lambda: sa.where(F > 0, F, np.float64(0)),
        lambda: sa.clip(F, np.float64(0), None),
        lambda: sa.concatenate([F, np.zeros((1, 3))]),
        lambda: sa.maximum(F, np.zeros(3)),
        lambda: C * D,
        lambda: H * D,
        lambda: sa.nn.mse(F, np.zeros((4, 3))),
        lambda: F + sa.zeros(3),
    ],
)
def test_it_is_told(call: Call) -> None:
    assert len(warned(call)) == 1
    with config.override(float64="error"), pytest.raises(sa.DTypeError, match="becomes .*, which is slower, because"):
        call()
    with config.override(float64="allow"):
        assert warned(call) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: F * 2.0 + 1,
        lambda: F * float(np.sqrt(2.0)),
        lambda: F.astype("float64") * np.sqrt(2.0),
        lambda: F * np.float32(2),
        lambda: F * F.shape[0] ** 0.5,
        lambda: S * np.float64(2),  # a scalar costs nothing
        lambda: F > np.float64(2),
        lambda: F == I,
        lambda: D * S,
        lambda: H * F,
        lambda: I * np.float64(2),
        lambda: sa.exp(I) + D,
        lambda: sa.nn.cross_entropy(F, sa.zeros((4,), "int64")).mean(),
        lambda: sa.gradients((sa.nn.gelu(F) / 3).sum(), [F]),
    ],
)
def test_nothing_is_told(call: Call) -> None:
    with config.override(float64="error"):
        call()


def test_once_for_each_line() -> None:
    def layers() -> None:
        x: Any = sa.placeholder((None, 3), "float32")
        for width in (2, 3):
            x = (x @ sa.zeros((x.shape[1], width), "float32") / np.sqrt(width)).astype("float32")
        x / np.sqrt(2.0)

    first, second = warned(lambda: (layers(), layers()))
    assert first != second
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(Float64Warning):
                layers()


def test_scalars_of_numpy_as_weak_ones() -> None:
    with config.override(float64="weak"):
        for weak in (F * np.float64(2), np.sqrt(2.0) * F, np.int64(2) + F, sa.where(F > 0, F, np.float64(0))):
            assert weak.dtype == "float32"
        assert (sa.clip(F, np.float64(0)).dtype, (I * np.float64(2)).dtype) == ("float32", "float64")
        assert (F * np.complex128(2)).dtype == "complex64"
        assert len(warned(lambda: F * np.zeros(3))) == 1


# Numbers for options, where they have a meaning.
NUMBERS: dict[str, Any] = {
    "alpha": 0.5, "atol": 1e-3, "beta": 0.5, "constant_values": 1.0, "delta": 0.5, "density": True, "discont": 4.0,
    "dx": 0.5, "edge_order": 2, "end_values": 1.0, "eps": 1e-3, "initial": 2.0, "label_smoothing": 0.1, "margin": 0.5,
    "nan": 1.0, "norm": "ortho", "ord": 3, "p": 3.0, "period": 2.0, "q": 0.3, "rcond": 1e-3, "rtol": 1e-3,
    "scale": 0.5, "to_begin": 1.0, "to_end": 1.0, "tol": 1e-3,
}  # fmt: skip


def narrow(value: Any, dtype: str) -> Any:
    """Arguments with other floats."""
    if isinstance(value, (list, tuple)):
        return type(value)(narrow(part, dtype) for part in value)
    if isinstance(value, sa.Tensor) and value.dtype == "float64":
        return sa.placeholder(value.shape, dtype)
    return value


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_no_function_widens_by_numbers_of_its_own(dtype: str) -> None:
    found = []
    for name, function in functions():
        args, kwargs = valid_call(name, function)
        given = tuple(narrow(arg, dtype) for arg in args)
        options = list(inspect.signature(function).parameters)[len(args) :]
        for option in (None, *(option for option in options if option in NUMBERS)):
            try:
                with config.override(float64="error"):
                    function(*given, **kwargs, **({} if option is None else {option: NUMBERS[option]}))
            except sa.StaticadError as error:
                if "which is slower" in str(error):
                    found.append((name, option, error))
    assert not found, "\n".join(map(str, found))
