"""Programs that come from the cache do what others do that were just compiled, and name lines of the present graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.codegen import object_cache, sources
from staticad.ir.graph import sort_nodes
from staticad.ops.effects import PRINT
from staticad.ops.unmade import Unmade
from staticad.runtime import programs
from staticad.runtime.arguments import read_options
from staticad.runtime.stored import from_bytes, to_bytes
from tests.harness.random_builder import RandomGraph, random_graph
from tests.runtime.test_unmet_sizes import PROGRAMS, N, X, Y


def is_kept(session: sa.Session) -> bool:
    """Whether nothing was compiled so far."""
    return not session._request.is_lowered


def both(build: Callable[[], sa.Session]) -> tuple[sa.Session, sa.Session]:
    """The session of a graph compiled anew, and that of another such graph with the program that is kept."""
    with config.override(programs=False):
        made = build()
    build()
    kept = build()
    assert is_kept(kept) and not is_kept(made)
    return made, kept


def from_file(file: str, text: str, lines: int = 0) -> dict[str, Any]:
    """The names that a text defines which is said to come from a file, some lines further down."""
    space: dict[str, Any] = {"sa": sa, "np": np}
    exec(compile("\n" * lines + text, file, "exec"), space)
    return space


# ---- results ---------------------------------------------------------------------------------------------------------


def prints(outputs: list[sa.Tensor]) -> bool:
    """Whether a program is not kept, because it calls what lies at an address of the process."""
    return any(node.op is PRINT for node in sort_nodes(outputs))


def batch(seeds: range) -> tuple[list[RandomGraph], sa.Session]:
    graphs = [graph for graph in map(random_graph, seeds) if not prints(graph.outputs)]
    inputs, outputs = ([t for g in graphs for t in getattr(g, part)] for part in ("inputs", "outputs"))
    return graphs, sa.compile(outputs, inputs, {v: t for g in graphs for v, t in g.updates.items()})


@pytest.mark.parametrize("first", [0, 10])
def test_random_graphs_have_the_same_bits(first: int) -> None:
    """Graphs that are built anew are other objects, with other free sizes, variables and lines."""
    seeds = range(first, first + 10)
    with config.override(programs=False):
        made = batch(seeds)
    batch(seeds)
    kept = batch(seeds)
    assert is_kept(kept[1])
    for which in ("feeds", "more_feeds"):
        results = []
        for graphs, session in (made, kept):
            given = {t: a for g in graphs for t, a in getattr(g, which).items()}
            found = session.run(given)
            results.append([a.tobytes() for a in (*found, *(v.value for v in session.variables))])
        assert results[0] == results[1]
    assert kept[1].source() == made[1].source()
    assert kept[1]._request.ready.kept is False and kept[1]._executable is not None
    assert made[1]._executable is not None and made[1]._executable.sources == kept[1]._executable.sources


@pytest.mark.parametrize("name", ["index", "branch in a loop, kernel by kernel", "loop over slices", "while"])
def test_sizes_with_which_a_program_does_not_run_as_usual(name: str) -> None:
    made, kept = both(lambda: sa.compile(PROGRAMS[name](), [X, Y, N]))
    for feeds in ([5, 5, 1], [2, 2, 0], [0, 0, 0], [0, 0, 1], [1, 3, 2], [4, 4, 3]):
        arrays = np.arange(1.0, feeds[0] + 1), np.arange(1.0, feeds[1] + 1), np.int64(feeds[2])
        found = []
        for session in (made, kept):
            try:
                found.append(session(*arrays).tobytes())
            except sa.StaticadError as error:
                found.append(f"{type(error).__name__} {error}")
        assert found[0] == found[1]


def test_what_a_session_can_do() -> None:
    w = sa.variable(np.arange(3.0), name="w")

    def build() -> sa.Session:
        x = sa.placeholder(("n", 3), name="x")
        last = sa.while_loop(lambda s: sa.sum(s) < 1e3, lambda s: s * 2.0 + x.sum() + w, w * w + 1.0)
        loss = (sa.tanh(x @ sa.constant(np.eye(3))) * last).sum()
        return sa.compile({"loss": loss}, [x], updates={w: w - 0.1 * sa.gradients(loss, [w])[0]}, name="step")

    made, kept = both(build)
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    for session in (made, kept):
        w.assign(np.arange(3.0))
        loss = session(x)["loss"]
        assert session.run({"x": x}, out=np.zeros(()))["loss"] != loss and session.check({"x": x})
        session.release()
    assert repr(made) == repr(kept) and is_kept(kept)
    assert made.memory({"n": 7}) == kept.memory({"n": 7}) and is_kept(kept)
    rows = [session.profile({"x": x}, 2) for session in (made, kept)]
    assert [(r.label, r.calls, r.iterations, r.inside) for r in rows[0]] == [
        (r.label, r.calls, r.iterations, r.inside) for r in rows[1]
    ]
    assert made.source() == kept.source() and str(made._plan).splitlines()[0] == str(kept._plan).splitlines()[0]
    for stage in ("graph", "optimized", "kernels"):
        assert made.to_dot(stage) == kept.to_dot(stage)


# ---- lines -----------------------------------------------------------------------------------------------------------

GATHER = """
x, i = sa.placeholder(("n", 3), name="x"), sa.placeholder(("k",), "int64", name="i")
y = sa.exp(x)[i]
z = sa.linalg.cholesky(
    y[:3] - 1.0)
s = sa.compile([z], [x, i])
"""


def test_errors_name_the_lines_of_the_present_graph() -> None:
    from_file("one.py", GATHER)
    kept = from_file("another.py", GATHER, 70)["s"]
    assert is_kept(kept)
    x, i = np.zeros((5, 3)), np.arange(4)
    with pytest.raises(sa.IndexOutOfBounds, match=r"index 5 .*another\.py:73"):
        kept(x, np.array([0, 5, 1, 2]))
    kept = from_file("third.py", GATHER, 7)["s"]
    assert is_kept(kept)
    with pytest.raises(sa.LinAlgError, match=r"third\.py:11"):
        kept(x, i)
    kept = from_file("third.py", GATHER, 7)["s"]
    with pytest.raises(sa.FeedError, match=r"third\.py:11"):
        kept(x, i[:2])
    rows = from_file("fourth.py", GATHER, 1)["s"].profile({"x": np.eye(5, 3), "i": i}, 1)
    assert {line.partition(":")[0] for row in rows for line in row.lines} == {"fourth.py"}


def test_a_binding_made_while_another_thread_replaces_the_program_is_not_used_again() -> None:
    def build() -> sa.Session:
        x, index = sa.placeholder((4,)), sa.placeholder((None,), "int64")
        return sa.compile(x[index] * 2.0, [x, index])

    _, kept = both(build)
    array = np.arange(4.0)
    np.testing.assert_array_equal(kept(array, np.array([3, -4])), [6, 0])
    ((key, old),) = kept._bindings.items()
    for _ in range(2):
        with pytest.raises(sa.IndexOutOfBounds, match="index 41 is out of range"):
            kept(array, np.array([0, 41]))
        kept._bindings[key] = old  # as the other thread would have left it
    np.testing.assert_array_equal(kept(array, np.array([3, -4])), [6, 0])


def test_memory_that_is_missing_is_described_by_the_present_lines() -> None:
    text = "x = sa.placeholder((None,), name='x')\ny = sa.compile(sa.exp(x[:, None] + x), [x])"
    from_file("one.py", text)
    kept = from_file("two.py", text, 3)["y"]
    assert is_kept(kept)
    with pytest.raises(sa.OutOfMemory, match=r"two\.py:5"):
        kept(np.zeros(1 << 24))


# ---- when programs are kept ------------------------------------------------------------------------------------------


def simple(factor: float = 2.0, **options: Any) -> sa.Session:
    x = sa.placeholder((None,), name="x")
    i = sa.placeholder((), "int64", name="i")
    return sa.compile(x[i] * factor, [x, i], options=options)


def test_what_turns_it_off() -> None:
    simple()
    assert is_kept(simple())
    settings: list[dict[str, Any]] = [{"programs": False}, {"cache": False}, {"verify": True}, {"debug": 1}]
    for setting in settings:
        with config.override(**setting):
            assert not is_kept(simple())


def test_options_and_settings_have_programs_of_their_own() -> None:
    x, i = np.arange(3.0), np.int64(2)
    for options in ({"optimize": False}, {"unsound": True}, {"stabilize": False}):
        simple(**options)
        assert simple(**options)(x, i) == 4.0 and is_kept(simple(**options))
    before = programs.circumstances()
    with config.override(codegen="numba"):
        assert programs.circumstances() != before
    with config.override(threads=7, tape_limit=1 << 40):
        assert programs.circumstances() == before
    assert simple(3.0)(x, i) == 6.0 and simple(4.0)(x, i) == 8.0


def test_a_damaged_program_is_made_anew(tmp_path: Path) -> None:
    with config.override(cache_dir=tmp_path):
        simple()
        (entry,) = [p for p in (tmp_path / "kernels").glob("*.o") if p.read_bytes()[50:].startswith(b"x\x01")]
        content = entry.read_bytes()
        for damaged in (content[:-1], content[:60] + bytes([content[60] ^ 1]) + content[61:], b""):
            entry.write_bytes(damaged)
            session = simple()
            assert not is_kept(session) and session(np.arange(3.0), np.int64(1)) == 2.0
            assert entry.read_bytes() == content and is_kept(simple())


def test_there_are_no_programs_of_sources_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new ones are those of the next process."""
    with config.override(programs=True):
        assert programs.are_kept()
        monkeypatch.setattr(sources, "hashes", lambda: None)
        assert not programs.are_kept()


def test_a_program_that_is_not_the_graphs_is_replaced() -> None:
    """It can't be: a hash stands for one graph, and compiling is repeatable. Errors are right all the same."""
    first, second = simple(5.0), simple(6.0)
    stored = programs.load(_digest(first))
    assert stored is not None
    name = programs._name(_digest(second))
    right = object_cache.load(name)
    object_cache.store(name, to_bytes(stored))
    try:
        session = simple(6.0)
        assert is_kept(session) and session(np.ones(3), np.int64(1)) == 5.0
        with pytest.raises(sa.IndexOutOfBounds, match="index 9 is out of range"):
            session(np.ones(3), np.int64(9))
        assert session(np.ones(3), np.int64(1)) == 6.0
    finally:
        assert right is not None
        object_cache.store(name, right)


def _digest(session: sa.Session) -> str:
    key = session._request._key(Unmade(session._request.targets), read_options(None))
    assert key is not None
    return key.digest


def test_bytes_hold_all_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    load = programs.load
    monkeypatch.setattr(programs, "load", lambda digest: found.append(load(digest)) or found[-1])
    for seed in range(3):
        with config.override(programs=True):
            batch(range(seed, seed + 1))
            batch(range(seed, seed + 1))
        assert found[-1] is not None
        again = to_bytes(from_bytes(to_bytes(found[-1])))
        assert again == to_bytes(found[-1])


def test_large_constants_of_the_graph_are_not_stored_again() -> None:
    array = np.arange(1 << 16, dtype=np.float64) * 1.7
    made, kept = both(lambda: sa.compile(sa.sin(sa.constant(array)).sum() + sa.placeholder((), name="x")))
    assert made(1.0) == kept(1.0)
    assert len(object_cache.load(programs._name(_digest(kept))) or b"") < array.nbytes // 8
