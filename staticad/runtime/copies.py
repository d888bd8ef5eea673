"""Sessions belong to their process and to their variables: copies are the session itself, and pickles are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Self, SupportsIndex

from staticad.errors import GraphError
from staticad.ir.provenance import here
from staticad.runtime.variables import Variable


class OneSession:
    """What a session does when somebody copies or pickles it."""

    variables: Sequence[Variable]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        if self.variables:
            listed = ", ".join(map(repr, self.variables[:3]))
            raise GraphError(
                f"{self!r} has no deep copy: it shares its variables ({listed}) with others that use them; build the "
                f"graph again with variables of its own, and compile that (at {here()})"
            )
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise GraphError(
            f"{self!r} can't be pickled: its machine code and variables are those of this process; build and compile "
            f"the graph in the other process, which finds its kernels in the cache, and assign values (at {here()})"
        )
