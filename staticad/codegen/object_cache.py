"""Object files on disk, found by the hash of everything that their machine code depends on.

A key is the hash of the kernel's text and of the *fingerprint*: the code generator's own files, the versions of Numba,
llvmlite and NumPy, and the CPU. So nothing in the cache is ever out of date, and two versions of staticad, or two
machines that share a home directory, live side by side.

Entries are private to the user, written to a temporary file and moved into place, and carry a checksum: any number of
processes may fill the same cache, and an entry that is truncated or altered counts as missing. A directory that cannot
be used turns the cache off, with a note at debug level 1. There is no pickle; to clear the cache, delete the directory.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import stat
import tempfile
from pathlib import Path

import llvmlite
import numpy as np

from staticad import config
from staticad.codegen.target import cpu

_MAGIC = b"staticad object 1\n"
_HEADER = len(_MAGIC) + hashlib.sha256().digest_size


@functools.cache
def fingerprint() -> str:
    """Hash of all that shapes machine code besides the kernel's text. Does not import Numba."""
    digest = hashlib.sha256()
    directory = Path(__file__).parent
    for path in sorted(directory.rglob("*.py")):
        digest.update(f"{path.relative_to(directory)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for part in (importlib.metadata.version("numba"), llvmlite.__version__, np.__version__, *cpu()):
        digest.update(f"{part}\n".encode())
    return digest.hexdigest()


def key(source: str) -> str:
    """Name of the entry for a kernel's text."""
    return hashlib.sha256(f"{fingerprint()}\n{source}".encode()).hexdigest()


def load(source: str) -> bytes | None:
    """The object file of a kernel, or None when the cache does not have it (or has it damaged, or is off)."""
    directory = _directory()
    if directory is None:
        return None
    name = key(source)
    try:
        entry = (directory / f"{name}.o").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        config.note(1, f"cache entry {name} cannot be read: {error}")
        return None
    payload = entry[_HEADER:]
    if entry[:_HEADER] != _MAGIC + _checksum(name, payload):
        config.note(1, f"cache entry {name} is damaged; the kernel is compiled again")
        return None
    return payload


def store(source: str, payload: bytes) -> None:
    """Keep the object file of a kernel. Never raises for a directory that cannot be written."""
    directory = _directory()
    if directory is None:
        return
    name = key(source)
    temporary = None
    try:
        # mkstemp makes the file readable and writable by this user alone.
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=directory)
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + _checksum(name, payload) + payload)
        os.replace(temporary, directory / f"{name}.o")
    except OSError as error:
        config.note(1, f"cache entry {name} cannot be written: {error}")
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _checksum(name: str, payload: bytes) -> bytes:
    return hashlib.sha256(name.encode() + payload).digest()


def _directory() -> Path | None:
    settings = config.settings()
    return _usable(settings.cache_dir / "kernels") if settings.cache else None


@functools.cache
def _usable(directory: Path) -> Path | None:
    """``directory``, made if need be, or None when it cannot hold code that this process will run.

    Only the user (or root) may own it and nobody else may write it: who can put a file there runs code as the user.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
    except OSError as error:
        config.note(1, f"no kernel cache: {error}")
        return None
    if hasattr(os, "getuid"):
        if status.st_uid not in (0, os.getuid()):
            config.note(1, f"no kernel cache: {directory} belongs to another user")
            return None
        if stat.S_IMODE(status.st_mode) & 0o022:
            config.note(1, f"no kernel cache: others may write to {directory}")
            return None
    return directory
