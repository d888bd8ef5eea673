"""Many cases in one session: compiled once for a dtype, run on all families of inputs, compared with the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.reference import evaluate
from tests.harness import families
from tests.harness.cases import Case, Input, Sizes
from tests.harness.compare import mismatch
from tests.harness.condition import mismatches
from tests.harness.poison import poisoned_memory

Feeds = dict[Tensor, np.ndarray]


class Matrix:
    """The cases' graphs in one dtype, on shared placeholders with free sizes, and the session of all of them."""

    def __init__(self, cases: Sequence[Case], dtype: np.dtype, order: int = 0) -> None:
        """``order`` 0 is the results, 1 their derivatives by all float operands, 2 the derivatives of these."""
        self.dtype, self.order = dtype, order
        pool: dict[tuple[object, ...], Tensor] = {}
        self.cases: list[Case] = []
        self.outputs: list[Tensor] = []
        self.inputs: dict[Tensor, tuple[Input, tuple[float, float]]] = {}
        for case in cases:
            if dtype not in case.dtypes:
                continue
            result = case.tensor(dtype, pool)
            operands = [case.placeholder(i, dtype, pool) for i in range(len(case.inputs))]
            for operand, given in zip(operands, case.inputs):
                self.inputs[operand] = given, case.domain
            results = [result]
            for _ in range(order):
                results = _gradients(results, operands)
            self.cases += [case] * len(results)
            self.outputs += results
        with poisoned_memory():
            self.session = sa.compile(self.outputs, inputs=list(self.inputs))

    def feeds(self, rng: np.random.Generator, sizes: Sizes, fill: families.Make = families.ordinary) -> Feeds:
        """Arrays for all placeholders."""
        return {
            tensor: given.make(rng, sizes, self.dtype, domain, fill) for tensor, (given, domain) in self.inputs.items()
        }

    def zero_sizes(self) -> Iterator[Sizes]:
        """Every size in turn 0 that no case forbids."""
        forbidden = {name for case in self.cases for name in case.nonzero}
        for sizes in families.sizes("abcde"):
            if all(number or name not in forbidden for name, number in sizes.items()):
                yield sizes

    def differences(self, feeds: Feeds, only: str = "all") -> list[str]:
        """Run, compare with the reference, name the cases that differ. ``only="special"`` leaves out the cases whose
        results on extreme values are not defined."""
        return self.compared(self.results(feeds), feeds, only)

    def differences_of_layouts(self, layouts: Iterable[Feeds]) -> list[str]:
        """As `differences`, of feeds with the same values: bits that were compared once are so no more."""
        found: list[str] = []
        right: list[tuple[np.dtype, tuple[int, ...], bytes]] = []
        for feeds in layouts:
            results = self.results(feeds)
            bits = [(array.dtype, array.shape, array.tobytes()) for array in results]
            if bits != right:
                found += self.compared(results, feeds)
                right = bits
        return found

    def results(self, feeds: Feeds) -> list[np.ndarray]:
        with poisoned_memory():
            return self.session.run(feeds)

    def compared(self, results: Sequence[np.ndarray], feeds: Feeds, only: str = "all") -> list[str]:
        chained = [i for i, c in enumerate(self.cases) if c.ulp is None or self.order]
        single = [i for i, c in enumerate(self.cases) if i not in chained and (c.special or only == "all")]
        found: list[tuple[int, str | None]] = []
        if only == "all":
            texts = mismatches([self.outputs[i] for i in chained], [results[i] for i in chained], feeds)
            found += zip(chained, texts)
        rounded = [i for i in single if self.cases[i].ulp and self.outputs[i].dtype == np.float32]
        wide = dict(zip(rounded, evaluate([self.outputs[i] for i in rounded], feeds, precision=np.float64)))
        for i, expected in zip(single, evaluate([self.outputs[i] for i in single], feeds)):
            case, value = self.cases[i], expected
            if i in wide:  # NumPy's own float32 functions are a few units off
                with np.errstate(all="ignore"):
                    value = wide[i].astype(expected.dtype)
            found.append((i, mismatch(results[i], value, ulp=case.ulp or 0, signed_zeros=case.signed_zeros)))
        sizes = {name: n for t, a in feeds.items() for name, n in zip(map(str, t.shape), a.shape) if not name.isdigit()}
        return [f"{self.cases[i]} {self.dtype} at {sizes}: {text}" for i, text in found if text is not None]


def _gradients(results: list[Tensor], operands: list[Tensor]) -> list[Tensor]:
    """Derivatives by all float operands, with cotangents that are different in every element."""
    xs = [t for t in operands if t.dtype.kind == "f"]
    ys = [t for t in results if t.dtype.kind == "f"]
    if not xs or not ys:
        return []
    return sa.gradients(ys, xs, [sa.stop_gradient(sa.cos(y) + 0.25) for y in ys], unconnected="zero")
