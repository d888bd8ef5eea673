"""What an installed package brings along: all pieces, the fixed machine code, the functions that kernels share, and
kernels that many programs have.

They are made by ``python -m staticad.runtime.prebuild`` when the package is built, and lie in its folder ``prebuilt``,
which is trusted as the package itself is. What was made by another version of the code generator, of Numba or of
llvmlite is left aside, and so is what does not have the checksum that it was written with; then Numba makes it anew,
and the kernel cache keeps it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

import llvmlite

from staticad import late
from staticad.codegen import sources
from staticad.codegen.sealed import sealed, unsealed
from staticad.codegen.target import triple

DIRECTORY = Path(__file__).parent.parent / "prebuilt"
# The texts of pieces, and of the few long ones by themselves: most programs have none of these.
_PIECES, _LONG_PIECES = "pieces.txt", "long_pieces.txt"
_LONG = 6000


@functools.cache
def code_hash() -> str:
    """Hash of all that shapes machine code besides the text that is compiled and the CPU."""
    digest = hashlib.sha256(sources.code_hash().encode())
    for part in (_numba_version(), llvmlite.__version__.encode(), triple().encode()):
        digest.update(part + b"\n")
    return digest.hexdigest()


def _numba_version() -> bytes:
    """The files of Numba that say which version it is. To import what reads its metadata takes a tenth of the time that
    the package itself takes."""
    spec = late.found("numba")
    if spec is None or spec.origin is None:
        return b""
    files = (Path(spec.origin).with_name(name) for name in ("__init__.py", "_version.py"))
    return b"".join(path.read_bytes() for path in files if path.is_file())


def piece(key: str) -> str | None:
    """The text of a piece, see `staticad.codegen.pieces`."""
    return _pieces(_PIECES).get(key) or _pieces(_LONG_PIECES).get(key)


@functools.cache
def _pieces(name: str) -> dict[str, str]:
    payload = _checked(name, code_hash())
    if payload is None:
        return {}
    lines = payload.decode().splitlines()
    return dict(zip(lines[::2], lines[1::2], strict=True))


def object_file(recipe: str) -> bytes | None:
    """The object file of what was made of a text."""
    name = _name(recipe)
    return _checked(name, name)


def _name(recipe: str) -> str:
    return hashlib.sha256(f"{code_hash()}\n{recipe}".encode()).hexdigest() + ".o"


def _checked(name: str, what: str) -> bytes | None:
    try:
        return unsealed(what, (DIRECTORY / name).read_bytes())
    except OSError:
        return None


def write(directory: Path, pieces: Iterable[tuple[str, str]], objects: Iterable[tuple[str, bytes]]) -> None:
    """Fill a directory: the texts of pieces by their names, and object files by what they were made of."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in (*directory.glob("*.o"), *directory.glob("*pieces.txt")):
        old.unlink()
    texts: dict[str, list[str]] = {_PIECES: [], _LONG_PIECES: []}
    for key, text in pieces:
        texts[_LONG_PIECES if len(text) > _LONG else _PIECES].append(f"{key}\n{text}\n")
    for name, lines in texts.items():
        (directory / name).write_bytes(sealed(code_hash(), "".join(lines).encode()))
    for recipe, code in objects:
        name = _name(recipe)
        (directory / name).write_bytes(sealed(name, code))
