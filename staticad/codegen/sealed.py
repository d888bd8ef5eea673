"""What is written to files: bytes behind a checksum of them and of their name, so that what is damaged shows."""

from __future__ import annotations

import hashlib

_MAGIC = b"staticad object 1\n"
OVERHEAD = len(_MAGIC) + hashlib.sha256().digest_size  # bytes


def sealed(name: str, payload: bytes) -> bytes:
    """The content of a file that holds these bytes under that name."""
    return _head(name, payload) + payload


def unsealed(name: str, content: bytes) -> bytes | None:
    """The bytes that a file holds under that name; None if it is truncated, altered, or another's."""
    payload = content[OVERHEAD:]
    return payload if content[:OVERHEAD] == _head(name, payload) else None


def _head(name: str, payload: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(name.encode() + payload).digest()
