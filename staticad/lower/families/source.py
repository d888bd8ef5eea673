"""Sources: placeholders, variables, constants, parameters of bodies."""

from __future__ import annotations

from staticad.lower.interface import Unplaced


class SourceLowering(Unplaced):
    """Memory that is there already."""

    source = True
