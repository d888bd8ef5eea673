"""What functions of the front say of themselves: NumPy's names, each once, and that they are public."""

from __future__ import annotations

import inspect
from collections import Counter
from types import FunctionType, ModuleType

import numpy as np
import pytest

import staticad as sa
from staticad.functional import bitwise, comparison, creation, elementwise, joining, movement, reductions
from staticad.functional.front import declared, float_unary, implements
from staticad.ops.transcendental import TANH
from tests.harness.numpy_tables import FRONT, FUNCTIONS, UFUNCS

PUBLIC = (bitwise, comparison, creation, elementwise, joining, movement, reductions)


def test_a_function_of_a_known_shape_looks_like_one_written_out() -> None:
    function = float_unary(TANH, np.tanh, "About it.")
    written = elementwise.negative
    assert isinstance(function, FunctionType)
    assert (function.__name__, function.__qualname__, function.__module__) == ("tanh", "tanh", __name__)
    assert inspect.getdoc(function) == "About it."
    assert inspect.signature(function) == inspect.signature(written)
    assert inspect.get_annotations(function, eval_str=True) == inspect.get_annotations(written, eval_str=True)
    assert function(sa.constant(1)).dtype == np.float64


def test_functions_have_the_names_that_they_stand_under() -> None:
    for module in PUBLIC:
        names = {value.__name__ for value in vars(module).values() if isinstance(value, FunctionType)}
        aliases = [name for name in module.__all__ if getattr(module, name).__name__ != name]
        assert all(getattr(module, name).__name__ in names for name in aliases)
        assert len(aliases) < 10


def test_each_name_of_numpy_is_claimed_once() -> None:
    names_of = dict(pair for module in FRONT for pair in declared(module))
    claimed = Counter(name for names in names_of.values() for name in (*names.numpy, *names.scipy))
    claimed.update(("reduce", names.reduces) for names in names_of.values() if names.reduces is not None)
    assert not [name for name, count in claimed.items() if count > 1]
    assert {*UFUNCS, *FUNCTIONS} <= claimed.keys()


def test_a_function_stays_what_it_is_when_it_says_its_names() -> None:
    def own(x: int) -> int:
        return x + 1

    assert implements(np.add, "added", reduces=np.multiply)(own) is own
    module = ModuleType("temporary")
    module.own, module.other = own, len  # type: ignore[attr-defined]
    ((function, names),) = declared(module)
    assert function is own
    assert (names.numpy, names.scipy, names.reduces) == ((np.add,), ("added",), np.multiply)


@pytest.mark.parametrize("module", PUBLIC, ids=lambda m: m.__name__)
def test_what_a_module_says_is_public_is_public(module: object) -> None:
    listed = module.__all__  # type: ignore[attr-defined]
    assert listed and set(listed) <= set(sa.__all__)
    assert all(inspect.unwrap(getattr(sa, name)) is getattr(module, name) for name in listed)
