"""What never changes, and is compared by identity or means the same everywhere, is its own copy."""

from __future__ import annotations

from typing import Any, Self


class OwnCopy:
    """Copies and deep copies are the object itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self
