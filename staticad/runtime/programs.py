"""Compiled programs on disk: a graph that was compiled before, by any process, is loaded.

They lie among the kernels (`staticad.codegen.object_cache`), under the hash of the user's graph, its options, the
settings and the sources of the package. A process whose package may have been replaced since it was imported neither
uses nor makes any.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

from staticad import config
from staticad.codegen import object_cache
from staticad.codegen.prebuilt import content
from staticad.late import is_replaced
from staticad.runtime.stored import Stored, from_bytes, to_bytes

_PACKAGE = str(Path(__file__).parent.parent)
_ON_DISK = ("cache_dir", "cache", "cache_limit", "programs")
_WITHOUT_EFFECT = {*_ON_DISK, "threads", "tape_limit", "verify", "progress", "debug"}  # on programs
_CLOCK_SECONDS = 0.05  # by which the times of files may lag behind


def load(digest: str) -> Stored | None:
    """The program whose graph has this hash, if it is kept."""
    payload = object_cache.load(_name(digest))
    return None if payload is None else from_bytes(payload)


def store(digest: str, program: Stored) -> None:
    """Keep a program."""
    object_cache.store(_name(digest), to_bytes(program))


def _name(digest: str) -> str:
    return f"program {digest}"


def are_kept() -> bool:
    """Whether programs are to be loaded and stored. Who asks to see how they are made gets them made."""
    settings = config.settings()
    wanted = settings.cache and settings.programs and not settings.verify and settings.debug == 0
    return wanted and package_hash() is not None


def circumstances() -> tuple[object, ...]:
    """What programs depend on besides the graph and its options."""
    settings = config.settings()
    chosen = [(f.name, getattr(settings, f.name)) for f in fields(settings) if f.name not in _WITHOUT_EFFECT]
    return (package_hash(), tuple(sys.version_info[:3]), *chosen)


@functools.cache
def package_hash() -> str | None:
    """Hash of the sources of the package; None where they may be others than those that were imported.

    To read them takes several milliseconds, so the cache keeps the hash under what the system knows of the files, of
    which their time of change is not for programs to choose."""
    files = _states()
    if not files:
        return None
    name = f"package {sha256(repr(sorted(files.items())).encode()).hexdigest()}"
    kept = object_cache.load(name)
    if kept is not None:
        return kept.decode()
    found = _contents(sorted(files))
    if found is not None:
        object_cache.store(name, found.encode())
    return found


def _contents(paths: Sequence[str]) -> str | None:
    """Hash of what stands in the files; None where one can't be read."""
    digest = sha256()
    try:
        for path in paths:
            found = content(path)
            digest.update(f"{path.removeprefix(_PACKAGE)}\n{len(found)}\n".encode())
            digest.update(found)
    except OSError:
        return None
    return digest.hexdigest()


def _states() -> dict[str, tuple[int, ...]]:
    """What the system knows of each source file; nothing if one has changed since the package was imported."""
    found: dict[str, tuple[int, ...]] = {}
    if is_replaced():
        return found
    for entry in _sources(_PACKAGE):
        status = entry.stat()
        changed = status.st_ctime if os.name == "posix" else status.st_mtime
        if changed > config.IMPORTED - _CLOCK_SECONDS:
            return {}
        found[entry.path] = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def _sources(directory: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = list(os.scandir(directory))
    except OSError:  # the package is no directory
        return
    for entry in entries:
        if entry.name.endswith(".py"):
            yield entry
        elif entry.name != "__pycache__" and entry.is_dir():
            yield from _sources(entry.path)
