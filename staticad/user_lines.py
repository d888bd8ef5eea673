"""Where the user's program stands: its innermost frame, what its files are called, tracebacks without other frames.

Frames of this package are not the user's, nor are those of the libraries through which a call may come back to it:
Python's own (`copy`, `threading`), NumPy, SciPy and Numba.
"""

from __future__ import annotations

import os
import re
import sys
from types import FrameType, TracebackType

import numpy as np

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED = os.path.dirname(os.path.dirname(os.path.abspath(np.__file__))) + os.sep
_LIBRARIES = tuple(_INSTALLED + name + os.sep for name in ("numpy", "scipy", "numba"))
_CELL = re.compile(r"<ipython-input-(\d+)-")

OWN, LIBRARY, USER = range(3)
_owners: dict[str, int] = {}  # of files


def _owner(code_file: str) -> int:
    found = _owners.get(code_file)
    if found is None:
        if code_file.startswith(_PACKAGE):
            found = OWN
        elif code_file.startswith(_LIBRARIES):
            found = LIBRARY
        else:
            standard = code_file.startswith(_STANDARD) and "-packages" not in code_file
            found = LIBRARY if standard else USER
        _owners[code_file] = found
    return found


def user_frame(inside: int = 1) -> FrameType:
    """The innermost frame of the user's program. Where there is none, as in a thread that runs a session itself, the
    innermost one outside this package. The first frames are ``inside`` of it, this one included."""
    frame: FrameType | None = sys._getframe(inside)  # Python makes an object of each frame that is looked at
    outside = None
    while frame is not None:
        file = frame.f_code.co_filename
        owner = _owners.get(file)  # every node asks, mostly for files that are known
        if owner is None:
            owner = _owner(file)
        if owner == USER:
            return frame
        if owner == LIBRARY and outside is None:
            outside = frame
        frame = frame.f_back
    return outside or sys._getframe(1)


def file_text(file: str) -> str:
    """How a message calls a file: ``In [2]`` for a cell of IPython or of a notebook, else by its path."""
    if file.startswith("<"):
        cell = _CELL.match(file)
        return f"In [{cell[1]}]" if cell else file
    if "ipykernel" in file:
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        number = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(file)
        return file if number is None else f"In [{number}]"
    return file


def place_text(file: str, line: int) -> str:
    """A line of a program for a message."""
    return f"{file_text(file)}:{line}"


def is_raised_by_user(traceback: TracebackType | None) -> bool:
    """Whether an error comes from the user's code, not from this package's: libraries raise for whom calls them."""
    owner = OWN
    while traceback is not None:
        found = _owner(traceback.tb_frame.f_code.co_filename)
        owner = owner if found == LIBRARY else found
        traceback = traceback.tb_next
    return owner == USER


def without_own(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this package."""
    entries = []
    while traceback is not None:
        if _owner(traceback.tb_frame.f_code.co_filename) != OWN:
            entries.append(traceback)
        traceback = traceback.tb_next
    kept = None
    for entry in reversed(entries):
        line = -1 if entry.tb_lineno is None else entry.tb_lineno  # a place between lines has none
        kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, line)
    return kept
