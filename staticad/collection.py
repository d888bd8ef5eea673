"""Python's collector of cycles rests while graphs are made and compiled.

They are many objects that live for long and hold no cycles to speak of: looking through them again and again, as the
collector does whenever some hundred are new, takes a tenth of the time and frees next to nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """In here the collector does not start by itself. Afterwards it is as it was, and takes what was made for old."""
    collecting = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():  # what the user has frozen stays frozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()
