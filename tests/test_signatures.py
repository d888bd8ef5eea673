"""Calls that don't fit the signature of a public function tell what is wrong, and the name of an argument here."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import signatures
from staticad.errors import GraphError
from tests.harness.function_calls import KEY, NUMBERS, SQUARE, X, functions, valid_call

NAMES = dict(functions())


@pytest.mark.parametrize("name", ["", "linalg", "fft", "special", "random", "nn"])
def test_every_function_refuses_calls_that_do_not_fit(name: str) -> None:
    for full, function in NAMES.items():
        if full.rpartition(".")[0] != name:
            continue
        args, kwargs = valid_call(full, function)
        parameters = inspect.signature(function).parameters.values()
        kinds = [p.kind for p in parameters]
        wrong: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            wrong.append((args, {**kwargs, "no_such_name": 1}))
        if inspect.Parameter.VAR_POSITIONAL not in kinds:
            wrong.append(((False,) * (len(kinds) + 1), {}))
            if any(p.default is p.empty for p in parameters):
                wrong.append(((), {}))
        for some, named in wrong:
            with pytest.raises(GraphError, match=rf"(?s)Its arguments are .*\(.*\) \(at {__file__}"):
                function(*some, **named)


class Row:
    def __init__(self, function: Any, args: tuple[Any, ...], name: str, remedy: str) -> None:
        self.function, self.args, self.name, self.remedy = function, args, name, remedy


ROWS = [
    Row(sa.sum, (X,), "dim", "use axis="),
    Row(X.sum, (), "keepdim", "use keepdims="),
    Row(sa.fft.fftn, (X,), "dim", "use axes="),
    Row(sa.tile, (X,), "dims", "use reps="),
    Row(sa.var, (X,), "unbiased", "use ddof=1 for True, 0 for False"),
    Row(sa.nn.dropout, (X,), "p", "use rate="),
    Row(sa.nn.mse_loss, (X,), "target", "use targets="),
    Row(sa.nn.mse_loss, (), "input", "use predictions="),
    Row(sa.add, (X,), "other", "use x2="),
    Row(sa.clip, (X,), "a_min", "use min="),
    Row(sa.linalg.cholesky, (SQUARE,), "lower", "use upper=, which says the opposite"),
    Row(sa.linalg.eigh, (SQUARE,), "lower", "use UPLO='L' or 'U'"),
    Row(sa.linalg.cho_factor, (SQUARE,), "overwrite_a", "leave it out: tensors can't be changed in place"),
    Row(sa.random.normal, (KEY,), "size", "use shape="),
    Row(sa.random.normal, (KEY,), "loc", "scale and move what is drawn, loc + scale * sample"),
    Row(sa.random.normal, (), "generator", "use key="),
    Row(sa.take, (X,), "index", "use indices="),
    Row(sa.quantile, (X, 0.5), "interpolation", "use method="),
    Row(sa.nn.layer_norm, (X,), "epsilon", "use eps="),
    Row(sa.nn.layer_norm, (X,), "normalised_shape", "use normalized_shape="),
    Row(sa.cumsum, (X,), "revers", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_names_of_others(row: Row) -> None:
    end = f"; {re.escape(row.remedy)}" if row.remedy else r"\. Its arguments"
    with pytest.raises(GraphError, match=f": no argument is called '{row.name}'{end}") as caught:
        row.function(*row.args, **{row.name: 1})
    assert isinstance(caught.value, TypeError)


def test_what_is_offered_is_an_argument_of_some_function() -> None:
    taken = {name for function in NAMES.values() for name in inspect.signature(function).parameters}
    offered = {name for names in signatures._OTHER_NAMES.values() for name in names}
    assert offered | {ours for _, ours in signatures._HINTS} <= taken


def test_what_fits_and_fails_deeper_is_left_alone() -> None:
    def wrong() -> None:
        raise TypeError("mine")

    with pytest.raises(TypeError, match="^mine$"):
        sa.cond(NUMBERS.sum() > 0, wrong, lambda: X)
    signatures.check_call(np.linalg.norm, "norm", (1,), {"axis": 0})
    with pytest.raises(GraphError, match=r"^nested: missing a required argument: 'x'\. Its arguments are .*") as caught:
        signatures.check_call(lambda x, /, *more, flag=False, **others: x, "nested", (), {"flag": True})
    assert "nested(x, *more, flag=False, **others) (at" in str(caught.value)
