"""The texts of machine code: names become numbers, lines for profiles come and go."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from staticad.codegen.atomics import MACHINE_NAMES
from staticad.runtime import available, control_source, float_state, interrupts, machine_source, tapes, worker_source
from staticad.runtime.layout import Context
from staticad.runtime.machine_text import machine_text

if TYPE_CHECKING:
    from staticad.codegen.machine_language import address_of, peek, poke

HUNDRED = 100
TEXTS = {
    name: text
    for module in (available, control_source, float_state, interrupts, machine_source, tapes, worker_source)
    for name, text in vars(module).items()
    if name.endswith("_SOURCE")
}


def counted(args: int, lo: int, hi: int) -> int:
    context = address_of(args)
    poke(context, 0, 1)  # profile
    return peek(context, Context.STEPS) + HUNDRED


def test_words_and_constants_become_numbers() -> None:
    context = "    context = address_of(args)\n"
    last = f"    return peek(context, {Context.STEPS:d}) + 100\n"
    assert machine_text(counted) == f"def entry(args, lo, hi):\n{context}{last}"
    assert machine_text(counted, profile=True) == f"def entry(args, lo, hi):\n{context}    poke(context, 0, 1)\n{last}"


@pytest.mark.parametrize("name", TEXTS)
def test_texts_use_names_of_machine_code_only(name: str) -> None:
    assert len(TEXTS) >= 10
    tree = ast.parse(TEXTS[name])
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {"args", "lo", "hi"}
    assert {n.id for n in names} - bound <= {*MACHINE_NAMES, "range"}
