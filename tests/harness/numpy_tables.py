"""All functions of NumPy that have a meaning on tensors, with what they mean."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from staticad.contents import NUMPY
from staticad.functional.front import Function, declared

FRONT = tuple(map(import_module, NUMPY))  # the modules whose functions NumPy's names may mean
_DECLARED = [pair for module in FRONT for pair in declared(module)]
_NAMED: dict[Function, Function] = {name: f for f, names in _DECLARED for name in names.numpy}
UFUNCS: dict[np.ufunc, Function] = {name: f for name, f in _NAMED.items() if isinstance(name, np.ufunc)}
FUNCTIONS: dict[Function, Function] = {name: f for name, f in _NAMED.items() if not isinstance(name, np.ufunc)}
# np.add.reduce(x, axis=0) and its like.
REDUCTIONS: dict[np.ufunc, Function] = {names.reduces: f for f, names in _DECLARED if names.reduces is not None}
