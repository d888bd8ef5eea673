"""Names of table words in source text become numbers."""

from __future__ import annotations

import pytest

from staticad.runtime.layout import CODES, Context, LockUse, Patch, Pool, Step, members, substitute


def test_names_become_numbers() -> None:
    text = "x = peek(a + FIRST, Context.STEPS) + Step.WORDS * CODES.BUSY"
    assert substitute(text, {"FIRST": 16}) == f"x = peek(a + 16, {Context.STEPS:d}) + {Step.WORDS:d} * {CODES.BUSY}"


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        substitute("Context.NO_SUCH_WORD", {})


def test_records_are_dense() -> None:
    for record in (Patch, LockUse, Step):
        words = members(record)
        assert list(words.values()) == [*range(record.WORDS), record.WORDS]


def test_words_of_different_threads_lie_on_different_lines() -> None:
    lines = {
        members(Pool)[name] // 8 for name in ("LOCK", "TICKETS", "PENDING", "SLEEPERS", "KERNEL", "SEMAPHORE_BODY")
    }
    assert len(lines) == 6
