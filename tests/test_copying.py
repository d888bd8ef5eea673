"""What copying and pickling mean for every public class: see docs/reliability.md."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dims import symbol

X = sa.placeholder((None, 3), name="x")
W = sa.variable(np.ones(3), name="w")
SQUARE = sa.compile(X * X, [X])
STEP = sa.compile([], updates={W: W + 1})


def public_classes(module: ModuleType = sa) -> Iterator[type]:
    """The classes that users reach by public names."""
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if inspect.isclass(value):
            yield value
        elif inspect.ismodule(value):
            yield from public_classes(value)
    if module is sa:
        yield from (c for c in vars(sa.errors).values() if inspect.isclass(c) and c.__module__ == "staticad.errors")


ERRORS = sorted({c for c in public_classes() if issubclass(c, Exception)}, key=lambda c: c.__name__)

# Copied as themselves, and refused by pickle.
IN_GRAPH: list[Any] = [X, X * 2, X.node, sa.constant(1.0), X.shape[0], X.shape[0] * 2 + symbol("m")]
# Copied as themselves, deep copies only without variables, refused by pickle.
SESSIONS = [SQUARE, STEP]
# Ordinary objects, of which some hold variables.
DERIVED = [sa.custom_jvp(sa.sin), sa.custom_vjp(sa.sin), sa.custom_gradient(sa.sin)]
PLAIN = [sa.optim.SGD(0.1), sa.optim.Adagrad(0.1), sa.optim.RMSprop(0.1), sa.optim.Optimizer(0.1), sa.nn.Layer()]
PLAIN += [*DERIVED, sa.Checkpoint({}, {}, {"step": 3})]
# What holds a part of a graph.
KEYED = sa.nn.Dropout(0.5, sa.random.key(0))
HOLDERS = [
    sa.optim.Adam(),
    sa.optim.AdamW(),
    sa.nn.Dense(2, 3),
    sa.nn.BatchNorm(3),
    sa.nn.Sequential([sa.nn.Dense(2, 3), sa.tanh]),
]


def test_every_public_class_is_tried() -> None:
    tried = {type(value) for value in [*IN_GRAPH, *SESSIONS, *PLAIN, *HOLDERS, KEYED, W]} | set(ERRORS)
    assert set(public_classes()) <= tried, set(public_classes()) - tried


@pytest.mark.parametrize("value", [*IN_GRAPH, *SESSIONS], ids=lambda v: type(v).__name__)
def test_parts_of_graphs_and_sessions_are_their_own_copies(value: Any) -> None:
    assert copy.copy(value) is value
    if value is not STEP:
        assert copy.deepcopy(value) is value and copy.deepcopy({"a": [value]})["a"][0] is value
    with pytest.raises(sa.GraphError, match="can't be pickled: "):
        pickle.dumps([value])


def test_copies_work_as_feeds() -> None:
    x = np.ones((2, 3))
    assert SQUARE.run({copy.deepcopy(X): x}).tolist() == x.tolist() == copy.deepcopy(SQUARE)(x).tolist()


def test_sizes_that_have_a_name_can_be_pickled() -> None:
    n = sa.placeholder(("n",)).shape[0]
    for size in (n, (n + 3) // 2 * n):
        assert pickle.loads(pickle.dumps(size)) == size


def test_the_depth_of_a_graph_does_not_matter() -> None:
    deep = X
    for _ in range(3000):
        deep = deep + 1.0
    assert copy.deepcopy([deep])[0] is deep
    with pytest.raises(sa.GraphError, match="can't be pickled"):
        pickle.dumps(deep)


@pytest.mark.parametrize("act", [copy.deepcopy, pickle.dumps], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("value", [W, STEP, *HOLDERS], ids=lambda v: type(v).__name__)
def test_what_holds_variables_has_no_deep_copy(value: Any, act: Any) -> None:
    with pytest.raises(sa.GraphError, match=r"can't be copied or pickled: sessions hold|has no deep copy|be pickled"):
        act(value)


@pytest.mark.parametrize("value", HOLDERS, ids=lambda v: type(v).__name__)
def test_shallow_copies_share_the_variables(value: Any) -> None:
    found = copy.copy(value)
    assert type(found) is type(value) and vars(found).keys() == vars(value).keys()
    assert all(vars(found)[name] is held for name, held in vars(value).items())


@pytest.mark.parametrize("value", PLAIN, ids=lambda v: type(v).__name__)
def test_what_holds_none_is_copied_as_a_whole(value: Any) -> None:
    for found in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert type(found) is type(value) and vars(found) == vars(value)


def test_what_holds_a_part_of_a_graph_shares_it_with_its_copies() -> None:
    for found in (copy.copy(KEYED), copy.deepcopy(KEYED)):
        assert type(found) is type(KEYED) and found.rate == 0.5 and found.key is KEYED.key
    with pytest.raises(sa.GraphError, match="can't be pickled: "):
        pickle.dumps(KEYED)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_keep_their_message(kind: type[sa.StaticadError], protocol: int) -> None:
    error = kind("op: this does not fit; do that")
    error.add_note("while testing")
    for found in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error, protocol))):
        assert type(found) is kind and str(found) == str(error) and found.args == error.args
        assert found.__notes__ == ["while testing"]


def _fails(number: int) -> None:
    raise sa.FeedError(f"feed {number} does not fit")


def test_errors_arrive_from_other_processes() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        with pytest.raises(sa.FeedError, match=r"^feed 3 does not fit \(at .*test_copying.py:\d+\)$"):
            pool.apply(_fails, (3,))
