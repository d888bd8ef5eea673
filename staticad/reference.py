"""The oracle: a graph evaluated node by node with NumPy, every result checked against its inferred type.

Slow and simple on purpose. It is what compiled sessions are compared with, and what `gradcheck` differentiates
numerically.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from staticad.errors import (
    DTypeError,
    FeedError,
    GraphError,
    IndexOutOfBounds,
    LinAlgError,
    OutOfMemory,
    VerifyError,
    typed_memory,
)
from staticad.ir import dim_values, dims
from staticad.ir.arrays import as_numbers, read_array
from staticad.ir.demands import operands, region_of, unmet
from staticad.ir.dims import LARGEST, Dim, Shape, Size, Symbol, is_runtime, symbols
from staticad.ir.dtypes import FLOAT32, DType, is_complex, is_half, is_inexact, kind_of
from staticad.ir.graph import Attrs, Node, Tensor, describe, sort_nodes
from staticad.ops.barrier import DEMAND
from staticad.ops.base import Cast, Creation
from staticad.ops.control import COND, PARAMETER, Body, Control, LoopShape, leaked
from staticad.ops.creation import IOTA
from staticad.ops.halves import rounded
from staticad.ops.sources import CONSTANT, PLACEHOLDER, VARIABLE, ConstantValue, default_of

Feeds = Mapping[Any, Any]
Watch = Callable[[Tensor, np.ndarray], np.ndarray]


@typed_memory("the values of a graph")
def evaluate(
    outputs: Tensor | Iterable[Tensor],
    feeds: Feeds | None = None,
    variables: Mapping[Tensor, Any] | None = None,
    *,
    precision: Any = None,
    watch: Watch | None = None,
) -> list[np.ndarray]:
    """The values of ``outputs``, one array each.

    ``feeds`` maps tensors (or names of placeholders) to arrays of their dtype; Python numbers and lists are
    converted. A fed tensor that is no placeholder is taken as given, and what only it depends on is not evaluated.
    ``variables`` replaces the present values of variables. Floats of 16 bits are computed with in float32, and rounded
    where they are kept (`staticad.halves`). With ``precision`` (a NumPy float type) all floating
    tensors (and parts of complex ones) are computed in that type, which tells rounding errors from wrong results.
    ``watch`` is called with every computed tensor and its value; the evaluation goes on with the array that it
    returns.

    Raises FeedError where a value is missing or sizes do not fit, IndexOutOfBounds for an index outside its axis,
    LinAlgError for a matrix that is singular or not positive definite, and VerifyError where a result does not have
    the inferred shape or dtype; OutOfMemory.
    """
    wanted = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    values = _Evaluation(wanted, feeds or {}, variables or {}, precision, watch).run()
    if precision is not None:
        return values
    return [value.astype(t.dtype) if is_half(t.dtype) else value for t, value in zip(wanted, values, strict=True)]


class _Evaluation:
    """One run: the values so far, and the numbers that the free sizes stand for."""

    def __init__(
        self,
        outputs: list[Tensor],
        feeds: Feeds,
        variables: Mapping[Tensor, Any],
        precision: Any,
        watch: Watch | None,
    ) -> None:
        self.outputs = outputs
        self.watch = watch
        self.precision = np.dtype(precision) if precision is not None else None
        self.sizes: dict[Symbol, int] = {}
        self.numbers: dict[Dim, int] = {}  # of sizes made of these, none of which changes
        self.values: dict[Tensor, np.ndarray] = {}
        given = self.by_tensor(feeds)
        self.order = sort_nodes(outputs, stop=[t.node for t in given])
        for tensor, value in given.items():
            self.give(tensor, value)
        for node in self.order:
            if node.op is VARIABLE and node.out not in self.values:
                self.give(node.out, variables[node.out] if node.out in variables else node.out.value)
            elif node.op is PLACEHOLDER and node.out not in self.values and default_of(node.out) is not None:
                self.give(node.out, default_of(node.out))
        for tensor in self.values:
            self.check_shape(tensor)

    def by_tensor(self, feeds: Feeds) -> dict[Tensor, Any]:
        named = {key: value for key, value in feeds.items() if isinstance(key, str)}
        given = {key: value for key, value in feeds.items() if isinstance(key, Tensor)}
        strangers = [key for key in feeds if not isinstance(key, (str, Tensor))]
        if strangers:
            raise FeedError(f"feeds are keyed by tensors or names, not by {type(strangers[0]).__name__}")
        if named:
            for node in sort_nodes(self.outputs):
                if node.op is PLACEHOLDER and node.name in named:
                    given[node.out] = named[node.name]
            unknown = named.keys() - {tensor.name for tensor in given}
            if unknown:
                raise FeedError(f"no placeholder is named {', '.join(map(repr, sorted(unknown)))}")
        return given

    def give(self, tensor: Tensor, value: Any) -> None:
        """Take an array as the value of a tensor, and bind the free sizes that its shape consists of."""
        if isinstance(value, (np.ndarray, np.generic)):
            array = read_array(value, f"{describe(tensor)}: the value", FeedError, FeedError)
        else:
            array = _convert(tensor, value)
        if array.dtype.newbyteorder("=") != tensor.dtype and array.dtype != self.dtype(tensor.dtype):
            raise FeedError(f"{describe(tensor)} was given {array.dtype}; use astype({tensor.dtype.name!r})")
        if array.ndim != tensor.ndim:
            raise FeedError(f"{describe(tensor)} was given an array of shape {array.shape}: the ranks differ")
        self.values[tensor] = array.astype(self.dtype(tensor.dtype))
        for size, actual in zip(tensor.shape, array.shape, strict=True):
            symbol = dims.as_symbol(size)
            if symbol is not None:
                known = self.sizes.setdefault(symbol, actual)
                if known != actual:
                    raise FeedError(
                        f"the size {symbol} is {known} elsewhere, but {describe(tensor)} was given shape {array.shape}"
                    )

    def check_shape(self, tensor: Tensor) -> None:
        actual = self.values[tensor].shape
        if actual != self.shape(tensor.shape, tensor.node):
            raise FeedError(f"{describe(tensor)} was given an array of shape {actual}")

    def dtype(self, dtype: DType) -> DType:
        """In which it is computed."""
        if self.precision is None or not is_inexact(dtype):
            return FLOAT32 if is_half(dtype) else dtype
        return np.result_type(self.precision, np.complex64) if is_complex(dtype) else self.precision

    def kept(self, tensor: Tensor, array: np.ndarray) -> np.ndarray:
        """What is left of a value that is kept in 16 bits."""
        return array if self.precision is not None or not is_half(tensor.dtype) else rounded(array, tensor.dtype)

    def size(self, size: Size, node: Node) -> int:
        if isinstance(size, Dim) and (known := self.numbers.get(size)) is not None:
            return known
        try:
            number = dim_values.machine_number(size, self.sizes)
        except FeedError as error:
            raise FeedError(f"{describe(node.outputs[0])}: {error}") from None
        except KeyError as error:
            raise FeedError(
                f"the size {error.args[0]} of {describe(node.outputs[0])} does not follow from the feeds"
            ) from None
        except ZeroDivisionError:
            raise FeedError(f"the size {size} of {describe(node.outputs[0])} divides by a size that is 0") from None
        if isinstance(size, Dim):
            self.numbers[size] = number
        return number

    def shape(self, shape: Shape, node: Node) -> tuple[int, ...]:
        numbers = tuple(self.size(s, node) for s in shape)
        if any(n < 0 for n in numbers):
            raise FeedError(f"{describe(node.outputs[0])} would have the shape {numbers}: a size is negative")
        if math.prod(n for n in numbers if n) > LARGEST:
            raise FeedError(
                f"{describe(node.outputs[0])} would have the shape {numbers}: 64 bits do not count its elements"
            )
        return numbers

    def attribute(self, value: Any, node: Node) -> Any:
        """An attribute with numbers in the place of free sizes, at any depth of tuples."""
        if isinstance(value, Dim):
            return self.size(value, node)
        if isinstance(value, tuple):
            return tuple(self.attribute(v, node) for v in value)
        if isinstance(value, np.dtype):
            return self.dtype(value)
        if isinstance(value, Attrs):
            return {k: self.attribute(v, node) for k, v in value.items()}
        return value

    def check_carried(self, nodes: Iterable[Node]) -> None:
        """What nodes demand that are not evaluated, as far as their sizes are known here."""
        for node in nodes:
            if {s for size in _sizes_of(node) for s in symbols(size)} <= self.sizes.keys():
                self.check_constraints(node)
                for kind in node.types:
                    self.shape(kind.shape, node)
                for need in node.op.needed(node):
                    if self.size(need.size, node) == 0 and self.size(need.unless_empty, node):
                        raise need.error(f"{need.text}, at {node.where}")

    def check_constraints(self, node: Node) -> None:
        for a, b in node.constraints:
            left, right = self.size(a, node), self.size(b, node)
            if left != right:
                where = f"at {node.where} (operands: {operands(node)})"
                raise FeedError(unmet(node.op.name, (a, b), self.sizes, where, region_of(node)))

    def run(self) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            for node in self.order:
                if not all(t in self.values for t in node.outputs):
                    self.step(node)
        results = [self.kept(t, self.values[t]) for t in self.outputs]
        if self.watch is not None:
            results = [self.watch(t, a) if is_half(t.dtype) else a for t, a in zip(self.outputs, results, strict=True)]
        return results

    def step(self, node: Node) -> None:
        if node.op is PLACEHOLDER:
            raise FeedError(f"no value was given for {describe(node.out)}")
        if node.op is PARAMETER:
            raise GraphError(leaked(node))
        if node.op is CONSTANT:
            value: ConstantValue = node.attrs["value"]
            self.values[node.out] = value.array.astype(self.dtype(node.out.dtype))
            return
        if _counts(node.outputs[0]):
            return  # the loop that it belongs to knows how far
        self.check_constraints(node)
        if node.op is DEMAND:
            self.check_carried(node.attrs["nodes"])
        if isinstance(node.op, Control):
            self.control(node)
            return
        attrs = self.attribute(node.attrs, node)
        shapes = [self.shape(t.shape, node) for t in node.types]
        if node.op.needs_shape:
            attrs["shape"] = shapes[0]
        try:
            result = node.op.numpy(*(self.values[t] for t in node.inputs), **attrs)
        except np.linalg.LinAlgError as error:
            raise LinAlgError(f"{describe(node.outputs[0])}: {error}") from None
        except IndexError as error:
            raise IndexOutOfBounds(f"{describe(node.outputs[0])}: {error}") from None
        except MemoryError as error:
            raise OutOfMemory(f"{describe(node.outputs[0])}: {error}") from None
        except ValueError as error:
            if all(self.values[t].size for t in node.inputs):
                raise
            raise FeedError(f"{describe(node.outputs[0])} has nothing to work on: {error}") from None
        results = result if node.op.several_outputs else (result,)
        for tensor, shape, value in zip(node.outputs, shapes, results, strict=True):
            array = np.asarray(value)
            if array.shape != shape or array.dtype != self.dtype(tensor.dtype):
                raise VerifyError(
                    f"{describe(tensor)} was inferred as {self.dtype(tensor.dtype).name}{list(shape)}, "
                    f"but NumPy made {array.dtype.name}{list(array.shape)}"
                )
            if isinstance(node.op, (Cast, Creation)):  # casts round what they are given
                array = self.kept(
                    tensor, self.values[node.inputs[0]] if is_half(tensor.dtype) and node.inputs else array
                )
            self.values[tensor] = array if self.watch is None else self.watch(tensor, array)

    def control(self, node: Node) -> None:
        """Run the bodies of a cond or loop step by step."""
        inputs = [np.arange(int(self.values[node.inputs[-1]])) if _counts(t) else self.values[t] for t in node.inputs]
        if node.op is COND:
            branches: tuple[Body, ...] = node.attrs["branches"]
            chosen = branches[int(np.clip(inputs[0], 0, len(branches) - 1))]
            results = self.body(chosen, inputs[1:])
        else:
            results = self.loop(node, inputs)
        for tensor, value in zip(node.outputs, results, strict=True):
            self.values[tensor] = value if self.watch is None else self.watch(tensor, value)

    def body(self, body: Body, values: list[np.ndarray]) -> list[np.ndarray]:
        given = {t: self.kept(t, value) for t, value in zip(body.parameters, values, strict=True)}
        sizes = dict(self.sizes)
        if body.locals:
            numbers = _Evaluation([value for _, value in body.locals], {}, {}, self.precision, None)
            numbers.sizes, numbers.values = sizes, dict(given)
            sizes |= {s: int(n) for (s, _), n in zip(body.locals, numbers.run(), strict=True)}
        inner = _Evaluation(list(body.outputs), {}, {}, self.precision, self.watch)
        inner.sizes, inner.values = sizes, given
        if self.watch is not None:
            for tensor, value in inner.values.items():
                self.watch(tensor, value)
        inner.check_carried(body.demands)
        return inner.run()

    def loop(self, node: Node, inputs: list[np.ndarray]) -> list[np.ndarray]:
        body: Body = node.attrs["body"]
        shape: LoopShape = node.attrs["shape"]
        carry, sequences, captures = shape.split_parameters(inputs)
        extra = inputs[len(body.parameters) :]
        goes_on = bool(extra[0]) if shape.conditional else False
        length = 0 if shape.conditional else int(extra[0]) if shape.counted else self.size(shape.length, node)
        stacked: list[list[np.ndarray]] = [[] for _ in range(shape.results)]
        count = 0
        while goes_on if shape.conditional else count < length:
            place = length - 1 - count if shape.reverse else count
            outputs = self.body(body, [*carry, *(s[place] for s in sequences), *captures])
            carry, results = shape.split_outputs(outputs)
            for stack, value in zip(stacked, results, strict=True):
                stack.append(value)
            if shape.conditional:
                goes_on = bool(outputs[-1])
            count += 1
        if is_runtime(shape.length):
            (symbol,) = symbols(shape.length)
            self.sizes[symbol] = count
        ys = []
        for kind, stack in zip(node.types[shape.carries :], stacked, strict=False):
            ordered = stack[::-1] if shape.reverse else stack
            ys.append(np.array(ordered, self.dtype(kind.dtype)).reshape(self.shape(kind.shape, node)))
        return [*carry, *ys, *([np.asarray(count, np.int64)] if shape.conditional else [])]


def _counts(tensor: Tensor) -> bool:
    """True for the numbers of the steps of a loop whose length is known when it begins."""
    return tensor.op is IOTA and is_runtime(tensor.shape[0])


def _sizes_of(node: Node) -> list[Size]:
    """Every size that a node demands something of."""
    found = [size for kind in node.types for size in kind.shape] + [size for pair in node.constraints for size in pair]
    return found + [size for need in node.op.needed(node) for size in need[:2]]


def _convert(tensor: Tensor, value: Any) -> np.ndarray:
    """Python numbers and nests of them, in the dtype of the tensor."""
    array = read_array(value, f"{describe(tensor)}: the value", FeedError, FeedError)
    if kind_of(array.dtype) not in "biufc":
        raise FeedError(f"{describe(tensor)} was given a {type(value).__name__}, which is no array of numbers")
    if kind_of(array.dtype) not in {"b": "b", "i": "biu", "u": "biu", "f": "biuf", "c": "biufc"}[kind_of(tensor.dtype)]:
        raise FeedError(f"{describe(tensor)} was given {array.dtype} values; convert them to {tensor.dtype.name}")
    try:
        return as_numbers(array, tensor.dtype)
    except DTypeError as error:
        raise FeedError(f"{describe(tensor)}: {error}") from None


__all__ = ["evaluate"]
