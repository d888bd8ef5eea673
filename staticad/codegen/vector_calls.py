"""What LLVM is told about functions that kernels call for one number, and that exist for a vector of them as well."""

from __future__ import annotations

import re

from staticad.codegen.recipes import CALLED, OPERANDS
from staticad.codegen.target import Target, features_of, vector_bytes

# No more than what is true of a formula; so calls are moved, left out, and made of masked elements too.
_PURE = "nounwind willreturn speculatable memory(none)"
_DECLARED = re.compile(rf'^declare \w+ @"?({"|".join(CALLED)})"?\(.*$', re.MULTILINE)
_KINDS = {"float32": "float", "float64": "double"}


def lanes_of(target: Target, dtype: str = "float64") -> int:
    """How many floats a vector of these CPUs holds, at which its functions are made."""
    return vector_bytes(features_of(target)) * 8 // int(dtype.removeprefix("float"))


def described(text: str, target: Target, vectors: bool) -> str:
    """A module in which functions that `CALLED` has are known to be formulas, and with ``vectors`` to exist for
    vectors."""
    found: list[str] = []

    def declared(match: re.Match[str]) -> str:
        symbol = match[1]
        dtype, count = OPERANDS[symbol]
        kind, lanes = _KINDS[dtype], lanes_of(target, dtype)
        line = f"declare {kind} @{symbol}({', '.join([kind] * count)}) {_PURE}"
        if not vectors:
            return line
        vector = CALLED[symbol]
        found.append(vector)
        several, letters = f"<{lanes} x {kind}>", "v" * count
        mapping = f'"vector-function-abi-variant"="_ZGV_LLVM_N{lanes}{letters}_{symbol}({vector})"'
        return f"{line} {mapping}\ndeclare {several} @{vector}({', '.join([several] * count)}) {_PURE}"

    text = _DECLARED.sub(declared, text)
    if not found:
        return text
    kept = ", ".join(f"ptr @{vector}" for vector in found)  # though nothing calls them yet
    return f'{text}\n@llvm.compiler.used = appending global [{len(found)} x ptr] [{kept}], section "llvm.metadata"\n'
