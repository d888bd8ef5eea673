"""Programs go on from a file as if they had never stopped; what does not fit is listed, and nothing is changed."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import GraphError, LoadError
from staticad.nn import Dense, Layer, Sequential


class Program:
    """A network with dropout, an optimizer, a step, and data in random order."""

    def __init__(self, seed: int, rate: float = 0.01) -> None:
        self.model = Sequential([Dense(3, 4, sa.tanh, rng=seed), Dense(4, 1, rng=seed)])
        self.step = sa.variable(seed, name="step")
        self.rng = np.random.default_rng(seed)
        self.rate = sa.variable(rate, "float32", name="rate")
        self.optimizer = sa.optim.AdamW(self.rate)
        x = sa.placeholder((None, 3), "float32", name="x")
        hidden = sa.nn.dropout(self.model.layers[0](x), 0.5, sa.random.fold_in(sa.random.key(1), self.step), True)
        loss = sa.mean(self.model.layers[1](hidden) ** 2)
        self.train = sa.compile(loss, [x], updates={**self.optimizer.minimize(loss), self.step: self.step + 1})

    def run(self, steps: int) -> list[float]:
        return [float(self.train(self.rng.normal(size=(5, 3)).astype("float32"))) for _ in range(steps)]

    def extra(self) -> dict[str, Any]:
        return {"step": self.step, "rng": self.rng, "note": ["half", (1, None)]}


def test_a_program_goes_on_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "program.safetensors"
    whole = Program(0)
    whole.run(3)
    sa.save(path, whole.model, optimizer=whole.optimizer, extra=whole.extra())
    expected = whole.run(4)
    other = Program(7, rate=1.0)
    other.run(1)
    found = sa.load(path, other.model, optimizer=other.optimizer, extra=other.extra())
    assert other.run(4) == expected
    assert (found.extra["step"], found.extra["note"]) == (3, ["half", (1, None)])
    assert list(found) == ["0.bias", "0.weight", "1.bias", "1.weight"]
    assert {"optimizer:steps", "optimizer:learning_rate", "optimizer:0.weight.mean"} < found.optimizer.keys()
    for v, w in zip(whole.model.variables, other.model.variables, strict=True):
        np.testing.assert_array_equal(v.value, w.value)
    sa.load(path, other.model)  # to evaluate: what else is there is not asked for
    assert (
        other.model.variables[0].value.tobytes()
        == found["0.weight"].tobytes()
        != whole.model.variables[0].value.tobytes()
    )


class Tower(Layer):
    def __init__(self, size: int = 2, *, extra: bool = False) -> None:
        self.blocks = [Dense(2, size), Dense(size, 2)]
        if extra:
            self.scale = sa.variable(1.0)
            self.shift = sa.variable(np.zeros((2, 3), "float32"))


def test_all_that_does_not_fit_is_in_one_error(tmp_path: Path) -> None:
    path = tmp_path / "tower.safetensors"
    saved = Tower(3)
    saved.blocks.append(Dense(1, 1, use_bias=False))
    optimizer = sa.optim.SGD(0.1, momentum=0.9)
    optimizer.minimize(sa.sum(saved.blocks[2].weight))
    sa.save(path, saved, optimizer=optimizer, extra={"step": 3})
    tower, step = Tower(2, extra=True), sa.variable(0)
    before = [v.value for v in tower.variables]
    with pytest.raises(LoadError) as caught:
        sa.load(
            path,
            tower,
            optimizer=sa.optim.SGD(0.1, momentum=0.9),
            extra={"step": step, "rng": np.random.default_rng(0)},
        )
    text = str(caught.value)
    assert text.splitlines()[1:4] == [
        "  not in the file: scale float64[], shift float32[2,3], extra:step, extra:rng",
        "  in the file, but not wanted: blocks.2.weight float32[1,1], optimizer:blocks.2.weight.momentum float32[1,1]",
        "  of another shape or dtype in the file: blocks.0.weight is float32[2,3], not float32[2,2], "
        "blocks.0.bias is float32[3], not float32[2], blocks.1.weight is float32[3,2], not float32[2,2]",
    ]
    assert "nothing is changed" in text and "when minimize was called" in text and "test_checkpoint.py" in text
    for v, value in zip(tower.variables, before, strict=True):
        np.testing.assert_array_equal(v.value, value)


def test_lists_go_by_names_and_nests_by_paths(tmp_path: Path) -> None:
    path = tmp_path / "file"
    a, b = sa.variable([1.0, 2.0], name="a"), sa.variable(3, name="b")
    sa.save(path, [a, b])
    assert sorted(sa.load(path)) == ["a", "b"]
    a.assign([0.0, 0.0]), b.assign(0)
    sa.load(path, (b, a))
    assert a.value.tolist() == [1.0, 2.0] and b.value == 3
    layer = Dense(1, 1, use_bias=False, name="own")
    sa.save(path, {"model": layer, "steps": [a, {"n": b}], 3: b, "both": {"a": a}})
    assert set(sa.load(path)) == {"model.weight", "steps.0", "steps.1.n", "3", "both.a"}
    sa.save(path, a)
    a.assign([5.0, 5.0])
    assert sa.load(path, a)["a"].tolist() == [1.0, 2.0] == a.value.tolist()
    with pytest.raises(GraphError, match="'a' is an array, which can't be loaded into"):
        sa.load(path, {"a": np.zeros(2)})
    with pytest.raises(GraphError, match="goes by the names of its variables; give them, too"):
        sa.load(path, optimizer=sa.optim.SGD(0.1))


def test_several_optimizers(tmp_path: Path) -> None:
    path = tmp_path / "file"
    v, w = (sa.variable([1.0], name=name) for name in "vw")
    optimizers = {"first": sa.optim.SGD(0.1, momentum=0.5), "second": sa.optim.Adam(0.1)}
    sa.compile(
        [], updates={**optimizers["first"].minimize(sa.sum(v * v)), **optimizers["second"].minimize(sa.sum(w * w))}
    )()
    sa.save(path, [v, w], optimizer=optimizers)
    names = {"first.v.momentum", "second.steps", "second.w.mean", "second.w.square"}
    assert sa.load(path).optimizer.keys() == {f"optimizer:{name}" for name in names}
    optimizers["first"].slots[v]["momentum"].assign([9.0])
    sa.load(path, [v, w], optimizer=optimizers)
    assert optimizers["first"].slots[v]["momentum"].value.tolist() == [2.0]
    with pytest.raises(GraphError, match="the optimizer has state of 'w', not among the variables that are given"):
        sa.save(path, [v], optimizer=optimizers)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generators_go_on(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    rng = np.random.Generator(getattr(np.random, kind)(1))
    rng.normal(size=3), rng.integers(5, dtype="int32")
    sa.save(path, {}, extra={"a": [0, {"rng": rng}]})
    expected = rng.normal(size=4), rng.integers(5, size=3, dtype="int32")
    made = sa.load(path).extra["a"][1]["rng"]
    other = np.random.Generator(getattr(np.random, kind)(2))
    sa.load(path, extra={"a": (0, {"rng": other})})
    for found in (made, other):
        np.testing.assert_array_equal(found.normal(size=4), expected[0])
        np.testing.assert_array_equal(found.integers(5, size=3, dtype="int32"), expected[1])
    if kind != "PCG64":
        state = np.random.default_rng(0)
        with pytest.raises(LoadError, match=f"a generator of PCG64, saved {kind}"):
            sa.load(path, extra={"a": [0, {"rng": state}]})
        assert state.normal() == np.random.default_rng(0).normal()


def test_extra_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    given = {
        "a.b": np.arange(3), "a": {"b": np.float32(0.5), "dict": {}},
        "inf": [float("inf"), -0.0, 10**40, True, None, "é"],
        "list": [[], (), ({"x": np.zeros((0, 2), "int8")},)], "": np.array(1 + 2j),
    }  # fmt: skip
    sa.save(path, {"extra": np.ones(1)}, extra=given)
    found = sa.load(path)
    assert repr(found.extra) == repr(given) and list(found) == ["extra"]


def test_values_are_of_one_moment(tmp_path: Path) -> None:
    a, b = sa.variable(np.zeros(1000)), sa.variable(np.zeros(1000))
    step = sa.compile([], updates={a: a + 1.0, b: b + 1.0})
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            step()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for number in range(10):
            sa.save(tmp_path / "file", {"a": a, "b": b})
            found = sa.load(tmp_path / "file")
            assert (found["a"] == found["b"]).all() and (found["a"] == found["a"][0]).all()
            if number % 5 == 0:
                sa.load(tmp_path / "file", {"a": a, "b": b})
    finally:
        stop.set()
        thread.join()
    assert re.fullmatch(r"<Variable float64\[1000\]>", repr(a)) and (a.value == b.value).all()
