"""The language of machine code: functions that linters and type checkers read and that Python never calls.

The dispatcher, its workers, loops and the like are functions of three words, written in the names below. Their text is
taken from the file where they stand, so the package has to be installed with its source files; Numba compiles it with
the functions of `staticad.codegen.atomics` in the place of these names.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable

from staticad.errors import CompileError

# What the functions of `atomics` take and return; imported for type checkers only.
address_of: Callable[[int], int]
peek: Callable[[int, int], int]
peek_int32: Callable[[int], int]
poke: Callable[[int, int, int], None]
atomic_load: Callable[[int, int], int]
atomic_store: Callable[[int, int, int], None]
atomic_add: Callable[[int, int, int], int]
compare_exchange: Callable[[int, int, int, int], int]
call: Callable[[int, int, int, int, int], int]
call8: Callable[[int, int, int, int, int, int, int, int, int], int]
call_fortran: Callable[[int, int, int, int], int]
call_gemm: Callable[[int, int, int, int, int, int, int, int, int, int, int, int, int, int], None]
call_product: Callable[[int, int, int, int, int, int, int, int, int, int, int, int, int, int, type[float]], None]
report: Callable[[int, int, int, int], None]
stack_words: Callable[[int], int]
pause: Callable[[], None]
float_state: Callable[[], int]
set_float_state: Callable[[int], None]

_HEAD = re.compile(r"def \w+\(args: int, lo: int, hi: int\) -> (int|None):\n")


def function_text(*functions: Callable[[int, int, int], int | None]) -> str:
    """The text of a function of machine code as `staticad.codegen.loader.kernel_address` takes it: an ``entry`` if it
    returns an int, else a ``kernel``. Of several functions, each goes on where the one before it did not return. Raises
    CompileError where there is no source file."""
    parts = [_part(function) for function in functions]
    name = "entry" if parts[-1][0] == "int" else "kernel"
    return f"def {name}(args, lo, hi):\n{''.join(part for _, part in parts).rstrip()}\n"


def _part(function: Callable[[int, int, int], int | None]) -> tuple[str, str]:
    """What a function returns, and the text of its body."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)[code.co_firstlineno - 1 :]
    head = _HEAD.fullmatch(lines[0]) if lines else None
    if head is None:
        raise CompileError(
            f"the source of {function.__name__} is not in {code.co_filename}; install staticad with its .py files"
        )
    end = next((k for k, line in enumerate(lines) if k and line.strip() and not line[0].isspace()), len(lines))
    return head[1], "".join(lines[1:end]).rstrip() + "\n"
