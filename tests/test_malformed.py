"""Wrong arguments of every public function end in typed errors with the user's line, while the graph is built."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import arguments, boundary
from staticad.errors import CompileError, DTypeError, GraphError, ShapeError, StaticadError, VerifyError
from tests.harness.function_calls import CALLS, NAMED, X, functions, valid_call


class Two:
    """Stands for an int, and is nothing else: no number, and without an order."""

    def __index__(self) -> int:
        return 2


WRONG = (
    None, "x", -9, 1.5, 2j, np.nan, 10**30, [], [[1, 2], [3]], (0, 5), {}, object(), ..., np.array([1.5, 2.0]),
    sa.placeholder((2, 0, 5)), sa.placeholder(("n",), "complex128"), sa.placeholder((), "bool"), [X, None],
    True, Two(), np.dtype("f4"), {1, 2}, np.ones((3, 4)),
)  # fmt: skip
NAMES = dict(functions())


def test_every_function_has_a_call() -> None:
    assert not (CALLS.keys() | NAMED.keys()) - NAMES.keys()


def calls(name: str) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The valid call with each of its arguments, and each option, replaced by something wrong."""
    args, kwargs = valid_call(name, NAMES[name])
    parameters = list(inspect.signature(NAMES[name]).parameters.values())
    places = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for wrong in WRONG:
        for place in range(len(args)):
            yield (*args[:place], wrong, *args[place + 1 :]), kwargs
        for parameter in places[len(args) :] if len(args) <= len(places) else ():
            yield args, {**kwargs, parameter.name: wrong}


@pytest.mark.parametrize("prefix", ["", "linalg", "fft", "special", "random", "nn"])
def test_wrong_arguments(prefix: str) -> None:
    found = []
    for name in NAMES:
        if name.rpartition(".")[0] != prefix:
            continue
        args, kwargs = valid_call(name, NAMES[name])
        NAMES[name](*args, **kwargs)
        for args, kwargs in calls(name):
            try:
                NAMES[name](*args, **kwargs)
            except StaticadError as error:
                named = "test_malformed.py" in str(error) or "function_calls.py" in str(error)
                if not named or isinstance(error, (VerifyError, CompileError)):
                    found.append((name, args, kwargs, error))
            except Exception as error:
                # Functions of these tests may be called with what they can't take.
                if not boundary.is_raised_by_user(error.__traceback__):
                    found.append((name, args, kwargs, error))
    assert not found, "\n".join(map(str, found))


def flagged(x: Any, keepdims: bool = False, *, sparse: bool | None = None, mode: str = "a") -> Any:
    return x.upper()


def test_ragged_lists_and_wrong_dtypes_of_methods() -> None:
    with pytest.raises(ShapeError, match="getitem: a list of indices is no rectangular array"):
        X[(1, [2, 3]), 0]
    with pytest.raises(DTypeError, match="is not a dtype"):
        X.astype((None, "x"))


@pytest.mark.parametrize("wrong", ["yes", None, [], np.array([True]), 1.0, X])
def test_flags_are_true_or_false(wrong: Any) -> None:
    call = boundary.boundary(flagged)
    with pytest.raises(GraphError, match=r"flagged: keepdims has to be True or False, not .* \(at .*test_malformed.py"):
        call("x", wrong)
    with pytest.raises(GraphError, match="sum: keepdims has to be True or False"):
        np.sum(X, keepdims=wrong)
    with pytest.raises(GraphError, match="sum: keepdims has to be True or False"):
        X.sum(keepdims=wrong)
    assert call("x", np.True_, sparse=None) == call("x", 1, sparse=False) == "X"


def test_an_argument_of_another_kind_tells_why_a_call_failed() -> None:
    with pytest.raises(GraphError, match="linspace: axis has to be an int, not None"):
        sa.linspace(0, 1, 5, axis=None)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="flagged: mode has to be a string, not 3"):
        arguments.check_kinds(flagged, (1, True), {"mode": 3}, TypeError("some bug"))
    arguments.check_kinds(flagged, (None, True), {"mode": "b"}, TypeError("some bug"))
    with pytest.raises(GraphError, match="fori_loop: body_fn has to be a function, not None"):
        sa.fori_loop(0, 3, None, X)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match=r"fori_loop: body_fn does not take its arguments: .*takes 1 positional"):
        sa.fori_loop(0, 3, lambda state: state, X)
    with pytest.raises(GraphError, match="evaluate: feeds has to be a mapping or None, not 3"):
        sa.evaluate(X, 3)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match=r"gradcheck: feeds has to be a mapping, not 3"):
        sa.gradcheck((X * X).sum(), X, 3)  # type: ignore[arg-type]
    assert arguments.flags(flagged) == {"keepdims": 1, "sparse": 1 << 30}
