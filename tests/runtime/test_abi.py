"""The layout of Python's objects is checked, and a wrong one is refused."""

from __future__ import annotations

import sys

import pytest

from staticad.errors import CompileError
from staticad.runtime import abi

verify = abi.verify.__wrapped__  # without the memory of an earlier success


def test_this_interpreter_is_accepted() -> None:
    verify()


@pytest.mark.parametrize(
    ("offset", "what"),
    [
        ("TYPE", "type of an array"),
        ("TUPLE_SIZE", "tuple"),
        ("TUPLE_ITEMS", "tuple"),
        ("ARRAY_DATA", "data pointer"),
        ("ARRAY_RANK", "rank"),
        ("ARRAY_DTYPE", "dtype"),
        ("ARRAY_FLAGS", "flags"),
        ("SCALAR_VALUE", "scalar"),
    ],
)
def test_a_wrong_offset_is_found(offset: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abi, offset, 0)  # the reference count is there
    with pytest.raises(CompileError, match=what):
        verify()


def test_a_wrong_dimensions_offset_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abi, "ARRAY_DIMENSIONS", abi.ARRAY_DIMENSIONS + 8)  # the strides
    with pytest.raises(CompileError, match="shape"):
        verify()


def test_other_interpreters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with pytest.raises(CompileError, match="interpreter lock"):
        verify()
