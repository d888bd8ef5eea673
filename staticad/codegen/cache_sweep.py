"""The cache does not grow without end: left-over temporary files go, then the entries that were used least recently.

A *stamp* in the directory holds the time of the last sweep, and its length counts what all processes have written since
then: a sweep is due once a day, and whenever a sixteenth of the limit was written. Only who writes looks at it, so a
warm program does nothing of this. Other processes may go on meanwhile: who has opened an entry can still read it, and
who does not find it compiles it again.
"""

from __future__ import annotations

import os
import re
import stat
import time

from staticad import config
from staticad.codegen.trusted_directory import Directory

STAMP = ".swept"
_ENTRY = re.compile(r"[0-9a-f]{64}\.o")
_TEMPORARY = re.compile(r"\..+\.tmp")
_TEMPORARY_SECONDS = 3600  # no process takes so long to write an entry
_SWEEP_SECONDS = 86400
_SHARE = 16
_PAGE = 4096  # what a file takes is a multiple of this
_HEAD = 32


def count(directory: Directory, size: int, limit: int) -> None:
    """Count an entry of ``size`` bytes that was written; sweep the directory if that is due. Raises OSError."""
    if _due(directory, size, limit):
        _sweep(directory, limit)


def _due(directory: Directory, size: int, limit: int) -> bool:
    try:
        descriptor, status = directory.open(STAMP, os.O_RDWR | os.O_APPEND)
    except OSError:  # there was no sweep yet, or the file is not to be trusted
        return True
    try:
        head = os.read(descriptor, _HEAD)
        os.write(descriptor, b"." * _pages(size))
    finally:
        os.close(descriptor)
    written = status.st_size - _HEAD + _pages(size)
    passed = time.time() - int(head) if head.strip().isdigit() else _SWEEP_SECONDS
    return written * _PAGE > limit // _SHARE or not 0 <= passed < _SWEEP_SECONDS


def _sweep(directory: Directory, limit: int) -> None:
    now = time.time()
    directory.write(STAMP, f"{int(now)}".rjust(_HEAD).encode())  # first: others need not begin as well
    entries = []
    for name in directory.names():
        temporary = _TEMPORARY.fullmatch(name)
        if not temporary and not _ENTRY.fullmatch(name):
            continue
        try:
            status = directory.status(name)
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(status.st_mode):
            continue
        if not temporary:
            entries.append((min(status.st_mtime, now), _pages(status.st_size), name))
        elif abs(now - status.st_mtime) > _TEMPORARY_SECONDS:
            directory.remove(name)
    pages = sum(size for _, size, _ in entries)
    most = (limit - limit // _SHARE) // _PAGE  # the next sweep comes before the limit is reached
    removed = 0
    for _, size, name in sorted(entries):
        if pages <= most:
            break
        directory.remove(name)
        pages -= size
        removed += 1
    config.note(1, f"kernel cache swept: {len(entries) - removed} entries of {pages * _PAGE} bytes, {removed} removed")


def _pages(size: int) -> int:
    return -(-size // _PAGE)
