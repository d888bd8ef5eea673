"""Every rule that is left out for the ops of a node's operands is tried all the same: it must not fire."""

from __future__ import annotations

import pytest

from staticad.ir.graph import Node
from staticad.rewrite.engine import _Index
from staticad.rewrite.pattern import Rule


@pytest.fixture(autouse=True)
def _rules_fire_only_where_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = _Index.of

    def of(index: _Index, node: Node) -> tuple[Rule, ...]:
        found = chosen(index, node)
        for rule in index.by_op.get(node.op, ()):
            if not any(each is rule for each in found):
                result = rule.build(node.outputs[0])
                assert result is None or result is node.outputs[0], rule.name
        return found

    monkeypatch.setattr(_Index, "of", of)
