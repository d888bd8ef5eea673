"""What the machine code of a kernel is made of, by its text: names in caches, symbols, and what it calls."""

from __future__ import annotations

import functools
import hashlib
import re

from staticad import config
from staticad.codegen import machine_language
from staticad.codegen.target import Target
from staticad.ir.expressions import CUSTOM, SAMPLE

# Functions that are too long to stand in every kernel: what a text says where it calls one, and their symbols.
PRODUCTS = {"float32": "staticad_matrix_product_float", "float64": "staticad_matrix_product_double"}
PASSES = {dtype: f"staticad_fourier_pass_{dtype}" for dtype in PRODUCTS}  # called by a routine, see `fourier_passes`
# Functions for keys of the dtype's width, and for words of 64 bits; see `key_sorting`.
WORDS_SORTER = "staticad_sort_64"
KEY_SORTERS = {
    "int32": "staticad_sort_32",
    "float32": "staticad_sort_32",
    **dict.fromkeys(("int64", "uint64", "float64"), WORDS_SORTER),
}
WORD_SORTERS = dict.fromkeys(KEY_SORTERS, WORDS_SORTER)
COLUMN_SUMS = "staticad_column_sums"  # of loops that add a run to the sums of columns, see `idioms`
# Functions of floats, with the dtype and the number of their operands, and those of vectors, see `vecmath.called`.
SIN, COS, TAN = "staticad_sin", "staticad_cos", "staticad_tan"
FMODS = {dtype: f"staticad_fmod_{dtype}" for dtype in PRODUCTS}
OPERANDS = dict.fromkeys((SIN, COS, TAN), ("float64", 1)) | {name: (dtype, 2) for dtype, name in FMODS.items()}
CALLED = {name: f"{name}_of_vector" for name in OPERANDS}
SHARED = tuple(
    dict.fromkeys((*PRODUCTS.values(), COLUMN_SUMS, *PASSES.values(), *KEY_SORTERS.values(), *CALLED, *CALLED.values()))
)
_MACHINE_CODE = re.compile(rf"\b(?:def entry|{'|'.join(machine_language.__annotations__)})\(")
_PYTHON = re.compile(rf"\b(?:{CUSTOM}|{SAMPLE})\w+\(")


def kernel_symbol(source: str) -> str:
    """Name of the C function in the object file of ``source``: the same in every process."""
    return "staticad_" + hashlib.sha256(source.encode()).hexdigest()[:32]


def recipe(source: str) -> str:
    """What the machine code of a kernel is made of, besides the compiler and the CPU: its name in a cache."""
    return f"assembled\n{source}" if is_assembled(source) else source


@functools.lru_cache(512)  # asked several times of every kernel that is loaded
def is_machine_code(source: str) -> bool:
    """True for the fixed code of the package: it addresses memory itself, and has no loops over data."""
    return _MACHINE_CODE.search(source) is not None


def is_assembled(source: str) -> bool:
    """Whether a kernel is put together from pieces. What calls functions of Python always is: they are pieces."""
    return (config.settings().codegen == "assembled" or _calls_python(source)) and not is_machine_code(source)


@functools.lru_cache(512)
def _calls_python(source: str) -> bool:
    return _PYTHON.search(source) is not None


def shared_symbols(payload: bytes) -> list[str]:
    """The functions that an object file calls and does not contain, and perhaps more: all that it names. Its text does
    not tell them, for functions of the text are made of others."""
    return [symbol for symbol in SHARED if symbol.encode() in payload]


def common_recipe(source: str, target: Target) -> str:
    """As `recipe`, of a kernel that many programs have, for the CPUs of a level."""
    return f"{recipe(source)} for {target.name}"


def shared_recipe(symbol: str, target: Target) -> str:
    """As `recipe`, of a function that kernels share."""
    return f"shared {symbol} for {target.name or 'this CPU'}"
