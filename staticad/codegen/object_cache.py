"""Object files on disk, found by the hash of everything that their machine code depends on; and compiled programs
(`staticad.runtime.programs`), which are kept in the same way.

A key is the hash of the kernel's text and of the *fingerprint*: the code generator's own files, the versions of Numba,
llvmlite and NumPy, and the CPU. So nothing in the cache is ever out of date, and two versions of staticad, or two
machines that share a home directory, live side by side.

Entries are private to the user, written to a temporary file and moved into place, and carry a checksum: any number of
processes may fill the same cache, and an entry that is truncated, altered or not the user's own counts as missing.
Where a directory cannot be used or not be trusted, object files are kept in the memory of the process, and the user is
told once. There is no pickle; to clear the cache, delete the directory.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

import numpy as np

from staticad import config
from staticad.codegen import cache_sweep
from staticad.codegen.prebuilt import code_hash
from staticad.codegen.sealed import OVERHEAD, sealed, unsealed
from staticad.codegen.target import host
from staticad.codegen.trusted_directory import opened

_LARGEST = 64 << 20  # bytes of an entry: a kernel has some thousands

_memory: dict[str, bytes] = {}  # what could not be written, the oldest first
_MEMORY_LIMIT = 64 << 20
_told: set[Path] = set()  # directories whose trouble the user knows of


@functools.cache
def fingerprint() -> str:
    """Hash of all that shapes machine code besides the kernel's text. Does not import Numba."""
    parts = (code_hash(), np.__version__, host().cpu, host().features)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def key(source: str) -> str:
    """Name of the entry for a kernel's text."""
    return hashlib.sha256(f"{fingerprint()}\n{source}".encode()).hexdigest()


def load(source: str) -> bytes | None:
    """The object file of a kernel, or None when the cache does not have it (or has it damaged, or is off)."""
    settings = config.settings()
    if not settings.cache:
        return None
    name = key(source)
    try:
        entry = opened(_directory(settings), create=False).read(f"{name}.o", _LARGEST)
    except FileNotFoundError:
        return _memory.get(name)
    except OSError as error:
        config.note(1, f"cache entry {name} is not used: {_reason(error, settings)}")
        return _memory.get(name)
    payload = unsealed(name, entry)
    if payload is None:
        config.note(1, f"cache entry {name} is damaged; the kernel is compiled again")
        return _memory.get(name)
    return payload


def store(source: str, payload: bytes) -> None:
    """Keep the object file of a kernel, on disk or, if that fails, in memory. Never raises OSError."""
    settings = config.settings()
    if not settings.cache:
        return
    name = key(source)
    try:
        directory = opened(_directory(settings), create=True)
        directory.write(f"{name}.o", sealed(name, payload))
    except OSError as error:
        _tell(settings.cache_dir, _reason(error, settings))
        _remember(name, payload)
    else:
        try:
            cache_sweep.count(directory, OVERHEAD + len(payload), settings.cache_limit)
        except OSError as error:
            config.note(1, f"the kernel cache cannot be swept: {_reason(error, settings)}")


def _directory(settings: config.Settings) -> Path:
    return settings.cache_dir / "kernels"


def _remember(name: str, payload: bytes) -> None:
    _memory[name] = payload
    while sum(map(len, _memory.values())) > _MEMORY_LIMIT:
        del _memory[next(iter(_memory))]


def _tell(directory: Path, reason: str) -> None:
    level = 1 if directory in _told else 0
    _told.add(directory)
    config.note(
        level,
        f"compiled kernels cannot be kept in {directory} and are compiled again by the next process. {reason}. "
        "Mend that, set STATICAD_CACHE_DIR to a directory that only you can write to, or set STATICAD_CACHE=off.",
    )


def _reason(error: OSError, settings: config.Settings) -> str:
    name = error.filename or ""
    place = name if os.path.isabs(name) else _directory(settings)  # names in it are of no interest
    return f"{place}: {error.strerror or error}"
