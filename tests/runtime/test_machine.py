"""The machine: checks feeds exactly, binds pointers, runs steps in order, commits only after success."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from staticad.codegen.loader import kernel_address
from staticad.errors import CompileError
from staticad.runtime.abi import DTYPES
from staticad.runtime.layout import Measure, Status
from staticad.runtime.locks import Lock
from staticad.runtime.machine import CODES, ArraySpec, Patch, Program, Step, misfit
from tests.runtime.test_locks import held

ROOT = Path(__file__).resolve().parents[2]
F8 = np.dtype("float64")

MULTIPLY_ADD = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 3)
    p1 = pointer(args, 1, float64, 1, 3)
    p2 = pointer(args, 2, float64, 2, 3)
    n = size(args, 3)
    for i in range(lo, hi):
        for k in range(n):
            store(p2, i * n + k, add(mul(load(p0, i * n + k), load(p1, i * n + k)), float64(1.0)))
"""

# Writes the index of the first negative element, plus one, to the status words.
CHECK = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    status = pointer(args, 1, int64, 1, 2)
    for i in range(lo, hi):
        if less(load(p0, i), float64(0.0)):
            store(status, 1, i)
            store(status, 0, 1)
"""

ADD_INTO = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    for i in range(lo, hi):
        store(p1, i, add(load(p1, i), load(p0, i)))
"""


def copy(dtype: np.dtype) -> str:
    """A kernel that copies; the parts of a complex number are two numbers in memory."""
    parts = 2 if dtype.kind == "c" else 1
    name = "bool_" if dtype.name == "bool" else f"float{dtype.itemsize * 4}" if parts == 2 else dtype.name
    name = "uint16" if name == "float16" else name  # as kernels move halves
    return f"""\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, {name}, 0, 2)
    p1 = pointer(args, 1, {name}, 1, 2)
    v0 = {parts} * lo
    v1 = {parts} * hi
    for i in range(v0, v1):
        store(p1, i, load(p0, i))
"""


COPY = {dtype.name: copy(dtype) for dtype in DTYPES}


def multiply_add(shape: tuple[int, ...] = (4, 5), grain: int = 0, **options: object) -> Program:
    """x * y + 1 for two feeds of one shape; the outer loop runs over the first axis."""
    spec = ArraySpec(F8, shape)
    rows, inner = (shape[0], int(np.prod(shape[1:]))) if shape else (1, 1)
    return Program(
        feeds=[spec, spec],
        outs=[spec],
        arguments=[0, 0, 0, inner],
        patches=[Patch(0, 0), Patch(1, 1), Patch(2, 2)],
        compute=[Step(kernel_address(MULTIPLY_ADD), 0, rows, grain)],
        locks=[(Lock(), True)],
        **options,
    )


def accumulate(state: np.ndarray, locks: Sequence[tuple[Lock, bool]] | None = None, room: int = 0) -> Program:
    """state += x, unless an element of x is negative. ``room`` more words than needed follow the arguments."""
    size = len(state)
    words = [0, 0, 0, state.ctypes.data, *[0] * room]
    program = Program(
        feeds=[ArraySpec(F8, (size,))],
        outs=[],
        arguments=words,
        patches=[Patch(0, 0), Patch(2, 0)],
        compute=[Step(kernel_address(CHECK), 0, size)],
        commit=[Step(kernel_address(ADD_INTO), 2, size)],
        locks=locks or [(Lock(), True)],
        keep_alive=[state],
    )
    program.arguments[1] = program.status.ctypes.data
    return program


def test_new_results(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 4, 5))
    program = multiply_add()
    (out,) = program.run((x, y))
    assert type(out) is np.ndarray and out.dtype == F8 and out.flags.owndata and out.flags.c_contiguous
    np.testing.assert_allclose(out, x * y + 1, atol=1e-15)
    (other,) = program.run((y, y))
    assert not np.shares_memory(out, other)
    np.testing.assert_allclose(out, x * y + 1, atol=1e-15)


def test_results_into_given_arrays(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 4, 5))
    outs = (np.empty((4, 5)),)
    assert multiply_add().run((x, y), outs) is outs
    np.testing.assert_allclose(outs[0], x * y + 1, atol=1e-15)


@pytest.mark.parametrize("shape", [(0, 5), (4, 0), (1,), (3,), (2, 3, 4)])
def test_shapes(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, *shape))
    (out,) = multiply_add(shape).run((x, y))
    assert out.shape == shape
    np.testing.assert_allclose(out, x * y + 1, atol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_and_scalars(dtype: np.dtype) -> None:
    spec = ArraySpec(dtype, ())
    program = Program(
        feeds=[spec],
        outs=[spec],
        arguments=[0, 0],
        patches=[Patch(0, 0), Patch(1, 1)],
        compute=[Step(kernel_address(COPY[dtype.name]), 0, 1)],
        locks=[],
    )
    one = dtype.type(1)
    for feed in (np.array(one), one):
        (out,) = program.run((feed,))
        assert out.shape == () and out.dtype is dtype and out == 1
    assert program.run((1,)) == 1
    if dtype == F8:
        assert program.run((0.25,))[0] == 0.25
    else:
        assert program.run((1.0,)) == 1


def test_offsets_point_into_an_array(rng: np.random.Generator) -> None:
    x = rng.normal(size=8)
    program = Program(
        feeds=[ArraySpec(F8, (8,))],
        outs=[ArraySpec(F8, (8,))],
        arguments=[0, 0, 0, 0],
        patches=[Patch(0, 0, 32), Patch(1, 1), Patch(2, 0), Patch(3, 1, 32)],
        compute=[Step(kernel_address(COPY["float64"]), 0, 4), Step(kernel_address(COPY["float64"]), 2, 4)],
        locks=[],
    )
    np.testing.assert_array_equal(program.run((x,))[0], np.roll(x, 4))


good = np.ones((4, 5))
WRONG = {
    "shape": np.ones((5, 4)),
    "rank": np.ones(20),
    "more axes": np.ones((4, 5, 1)),
    "scalar": np.float64(1),
    "0-d": np.array(1.0),
    "dtype": good.astype("float32"),
    "same size, other dtype": good.astype("int64"),
    "byte order": good.astype(">f8"),
    "fortran order": np.asfortranarray(good),
    "strided": np.ones((8, 5))[::2],
    "reversed": good[::-1],
    "unaligned": np.frombuffer(b"\0" * 161, np.uint8)[1:].view(F8).reshape(4, 5),
    "subclass": good.view(np.matrix) if hasattr(np, "matrix") else None,
    "masked": np.ma.masked_array(good),
    "list": good.tolist(),
    "none": None,
    "float": 1.0,
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("place", [0, 1])
def test_a_feed_that_does_not_fit_is_named_and_nothing_runs(kind: str, place: int) -> None:
    program = multiply_add()
    feeds = [good, good]
    feeds[place] = WRONG[kind]
    outs = (np.full((4, 5), 7.0),)
    assert program.run(tuple(feeds), outs) == place + 1
    assert (outs[0] == 7).all()
    assert misfit([ArraySpec(F8, (4, 5))] * 2, feeds) == place
    assert type(program.run((good, good), outs)) is tuple  # the locks are free


def test_arrays_that_look_odd_but_fit() -> None:
    read_only = np.ones((4, 5))
    read_only.flags.writeable = False
    view = np.ones(21)[1:].reshape(4, 5)
    both = np.ones((4, 1))  # C and Fortran contiguous
    assert np.array_equal(multiply_add().run((read_only, view))[0], np.full((4, 5), 2.0))
    assert np.array_equal(multiply_add((4, 1)).run((both, np.asfortranarray(both)))[0], np.full((4, 1), 2.0))
    assert misfit([ArraySpec(F8, (4, 5))] * 2, [read_only, view]) is None


@pytest.mark.parametrize("feeds", [(), (good,), (good, good, good), [good, good], None, good])
def test_the_wrong_number_of_feeds(feeds: object) -> None:
    assert multiply_add().run(feeds) == CODES.COUNT


@pytest.mark.parametrize("outs", [(), [np.ones((4, 5))], None])
def test_the_wrong_number_of_outs(outs: object) -> None:
    program = multiply_add()
    assert program.run((good, good), outs) == CODES.COUNT
    assert type(program.run((good, good))) is tuple


def test_commit_steps_run_after_success_only() -> None:
    state = np.zeros(3)
    program = accumulate(state)
    assert program.run((np.array([1.0, 2.0, 3.0]),)) == ()
    assert state.tolist() == [1, 2, 3]
    failed = program.run((np.array([1.0, -2.0, 3.0]),))
    assert Status.from_bytes(failed) == (1, 1, 0, 0)
    assert state.tolist() == [1, 2, 3]
    assert program.run((np.array([1.0, 2.0, 3.0]),)) == ()
    assert program.status.tolist() == [0, 0, 0, 0]
    assert state.tolist() == [2, 4, 6]
    assert Status.from_bytes(failed) == (1, 1, 0, 0)  # what a run returns is its own


def test_a_held_lock_is_reported_and_left_alone() -> None:
    state, lock = np.zeros(1), Lock()
    program = accumulate(state, [(Lock(), True), (lock, True)])
    feeds = (np.ones(1),)
    with held(lock):
        assert program.run(feeds) == CODES.BUSY
        assert state[0] == 0
    assert program.run(feeds) == ()
    assert program.run(feeds) == ()
    assert state[0] == 2


def test_references_do_not_leak() -> None:
    program = multiply_add()
    state = np.zeros(2)
    failing = accumulate(state)
    feeds, bad = (good, good), (np.array([-1.0, 1.0]),)
    outs = program.run(feeds)
    watched = (good, F8, outs, outs[0])

    def counts() -> list[int]:
        gc.collect()
        return [sys.getrefcount(thing) for thing in watched]

    before = counts()
    for _ in range(100):
        program.run(feeds)
        program.run(feeds, outs)
        program.run((good,))
        failing.run(bad)
    assert counts() == before


def test_results_too_large_to_allocate_raise() -> None:
    huge = 1 << 50
    program = Program(
        feeds=[],
        outs=[ArraySpec(F8, ()), ArraySpec(F8, (huge,))],
        arguments=[],
        patches=[],
        compute=[],
        locks=[(lock := Lock(), True)],
    )
    for _ in range(2):
        with pytest.raises(MemoryError):
            program.run(())
    assert not lock._words.any()


def test_the_interpreter_runs_on_during_long_runs() -> None:
    """With the lock released another thread makes progress while a long kernel runs; the run itself is one call."""
    spin = "def kernel(args, lo, hi):\n    p = pointer(args, 0, int64, 0, 1)\n    n = int64(0)\n"
    spin += "    while load_flag(p) == 0 and n < 1000000000000:\n        n += 1\n    store(p, 1, n)\n"
    spin = spin.replace("load_flag(p)", "atomic_load(peek(address_of(args), 0), 0)")
    flag = np.zeros(2, np.int64)
    program = Program(
        feeds=[],
        outs=[],
        arguments=[flag.ctypes.data],
        patches=[],
        compute=[Step(kernel_address(spin), 0, 1)],
        locks=[],
        keep_alive=[flag],
    )
    timer = threading.Timer(0.05, flag.__setitem__, (0, 1))
    timer.start()
    assert program.run(()) == ()
    timer.join()
    assert 0 < flag[1] < 1000000000000


def test_without_release_the_result_is_the_same(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 4, 5))
    (out,) = multiply_add(release_gil=False).run((x, y))
    np.testing.assert_allclose(out, x * y + 1, atol=1e-15)


def test_profile_counts_every_step() -> None:
    state = np.zeros(1000)
    program = accumulate(state, room=6)
    measures = program.arguments[5:9].reshape(2, Measure.WORDS)
    program.profile(5)
    assert not measures.any()
    program.run((np.ones(1000),))
    first = measures.copy()
    assert (first[:, Measure.NANOSECONDS] > 0).all() and first[:, Measure.CALLS].tolist() == [1, 1]
    program.run((np.ones(1000),))
    assert (measures > first).all() and program.arguments[9] == 0


@pytest.mark.parametrize("slot", [-1, 1, 4])
def test_measures_lie_inside_the_arguments(slot: int) -> None:
    with pytest.raises(CompileError, match="2 steps .* do not fit"):
        accumulate(np.zeros(3)).profile(slot)


@pytest.mark.parametrize(
    ("patches", "steps"),
    [
        ([Patch(4, 0)], []),
        ([Patch(-1, 0)], []),
        ([Patch(0, 2)], []),
        ([], [Step(1, 5, 1)]),
        ([], [Step(0, 0, 1)]),
        ([], [Step(1, 0, -1)]),
    ],
)
def test_numbers_that_would_go_astray_are_refused(patches: list[Patch], steps: list[Step]) -> None:
    spec = ArraySpec(F8, ())
    with pytest.raises(CompileError, match="does not fit"):
        Program(feeds=[spec], outs=[spec], arguments=[0] * 4, patches=patches, compute=steps, locks=[])


def test_one_program_from_four_threads(rng: np.random.Generator) -> None:
    state = np.zeros(4)
    program = accumulate(state)
    done = []

    def work() -> None:
        runs = 0
        while runs < 200:
            runs += program.run((np.ones(4),)) == ()
        done.append(runs)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [200] * 4
    assert state.tolist() == [800] * 4


def test_a_warm_process_runs_without_numba() -> None:
    code = """
import sys
import numpy as np
from tests.runtime.test_machine import good, multiply_add
assert np.array_equal(multiply_add((4, 5), grain=1, threads=2).run((good, good))[0], good + 1)
print("numba" in sys.modules)
"""
    for _ in range(2):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"
