"""Compiled code as built-in functions."""

from __future__ import annotations

import gc
import weakref

from staticad.runtime.builtin import METH_FASTCALL, method_definition


def test_definitions_are_never_freed() -> None:
    """Functions that forks call are freed after all modules when a process ends, and read their definition then."""
    reference = weakref.ref(method_definition("nothing", 0, METH_FASTCALL))
    gc.collect()
    assert reference() is not None
