"""How much memory a process may still take: asked from Python, and from compiled code while it runs.

Linux promises more memory than there is, and ends processes that use it. So what is allocated without a known bound is
compared with what is there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from staticad.runtime.machine_text import machine_text

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call, peek, stack_words

_MEMORY = Path("/proc/meminfo")
_GROUPS = Path("/proc/self/cgroup")
_GROUP_ROOT = Path("/sys/fs/cgroup")
UNKNOWN = sys.maxsize
CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)


# The third line of /proc/meminfo is "MemAvailable:" and a number of KiB. Everything else counts as unknown: -1.
def _available(args: int, lo: int, hi: int) -> int:
    # args: where the addresses of open, read and close stand; lo: address of the file's name.
    functions = address_of(args)
    text = stack_words(32)
    file = call(peek(functions, 0), lo, CLOSE_ON_EXEC, 0, 0) & 0xFFFFFFFF
    if file > 0x7FFFFFFF:
        return -1
    length = call(peek(functions, 1), file, text, 256, 0)
    call(peek(functions, 2), file, 0, 0, 0)
    lines = 0
    number = -1
    for at in range(length):
        byte = peek(text, at // 8) >> 8 * (at % 8) & 255
        if byte == 10:
            lines += 1
            if lines == 3:
                return number * 1024 if number >= 0 else -1
        elif lines == 2 and 48 <= byte <= 57:
            number = (number if number > 0 else 0) * 10 + byte - 48
    return -1


AVAILABLE_SOURCE = machine_text(_available)


def available_memory() -> int:
    """Bytes that this process may still use without swapping: by the system, and by its control group if it has one.
    `UNKNOWN` where neither tells."""
    return min(_by_system(), _by_group())


def has_memory_file() -> bool:
    """Whether compiled code can ask, by reading this system's /proc/meminfo."""
    try:
        return _MEMORY.read_text("utf-8").split("\n")[2].startswith("MemAvailable:")
    except (OSError, IndexError):
        return False


def memory_file() -> bytes:
    """The name of the file that `AVAILABLE_SOURCE` reads."""
    return bytes(_MEMORY)


def _by_system() -> int:
    try:
        lines = dict(line.split(":") for line in _MEMORY.read_text("utf-8").splitlines())
        return 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, ValueError, KeyError):
        pass
    for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):
        try:
            return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, OSError, ValueError):
            continue
    return UNKNOWN


def _by_group() -> int:
    """What the control group and those around it leave: its limit less what is used and can't be taken back."""
    try:
        lines = [line.split(":", 2) for line in _GROUPS.read_text("utf-8").splitlines()]
    except (OSError, ValueError):
        return UNKNOWN
    found = UNKNOWN
    for _, controllers, path in lines:
        if controllers == "":
            root, limit, used = _GROUP_ROOT, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, limit, used = _GROUP_ROOT / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = root / path.lstrip("/")
        for folder in (group, *group.parents):
            found = min(found, _left(folder, limit, used))
            if folder == root:
                break
    return found


def _left(folder: Path, limit: str, used: str) -> int:
    try:
        total, taken = int((folder / limit).read_text("utf-8")), int((folder / used).read_text("utf-8"))
        cached = dict(line.split() for line in (folder / "memory.stat").read_text("utf-8").splitlines())
        return max(0, total - taken + int(cached.get("inactive_file", 0)))
    except (OSError, ValueError):
        return UNKNOWN  # no such file, or the word "max"
