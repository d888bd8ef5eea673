"""What tests do with random numbers that are drawn by rejection."""

from __future__ import annotations

from collections.abc import Iterable

import staticad as sa
from tests.harness.cases import FLOATS, Case, values
from tests.harness.family_cases import FamilyCases

KEY = sa.random.key(11)


def op_cases() -> Iterable[Case]:
    def case(name: str, build: object) -> Case:
        return Case(name, values("ab"), build, "sampling", FLOATS, special=False, ulp=None, smooth=False)  # type: ignore[arg-type]

    yield case("loggamma", lambda x: sa.random.loggamma(KEY, sa.absolute(x) + 0.5, dtype=x.dtype))
    yield case(
        "loggamma by its parameter",
        lambda x: sa.gradients(sa.random.loggamma(KEY, sa.absolute(x) + 0.5, dtype=x.dtype), [x], sa.ones_like(x))[0],
    )
    yield case("vonmises", lambda x: sa.random.vonmises(KEY, 0.0, sa.absolute(x), dtype=x.dtype))
    yield case(
        "vonmises by its parameter",
        lambda x: sa.gradients(sa.random.vonmises(KEY, 0.0, sa.absolute(x) + 0.1, dtype=x.dtype), [x], sa.ones_like(x))[
            0
        ],
    )
    yield case("poisson", lambda x: sa.random.poisson(KEY, 8.0 * sa.absolute(x), dtype=x.dtype))
    yield case("binomial", lambda x: sa.random.binomial(KEY, 50, sa.absolute(sa.sin(x)), dtype=x.dtype))


FAMILY = FamilyCases(op_cases=op_cases)
