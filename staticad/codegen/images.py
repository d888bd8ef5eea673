"""Object files of kernels in memory, without LLVM: to import it takes longer than to load a program.

LLVM makes the objects of this package for x86-64 systems with ELF in such a way that next to nothing is left to do:
sections are copied, and addresses of 64 bits are filled in. What has anything else in it is left to LLVM's own loader.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import struct
import sys
from collections.abc import Callable

_MACHINE = 62  # x86-64
_RELOCATABLE = 1
_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")
_ADDRESS = struct.Struct("<Q")
_CONTENT, _SYMBOLS, _RELOCATIONS = 1, 2, 4  # kinds of sections
_UNWIND = 0x70000001  # one that is for exceptions, which kernels do not throw
_LOADED, _CODE = 2, 4  # flags of sections
_KNOWN = _LOADED | _CODE | 16 | 32 | 1 << 28  # and those of constants that may be merged, of strings, and of far away
_ABSOLUTE = 1  # the relocation of 64 bits
_UNDEFINED = 0  # the section of what is elsewhere
_PAGE = mmap.PAGESIZE


class Image:
    """An object file in memory, as long as this object is there. ``address`` is that of its function."""

    __slots__ = ("__weakref__", "_memory", "address")

    def __init__(self, memory: mmap.mmap, address: int) -> None:
        self._memory, self.address = memory, address

    # The names are arguments, for modules are empty when the process ends.
    def __del__(
        self,
        _is_ending: Callable[[], bool] = sys.is_finalizing,
        _keep: Callable[[object], None] = ctypes.pythonapi.Py_IncRef,
        _as_object: Callable[[object], object] = ctypes.py_object,
    ) -> None:
        if _is_ending():  # threads that Python does not wait for may still run here
            _keep(_as_object(self._memory))


class _Unknown(Exception):
    """Something in an object file that is left to LLVM."""


def load(payload: bytes, symbol: str, find: Callable[[str], int]) -> Image | None:
    """An object file in memory; None where it is not for this kind of system, or has more in it than kernels have.

    ``find`` gives the addresses of functions outside of it, 0 for those that it does not know.
    """
    if payload[:6] != b"\x7fELF\x02\x01" or not hasattr(mmap, "PROT_EXEC"):
        return None
    try:
        return _load(payload, symbol, find)
    except (_Unknown, struct.error, IndexError, ValueError, OSError):
        return None


def _load(payload: bytes, symbol: str, find: Callable[[str], int]) -> Image:
    kind, machine, _, _, _, table, _, _, _, _, _, count, _ = _HEADER.unpack_from(payload)
    if (kind, machine) != (_RELOCATABLE, _MACHINE):
        raise _Unknown
    sections = [_SECTION.unpack_from(payload, table + number * _SECTION.size) for number in range(count)]
    places: dict[int, int] = {}
    size = 0
    for code in (0, _CODE):  # what is read, then on pages of its own what is run
        size = -(-size // _PAGE) * _PAGE
        start = size
        for number, (_, what, flags, _, _, length, _, _, alignment, _) in enumerate(sections):
            if not flags & _LOADED or what == _UNWIND or flags & _CODE != code:
                continue
            if what != _CONTENT or flags & ~_KNOWN or alignment > _PAGE:
                raise _Unknown
            size = -(-size // max(1, alignment)) * max(1, alignment)
            places[number] = size
            size += length
    memory = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for number, place in places.items():
        _, _, _, _, offset, length, _, _, _, _ = sections[number]
        memory[place : place + length] = payload[offset : offset + length]
    symbols: dict[int, int] = {}
    for _, what, _, _, offset, length, linked, target, _, _ in sections:
        if what != _RELOCATIONS or target not in places:
            continue
        for at, info, addend in _RELOCATION.iter_unpack(payload[offset : offset + length]):
            if info & 0xFFFFFFFF != _ABSOLUTE:
                raise _Unknown
            number = info >> 32
            value = symbols.get(number)
            if value is None:
                value = symbols[number] = _value(payload, sections, linked, number, base, places, find)
            _ADDRESS.pack_into(memory, places[target] + at, value + addend & 0xFFFFFFFFFFFFFFFF)
    address = _defined(payload, sections, symbol, base, places)
    if _protect()(base + start, size - start, mmap.PROT_READ | mmap.PROT_EXEC) != 0:
        raise _Unknown
    return Image(memory, address)


def _value(
    payload: bytes,
    sections: list[tuple[int, ...]],
    table: int,
    number: int,
    base: int,
    places: dict[int, int],
    find: Callable[[str], int],
) -> int:
    """The address of a symbol that a relocation names."""
    name, _, _, section, value, _ = _SYMBOL.unpack_from(payload, sections[table][4] + number * _SYMBOL.size)
    if section in places:
        return base + places[section] + value
    found = find(_name(payload, sections, table, name)) if section == _UNDEFINED else 0
    if not found:
        raise _Unknown
    return found


def _defined(payload: bytes, sections: list[tuple[int, ...]], symbol: str, base: int, places: dict[int, int]) -> int:
    """The address of a function of the object file."""
    for table, (_, what, _, _, offset, length, _, _, _, _) in enumerate(sections):
        if what == _SYMBOLS:
            for name, _, _, section, value, _ in _SYMBOL.iter_unpack(payload[offset : offset + length]):
                if section in places and _name(payload, sections, table, name) == symbol:
                    return base + places[section] + value
    raise _Unknown


def _name(payload: bytes, sections: list[tuple[int, ...]], table: int, at: int) -> str:
    """A name in the texts that belong to a table of symbols."""
    start = sections[sections[table][6]][4] + at
    return payload[start : payload.index(b"\0", start)].decode()


@functools.cache
def _process() -> ctypes.CDLL:
    return ctypes.CDLL(None)


@functools.cache
def _protect() -> Callable[[int, int, int], int]:
    function = _process().mprotect
    function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int), ctypes.c_int
    return function


def process_function(name: str) -> int:
    """The address of a function of the C library or of another library that the process has loaded; 0 for none."""
    try:
        return ctypes.cast(getattr(_process(), name), ctypes.c_void_p).value or 0
    except AttributeError:
        return 0
