"""Machine code as functions: their names are those of `atomics`, their text comes from the file."""

from __future__ import annotations

import inspect

import pytest

import staticad as sa
from staticad.codegen import atomics, machine_language
from staticad.codegen.machine_language import function_text


def number(args: int, lo: int, hi: int) -> int:
    # Seven more than lo.
    if lo > 0:
        return lo + 7

    return 7


def nothing(args: int, lo: int, hi: int) -> None:
    pass


def test_the_names_take_what_those_of_atomics_take() -> None:
    declared = {k: v for k, v in machine_language.__annotations__.items() if "Callable" in v}
    assert {"peek", "poke", "call"} <= set(declared) <= set(atomics.MACHINE_NAMES)
    for name, signature in declared.items():
        taken = signature[signature.index("[[") + 2 : signature.index("]")].split(", ")
        parameters = inspect.signature(atomics.MACHINE_NAMES[name]._defn).parameters
        assert len(list(filter(None, taken))) == len(parameters) - 1, name  # the typing context comes first


def test_text_of_functions() -> None:
    assert function_text(number) == (
        "def entry(args, lo, hi):\n    # Seven more than lo.\n    if lo > 0:\n        return lo + 7\n\n    return 7\n"
    )
    assert function_text(nothing) == "def kernel(args, lo, hi):\n    pass\n"


def test_without_source_files_the_error_says_what_is_missing() -> None:
    names: dict[str, object] = {}
    exec("def lost(args: int, lo: int, hi: int) -> int:\n    return 0\n", names)
    with pytest.raises(sa.CompileError, match=r"the source of lost is not in <string>; install staticad with its \.py"):
        function_text(names["lost"])  # type: ignore[arg-type]
