"""The sources of the package: hashes of them tell one version of it from another.

To read some hundred files takes many milliseconds. So the hashes are kept under what the system knows of the files, of
which their time of change is not for programs to choose: beside the machine code that the package brings along, for the
folder in which this was made, and in the user's cache.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

from staticad import config
from staticad.codegen.sealed import sealed, unsealed
from staticad.codegen.trusted_directory import opened
from staticad.late import is_replaced
from staticad.records import NamedTuple

PACKAGE = str(Path(__file__).parent.parent)
_FILE = "sources"  # in the folder of what the package brings along
_NO_SOURCES = {"__pycache__", "prebuilt"}  # folders without any
# What shapes machine code. Kernels contain functions of the second, too.
_CODE = ("codegen" + os.sep, os.path.join("ops", "rejection.py"))
_TOLD = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
_CHANGED = attrgetter("st_ctime" if os.name == "posix" else "st_mtime")
_CLOCK_SECONDS = 0.05  # by which the times of files may lag behind
_LARGEST = 1 << 10


class Hashes(NamedTuple):
    """Of all sources, and of those that shape machine code."""

    package: str
    code: str


@functools.cache
def hashes() -> Hashes | None:
    """Those of the sources that were imported; None where the files may be others meanwhile, or can't be read."""
    name = _name()
    if name is None:
        return None
    found = _handed_over(name) or _kept(name)
    if found is None and (found := _read()) is not None:
        _keep(name, found)
    return found


def code_hash() -> str:
    """That of the sources that shape machine code, as they are. Raises OSError."""
    found = hashes()
    return _hash(_contents(filter(_is_code, _sources()))) if found is None else found.code


def hand_over(directory: Path) -> None:
    """Keep the hashes beside the machine code that a package brings along. They are found where the sources stay as
    they are: not in a copy of them."""
    (directory / _FILE).unlink(missing_ok=True)
    name, found = _name(), hashes()
    if name is not None and found is not None:
        (directory / _FILE).write_bytes(sealed(name, _text(found)))


def _handed_over(name: str) -> Hashes | None:
    try:
        return _hashes(unsealed(name, Path(PACKAGE, "prebuilt", _FILE).read_bytes()))
    except OSError:
        return None


def _kept(name: str) -> Hashes | None:
    settings = config.settings()
    if not settings.cache:
        return None
    try:
        return _hashes(unsealed(name, opened(settings.cache_dir / "kernels", create=False).read(f"{name}.o", _LARGEST)))
    except OSError:
        return None


def _keep(name: str, found: Hashes) -> None:
    settings = config.settings()
    if settings.cache:
        try:
            opened(settings.cache_dir / "kernels", create=True).write(f"{name}.o", sealed(name, _text(found)))
        except OSError as error:
            config.note(1, f"the hash of the package is not kept: {error}")


def _text(found: Hashes) -> bytes:
    return " ".join(found).encode()


def _hashes(payload: bytes | None) -> Hashes | None:
    return None if payload is None else Hashes(*payload.decode().split(" "))


def _name() -> str | None:
    """The hash of what the system knows of each source file; None if one has changed since the package was imported."""
    if is_replaced():
        return None
    try:
        paths = _sources()
        told = [os.stat(os.path.join(PACKAGE, path)) for path in paths]
    except OSError:
        return None
    if not told or max(map(_CHANGED, told)) > config.IMPORTED - _CLOCK_SECONDS:
        return None
    return sha256(f"sources\n{paths}\n{[*map(_TOLD, told)]}".encode()).hexdigest()


def _read() -> Hashes | None:
    try:
        found = _contents(_sources())
    except OSError:
        return None
    return Hashes(_hash(found), _hash({path: text for path, text in found.items() if _is_code(path)}))


def _is_code(path: str) -> bool:
    return path.startswith(_CODE)


def _contents(paths: Iterable[str]) -> dict[str, bytes]:
    """What stands in the files. Raises OSError."""
    return {path: content(os.path.join(PACKAGE, path)) for path in paths}


def _hash(contents: Mapping[str, bytes]) -> str:
    digest = sha256()
    for path, text in contents.items():
        digest.update(f"{path}\n{len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()


def content(path: str) -> bytes:
    """The bytes of a file. Some hundreds are read at once; a file object takes longer than to read one. Raises
    OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        found = os.read(descriptor, size + 1)
        while len(found) < size and (more := os.read(descriptor, size - len(found))):
            found += more
        return found
    finally:
        os.close(descriptor)


def _sources() -> list[str]:
    """Their paths in the package. Raises OSError where it is no directory."""
    return sorted(_below(PACKAGE, ""))


def _below(directory: str, prefix: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield prefix + entry.name
            elif entry.name not in _NO_SOURCES and entry.is_dir():
                yield from _below(entry.path, f"{prefix}{entry.name}{os.sep}")
