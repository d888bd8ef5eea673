"""What LLVM is told about functions that kernels call for one number, and that exist for a vector of them as well."""

from __future__ import annotations

import re

from staticad.codegen.recipes import CALLED
from staticad.codegen.target import Target, features_of, vector_bytes

# No more than what is true of a formula; so calls are moved, left out, and made of masked elements too.
_PURE = "nounwind willreturn speculatable memory(none)"
_DECLARED = re.compile(rf'^declare double @"?({"|".join(CALLED)})"?\(.*$', re.MULTILINE)


def lanes_of(target: Target) -> int:
    """How many float64 a vector of these CPUs holds, at which its functions are made."""
    return vector_bytes(features_of(target)) // 8


def described(text: str, target: Target, vectors: bool) -> str:
    """A module in which functions that `CALLED` has are known to be formulas, and with ``vectors`` to exist for
    vectors."""
    lanes = lanes_of(target)
    kind = f"<{lanes} x double>"
    found: list[str] = []

    def declared(match: re.Match[str]) -> str:
        symbol = match[1]
        line = f"declare double @{symbol}(double) {_PURE}"
        if not vectors:
            return line
        vector = CALLED[symbol]
        found.append(vector)
        mapping = f'"vector-function-abi-variant"="_ZGV_LLVM_N{lanes}v_{symbol}({vector})"'
        return f"{line} {mapping}\ndeclare {kind} @{vector}({kind}) {_PURE}"

    text = _DECLARED.sub(declared, text)
    if not found:
        return text
    kept = ", ".join(f"ptr @{vector}" for vector in found)  # though nothing calls them yet
    return f'{text}\n@llvm.compiler.used = appending global [{len(found)} x ptr] [{kept}], section "llvm.metadata"\n'
