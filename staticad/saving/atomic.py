"""Files that are replaced as a whole: whatever happens meanwhile, there is the old one or the new one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from staticad.late import later

if TYPE_CHECKING:
    import fcntl
else:
    fcntl = later("fcntl")  # not on Windows

_LOCKS = os.name == "posix"  # Windows has none, and renames no file that is open
_serial = itertools.count()
_ENDING = ".saving"


def replace_file(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a new file, and put it in the place of ``path`` when it is on the disk.

    The new file lies beside the old one, under another name, and has its permissions. A link leads to the new file, as
    it did to the old one. What killed processes have left behind under such names is removed. Raises OSError, and
    whatever ``write`` raises; then the old file is as it was.
    """
    target = os.path.realpath(path)
    directory, name = os.path.split(target)
    _clear(directory, name)
    with _temporary(directory, name) as (file, temporary):
        with suppress(FileNotFoundError):
            os.chmod(temporary, os.stat(target).st_mode & 0o777)
        write(file)
        file.flush()
        os.fsync(file.fileno())
        if not _LOCKS:
            file.close()  # elsewhere the lock is held until it has its name
        os.replace(temporary, target)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # the name is on the disk, too
        finally:
            os.close(folder)


@contextmanager
def _temporary(directory: str, name: str) -> Iterator[tuple[BinaryIO, str]]:
    """A new file that only its process has locked, as a sign of life; it is removed if it has still its name."""
    while True:
        temporary = os.path.join(directory, f".{name}.{os.getpid()}-{next(_serial)}{_ENDING}")
        try:
            file = open(temporary, "xb")
        except FileExistsError:  # of a process that had the same number
            continue
        with file:
            try:
                if _LOCKS:
                    with suppress(OSError):  # a file system without locks: there nothing is removed
                        _lock(file, wait=True)
                    if not _is_at(file, temporary):
                        continue  # taken for a dead one's before it was locked
                yield file, temporary
                return
            except BaseException:
                if not _LOCKS:
                    file.close()
                with suppress(OSError):
                    os.unlink(temporary)
                raise


def _lock(file: BinaryIO, wait: bool) -> None:
    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _is_at(file: BinaryIO, path: str) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    return False


def _clear(directory: str, name: str) -> None:
    """Remove the files of processes that were killed: those that nobody has locked."""
    if not _LOCKS:
        return
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(f".{name}.") and entry.name.endswith(_ENDING):
                with suppress(OSError), open(entry.path, "rb") as file:
                    _lock(file, wait=False)
                    os.unlink(entry.path)
