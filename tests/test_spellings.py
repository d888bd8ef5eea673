"""Names of other libraries tell what to write here; what is offered exists, and the tables hold no name that does."""

from __future__ import annotations

import re
from typing import Any

import pytest

import staticad as sa
from staticad import function_spellings, spellings

TABLES: list[tuple[Any, dict[str, str]]] = [
    (sa, spellings.PACKAGE),
    (sa.nn, spellings.NETWORKS),
    (sa.optim, spellings.OPTIMIZERS),
    (sa.random, spellings.RANDOM),
    (sa.linalg, function_spellings.LINALG),
    (sa.fft, function_spellings.FOURIER),
    (sa.special, function_spellings.SPECIAL),
    (sa.placeholder((2, 3), name="x"), spellings.TENSORS),
]
ROWS = [(owner, name, text) for owner, table in TABLES for name, text in table.items()]


def test_every_row_is_the_message_of_its_name() -> None:
    for owner, name, text in ROWS:
        called = "placeholder 'x'" if isinstance(owner, sa.Tensor) else owner.__name__
        message = f"^{re.escape(called)}.* has no {name!r}; use {re.escape(text)} "
        with pytest.raises(AttributeError, match=message) as caught:
            getattr(owner, name)
        assert isinstance(caught.value, sa.errors.MissingAttribute) and f"at {__file__}:" in str(caught.value)
        assert not hasattr(owner, name)


def test_what_is_offered_exists() -> None:
    for _, _, text in ROWS:
        for dotted in re.findall(r"\bsa((?:\.\w+)+)", text):
            found = sa
            for part in dotted[1:].split("."):
                found = getattr(found, part)


def test_names_that_are_nearly_right() -> None:
    for owner, name, nearest in ((sa, "sotfmax", "softmax"), (sa.nn, "layernorm", "layer_norm"), (sa.errors, "x", "")):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'.*{nearest}"):
            getattr(owner, name)
    with pytest.raises(AttributeError, match="has no attribute 'reshap'; the nearest name is 'reshape' "):
        TABLES[-1][0].reshap  # noqa: B018
    with pytest.raises(ImportError, match="grad"):
        from staticad import grad  # noqa: F401
    assert not hasattr(sa, "__wrapped__") and not hasattr(TABLES[-1][0], "__array_interface__")


@pytest.mark.parametrize(
    "module",
    [sa, sa.nn, sa.nn.initializers, sa.optim, sa.random, sa.linalg, sa.fft, sa.special, sa.array_api, sa.errors],
    ids=lambda module: module.__name__,
)
def test_dir_shows_public_names_only(module: Any) -> None:
    names = dir(module)
    assert names == sorted(module.__all__) and len(names) == len(set(names))
    assert all(hasattr(module, name) for name in names)
    assert all(name[0] != "_" or module is sa.array_api for name in names)
