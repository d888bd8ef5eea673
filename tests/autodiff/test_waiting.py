"""Gradients whose nodes are made when somebody looks at them: who looks sees what would have been there at once."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff import pullback
from staticad.autodiff.reverse import gradients
from staticad.autodiff.waiting import are_certain
from staticad.errors import GradientError, GraphError, VerifyError
from staticad.ir.deferred import Derivation, derivation_of
from staticad.ir.dtypes import FLOAT64
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.provenance import here
from staticad.ir.verify import verify
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.sources import constant
from staticad.ops.unmade import Unmade
from staticad.runtime.graph_key import GraphKey
from tests.harness.op_cases import all_op_cases

RNG = np.random.default_rng(5)
SHAPES = ((3, 4), (4,), (4, 2), (2,))
eagerly = pullback.derive


def network(free: bool = True) -> tuple[Tensor, list[Tensor], list[np.ndarray]]:
    """A loss, parameters and data: an input, which is differentiated by as well, and the parameters."""
    x = sa.placeholder(("n" if free else 5, 3), name="x")
    parameters = [sa.placeholder(shape, name=f"p{k}") for k, shape in enumerate(SHAPES)]
    w, b, v, c = parameters
    h = sa.relu(x @ w + b)
    h = h + sa.maximum(sa.tanh(h), 0.1 * h)
    y = sa.softmax(h @ v + c)
    loss = (sa.log(y[:, 0]) * x[:, 1]).mean() + (w**2).sum() * 0.5 - sa.sqrt(abs(v).max())
    values = [RNG.standard_normal(shape) for shape in ((5, 3), *SHAPES)]
    return loss, [x, *parameters], values


def waits(tensors: Sequence[Tensor]) -> bool:
    return all(derivation_of(t) is not None for t in tensors)


def form(tensors: Sequence[Tensor]) -> list[Any]:
    """All that a graph is, and in which order its nodes were made."""
    order = sorted(sort_nodes(tensors), key=lambda node: node.serial)
    numbers = {node: number for number, node in enumerate(order)}
    rows = [
        (
            node.op, node.attrs if node.op.name != "demand" else node.attrs["shape"], node.types, node.constraints,
            node.name, str(node.where), node.detached, [(numbers[t.node], t.index) for t in node.inputs],
        )
        for node in order
    ]  # fmt: skip
    return [rows, [(numbers[t.node], t.index, t.type) for t in tensors]]


@pytest.mark.parametrize("free", [False, True])
def test_the_graph_is_the_one_that_is_made_at_once(free: bool) -> None:
    loss, xs, _ = network(free)
    later, now = gradients(loss, xs), eagerly(loss, xs)  # of one line
    assert waits(later) and not waits(now)
    assert form(later) == form(now)
    assert not waits(later)
    verify(later)


def test_types_are_known_without_nodes() -> None:
    loss, xs, _ = network()
    found = gradients(loss, xs)
    assert [(t.type, t.shape, t.dtype, t.ndim) for t in found] == [(x.type, x.shape, x.dtype, x.ndim) for x in xs]
    updates = [x - 0.5 * g.astype("float64") for x, g in zip(xs, found, strict=True)]
    assert [u.type for u in updates] == [x.type for x in xs]
    assert waits(found)


LOOKS: list[Callable[[Tensor], Any]] = [
    lambda t: t.node, lambda t: t.index, lambda t: t.op, lambda t: t.inputs, lambda t: t.where, lambda t: t.name, repr,
    str, lambda t: sort_nodes([t]), lambda t: gradients(t.sum(), t),
]  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_who_looks_makes_all_nodes(look: Callable[[Tensor], Any]) -> None:
    loss, xs, _ = network()
    found = gradients(loss, xs)
    used = [2 * g for g in found]
    look(found[2])
    assert not waits(found) and all(type(g) is Tensor for g in found)
    for g, u in zip(found, used, strict=True):
        assert g.node.outputs[g.index] is g and u.inputs[1] is g
        assert max(x.node.serial for x in xs) < g.node.serial < u.node.serial
    verify(used)


def test_values_are_those_of_gradients_made_at_once() -> None:
    loss, xs, values = network()
    now = sa.compile([loss, *eagerly(loss, xs)], inputs=xs)(*values)
    later = sa.compile([loss, *gradients(loss, xs)], inputs=xs)
    again = sa.compile([loss, *gradients(loss, xs)], inputs=xs)  # from the cache
    for one, other, third in zip(now, later(*values), again(*values), strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)


def test_a_program_that_is_kept_makes_no_nodes() -> None:
    def made() -> tuple[sa.Session, list[Tensor]]:
        loss, xs, _ = network()
        found = gradients(loss, xs)
        return sa.compile([loss, *(x - 0.25 * g for x, g in zip(xs, found, strict=True))], inputs=xs), found

    made()
    session, found = made()
    values = network()[2]
    first = session(*values)
    assert waits(found)
    assert "matmul" in session.source() or session.source()  # which needs the plan, and so the nodes
    assert not waits(found)
    for one, other in zip(first, session(*values), strict=True):
        np.testing.assert_array_equal(one, other)


def test_waiting_gradients_in_two_sessions_and_in_updates() -> None:
    w = sa.variable(RNG.standard_normal(3))
    loss = (w * w * w).sum()
    (g,) = gradients(loss, [w])
    step = sa.compile(loss, updates={w: w - 0.1 * g})
    slope = sa.compile(g)
    before = w.value
    np.testing.assert_allclose(slope(), 3 * before**2)
    step()
    np.testing.assert_allclose(w.value, before - 0.3 * before**2)
    np.testing.assert_allclose(slope(), 3 * w.value**2)


def test_second_derivatives_go_through_gradients_that_wait() -> None:
    loss, xs, values = network(False)
    first = gradients(loss, xs)
    penalty = sum(((g * g).sum() for g in first), loss)
    second = sa.compile(gradients(penalty, xs), inputs=xs)(*values)
    at_once = eagerly(loss, xs)
    wanted = sa.compile(eagerly(sum(((g * g).sum() for g in at_once), loss), xs), inputs=xs)(*values)
    for one, other in zip(second, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    products = sa.hvp(loss, xs, [constant(v) for v in values])
    assert all(p.shape == x.shape for p, x in zip(products, xs, strict=True))


def test_threads_that_look_at_once_see_one_graph() -> None:
    loss, xs, _ = network()
    for _ in range(20):
        found = gradients(loss, xs)
        start = threading.Barrier(4)
        seen: list[list[tuple[Node, int]]] = []

        def look(found: list[Tensor] = found, start: threading.Barrier = start, seen: Any = seen) -> None:
            start.wait()
            seen.append([(t.node, t.index) for t in found])

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 4 and all(one == seen[0] for one in seen)
        assert all(node.outputs[index] is t for (node, index), t in zip(seen[0], found, strict=True))
        verify(found)


def test_an_interrupt_while_nodes_are_made_leaves_them_to_the_next_who_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    loss, xs, _ = network()
    found = gradients(loss, xs)

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pullback, "carried", interrupted)
        with pytest.raises(KeyboardInterrupt):
            found[0].op  # noqa: B018
    assert waits(found)
    serial = constant(0).node.serial
    assert found[0].node.serial < serial < constant(0).node.serial
    verify(found)


def test_copies_and_pickles_are_as_of_other_tensors() -> None:
    loss, xs, _ = network()
    found = gradients(loss, xs)
    assert copy.copy(found[0]) is found[0] and copy.deepcopy(found)[1] is found[1]
    assert waits(found)
    with pytest.raises(GraphError, match="can't be pickled"):
        pickle.dumps(found[0])


def key(tensors: Sequence[Tensor]) -> str:
    return GraphKey({"fetches": tensors}, Unmade(tensors)).digest


def test_the_hash_is_that_of_what_is_derived() -> None:
    def hashed(change: str = "") -> str:
        x, w, v = (sa.placeholder((3,), name=name) for name in "xwv")
        y = ((x * w) - v).sum() if change != "y" else ((x + w) - v * x).sum()
        xs = [w, x] if change == "xs" else [x, w]
        found = gradients(y, xs)
        if change == "line":
            pairs = [gradients(y, [t]) for t in xs]  # two derivations
            found = [g for (g,) in pairs]
        digest = key([2 * found[1 if change == "position" else 0], found[1]])
        assert waits(found)
        return digest

    digests = [hashed(change) for change in ("", "y", "xs", "position", "line")]
    assert len({*digests}) == 5
    assert hashed() == digests[0]


def test_placeholders_that_a_gradient_does_not_need_are_no_inputs() -> None:
    x, w = sa.placeholder((3,), name="x"), sa.placeholder((3,), name="w")
    (g,) = gradients((x + w * w).sum(), [w])
    assert waits([g])
    session = sa.compile(g)
    assert session.inputs == (w,)
    np.testing.assert_array_equal(session(np.ones(3)), 2 * np.ones(3))


X, W, N = sa.placeholder((3,), name="x"), sa.placeholder((3,), name="w"), sa.placeholder((3,), "int64", name="n")
C, S, FREE = sa.placeholder((3,), "complex128"), sa.placeholder((), name="s"), sa.placeholder(("k",), name="k")

EAGER: dict[str, Callable[[], Any]] = {
    "a cotangent": lambda: gradients((X * W).sum(), [X, W], 2.0),
    "stops": lambda: gradients((X * W * 2).sum(), [X, W], stop_gradients=[W]),
    "several": lambda: gradients([(X * W).sum(), (X + W).sum()], [X, W]),
    "unconnected": lambda: gradients((X * X).sum(), [X, W], unconnected="zero"),
    "cut": lambda: gradients((X + sa.stop_gradient(W)).sum() + W[0].detach(), [X, W], unconnected="zero"),
    "one cotangent for two": lambda: gradients((X + W).sum(), [X, W]),
    "handed on twice": lambda: gradients(((X + W) + FREE.sum()).sum(), [X, W]),
    "twice the same": lambda: gradients((X * W).sum(), [X, X]),
    "complex": lambda: gradients(abs(C).sum() + X.sum(), [X, C]),
    "a loop": lambda: gradients(sa.fori_loop(0, 3, lambda i, c: c * X, W).sum(), [X, W]),
    "a rule that is not certain": lambda: gradients(sa.cumprod(X * W).sum(), [X, W]),
    "sizes that a run checks": lambda: gradients((X * FREE).sum(), [X, FREE]),
    "one scalar": lambda: gradients(sa.exp(S) * S, S),
    "squares of roots": lambda: gradients((sa.linalg.norm(X * W) ** 2), [X, W]),
}


@pytest.mark.parametrize("case", EAGER)
def test_what_is_not_certain_is_made_at_once(case: str) -> None:
    assert not any(derivation_of(t) for t in EAGER[case]() if t is not None)


def test_derivatives_under_no_grad_are_made_at_once() -> None:
    with sa.no_grad():
        y = (X * W).sum()
    with pytest.raises(GradientError):
        gradients(y, [X, W])
    y = (X * W).sum()
    with sa.no_grad():
        found = gradients(y, [X, W])
    assert not waits(found)


def test_errors_are_raised_where_gradients_are_asked_for() -> None:
    for wrong, text in (
        (lambda: gradients(X * W, [X]), "several elements"),
        (lambda: gradients(X.sum(), [X, W]), "no gradient by"),
        (lambda: gradients((X * W).sum(), [X, N]), "int64"),
        (lambda: gradients((X * W).sum(), [X, 2.0]), "float"),
        (lambda: gradients((X * W).sum(), [X, W], unconnected="nothing"), "unconnected"),
    ):
        with pytest.raises(GradientError, match=text):
            wrong()


def test_of_all_cases_of_ops_the_graph_is_the_one_that_is_made_at_once() -> None:
    """Sums of squares, and of what a mask lets through. Nothing that waits is without its certain ops."""
    waited: set[str] = set()
    for case in all_op_cases():
        if FLOAT64 not in case.dtypes:
            continue
        pool: dict[tuple[object, ...], Tensor] = {}
        t = case.tensor(FLOAT64, pool)
        xs = [x for x in pool.values() if x.dtype == FLOAT64]
        if t.dtype != FLOAT64 or not xs:
            continue
        for loss in ((t * t).sum(), sa.where(t > 0.5, 3 * t, 0.0).sum()):
            if are_certain(loss, xs):
                later, now = gradients(loss, xs), eagerly(loss, xs)
                assert waits(later) and [g.type for g in later] == [g.type for g in now], case
                assert form(later) == form(now), case
                verify(later)
                waited |= {node.op.name for node in sort_nodes([t])}
    certain = {op.name for op in ALL_OPS if op.certain}
    assert certain <= waited, certain - waited


def test_a_rule_that_is_not_what_it_says_is_a_bug() -> None:
    wrong = Derivation(lambda y, x: [x], (X.sum(), X), [X.type], here())
    with pytest.raises(VerifyError, match="not what was expected"):
        wrong.tensors[0].op  # noqa: B018
    twice = Derivation(lambda y, x: [constant(np.ones(3))] * 2, (X.sum(), X), [X.type, X.type], here())
    with pytest.raises(VerifyError, match="not what was expected"):
        twice.tensors[0].op  # noqa: B018
