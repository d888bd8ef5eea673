"""The rows of the table: a name for each problem, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.cliffs import (
    Argsort,
    Bundle,
    Column,
    Columns,
    Gather,
    GatherRows,
    Matrices,
    Normalize,
    Rotate,
    Sort,
    Stack,
)
from benchmarks.compiled import Adam, Fit, Lstm, Transformer
from benchmarks.growing import GROWING
from benchmarks.in_place import Solve, SolveForward, Sweep, SweepForward
from benchmarks.loops import Ode, Recurrence, Rnn, While
from benchmarks.matrices import Cholesky, SmallCholesky, SmallDeterminant, SmallInverse, SmallSolve
from benchmarks.networks import LENET, RESNET, AttentionBlock, Embedding, NormGelu
from benchmarks.problems import Chain, Mlp, Neuron, Residual
from benchmarks.products import FORMULAS, CrossEntropy, Layers, Logistic, SumOfProduct
from benchmarks.recorded import RecordedScan, RecordedWhile
from benchmarks.runtimes import Problem
from benchmarks.textbook import TEXTBOOK
from benchmarks.transforms import Transform
from benchmarks.written import Growing

Measure = Literal["call", "cold", "warm", "start", "import", "memory", "growth"]
"""call: microseconds per call of a ready program. cold / warm: seconds from the first line of the model to its first
result in a fresh process, imports done, with empty / filled caches. start: the same from the start of the process on,
with filled caches. import: seconds of the import statement. Of all of these, the time of the CPU is measured too.
memory: bytes by which the first call raises the peak of a fresh process, and the time of a call. growth: microseconds
per call at n, 2n and 4n, of values and of values with gradients."""


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    measure: Measure
    problem: Problem | Growing

    @property
    def single(self) -> Problem:
        """The problem of a row that has one."""
        assert not isinstance(self.problem, Growing), self.name
        return self.problem


SMALL = Mlp(32, (64, 32, 10))
COMPILED: dict[str, tuple[str, Problem]] = {
    "mlp": ("the MLP step (batch 32)", SMALL),
    "layers-10": ("10 residual layers", Residual(10)),
    "layers-100": ("100 residual layers", Residual(100)),
    "layers-400": ("400 residual layers", Residual(400)),
    "scan": ("a scan of 1e4 steps, value + gradient", Ode(10_000)),
    "fit": ("an ODE fit (RK4)", Fit()),
    "rnn": ("the RNN", Rnn()),
    "lstm": ("an LSTM", Lstm()),
    "transformer": ("a transformer, 6 blocks", Transformer()),
    "adam": ("Adam over 100 arrays", Adam()),
}

ROWS = (
    Row("neuron", "neuron, value + 5 gradients", "call", Neuron()),
    Row("mlp-32", "MLP step, batch 32, 64-32-10, float32", "call", SMALL),
    Row("mlp-64", "MLP step, batch 64, 64-128-10", "call", Mlp(64, (64, 128, 10))),
    Row("mlp-256", "MLP step, batch 256, 784-512-10", "call", Mlp(256, (784, 512, 10))),
    Row("chain-1e3", "elementwise chain, value + gradient, 1e3 doubles", "call", Chain(1_000)),
    Row("chain-1e6", "elementwise chain, value + gradient, 1e6 doubles", "call", Chain(1_000_000)),
    Row("chain-1e6-32", "elementwise chain, value + gradient, 1e6 float32", "call", Chain(1_000_000, "float32")),
    Row("rnn", "tanh RNN, value + gradients, 100 steps, batch 32, 32-64, float32", "call", Rnn()),
    Row("ode", "Lotka-Volterra, value + gradient, 1e4 Euler steps", "call", Ode()),
    Row("recurrence", "x[i] = b[i] - x[i-1] / 2 in place, 1e5 doubles", "call", Recurrence(100_000)),
    Row("while", "while loop over a double, 1e5 steps", "call", While(100_000)),
    Row("sweep-forward", "Gauss-Seidel sweep in place, 316x316 doubles", "call", SweepForward(316)),
    Row("sweep", "the sweep, value + gradient", "call", Sweep(316)),
    Row("solve-forward", "triangular solve in place, 316 rows", "call", SolveForward(316)),
    Row("solve", "the solve, value + gradients", "call", Solve(316)),
    Row("column", "sin of the first of 8 columns, 1e5 rows", "call", Column(100_000)),
    Row("gather", "sin of 1e5 elements of a table", "call", Gather(100_000)),
    Row("gather-rows", "sin of 1e5 rows of 3 of a table", "call", GatherRows(100_000)),
    Row("stack", "30 arrays of 3e4 as columns", "call", Stack(30_000)),
    Row("columns", "gradient by the 11 columns of 3e4 rows", "call", Columns(30_000)),
    Row("normalize", "1e5 rows of 3 by their lengths", "call", Normalize(100_000)),
    Row("rotate", "1e5 matrices of 3x3 times vectors", "call", Rotate(100_000)),
    Row("matrices", "2e4 products of 4x4 matrices", "call", Matrices(20_000)),
    Row("bundle", "bundle adjustment, 30,000 observations, value + gradients", "call", Bundle()),
    Row("sort", "sort of 1e6 doubles", "call", Sort(1_000_000)),
    Row("argsort", "argsort of 1e6 doubles", "call", Argsort(1_000_000)),
    Row("small-solve", "1e4 systems of 4x4", "call", SmallSolve(10_000)),
    Row("small-inverse", "1e4 inverses of 4x4", "call", SmallInverse(10_000)),
    Row("small-determinant", "1e4 determinants of 4x4", "call", SmallDeterminant(10_000)),
    Row("small-cholesky", "1e4 Cholesky factors of 4x4", "call", SmallCholesky(10_000)),
    Row("cholesky", "the Cholesky factor of 500x500", "call", Cholesky(500)),
    Row("fft", "Fourier transform of 2^16 complex numbers", "call", Transform(1, 1 << 16)),
    Row("fft-prime", "Fourier transform of 65537 complex numbers", "call", Transform(1, 65537)),
    Row("fft-rows", "Fourier transforms of 1e3 rows of 2^10 complex numbers", "call", Transform(1000, 1 << 10)),
    *(Row(name, title, "call", problem) for name, (title, problem) in FORMULAS.items()),
    Row("product-sum", "sum(a @ b @ c) of 400 x 400, value + gradients", "call", SumOfProduct()),
    Row("mlp-800-32", "3 layers of 800, batch 800, float32, value + gradients", "call", Layers("float32")),
    Row("mlp-800-64", "3 layers of 800, batch 800, float64, value + gradients", "call", Layers("float64")),
    Row("cross-entropy", "softmax cross entropy, 256 x 1000 float32, value + gradient", "call", CrossEntropy()),
    Row("conv-lenet", "two 5x5 convolutions of 64 images 28x28, value + gradients, float32", "call", LENET),
    Row("conv-resnet", "two 3x3 convolutions of 64 channels 56x56, value + gradients, float32", "call", RESNET),
    Row("norm-gelu", "layer norm + gelu, 2048 x 512 float32, value + gradients", "call", NormGelu()),
    Row("attention", "attention block, 8 x 128 x 256, 4 heads, float32, value + gradients", "call", AttentionBlock()),
    Row("embedding", "8192 of 1e5 rows of 64 float32, value + gradient of the table", "call", Embedding()),
    Row("logistic-32", "logistic regression, 1e5 x 50 float32, value + gradient", "call", Logistic("float32")),
    Row("logistic-64", "logistic regression, 1e5 x 50 float64, value + gradient", "call", Logistic("float64")),
    *(Row(f"textbook-{name.replace('_', '-')}", title, "call", problem) for name, (title, problem) in TEXTBOOK.items()),
    *(Row(f"loops-{name.replace('_', '-')}", title, "growth", problem) for name, (title, problem) in GROWING.items()),
    Row("memory-scan", "scan", "memory", RecordedScan(None)),
    Row("memory-scan-sqrt", 'scan, checkpoint="sqrt"', "memory", RecordedScan("sqrt")),
    Row("memory-scan-log", 'scan, checkpoint="log"', "memory", RecordedScan("log")),
    Row("memory-while", "while loop", "memory", RecordedWhile(None)),
    Row("memory-while-sqrt", 'while loop, checkpoint="sqrt"', "memory", RecordedWhile("sqrt")),
    Row("memory-while-log", 'while loop, checkpoint="log"', "memory", RecordedWhile("log")),
    *(Row(f"compile-{name}", f"compile {title}, cold", "cold", problem) for name, (title, problem) in COMPILED.items()),
    Row("compile-scan-10", "compile a scan of 10 steps, value + gradient, cold", "cold", Ode(10)),
    *(Row(f"compile-{name}-warm", f"{title}, warm", "warm", problem) for name, (title, problem) in COMPILED.items()),
    Row("compile-start", "the MLP step (batch 32), warm, from the start of the process", "start", SMALL),
    Row("compile-import", "import", "import", Neuron()),
)


def select(names: list[str]) -> list[Row]:
    """The rows whose names are, or start with, one of the names given; all rows for none.

    Raises ValueError for a name that fits no row.
    """
    for name in names:
        if not any(row.name.startswith(name) for row in ROWS):
            raise ValueError(f"no row is called {name!r}; there are {', '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if not names or any(row.name.startswith(name) for name in names)]
