"""Rules that users give for derivatives, as graphs, and the calls of functions that have one.

A derivative puts the rule's graph in; it is made of ordinary nodes, so that it differentiates again. A rule for one
mode gives the other one by transposition, which a linear map has in either direction.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from staticad.autodiff.connect import cuts
from staticad.autodiff.reverse import gradients
from staticad.errors import DTypeError, GradientError, GraphError, ShapeError
from staticad.functional.bodies import captures_of, make_body
from staticad.functional.movement import broadcast_to
from staticad.functional.nests import flatten
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.provenance import Where, here
from staticad.ir.substitute import depends_on, substitute
from staticad.ir.types import may_be_same
from staticad.ops.barrier import STOP_GRADIENT, of_shape
from staticad.ops.base import apply, apply_all
from staticad.ops.control import Body, parameter
from staticad.ops.creation import zeros
from staticad.ops.custom import CAPTURED, RULED, Maybe
from staticad.ops.promotion import to_tensor
from staticad.ops.sources import CONSTANT, constant, is_weak
from staticad.records import dataclass

MOST_NESTED = 32  # rules that are asked for inside of rules


# ---- rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Traced:
    """A rule as a graph. The first parameters of ``body`` are tangents of the arguments with numbers ``given``, or in
    ``reverse`` cotangents of the results; then come the node's last inputs. Its outputs are tangents of the results
    with numbers ``made``, or cotangents of the arguments. ``results`` and ``arguments`` is how many there are."""

    name: str
    reverse: bool
    body: Body
    given: tuple[int, ...]
    made: tuple[int, ...]
    results: int
    arguments: int

    def pull(self, gs: Sequence[Maybe], inputs: Sequence[Tensor]) -> list[Maybe]:
        """The cotangents of the arguments."""
        return self._run(gs, inputs, self.arguments, not self.reverse)

    def push(self, ts: Sequence[Maybe], inputs: Sequence[Tensor]) -> list[Maybe]:
        """The tangents of the results."""
        return self._run(ts, inputs, self.results, self.reverse)

    def _run(self, seeds: Sequence[Maybe], inputs: Sequence[Tensor], count: int, transposed: bool) -> list[Maybe]:
        outputs, own = list(self.body.outputs), list(self.body.parameters[: len(self.given)])
        taken, made = self.given, self.made
        if transposed:
            outputs, own, taken, made = *self._transposed(), made, taken
        read = self.body.parameters[len(self.given) :]
        mapping = dict(zip(read, inputs[len(inputs) - len(read) :], strict=True))
        for number, stand_in in zip(taken, own, strict=True):
            seed = seeds[number]
            mapping[stand_in] = zeros(stand_in.type) if seed is None else seed
        found: list[Maybe] = [None] * count
        present = [k for k, output in enumerate(outputs) if output is not None]
        actual = substitute([outputs[k] for k in present], mapping)
        for k, value in zip(present, actual, strict=True):
            found[made[k]] = value
        return found

    def _transposed(self) -> tuple[list[Any], list[Tensor]]:
        """The outputs and the first parameters of the transpose. Raises GradientError where the rule is not linear."""
        own = self.body.parameters[: len(self.given)]
        seeds = [parameter(t.type) for t in self.body.outputs]
        if not own or not seeds:
            return [None] * len(own), seeds
        found = gradients(list(self.body.outputs), list(own), grad_ys=seeds, unconnected="none")
        present = [t for t in found if t is not None]
        if depends_on(present, own) or not {*own}.isdisjoint(present):
            kinds = ("cotangents", "jvp", "custom_jvp") if self.reverse else ("tangents", "gradients", "custom_vjp")
            raise GradientError(
                f"the rule of {self.name} is not linear in its {kinds[0]}, so that it has no derivative for "
                f"{kinds[1]}; give that one with {kinds[2]}"
            )
        return found, seeds


@dataclass(frozen=True, eq=False)
class Again:
    """A rule that is made when a derivative is taken: ``call`` gives the node for the arguments once more."""

    call: Callable[[list[Tensor]], Node]
    results: int
    arguments: int

    def _made(self, inputs: Sequence[Tensor]) -> tuple[Any, Sequence[Tensor]]:
        node = self.call(list(inputs[self.results : self.results + self.arguments]))
        return node.attrs["rule"], node.inputs

    def pull(self, gs: Sequence[Maybe], inputs: Sequence[Tensor]) -> Sequence[Maybe]:
        """The cotangents of the arguments."""
        rule, given = self._made(inputs)
        return rule.pull(gs, given)

    def push(self, ts: Sequence[Maybe], inputs: Sequence[Tensor]) -> Sequence[Maybe]:
        """The tangents of the results."""
        rule, given = self._made(inputs)
        return rule.push(ts, given)


class _Asking(threading.local):
    """The functions whose rules are being asked for, from the outermost on; and how many there are in all."""

    def __init__(self) -> None:
        self.functions: tuple[Any, ...] = ()
        self.depth = 0


asking = _Asking()


@contextmanager
def asked(what: str, functions: tuple[Any, ...]) -> Iterator[None]:
    if asking.depth >= MOST_NESTED:
        raise GraphError(
            f"{what}: its rule takes a derivative of the function itself, which asks for the rule again, without an "
            "end; write the derivative out"
        )
    before = asking.functions, asking.depth
    asking.functions, asking.depth = functions, before[1] + 1
    try:
        yield
    finally:
        asking.functions, asking.depth = before


# ---- calls -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Call:
    """A call: the arguments that have derivatives may be nests; ``tensors`` are the leaves that are tensors, and
    ``places`` their numbers among all ``leaves``."""

    what: str
    arguments: tuple[Any, ...]
    leaves: list[Any]
    rebuild: Callable[[list[Any]], Any]
    forms: tuple[Any, ...]  # of every argument
    places: list[int]
    tensors: list[Tensor]

    def with_tensors(self, tensors: Sequence[Tensor]) -> tuple[Any, ...]:
        """The arguments with other tensors."""
        leaves = list(self.leaves)
        for place, tensor in zip(self.places, tensors, strict=True):
            leaves[place] = tensor
        return self.rebuild(leaves)

    def tangents(self, seeds: dict[int, Tensor]) -> tuple[Any, ...]:
        """Tangents in the form of the arguments: zeros for what has none."""
        leaves: list[Any] = []
        numbers = {place: number for number, place in enumerate(self.places)}
        for place, leaf in enumerate(self.leaves):
            number = numbers.get(place)
            if number is None:
                leaves.append(0.0 if is_weak(leaf) else np.zeros_like(leaf))
            else:
                leaves.append(seeds[number] if number in seeds else zeros(leaf.type))
        return self.rebuild(leaves)


def call_of(what: str, arguments: tuple[Any, ...]) -> Call:
    leaves, rebuild, _ = flatten(arguments)
    forms = tuple(flatten(argument)[2] for argument in arguments)
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
    return Call(what, arguments, leaves, rebuild, forms, places, [leaves[place] for place in places])


@dataclass(frozen=True, eq=False)
class Results:
    """What the function returned: ``tensors`` are the leaves, ``pack`` makes the nest of others."""

    tensors: list[Tensor]
    pack: Callable[[list[Any]], Any]
    form: Any

    @property
    def inexact(self) -> tuple[int, ...]:
        """The numbers of those that have derivatives."""
        return tuple(k for k, t in enumerate(self.tensors) if is_inexact(t.dtype))


def results_of(what: str, result: Any) -> Results:
    flat, pack, form = flatten(result)
    if not flat:
        raise GraphError(f"{what}: the function returns no tensor (at {here()})")
    return Results([to_tensor(leaf) for leaf in flat], pack, form)


def serial_now() -> int:
    """A serial number: nodes that are made from now on have greater ones."""
    return constant(0).node.serial


def ruled(
    call: Call, results: Results, before: int, rule: Traced | Again, read: Sequence[Tensor]
) -> tuple[Any, Node | None]:
    """The results with their rule; ``before`` is the serial number from which on the function's own nodes are."""
    others = _others(call, results, before)
    cut = [apply(STOP_GRADIENT, t) for t in results.tensors]
    kept = [apply(CAPTURED, t) for t in others]
    counts = len(cut), len(call.tensors), len(kept)
    outs = apply_all(RULED, *cut, *call.tensors, *kept, *read, counts=counts, rule=rule)
    return results.pack(list(outs)), outs[0].node


def _others(call: Call, results: Results, before: int) -> list[Tensor]:
    """What the results depend on beside the arguments, as far as derivatives are concerned."""
    found: dict[Tensor, None] = {}
    seen = {*call.tensors}
    stack = [t for t in results.tensors if t not in seen]
    while stack:
        tensor = stack.pop()
        if tensor in seen or not is_inexact(tensor.dtype):
            continue
        seen.add(tensor)
        if tensor.node.serial > before:
            stack += [] if cuts(tensor.node) else tensor.inputs
        elif tensor.op is not CONSTANT:
            found[tensor] = None
    return list(found)


def trace(
    call: Call, results: Results, reverse: bool, where: str, ask: Callable[[dict[int, Tensor]], dict[int, Tensor]]
) -> tuple[Traced, list[Tensor]]:
    """The rule as a graph, and what it reads. ``ask`` calls the user's rule with seeds by number."""
    arguments = tuple(k for k, t in enumerate(call.tensors) if is_inexact(t.dtype))
    given = results.inexact if reverse else arguments
    sources = results.tensors if reverse else call.tensors
    seeds = {k: parameter(sources[k].type) for k in given}
    before = serial_now()
    made = ask(seeds)
    own = {t.node for t in seeds.values()}
    outputs = [made[k] for k in sorted(made)]
    read = captures_of(outputs, lambda node: node in own or node.serial > before)
    handed = [parameter(t.type, t.name) for t in read]
    body = make_body((*seeds.values(), *handed), outputs, (), dict(zip(read, handed, strict=True)))
    return Traced(where, reverse, body, given, tuple(sorted(made)), len(results.tensors), len(call.tensors)), read


def fitted(what: str, which: str, value: Any, like: Tensor) -> Tensor | None:
    """What a rule returned in the place of a derivative with the type of ``like``. Raises ShapeError, DTypeError."""
    if value is None or not is_inexact(like.dtype):
        return None
    if is_weak(value):
        return broadcast_to(constant(value, like.dtype), like.shape)
    tensor = to_tensor(value)
    if tensor.dtype != like.dtype:
        raise DTypeError(
            f"{what} returns {describe(tensor)} for {which} {describe(like)}: the dtypes differ; use astype"
        )
    if not may_be_same(tensor.shape, like.shape):
        raise ShapeError(
            f"{what} returns {describe(tensor)} for {which} {describe(like)}: the shapes differ; a derivative has the "
            "shape of what it belongs to, so sum over axes that the function stretches"
        )
    return of_shape(tensor, like.shape)


def place_of(function: Any) -> str:
    """A user's function for an error message."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    name = getattr(function, "__name__", type(function).__name__)
    return f"{name} ({Where(code.co_filename, code.co_firstlineno, name)})" if code else str(name)
