"""Pieces: kernel functions as LLVM text, one for every list of argument types, named like ``exp(float64)``.

Numba makes them (:mod:`staticad.codegen.piece_maker`), once: an installed package comes with all of them, and without
that file they are made when they are first needed and kept in the cache. They do not depend on the CPU.

An argument is named by its dtype, a buffer by the dtype of its elements behind a star, a place in the argument block by
``slots``, a dtype behind an equals sign.
"""

from __future__ import annotations

import functools
import json
import re
import struct

from staticad.codegen import object_cache, prebuilt
from staticad.codegen.numba_import import with_numba
from staticad.records import dataclass

LLVM_TYPES = {
    "bool_": "i1",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "uint8": "i8",
    "uint16": "i16",
    "uint32": "i32",
    "uint64": "i64",
    "float32": "float",
    "float64": "double",
}
_NODE = re.compile(r"!(\d+)")


@dataclass(frozen=True)
class Piece:
    """``result`` is the dtype of its result, "slots" of an address, or "void". ``texts`` are functions, constants and
    declarations, in which metadata are numbered from 0, and ``metadata`` these. ``scoped``: it accesses one buffer."""

    result: str
    texts: tuple[str, ...]
    metadata: tuple[str, ...]
    scoped: bool

    def numbered(self, first: int) -> tuple[list[str], list[str]]:
        """The texts and the metadata with numbers from ``first``."""
        if not self.metadata:
            return list(self.texts), []

        def shifted(text: str) -> str:
            return _NODE.sub(lambda match: f"!{int(match[1]) + first}", text)

        return [shifted(text) for text in self.texts], [shifted(text) for text in self.metadata]

    def dump(self) -> str:
        """As text for `read`."""
        return json.dumps([self.result, self.texts, self.metadata, self.scoped])


def read(text: str) -> Piece:
    """A piece from its text."""
    result, texts, metadata, scoped = json.loads(text)
    return Piece(result, tuple(texts), tuple(metadata), scoped)


@functools.cache
def piece(key: str) -> Piece:
    """The piece of that name. Raises CompileError where there is no such kernel function."""
    text = prebuilt.piece(key)
    if text is None:
        name = f"piece {key}"
        kept = object_cache.load(name)
        if kept is None:
            kept = with_numba("piece_maker", "make", key).dump().encode()
            object_cache.store(name, kept)
        text = kept.decode()
    return read(text)


def float_text(value: float, dtype: str) -> str:
    """A number as LLVM writes one of that dtype: the bits of the double that is equal to it."""
    if dtype == "float32":
        value = struct.unpack("f", struct.pack("f", value))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
