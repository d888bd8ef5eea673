"""Tracebacks show the user's lines only, and cells of notebooks by their numbers."""

from __future__ import annotations

import copy
import pickle
import sys
import traceback
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.user_lines import file_text

X = sa.placeholder((None, 3), name="x")
W = sa.variable(np.zeros(3), name="w")
TOTAL = sa.compile(X.sum(), [X])


def nested(function: Callable[[Any], Any]) -> Any:
    return sa.scan(lambda state, row: (function(state), None), sa.zeros(3), X)


@sa.function
def rewritten(x: Any) -> Any:
    while x.sum() < 3:
        x = sa.concatenate([x, x @ x])
    return x


CALLS: dict[str, Callable[[], Any]] = {
    "operator": lambda: X + np.zeros(2),
    "reflected operator": lambda: np.zeros(2) @ X.T,
    "function": lambda: sa.concatenate([X, W]),
    "function of NumPy": lambda: np.concatenate([X, W]),
    "ufunc": lambda: np.add(X, np.zeros(2)),
    "method": lambda: X.sum(axis=4),
    "property": lambda: W.T.mT,
    "truth": lambda: bool(X),
    "size": lambda: range(X.shape[0]),
    "index": lambda: W[7],
    "update": lambda: W.at[0].set(np.zeros(4)),
    "compile": lambda: sa.compile(X.sum(), []),
    "call": lambda: TOTAL(np.zeros((2, 4))),
    "run": lambda: TOTAL.run({"y": 1}),
    "variable": lambda: W.assign(np.zeros(4)),
    "value": lambda: setattr(W, "value", 1),
    "gradients": lambda: sa.gradients(X, [X]),
    "optimizer": lambda: sa.optim.SGD(0.1).minimize(X),
    "hyperparameter": lambda: sa.optim.Adam(beta1=2.0),
    "layer": lambda: sa.nn.Dense(4, 2)(X),
    "loss": lambda: sa.nn.cross_entropy(X, X.sum(axis=1)),
    "missing name": lambda: sa.grad,
    "missing method": lambda: X.backward(),
}


def frames(error: BaseException) -> list[str]:
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]


@pytest.mark.parametrize("name", CALLS)
def test_no_frame_of_the_package_is_shown(name: str) -> None:
    with pytest.raises(sa.StaticadError) as caught:
        CALLS[name]()
    assert frames(caught.value) == [__file__] * 2


def test_lines_of_functions_that_are_given_are_shown() -> None:
    with pytest.raises(sa.ShapeError) as caught:
        nested(lambda state: state + np.zeros(2))
    assert frames(caught.value) == [__file__] * 4
    with pytest.raises(sa.ShapeError) as caught:
        rewritten(sa.zeros((2, 2)))
    assert set(frames(caught.value)) == {__file__}


def test_the_users_own_errors_are_shown_alike() -> None:
    with pytest.raises(ZeroDivisionError) as other:
        nested(lambda state: 1 // 0)
    assert frames(other.value) == [__file__] * 4
    with pytest.raises(np.linalg.LinAlgError) as library:
        nested(lambda state: np.linalg.inv(np.zeros((2, 2))))
    assert frames(library.value)[:4] == [__file__] * 4


def test_bugs_and_a_setting_keep_all_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(AttributeError) as bug:
        patched.setattr("staticad.functional.movement.TRANSPOSE", None)
        sa.transpose(X)
    assert len(frames(bug.value)) > 3
    with config.override(tracebacks="full"), pytest.raises(sa.ShapeError) as caught:
        X + np.zeros(2)
    assert len(frames(caught.value)) > 3


def test_libraries_are_not_blamed() -> None:
    for call in (
        lambda: np.eye(X.shape[0]),
        lambda: np.linspace(0, 1, X.shape[0]),
        lambda: copy.deepcopy(W),
        lambda: copy.copy([W]) and copy.deepcopy([W]),
        lambda: pickle.dumps([W]),
    ):
        with pytest.raises(sa.StaticadError) as caught:
            call()
        assert str(caught.value).endswith(f" (at {__file__}:{call.__code__.co_firstlineno})")


def test_cells_of_notebooks_have_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = compile("x = sa.placeholder((2,), name='x')\n\nx @ sa.zeros((3,))", "<ipython-input-2-0123456789ab>", "exec")
    with pytest.raises(sa.ShapeError) as caught:
        exec(cell, {"sa": sa})
    assert str(caught.value) == (
        "matmul: sizes 2 and 3 of the summed axes differ (placeholder 'x' float64[2] (made at In [2]:1), "
        "full float64[3] (made at In [2]:3))"
    )
    kernel = ModuleType("IPython")
    names = {"/tmp/ipykernel_1/2.py": 7}
    kernel.get_ipython = lambda: SimpleNamespace(compile=SimpleNamespace(_filename_map=names))  # type: ignore[attr-defined]
    assert file_text("/tmp/ipykernel_1/2.py") == "/tmp/ipykernel_1/2.py"
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    assert file_text("/tmp/ipykernel_1/2.py") == "In [7]"
    assert file_text("/tmp/ipykernel_1/3.py") == "/tmp/ipykernel_1/3.py"


def test_functions_are_those_that_pickle_finds() -> None:
    for function in (sa.exp, sa.softmax, sa.nn.relu, sa.linalg.solve, sa.random.normal, sa.compile, sa.gradients):
        assert pickle.loads(pickle.dumps(function)) is function
    assert sa.softmax is sa.nn.softmax


@pytest.mark.parametrize(
    "call",
    [
        lambda: sa.gradients(),  # type: ignore[call-arg]
        lambda: sa.sin(1.0, 2.0, 3.0),  # type: ignore[call-arg]
        lambda: sa.compile(X, target=3),  # type: ignore[call-overload]
        lambda: X.sum(axes=0),
        lambda: sa.nn.Dense(3),  # type: ignore[call-arg]
        lambda: sa.optim.SGD(rate=0.1),  # type: ignore[call-arg]
    ],
)
def test_wrong_arguments_are_errors_of_the_call(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError) as wrong:
        call()
    assert frames(wrong.value)[-1] == __file__
