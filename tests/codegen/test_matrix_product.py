"""Small matrix products against NumPy: every tail, strides, sums, special values, cuts, registers of other CPUs."""

from __future__ import annotations

import itertools
import re

import llvmlite.binding as llvm
import numpy as np
import pytest

from staticad import config
from staticad.codegen import llvm_pipeline, matrix_product, piece_maker
from staticad.codegen.jit import compile_listings, compile_source
from staticad.codegen.matrix_depth import DEPTH
from staticad.codegen.matrix_tiles import DEPTH_BLOCK
from staticad.codegen.matrix_vectors import Registers, registers
from staticad.codegen.recipes import PRODUCTS
from staticad.codegen.target import LEVELS, Target, features_of, host, host_features, level
from staticad.errors import CompileError
from tests.codegen.kernel_runner import run

DTYPES = ["float32", "float64"]
GUARD = 7.25  # around every matrix: never written, and NaN where it must not be read

SOURCE = """
def kernel(args, lo, hi):
    c = pointer(args, 0, {dtype}, 0, 3)
    a = pointer(args, 1, {dtype}, 1, 3)
    b = pointer(args, 2, {dtype}, 2, 3)
    c_at = size(args, 3)
    c_row = size(args, 4)
    a_at = size(args, 5)
    a_row = size(args, 6)
    a_column = size(args, 7)
    b_at = size(args, 8)
    b_row = size(args, 9)
    b_column = size(args, 10)
    m = size(args, 11)
    n = size(args, 12)
    k = size(args, 13)
    {call}
"""
PUT = "matrix_product(c, c_at, c_row, a, a_at, a_row, a_column, b, b_at, b_row, b_column, m, n, k)"
ADD = (
    "matrix_product_add(c, c_at, c_row, a, a_at, a_row, a_column, b, b_at, b_row, b_column, m, n, k, {dtype}({alpha}))"
)


def source(dtype: str, alpha: float | None = None) -> str:
    call = PUT if alpha is None else ADD.format(dtype=dtype, alpha=alpha)
    return SOURCE.format(dtype=dtype, call=call)


def guarded(matrix: np.ndarray, margin: int, filler: float) -> tuple[np.ndarray, int, int]:
    """Memory in which the matrix lies between guards: the memory, the place of its first element, its row distance."""
    m, n = matrix.shape
    whole = np.full((m + 2, n + margin + 1), filler, matrix.dtype)
    whole[1 : m + 1, 1 : n + 1] = matrix
    return whole, n + margin + 2, n + margin + 1


def multiply(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    *,
    transposed: bool = False,
    turned: bool = False,
    margin: int = 3,
    text: str = "",
    alpha: float | None = None,
) -> np.ndarray:
    """The new C; nothing around it may have changed, and nothing around A and B is used. A is stored by columns where
    ``transposed``, B where ``turned``."""
    (m, n), k = c.shape, b.shape[0]
    memory, c_at, c_row = guarded(c, margin, GUARD)
    left, a_at, a_step = guarded(a.T if transposed else a, margin, np.nan)
    right, b_at, b_step = guarded(b.T if turned else b, margin, np.nan)
    b_row, b_column = (1, b_step) if turned else (b_step, 1)
    a_row, a_column = (1, a_step) if transposed else (a_step, 1)
    slots = [memory, left, right, c_at, c_row, a_at, a_row, a_column, b_at, b_row, b_column, m, n, k]
    run(text or source(c.dtype.name, alpha), slots, 0, 1)
    result = memory[1 : m + 1, 1 : n + 1].copy()
    memory[1 : m + 1, 1 : n + 1] = GUARD
    assert (memory == GUARD).all(), "something beside C was written"
    return result


def operands(dtype: str, m: int, n: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=shape).astype(dtype) for shape in ((m, k), (k, n), (m, n)))  # type: ignore[return-value]


def assert_close(actual: np.ndarray, a: np.ndarray, b: np.ndarray, base: np.ndarray | float = 0.0) -> None:
    """Each element within a few roundings of the sizes that were added up."""
    wide_a, wide_b = a.astype(float), b.astype(float)
    exact = wide_a @ wide_b + base
    scale = np.abs(wide_a) @ np.abs(wide_b) + np.abs(base)
    bound = (b.shape[0] + 4) * float(np.finfo(actual.dtype).eps) * scale
    assert actual.shape == exact.shape
    assert (np.abs(actual - exact) <= bound).all()


ROWS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 17]
DEPTHS = [0, 1, 2, DEPTH_BLOCK - 1, DEPTH_BLOCK, DEPTH_BLOCK + 1, 2 * DEPTH_BLOCK + 3]


def column_counts(lanes: int) -> list[int]:
    """Around every number of vectors up to more than a panel."""
    return sorted({0, 1, *(max(0, v * lanes + d) for v in range(7) for d in (-1, 0, 1))})


@pytest.mark.parametrize(("transposed", "turned"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_tail_of_rows_and_columns(dtype: str, transposed: bool, turned: bool) -> None:
    lanes = registers(host_features()).width // np.dtype(dtype).itemsize
    for m, n in itertools.product(ROWS, column_counts(lanes)):
        a, b, c = operands(dtype, m, n, 5, seed=m + n)
        assert_close(multiply(a, b, c, transposed=transposed, turned=turned), a, b)
        assert_close(multiply(a, b, c, transposed=transposed, turned=turned, alpha=1.0), a, b, c)


@pytest.mark.parametrize(("transposed", "turned"), [(False, False), (False, True), (True, True)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_tail_of_terms(dtype: str, transposed: bool, turned: bool) -> None:
    for k, (m, n) in itertools.product(DEPTHS, [(3, 2), (9, 41), (6, 100)]):
        a, b, c = operands(dtype, m, n, k, seed=k)
        assert_close(multiply(a, b, c, transposed=transposed, turned=turned), a, b)
        assert_close(multiply(a, b, c, transposed=transposed, turned=turned, alpha=-0.5), -0.5 * a, b, c)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_to_add_leaves_c_with_the_signs_of_its_zeros(dtype: str) -> None:
    a, b, c = operands(dtype, 3, 5, 0)
    c[:] = -0.0
    assert np.signbit(multiply(a, b, c, alpha=1.0)).all()
    empty = multiply(a, b, np.full_like(c, np.nan))
    assert (empty == 0).all() and not np.signbit(empty).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_c_held_before_does_not_matter(dtype: str) -> None:
    a, b, c = operands(dtype, 7, 21, 3 * DEPTH_BLOCK)
    for old in (np.nan, np.inf):
        np.testing.assert_array_equal(multiply(a, b, np.full_like(c, old)), multiply(a, b, c))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_go_where_they_belong(dtype: str, transposed: bool) -> None:
    for place, value in itertools.product([(0, 0), (8, 2), (4, 70)], [np.nan, np.inf, -np.inf]):
        a, b, c = operands(dtype, 9, 35, 71)
        a[place] = value
        b[place[1], 3] = 0.0  # 0 * inf is NaN
        with np.errstate(invalid="ignore"):
            want = a.astype(float) @ b.astype(float)
        actual = multiply(a, b, c, transposed=transposed, turned=not transposed)
        np.testing.assert_array_equal(np.isnan(actual), np.isnan(want))
        np.testing.assert_array_equal(np.isinf(actual), np.isinf(want))
        assert_close(np.delete(actual, place[0], 0), np.delete(a, place[0], 0), b)


@pytest.mark.parametrize("alpha", [None, 0.75])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cutting_a_product_does_not_change_a_bit(dtype: str, alpha: float | None) -> None:
    a, b, c = operands(dtype, 23, 77, 2 * DEPTH_BLOCK + 9)
    whole = multiply(a, b, c, alpha=alpha)
    for rows in (1, 3, 5, 16):
        parts = [multiply(a[i : i + rows], b, c[i : i + rows], alpha=alpha) for i in range(0, 23, rows)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
    for columns in (1, 8, 30, 64):
        parts = [multiply(a, b[:, j : j + columns], c[:, j : j + columns], alpha=alpha) for j in range(0, 77, columns)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    np.testing.assert_array_equal(multiply(a, b, c, transposed=True, margin=0, alpha=alpha), whole)
    np.testing.assert_array_equal(multiply(a, b, c, turned=True, alpha=alpha), whole)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_lie_far_apart_are_copied(dtype: str) -> None:
    """The same bits, whether a panel of B is read in place or from its copy."""
    for m, n, k in [(40, 1, 3), (40, 33, DEPTH_BLOCK + 5), (35, 100, 9)]:
        a, b, c = operands(dtype, m, n, k)
        near = multiply(a, b, c)
        assert_close(near, a, b)
        np.testing.assert_array_equal(multiply(a, b, c, margin=700), near)


@pytest.mark.parametrize("dtype", DTYPES)
def test_operands_may_be_one_matrix(dtype: str) -> None:
    a, _, _ = operands(dtype, 33, 33, 33)
    out = np.empty_like(a)
    run(source(dtype), [out, a, a, 0, 33, 0, 1, 33, 0, 33, 1, 33, 33, 33], 0, 1)
    assert_close(out, a.T, a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_repeated_row_has_distance_0(dtype: str) -> None:
    a, b, c = operands(dtype, 1, 20, 6)
    out = np.empty((5, 20), dtype)
    run(source(dtype), [out, a, b, 0, 20, 0, 0, 1, 0, 20, 1, 5, 20, 6], 0, 1)
    assert_close(out, np.repeat(a, 5, axis=0), b)


@pytest.mark.parametrize(
    "machine",
    [
        Registers(32, True, ((2, (6, 3)), (1, (8,)))),
        Registers(16, False, ((2, (6, 3)), (1, (8,)))),
        Registers(64, True, ((3, (5,)), (1, (2, 1)))),
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_code_for_other_registers(dtype: str, machine: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_product, "registers", lambda features: machine)
    lanes = machine.width // np.dtype(dtype).itemsize
    for alpha, transposed in ((None, False), (-2.0, True)):
        text = f"{source(dtype, alpha)}    # {machine}\n"  # other code, so another text
        for m, n, k in itertools.product(ROWS, (1, lanes - 1, lanes, 2 * lanes + 1, 5 * lanes - 1), (3, 70)):
            a, b, c = operands(dtype, m, n, k, seed=m + n + k)
            with config.override(codegen="numba"):  # each kernel with a product of its own
                actual = multiply(a, b, c, transposed=transposed, turned=not transposed, text=text)
            assert_close(actual, a if alpha is None else alpha * a, b, 0.0 if alpha is None else c)


@pytest.mark.parametrize("dtype", DTYPES)
def test_several_products_of_a_kernel_share_their_code(dtype: str) -> None:
    both = f"{PUT}\n    {ADD.format(dtype=dtype, alpha=1.0)}"
    for call in (PUT, both):
        with config.override(codegen="numba"):
            module, _ = compile_listings(SOURCE.format(dtype=dtype, call=call))
        # The kernel; all products, long ones, few rows, tiles, copies, sums.
        assert len(re.findall("^define", module, re.MULTILINE)) == 7
        module, _ = compile_listings(SOURCE.format(dtype=dtype, call=call))
        assert len(re.findall("^define", module, re.MULTILINE)) == 1  # products are shared by all kernels


@pytest.mark.parametrize("dtype", DTYPES)
def test_loops_over_tiles_are_left_as_they_are(dtype: str) -> None:
    """Unrolled they are no faster, and take longer to compile."""
    module = str(shared_product(dtype, host()))
    multiplications = len(re.findall(r"call .*@llvm\.fmuladd\.v", module))
    lanes = registers(host_features()).tiles
    tiles = sum(vectors * rows for vectors, sizes in lanes for rows in sizes) + sum(lanes[-1][1])
    dots = 3 * (4 + 2)
    # Sums, and adding them to C; of dots all vectors, and the last terms.
    assert "llvm.loop.unroll.disable" in module and multiplications <= 2 * (tiles + dots)


def shared_product(dtype: str, target: Target) -> llvm.ModuleRef:
    return piece_maker.make_shared(PRODUCTS[dtype], target)


@pytest.mark.parametrize("target", [target for _, target in LEVELS])
@pytest.mark.parametrize("dtype", DTYPES)
def test_products_for_other_cpus_compile(dtype: str, target: Target) -> None:
    assembly = llvm_pipeline.assembly(shared_product(dtype, target), target)
    assert "vfmadd" in assembly and ("zmm" in assembly) == (target.name == "v4-wide")


def test_a_level_has_what_this_cpu_has() -> None:
    found = level()
    assert found == host() or registers(features_of(found)) == registers(host_features())


def innermost_loops(assembly: str) -> list[str]:
    """The blocks of machine code that end with a jump to their own beginning."""
    blocks = re.split(r"^(?=\.LBB\w+:)", assembly, flags=re.MULTILINE)
    return [
        block for block in blocks if re.search(rf"\bj\w+\s+{re.escape(block.partition(':')[0])}$", block, re.MULTILINE)
    ]


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_stay_in_registers(dtype: str) -> None:
    assembly = llvm_pipeline.assembly(shared_product(dtype, host()), host())
    loops = [block for block in innermost_loops(assembly) if re.search(r"\bvfmadd|\bfmla", block)]
    assert len(loops) >= 2  # one for each number of vectors at a time
    for block in loops:
        vectors = re.findall(r"^.*[xyz]mm.*\(%[er]sp\).*$|^.*\(%[er]sp\).*[xyz]mm.*$", block, re.MULTILINE)
        assert vectors == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a = pointer(args, 1, float64", "a = pointer(args, 1, float32"),
        ("c = pointer(args, 0, float64", "c = pointer(args, 0, int64"),
        ("c = pointer(args, 0, float64, 0, 3)", "c = size(args, 0)"),
        ("m = size(args, 11)", "m = float64(1.0)"),
        ("float64(0.5)", "float32(0.5)"),
    ],
)
def test_wrong_arguments_are_refused(old: str, new: str) -> None:
    text = source("float64", 0.5)
    assert old in text
    with pytest.raises(CompileError, match="matrix_product_add"):
        compile_source(text.replace(old, new))


@pytest.mark.parametrize("dtype", DTYPES)
def test_few_rows_and_a_turned_matrix_are_sums_along_memory(dtype: str) -> None:
    """Any number of rows, columns and terms, in pieces of columns with the same bits."""
    for m, n, k in itertools.product((0, 1, 2, 3, 4, 5, 7, 16), (0, 1, 2, 3, 4, 31), (64, 65, 79, DEPTH + 3)):
        a, b, c = operands(dtype, m, n, k, seed=m + n)
        whole = multiply(a, b, c, turned=True)
        assert_close(whole, a, b)
        assert_close(multiply(a, b, c, turned=True, alpha=-0.5), -0.5 * a, b, c)
        parts = [multiply(a, b[:, j : j + 5], c[:, j : j + 5], turned=True) for j in range(0, n, 5)]
        np.testing.assert_array_equal(np.concatenate([*parts, c[:, :0]], axis=1), whole)
        np.testing.assert_array_equal(multiply(a, b, np.full_like(c, np.nan), turned=True), whole)
