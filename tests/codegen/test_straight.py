"""Long and simple kernels without loops are made quickly, and give the bits of all others."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.codegen import jit, straight
from staticad.codegen.jit import compile_listings
from tests.codegen.kernel_runner import run

FUNCTIONS = {
    "float64": "exp(neg(abs({0}))) tanh({0}) maximum({0},{1}) div({0},{1}) where(less({0},{1}),{0},{1}) floor({0}) "
    "sqrt(abs({0})) mul({0},{1}) sub({0},float64(0.1)) sin({0}) cast(cast({0},float32),float64)",
    "int64": "mul({0},{1}) bitwise_and({0},{1}) where(equal({0},{1}),{0},int64(3)) maximum({0},{1}) sub({0},{1})",
}


def source(dtype: str, count: int, last: str = "") -> str:
    """A kernel that computes so many numbers, each of the two before, and stores one in three."""
    lines = ["def kernel(args, lo, hi):"]
    lines += [f"    p{n} = pointer(args, {n}, {dtype}, {n}, 4)" for n in range(4)]
    lines += ["    n0 = size(args, 4)", "    v0 = load(p0, 0)", "    v1 = load(p1, n0)"]
    functions = FUNCTIONS[dtype].split(" ")
    for n in range(2, count):
        value = functions[n % len(functions)].format(f"v{n - 1}", f"v{n - 2}")
        lines.append(f"    v{n} = {value.replace(',', ', ')}")
        if n % 3 == 0:
            lines.append(f"    store(p{2 + n % 2}, {n}, v{n})")
    return "\n".join([*lines, *([last] if last else [])]) + "\n"


@pytest.mark.parametrize("dtype", FUNCTIONS)
def test_the_bits_are_those_of_numba_and_of_other_kernels(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, results = source(dtype, 100), []
    assert straight.assemble_straight(text, "f") is not None
    for way, long in (("assembled", straight.LONG), ("assembled", 10**6), ("numba", 0)):
        monkeypatch.setattr(straight, "LONG", long)
        rng = np.random.default_rng(0)
        arrays = [(rng.normal(size=110) * 7).astype(dtype) for _ in range(4)]
        with config.override(codegen=way, cache=False):
            own = text + f"    pass  # {way} {long}\n"  # kernels are loaded once
            run(own, [*arrays, 5], 0, 1)
        results.append([array.tobytes() for array in arrays])
    assert results[0] == results[1] == results[2]


SIMPLE = """def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 3)
    p1 = pointer(args, 1, float64, 1, 3)
    p2 = pointer(args, 2, bool_, 2, 3)
    v0 = load(p0, 0)
    v1 = mul(v0, load(p1, 1))
    store(p1, 0, add(v1, float64(0.1)))
    store(p2, 0, less(v1, v0))
"""


def test_short_kernels_are_straight_if_they_are_simple(monkeypatch: pytest.MonkeyPatch) -> None:
    assert straight.assemble_straight(SIMPLE, "f") is not None
    assert straight.assemble_straight(SIMPLE + "    store(p1, 2, exp(v1))\n", "f") is None
    results = []
    for way, most in (("assembled", straight.SIMPLE), ("assembled", 0), ("numba", 0)):
        monkeypatch.setattr(straight, "SIMPLE", most)
        arrays = [np.array([0.7]), np.array([0.3, -1.9, 2.0]), np.array([True])]
        with config.override(codegen=way, cache=False):
            run(SIMPLE + f"    pass  # {way} {most}\n", arrays, 0, 1)  # kernels are loaded once
        results.append([array.tobytes() for array in arrays])
    assert results[0] == results[1] == results[2]


def test_pieces_stand_in_the_text() -> None:
    text = straight.assemble_straight(source("float64", 100), "f")
    assert text is not None and text.count("define") == 1 and "define internal" not in text
    assert "@staticad_sin(double" in text and "declare double @staticad_sin(double)" in text


def test_pointers_are_loaded_where_they_are_used() -> None:
    text = straight.assemble_straight(source("float64", 100), "f")
    assert text is not None
    lines = text.splitlines()
    (first,) = [n for n, line in enumerate(lines) if "ptr %args, i64 3" in line]
    (store,) = [n for n, line in enumerate(lines) if "store double" in line][:1]
    assert first < store and first > 5
    assert sum("load ptr" in line for line in lines) == 4


@pytest.mark.parametrize(
    "text",
    [
        source("float64", straight.LONG // 2),
        source("float64", 100, "    if n0 > 3:\n        store(p2, 0, v1)"),
        source("float64", 100, "    for i in range(lo, hi):\n        store(p2, i, v1)"),
        source("float64", 100, "    v1 = load(p0, 1)"),
        source("float64", 100, "    k = check_index(args, 5, n0, n0, 0)"),
        source("float64", 100, "    store(p0, n0 + 1, v1)"),
        source("float64", 100, "    store(p0, n0 - 1, v1)"),
        source("float64", 100, "    store(p0, -n0, v1)"),
        source("float64", 100, "    store(p0, 0, float64(later))"),
        source("float64", 100, "    store(p0, 0, later)"),
        source("float64", 100, "    store(p0, 0, no_function(v1))"),
        source("float64", 100, "    store(p0, 0, v1"),
    ],
    ids=["short", "branch", "loop", "twice", "piece with branches", *"+-n", "constant", "name", "function", "open"],
)
def test_other_kernels_are_left_to_the_passes_of_llvm(text: str) -> None:
    assert straight.assemble_straight(text, "f") is None


def test_long_scalar_programs_are_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    whole = straight.assemble_straight

    def counted(text: str, symbol: str) -> str | None:
        made.append(whole(text, symbol))
        return made[-1]

    monkeypatch.setattr(jit, "assemble_straight", counted)
    x = sa.placeholder((40,))
    y = x[0]
    for k in range(1, 40):
        y = y * x[k] + sa.sqrt(x[k])
    with config.override(cache=False):
        session = sa.compile(y)
    values = np.linspace(0.5, 1.5, 40)
    expected = values[0]
    for value in values[1:]:
        expected = expected * value + np.sqrt(value)
    assert session(values) == expected
    assert any(made)


def test_listings_show_a_long_kernel() -> None:
    module, assembly = compile_listings(source("int64", 100))
    assert "getelementptr" in module and "ret" in assembly
