"""Every public function is compared with a peer: values, first and second derivatives (the tables in `comparisons`)."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import staticad as sa
from tests.harness.function_calls import functions
from tests.outside.comparisons import (
    control,
    elementwise,
    fourier,
    linear,
    making,
    movement,
    neural,
    reductions,
    sorting,
    special,
)
from tests.outside.comparisons.ledger import ALONE, ELSEWHERE
from tests.outside.comparisons.running import OURS, by_jax, by_torch, differences, operands
from tests.outside.comparisons.table import Names, Table

BY_JAX = {
    module.__name__.rpartition(".")[2]: module.TABLE
    for module in (elementwise, special, reductions, making, movement, sorting, linear, fourier, control)
}
BY_DERIVING = {"gradients", "hessian", "hvp", "jacobian", "jvp"}  # JAX's have other arguments
TOGETHER = 20  # programs that JAX compiles at once, which saves time if they are small
LARGE = {"linear"}  # families whose programs are not: 20 of them take many minutes, one by one a minute


def jax_names() -> Names:
    import jax
    import jax.numpy as jnp

    return Names(
        jnp, jax.lax, jax.ops, jax.nn,
        special=Names(jax.scipy.special, log_expit=jax.nn.log_sigmoid),
        linalg=Names(jnp.linalg, jax.scipy.linalg, jnp), fft=Names(jnp.fft, jax.scipy.fft),
        nn=Names(jax.nn), random=Names(jax.random), constant=jnp.asarray,
    )  # fmt: skip


def torch_names() -> Names:
    import torch

    return Names(torch, nn=Names(torch.nn.functional, torch), constant=torch.as_tensor, stop_gradient=torch.detach)


def of_kind(table: Table, kind: str) -> Table:
    return {name: case for name, case in table.items() if kind in case.kinds}


FAMILIES = [(family, kind) for family, table in BY_JAX.items() for kind in "fc" if of_kind(table, kind)]


@pytest.mark.extras("jax")
@pytest.mark.parametrize(("family", "kind"), FAMILIES)
def test_values_and_derivatives_as_jax_has_them(family: str, kind: str) -> None:
    import jax

    cases, names = of_kind(BY_JAX[family], kind), jax_names()

    def wanted(dtype: str) -> dict[str, list[Any]]:
        def all_of_them(given: dict[str, list[Any]]) -> dict[str, list[Any]]:
            return {name: by_jax(cases[name], names, *arrays) for name, arrays in given.items()}

        items = [(name, operands(case, dtype)) for name, case in cases.items()]
        compiled = jax.jit(all_of_them, compiler_options={"xla_backend_optimization_level": 0})
        found: dict[str, list[Any]] = {}
        with jax.enable_x64(True):
            count = 1 if family in LARGE else TOGETHER
            for start in range(0, len(items), count):
                found |= compiled(dict(items[start : start + count]))
        return found

    wrong = differences(cases, wanted, kind)
    assert not wrong, "\n".join(wrong)


@pytest.mark.extras("torch")
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")  # of the mean of the Kullback-Leibler divergence
def test_values_and_derivatives_as_torch_has_them() -> None:
    names = torch_names()

    def wanted(dtype: str) -> dict[str, list[Any]]:
        return {name: by_torch(case, names, *operands(case, dtype)) for name, case in neural.TABLE.items()}

    wrong = differences(neural.TABLE, wanted, "f")
    assert not wrong, "\n".join(wrong)


def test_every_public_function_is_compared() -> None:
    """It or another of its names has an entry in a table, is compared in another file, or there is a reason."""
    public, root = dict(functions()), Path(__file__).parents[2]
    tables = [*BY_JAX.values(), neural.TABLE]
    entries = [name.strip() for table in tables for names in table for name in names.split(",")]
    for file, listed in ELSEWHERE.items():
        words = set(re.findall(r"\w+", (root / file).read_text("utf-8")))
        entries += listed.split()
        assert {name.rpartition(".")[2] for name in listed.split()} <= words, file
    assert set(entries) <= public.keys()
    compared = {inspect.unwrap(public[name]) for name in entries}
    left = {name for name, function in public.items() if inspect.unwrap(function) not in compared}
    assert left == ALONE.keys()


def test_a_case_calls_the_functions_that_it_is_of() -> None:
    public = {name: inspect.unwrap(function) for name, function in functions()}
    missing = []
    for names, case in (item for table in (*BY_JAX.values(), neural.TABLE) for item in table.items()):
        asked: set[Any] = set()
        case.call(Asked(OURS, asked), *(sa.placeholder(x.shape, x.dtype) for x in operands(case, "float64")))
        wanted = {name.strip() for name in names.split(",")} - BY_DERIVING
        missing += [name for name in wanted if public[name] not in asked]
    assert not missing


class Asked:
    """Names that remember which functions were asked for."""

    def __init__(self, names: Names, asked: set[Any]) -> None:
        self.names, self.asked = names, asked

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.names, name)
        if isinstance(found, Names):
            return Asked(found, self.asked)
        self.asked.add(inspect.unwrap(found))
        return found
