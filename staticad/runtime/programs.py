"""Compiled programs on disk: a graph that was compiled before, by any process, is loaded.

They lie among the kernels (`staticad.codegen.object_cache`), under the hash of the user's graph, its options, the
settings and the sources of the package. A process whose package may have been replaced since it was imported neither
uses nor makes any.
"""

from __future__ import annotations

import sys
from dataclasses import fields

from staticad import config
from staticad.codegen import object_cache, sources
from staticad.runtime.stored import Stored, from_bytes, to_bytes

_ON_DISK = ("cache_dir", "cache", "cache_limit", "programs")
_WITHOUT_EFFECT = {*_ON_DISK, "threads", "tape_limit", "verify", "progress", "debug"}  # on programs


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


def package_hash() -> str | None:
    """Hash of the sources of the package; None where they may be others than those that were imported."""
    found = sources.hashes()
    return None if found is None else found.package
