"""Buffers that become one: kernels that write over what they read are those that were emitted for it."""

from __future__ import annotations

import pytest

import staticad as sa
from staticad.lower.emission.nest import Nest
from staticad.lower.kernel.language import Kernel
from tests.lower.checking import computes


def test_a_value_over_its_operand_has_one_pointer_and_emits_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    emitted = []
    step = Nest.step
    monkeypatch.setattr(Nest, "step", lambda self, label: emitted.append(label) or step(self, label))  # type: ignore
    x, y = sa.placeholder((6, 5)), sa.placeholder((6, 5))
    values = [sa.sin(sa.flip(sa.exp(z), 0)) for z in (x, y)]
    values = [sa.sin(v) * sa.flip(v, 1).sum() for v in values]
    plan = computes([sa.flip(v, 0) for v in values])
    inside = [s for s in plan.compute if isinstance(s.kernel, Kernel) and set(s.reads) & set(s.writes)]
    assert inside
    for s in inside:
        assert isinstance(s.kernel, Kernel)
        names = [p.name for p in s.kernel.pointers]
        assert names == [f"p{k}" for k in range(len(names))] and [p.scope for p in s.kernel.pointers] == [
            *range(len(names))
        ]
        assert len(set(s.arguments[: len(names)])) == len(names)
    assert len({id(s.kernel) for s in inside}) < len(inside)
    assert len(emitted) <= len({id(s.kernel) for s in plan.compute})
