"""What LLVM is told about loops; :mod:`staticad.codegen.loop_hints` says why.

*Short* loops make few iterations, *deep* ones have a long body, *rolled* ones are as they should be. *Outer* ones hold
others: LLVM would copy those, which takes two to three times as long to compile and gains nothing.
"""

from __future__ import annotations

from staticad.codegen.target import host_features

_PREDICATE = '!{!"llvm.loop.vectorize.predicate.enable", i1 true}'
_ROLLED = '!{!"llvm.loop.unroll.disable"}'
_SCALAR = '!{!"llvm.loop.vectorize.enable", i1 false}'
_INTERLEAVE = '!{!"llvm.loop.interleave.count", i32 4}'


def _masks() -> bool:
    """True for CPUs that mask without cost."""
    return bool(host_features().get("avx512vl"))


def loop_nodes(hint: str) -> list[str]:
    """The metadata of a loop with that hint."""
    if hint == "short":
        return [_PREDICATE] if _masks() else []
    if hint == "deep":
        return [*([_PREDICATE] if _masks() else []), _INTERLEAVE]
    if hint == "outer":
        return [_ROLLED]
    return [_ROLLED, _SCALAR] if hint == "rolled" else []
