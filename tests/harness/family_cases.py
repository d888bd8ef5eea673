"""What tests know of a family of functions: everything that they do with it starts from one file of the family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.ir.graph import Tensor
from tests.harness.cases import Case

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder


def none() -> Iterable[Case]:
    return ()


@dataclass(frozen=True)
class FamilyCases:
    """``op_cases`` has a case for each op of the family that is not elementwise, ``front_cases`` cases of its public
    functions. ``numpy_calls`` are calls of NumPy's functions on an array of 2 x 3 numbers, ``ufunc_operands`` the
    operands of ufuncs that are not defined everywhere, by their names. ``steps`` are steps of random graphs."""

    op_cases: Callable[[], Iterable[Case]] = none
    front_cases: Callable[[], Iterable[Case]] = none
    numpy_calls: Mapping[Callable[..., Any], list[Callable[..., Any]]] = field(default_factory=dict)
    ufunc_operands: Mapping[str, tuple[np.ndarray, ...]] = field(default_factory=dict)
    steps: tuple[Callable[[Builder], Tensor | None], ...] = ()
