"""From a function of machine code to the text that is compiled: numbers in the place of names."""

from __future__ import annotations

from collections.abc import Callable

from staticad.codegen.machine_language import function_text
from staticad.runtime.layout import substitute

_PROFILE = "  # profile\n"


def machine_text(function: Callable[[int, int, int], int | None], profile: bool = False) -> str:
    """The text of a function, with the words of tables and the constants of its module as numbers; with or without the
    lines that end in ``# profile``."""
    lines = function_text(function).splitlines(keepends=True)
    kept = [line.replace(_PROFILE, "\n") for line in lines if profile or not line.endswith(_PROFILE)]
    constants = {k: v for k, v in function.__globals__.items() if k.isupper() and isinstance(v, int)}
    return substitute("".join(kept), constants)
