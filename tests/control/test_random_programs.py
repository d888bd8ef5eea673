"""Random programs: compiled against the reference, gradients against differences, tangents against cotangents."""

from __future__ import annotations

import pytest

from tests.control.random_programs import RandomProgram
from tests.control.running import check_derivatives, run


@pytest.mark.parametrize("seed", [1, 2, 9, 12, 13, 16, 19, 24, 31])
def test_a_random_program(seed: int) -> None:
    program = RandomProgram(seed)
    run([program.output], program.feeds, rtol=1e-9)
    # Every input is connected, if only a little.
    output = program.output + 1e-3 * sum(t.sum() for t in program.inputs)
    check_derivatives([output], program.inputs, program.feeds, order=1, rtol=1e-5)
