"""Machine code as functions: their names are those of compiled code, their text comes from the file."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.codegen import atomics, kernel_language, machine_language
from staticad.codegen.kernel_names import KERNEL_NAMES
from staticad.codegen.machine_language import function_text
from staticad.codegen.routines import all_routines
from staticad.lower.kernel.routine import Routine


def number(args: int, lo: int, hi: int) -> int:
    # Seven more than lo.
    if lo > 0:
        return lo + 7

    return 7


def nothing(args: int, lo: int, hi: int) -> None:
    pass


@pytest.mark.parametrize(
    "module, names, some",
    [
        (machine_language, atomics.MACHINE_NAMES, {"peek", "poke", "call"}),
        (kernel_language, KERNEL_NAMES, {"pointer", "load", "store", "add"}),
    ],
    ids=["machine", "kernel"],
)
def test_the_names_take_what_compiled_code_takes(module: ModuleType, names: dict[str, Any], some: set[str]) -> None:
    declared = {k: v for k, v in module.__annotations__.items() if "Callable" in v}
    assert some <= set(declared) <= set(names)
    for name, signature in declared.items():
        taken = signature.removeprefix("Callable[[").rpartition("], ")[0].split(", ")
        parameters = inspect.signature(names[name]._defn).parameters
        assert len(list(filter(None, taken))) == len(parameters) - 1, name  # the typing context comes first


def test_text_of_functions() -> None:
    assert function_text(number) == (
        "def entry(args, lo, hi):\n    # Seven more than lo.\n    if lo > 0:\n        return lo + 7\n\n    return 7\n"
    )
    assert function_text(nothing) == "def kernel(args, lo, hi):\n    pass\n"
    assert function_text(nothing, number) == function_text(number).replace(":\n", ":\n    pass\n", 1)


def test_without_source_files_the_error_says_what_is_missing() -> None:
    names: dict[str, object] = {}
    exec("def lost(args: int, lo: int, hi: int) -> int:\n    return 0\n", names)
    with pytest.raises(sa.CompileError, match=r"the source of lost is not in <string>; install staticad with its \.py"):
        function_text(names["lost"])  # type: ignore[arg-type]


ROUTINES = all_routines()


@pytest.mark.parametrize("name", sorted(ROUTINES))
def test_texts_of_routines_use_names_of_compiled_code_only(name: str) -> None:
    """Once the names that stand for numbers are numbers, which a routine with all slots shows."""
    text = ROUTINES[name].text
    capitals = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name) and n.id.isupper()}
    source = ROUTINES[name].source(Routine(name, np.dtype("float32"), tuple(sorted(capitals - {"CUT"})), True))
    names = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)]
    bound = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {"args", "lo", "hi"}
    assert {n.id for n in names} - bound <= {*KERNEL_NAMES, *atomics.MACHINE_NAMES, "range"}
