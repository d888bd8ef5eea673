"""The table of families: every op has one lowering, of its class or the nearest class above."""

from __future__ import annotations

import pytest

from staticad.lower.families import FAMILIES, LATER, TABLE
from staticad.lower.families.elementwise import ElementwiseLowering
from staticad.lower.fusion.clusters import COPY, PARTIAL
from staticad.lower.fusion.frames import FRAME
from staticad.lower.fusion.parts import PART
from staticad.lower.fusion.staging import CHECKED_INDEX
from staticad.lower.interface import Families, FamilyLowering
from staticad.ops.base import Elementwise, Op
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.compiled import CustomRoutine, UserFunction
from staticad.ops.control import PARAMETER
from staticad.ops.conversion import CAST

ROUTINE = CustomRoutine(UserFunction(lambda x, out: None), "(n)->(n)", {})
OPS = (*ALL_OPS, PARAMETER, COPY, PARTIAL, FRAME, PART, CHECKED_INDEX, ROUTINE)


@pytest.mark.parametrize("op", OPS, ids=str)
def test_every_op_has_one_lowering(op: Op) -> None:
    listed = [kind for kind in type(op).__mro__ if kind in TABLE or name_of(kind) in LATER]
    assert listed
    found = FAMILIES[op]
    if listed[0] in TABLE:
        assert found is TABLE[listed[0]]
    else:
        assert found is FAMILIES.table[listed[0]] and type(found) is type(LATER[name_of(listed[0])]())


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def test_every_line_of_the_table_is_used() -> None:
    used = {id(FAMILIES[op]) for op in OPS}
    assert used == {id(lowering) for lowering in FAMILIES.table.values()}
    assert {name_of(kind) for kind in FAMILIES.table} == {*map(name_of, TABLE), *LATER}


def test_a_class_that_is_not_listed_has_the_lowering_of_the_class_above() -> None:
    assert FAMILIES[CAST] is TABLE[Elementwise]
    assert isinstance(FAMILIES[COPY], ElementwiseLowering) and FAMILIES[COPY] is not TABLE[Elementwise]


def test_an_op_without_a_lowering_is_named() -> None:
    class Strange(Op):
        pass

    with pytest.raises(AssertionError, match="strange: the class Strange is not in the table"):
        FAMILIES[Strange("strange", numpy=lambda: None)]


def test_a_table_of_ones_own() -> None:
    class Nothing(Op):
        pass

    family = FamilyLowering()
    assert Families({Nothing: family})[Nothing("nothing", numpy=lambda: None)] is family
