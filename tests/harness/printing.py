"""What is printed, kept instead of shown."""

from __future__ import annotations

import contextlib
import io


def printing() -> contextlib.redirect_stdout[io.StringIO]:
    """What is printed meanwhile."""
    return contextlib.redirect_stdout(io.StringIO())


def lines(printed: io.StringIO) -> list[str]:
    """Lines that were printed, whatever their order."""
    return sorted(printed.getvalue().splitlines())
