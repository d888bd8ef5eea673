"""Kernels inside loops whatever their names are: a loop of kernels with arbitrary names is one kernel, and right."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import field, replace

import numpy as np
import pytest

import staticad as sa
from staticad.codegen.source import render
from staticad.ir.expressions import Arithmetic, Expression, Index, Name, Number, arithmetic, call
from staticad.lower.interface import Lowering
from staticad.lower.kernel.language import HI, LO, Kernel, Load, Pointer
from staticad.lower.kernel.plan import LoopCall, Step, change_kernels
from staticad.lower.loops import control
from staticad.lower.loops.inline import inline_loop
from staticad.lower.loops.renaming import Renaming, Terms
from staticad.records import dataclass
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

ODD = ("q", "exp_", "lo2", "t", "position", "s0", "STATUS", "check_index_", "n", "made", "_")


@dataclass(frozen=True)
class Scrambled(Renaming):
    """A kernel with other names for all that it binds."""

    names: dict[str, str] = field(default_factory=dict)

    def bound(self, name: str) -> str:
        number = len(self.names)
        return self.names.setdefault(name, f"{ODD[number % len(ODD)]}{number // len(ODD)}")


def scrambled(kernel: Kernel) -> Kernel:
    names: dict[str, str] = {}
    pointers: dict[str, tuple[str, Terms]] = {}
    renaming = Scrambled({"lo": LO, "hi": HI}, pointers, {}, "", names)
    pointers |= {p.name: (renaming.bound(p.name), ()) for p in kernel.pointers}
    return replace(
        kernel,
        pointers=tuple(replace(p, name=renaming.bound(p.name)) for p in kernel.pointers),
        sizes=tuple(map(renaming.bound, kernel.sizes)),
        body=renaming.statements(kernel.body),
    )


@pytest.fixture
def scrambles(monkeypatch: pytest.MonkeyPatch) -> list[Kernel]:
    """Every loop gets kernels with other names before it becomes one; the kernels that loops have become."""
    found: list[Kernel] = []

    def inlined(loop: LoopCall, outside: Lowering, label: str) -> Step | None:
        plan = change_kernels(loop.plan, lambda step, kernel: replace(step, kernel=scrambled(kernel)))
        step = inline_loop(replace(loop, plan=plan), outside, label)
        if step is not None:
            assert isinstance(step.kernel, Kernel)
            found.append(step.kernel)
        return step

    monkeypatch.setattr(control, "inline_loop", inlined)
    return found


X, M = sa.placeholder((None, 3), name="x"), sa.placeholder((3, 16), name="m")
N = sa.placeholder((), "int64", name="n")
START = sa.zeros((3,))


def _halved(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
    return sa.while_loop(lambda b: b.sum() > 1.0, lambda b: b * 0.5, s + X[i])


PROGRAMS: dict[str, Callable[[], sa.Tensor]] = {
    "elementwise": lambda: sa.fori_loop(0, N, lambda i, s: sa.tanh(s + X[0] * i), START),
    "indexed": lambda: sa.fori_loop(0, N, lambda i, s: s * 0.5 + X[(i * i) % 3], START),
    "reduction": lambda: sa.fori_loop(0, N, lambda i, s: s + sa.softmax(X * i, axis=1).sum(axis=0), START),
    "extremes": lambda: sa.fori_loop(0, N, lambda i, s: s + sa.argmax(X * s, axis=1).sum() + sa.max(X), START),
    "product": lambda: sa.fori_loop(0, N, lambda i, s: sa.tanh(s @ M).sum() * s + X[0], START + 0.5),
    "branch": lambda: sa.fori_loop(0, N, lambda i, s: sa.cond(i % 2 == 0, lambda: s + X[0], lambda: s * X[1]), START),
    "loops in a loop": lambda: sa.fori_loop(0, N, _halved, START),
    "backwards": lambda: sa.scan(lambda s, x: (sa.sin(s + x), s), START, X, reverse=True)[1],
    "gradient": lambda: sa.gradients(sa.scan(lambda s, x: (sa.sin(s + x), s), START, X)[0].sum(), [X])[0],
}
FEEDS = {X: np.random.default_rng(0).uniform(0.1, 1.0, (4, 3)), M: np.full((3, 16), 0.25), N: np.int64(3)}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_loop_of_kernels_with_any_names(name: str, scrambles: list[Kernel]) -> None:
    y = PROGRAMS[name]()
    (expected,) = sa.evaluate([y], FEEDS)
    feeds = {t: np.asarray(value) for t, value in FEEDS.items()}
    (interpreted,), _ = interpret(plan_for(y, inputs=list(feeds)), feeds)
    np.testing.assert_allclose(interpreted, expected, rtol=1e-12)
    np.testing.assert_allclose(sa.compile(y, list(FEEDS))(*FEEDS.values()), expected, rtol=1e-12)
    assert scrambles and not any(keyword.iskeyword(p.name) for k in scrambles for p in k.pointers)


def test_any_names_alone() -> None:
    """The scrambling itself is right."""
    y = sa.softmax(X @ M, axis=1).sum(axis=0)
    plan = plan_for(y, inputs=[X, M])
    other = change_kernels(plan, lambda step, kernel: replace(step, kernel=scrambled(kernel)))
    feeds = {X: FEEDS[X], M: FEEDS[M]}
    assert [render(s.kernel) for s in plan.steps if isinstance(s.kernel, Kernel)] != [
        render(s.kernel) for s in other.steps if isinstance(s.kernel, Kernel)
    ]
    np.testing.assert_array_equal(interpret(other, feeds)[0][0], interpret(plan, feeds)[0][0])


def renamed(e: Expression) -> Expression:
    return Renaming({"lo": Number(0), "hi": Name("n7"), "q": Name("n3")}, {}, {}, "s0").expression(e)


def test_parameters_get_what_stands_for_them_and_the_rest_a_prefix() -> None:
    assert renamed(call("exp", Name("exp"))) == call("exp", Name("s0exp"))
    assert renamed(arithmetic(HI, "-", LO)) == arithmetic("n7", "-", 0)
    assert renamed(Index((("lo", "q"), ("i", "q")), "q")) == Index((("s0i", "n3"),), "n3")


def test_a_range_from_0_is_as_long_as_its_end_says() -> None:
    renaming = Renaming({"lo": Number(0), "hi": Name("n7")}, {}, {}, "s0")
    assert renaming.extent(arithmetic(HI, "-", LO)) == Name("n7")
    assert isinstance(renaming.extent(arithmetic(HI, "-", 1)), Arithmetic)


def test_an_index_moves_with_its_pointer() -> None:
    renaming = Renaming({}, {"q": ("p4", (("t", "n1"),))}, {"r": Name("t")}, "s0")
    assert renaming.statement(Load("a", "q", Index(()))) == Load("s0a", "p4", Index((("t", "n1"),)))
    found = renaming.statement(Load("a", "r", Index(())))
    assert not isinstance(found, Load) and not isinstance(found, Pointer)
