"""Loops of which each step works on a column of its own: all columns at once.

`for j in range(m): b[i, j] += a[i+1:, i] @ b[i+1:, j]` goes down one column after the other, whose elements lie a row
apart. No step reads what another one writes, so the loop is the same as `b[i] += a[i+1:, i] @ b[i+1:]`, whose kernels
run along rows. Such a loop is replaced by its body, in which every tensor that depends on the step has one more axis,
the last one, for the steps.

A step reads and writes arrays that the loop carries at one place of their last axis, which the counter names. What it
adds to an array as a whole is added up over the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from staticad.errors import ShapeError
from staticad.ir.dims import Shape, Size, Symbol, local_symbols
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.local_sizes import size_of
from staticad.ir.provenance import inherit
from staticad.ir.rebuild import copy_node, rebuild
from staticad.lower.index.ranges import Ranges
from staticad.lower.loops.columns import Columns, Dependent, added_terms, again, demand, region, turned
from staticad.ops.arithmetic import ADD, SUB
from staticad.ops.base import Creation, Elementwise, Op, Reduce, Source, apply
from staticad.ops.control import LOOP, PARAMETER, Body, Control, Locals, LoopShape, sizes_spoken_of
from staticad.ops.indexing import GATHER, SCATTER
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, SQUEEZE, TRANSPOSE
from staticad.ops.reduce import SUM
from staticad.ops.slicing import EMBED, REPLACE, SLICE
from staticad.records import dataclass
from staticad.rewrite.match import scalar_value

_VIEWS: tuple[Op, ...] = (EXPAND_DIMS, SQUEEZE, TRANSPOSE, BROADCAST_TO)
MOST = 60  # nodes of a body: what is stored between kernels has all columns, too


def all_at_once(
    local: Locals, outputs: list[Tensor], optimize: Callable[[list[Tensor]], list[Tensor]], ranges: Ranges
) -> tuple[Locals, list[Tensor]]:
    """The outputs over a graph without such loops. The first ones are the values of the ``local`` sizes; those that
    only loops were given are added to both."""
    if all(node.op is not LOOP or not _may_be(node) for node in sort_nodes(outputs)):
        return local, outputs
    given = dict(local)
    replaced = 0

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Sequence[Tensor] | None:
        nonlocal replaced
        if node.op is not LOOP or not _may_be(node):
            return None
        steps = _Steps(node, inputs, optimize, ranges)
        try:
            found = steps.outputs()
        except (Dependent, ShapeError):  # a region of all columns may not be known to lie in the array
            return None
        given.update((symbol, x) for symbol, x in steps.given.items() if symbol not in given)
        replaced += 1
        return found

    made = rebuild(outputs, edit)
    if not replaced:
        return local, outputs
    more = tuple(given.items())[len(local) :]
    count = len(local)
    return (*local, *more), optimize([*made[:count], *(x for _, x in more), *made[count:]])


def _may_be(node: Node) -> bool:
    """False for most loops that are not of this kind."""
    shape: LoopShape = node.attrs["shape"]
    body: Body = node.attrs["body"]
    carries, slices, _ = shape.split_parameters(body.parameters)
    if shape.conditional or shape.counted or not slices or not any(x.ndim > 1 for x in carries):
        return False
    nodes = sort_nodes(body.roots)
    if len(nodes) > MOST or any(isinstance(inner.op, Control) for inner in nodes):
        return False
    return not any(inner.constraints for inner in (*nodes, *body.demands))  # which hold where the body is entered


@dataclass
class _Steps:
    """The steps of a loop at once. ``same`` are the tensors of the body that do not depend on the step, ``wide`` those
    that do, with an axis for the steps."""

    node: Node
    inputs: tuple[Tensor, ...]
    optimize: Callable[[list[Tensor]], list[Tensor]]
    ranges: Ranges
    same: dict[Tensor, Tensor] = field(default_factory=dict)
    wide: dict[Tensor, Tensor] = field(default_factory=dict)
    columns: dict[Tensor, Columns] = field(default_factory=dict)
    counters: dict[Tensor, Size] = field(default_factory=dict)  # the counters, and the first number of each
    sizes: dict[Symbol, Size | None] = field(default_factory=dict)  # local sizes of a step: the first, of counters
    given: dict[Symbol, Tensor] = field(default_factory=dict)  # local sizes of the loops around
    places: dict[int, Size] = field(default_factory=dict)  # of carried arrays: the column of the first step
    vectors: int = 0  # how often a step reads or writes a column that is more than a number

    def outputs(self) -> Sequence[Tensor]:
        """What stands for the outputs of the loop."""
        shape, body = self._shape, self.node.attrs["body"]
        roots = self.optimize(list(body.roots))
        following, results = shape.split_outputs(roots)
        carries, slices, captures = shape.split_parameters(body.parameters)
        first, sequences, captured = shape.split_parameters(self.inputs)
        self.same.update(zip(captures, captured, strict=True))
        for own, sequence in zip(slices, sequences, strict=True):
            self.wide[own] = turned(sequence, (*range(1, sequence.ndim), 0))
            counting = self.ranges.progression(sequence)
            if counting is not None and counting[1] == 1:
                self.counters[own] = counting[0]
        for (symbol, _), value in zip(body.locals, roots[len(body.outputs) :], strict=True):
            if value in self.same:
                self.given[symbol] = self.same[value]
            else:
                self.sizes[symbol] = self._first(value)
        added = added_terms(carries, following, roots)
        for number, (own, x) in enumerate(zip(carries, first, strict=True)):
            if following[number] is own:
                self.same[own] = x
            elif own not in added:
                self.columns[own] = Columns(number, 0, x)
        for node in sort_nodes([*(added.get(own, x) for own, x in zip(carries, following, strict=True)), *results]):
            if node.op is not PARAMETER:
                with inherit(node.where):
                    self._node(node)
        demand(self.vectors > 0)
        with inherit(self.node.where):
            last = [self._last(*each, added) for each in zip(range(len(first)), carries, first, following, strict=True)]
            made = [*last, *map(self._stacked, results)]
        demand(all(x.type == t.type for x, t in zip(made, self.node.outputs, strict=True)))
        return made

    @property
    def _shape(self) -> LoopShape:
        shape: LoopShape = self.node.attrs["shape"]
        return shape

    def _last(self, number: int, own: Tensor, first: Tensor, following: Tensor, added: dict[Tensor, Tensor]) -> Tensor:
        """What stands for a carry after the last step."""
        if own in added:
            term = added[own]
            demand(term in self.wide and term.shape == own.shape)
            return apply(following.op, first, apply(SUM, self.wide[term], axes=(term.ndim,)))
        if following is own:
            return first
        found = self.columns.get(following)
        demand(found is not None and found.root == number and found.shift == 0)
        assert found is not None
        return found.tensor

    def _stacked(self, result: Tensor) -> Tensor:
        return turned(self._widened(result), (result.ndim, *range(result.ndim)))

    # ---- nodes of the body ---------------------------------------------------------------------------------------

    def _node(self, node: Node) -> None:
        op, x = node.op, node.outputs[0]
        demand(len(node.outputs) == 1)
        if op is SLICE and (node.inputs[0] in self.columns or self._moves(node.attrs["starts"][-1])):
            self._slice(node)
            return
        if op is REPLACE and node.inputs[0] in self.columns:
            self._replace(node)
            return
        if op is GATHER and (node.inputs[0] in self.columns or self._moving(node.inputs[1:])):
            self._gather(node)
            return
        if op is SCATTER and node.inputs[0] in self.columns:
            self._scatter(node)
            return
        if op in (EXPAND_DIMS, SQUEEZE) and node.inputs[0] in self.columns:
            array, axes = self.columns[node.inputs[0]], node.attrs["axes"]
            demand(max(x.ndim, node.inputs[0].ndim) - 1 not in axes)
            self.columns[x] = Columns(array.root, array.shift, apply(op, array.tensor, axes=axes))
            return
        demand(sizes_spoken_of(node).isdisjoint(self.sizes) and all(y not in self.columns for y in node.inputs))
        if all(y in self.same for y in node.inputs):
            demand(isinstance(op, (Source, Creation, Elementwise, Reduce)) or op in _VIEWS or self._certain(node))
            self.same[x] = copy_node(node, tuple(self.same[y] for y in node.inputs)).out
        elif isinstance(op, Elementwise):
            operands = tuple(self.wide[y] if y in self.wide else self._beside(self.same[y]) for y in node.inputs)
            self.wide[x] = again(node, operands, dict(node.attrs))
        elif isinstance(op, Reduce) or op in (EXPAND_DIMS, SQUEEZE):
            self.wide[x] = again(node, (self.wide[node.inputs[0]],), dict(node.attrs))
        elif op is TRANSPOSE:
            self.wide[x] = again(node, (self.wide[node.inputs[0]],), {"axes": (*node.attrs["axes"], x.ndim)})
        elif op is BROADCAST_TO:
            self.wide[x] = again(node, (self.wide[node.inputs[0]],), {"shape": (*node.attrs["shape"], self._steps)})
        elif op in (SLICE, EMBED, REPLACE):
            behind = {"starts": 0, "steps": 1, "sizes": self._steps, "shape": self._steps}
            given = {k: (*v, behind[k]) if k in behind else v for k, v in node.attrs.items()}
            self.wide[x] = again(node, tuple(map(self._widened, node.inputs)), given)
        else:
            raise Dependent
        demand(x in self.same or sum(size != 1 for size in x.shape) <= 1)  # it may be stored, for all steps

    @property
    def _steps(self) -> Size:
        return self._shape.length

    def _certain(self, node: Node) -> bool:
        """True for a gather or slice that can't fail: the loop may have made no step."""
        if node.op is SLICE:
            return not node.constraints
        return node.op is GATHER and self._within(node.inputs[0].shape, node.inputs[1:], node.attrs["axes"])

    def _within(self, shape: Shape, indices: Sequence[Tensor], axes: Sequence[int]) -> bool:
        found = (self.ranges.within(self.same[i], shape[a]) for i, a in zip(indices, axes, strict=True))
        return all(i in self.same for i in indices) and all(found)

    @staticmethod
    def _beside(x: Tensor) -> Tensor:
        """An operand that is the same for all steps."""
        return apply(EXPAND_DIMS, x, axes=(x.ndim,)) if x.ndim else x

    def _widened(self, x: Tensor) -> Tensor:
        """A tensor with an axis for the steps."""
        if x in self.wide:
            return self.wide[x]
        demand(x in self.same)
        return apply(BROADCAST_TO, self._beside(self.same[x]), shape=(*x.shape, self._steps))

    # ---- columns -------------------------------------------------------------------------------------------------

    def _moves(self, size: Size) -> bool:
        """True for a size that depends on the step."""
        return not local_symbols(size).isdisjoint(self.sizes)

    def _start(self, size: Size) -> Size:
        """Where the first step's column is, by the start of a region: a counter, plus what is the same everywhere."""
        (symbol, *others) = local_symbols(size) & set(self.sizes)
        first, rest = self.sizes[symbol], size - size_of(symbol)
        demand(first is not None and not others and not self._moves(rest))
        assert first is not None
        return rest + first

    def _first(self, index: Tensor) -> Size | None:
        """The number of the first step, of a counter plus a number."""
        moved: Size = 0
        while index not in self.counters:
            if index.op not in (ADD, SUB):
                return None
            left, right = index.node.inputs
            if index.op is ADD and scalar_value(left) is not None:
                left, right = right, left
            number = scalar_value(right)
            if number is None:
                return None
            moved, index = moved + (int(number) if index.op is ADD else -int(number)), left
        return moved + self.counters[index]

    def _moving(self, indices: Sequence[Tensor]) -> bool:
        return any(i not in self.same for i in indices)

    def _array(self, x: Tensor) -> Columns:
        """An array of which steps read columns."""
        found = self.columns.get(x)
        if found is None:
            demand(x in self.same)
            found = Columns(None, 0, self.same[x])
        return found

    def _at(self, array: Columns, start: Size) -> Size:
        """A column as one of this array, if it is the one that is this step's."""
        if array.root is not None:
            place = start + array.shift
            demand(self.places.setdefault(array.root, place) == place)
        return start

    def _read(self, array: Columns, start: Size) -> Tensor:
        """The columns of all steps."""
        x = array.tensor
        self.vectors += x.ndim > 1
        return region(x, self._at(array, start), self._steps)

    def _written(self, array: Columns, start: Size, value: Tensor) -> Columns:
        x = array.tensor
        if start == 0 and x.shape[-1] == self._steps:
            return Columns(array.root, array.shift, value)
        starts = (*(0 for _ in x.shape[:-1]), self._at(array, start))
        made = apply(REPLACE, x, value, starts=starts, sizes=value.shape, steps=(1,) * x.ndim)
        demand(not made.node.constraints)
        return Columns(array.root, array.shift, made)

    def _slice(self, node: Node) -> None:
        array, x, attrs = self._array(node.inputs[0]), node.outputs[0], node.attrs
        starts, sizes, steps = attrs["starts"], attrs["sizes"], attrs["steps"]
        demand(not any(map(self._moves, (*starts[:-1], *sizes))) and steps[-1] == 1)
        if not self._moves(starts[-1]):
            demand(not node.constraints)
            made = again(node, (array.tensor,), dict(attrs))
            self.columns[x] = Columns(array.root, array.shift + starts[-1], made)
            return
        demand(sizes[-1] == 1)
        start = self._at(array, self._start(starts[-1]))
        given = {"starts": (*starts[:-1], start), "sizes": (*sizes[:-1], self._steps), "steps": steps}
        made = again(node, (array.tensor,), given)
        demand(not made.node.constraints)
        self.vectors += x.ndim > 1
        self.wide[x] = apply(EXPAND_DIMS, made, axes=(x.ndim - 1,))

    def _replace(self, node: Node) -> None:
        array, value, x, attrs = self.columns[node.inputs[0]], node.inputs[1], node.outputs[0], node.attrs
        starts, sizes, steps = attrs["starts"], attrs["sizes"], attrs["steps"]
        demand(not any(map(self._moves, (*starts[:-1], *sizes))) and steps[-1] == 1)
        if value in self.columns:
            part = self.columns[value]
            demand(part.root == array.root and part.shift == array.shift + starts[-1] and not node.constraints)
            made = again(node, (array.tensor, part.tensor), dict(attrs))
        else:
            demand(sizes[-1] == 1 and self._moves(starts[-1]))
            start = self._at(array, self._start(starts[-1]))
            new = apply(SQUEEZE, self._widened(value), axes=(x.ndim - 1,))
            given = {"starts": (*starts[:-1], start), "sizes": (*sizes[:-1], self._steps), "steps": steps}
            made = again(node, (array.tensor, new), given)
            demand(not made.node.constraints)
            self.vectors += x.ndim > 1
        self.columns[x] = Columns(array.root, array.shift, made)

    def _indexed(self, node: Node, indices: Sequence[Tensor]) -> tuple[list[Tensor], tuple[int, ...], Size]:
        """The indices of other axes than the last one, these axes, and where the first step's column is."""
        axes, array = node.attrs["axes"], node.inputs[0]
        demand(not node.attrs["aligned"] and axes[-1] == array.ndim - 1 and all(i.ndim == 0 for i in indices))
        start = self._first(indices[-1])
        demand(start is not None and self._within(array.shape, indices[:-1], axes[:-1]))
        assert start is not None
        return [self.same[i] for i in indices[:-1]], axes[:-1], start

    def _gather(self, node: Node) -> None:
        array, (_, *indices) = self._array(node.inputs[0]), node.inputs
        others, axes, start = self._indexed(node, indices)
        found = self._read(array, start)
        if others:
            found = apply(GATHER, found, *others, axes=axes, position=0, aligned=False)
            self.vectors -= found.ndim == 1
        self.wide[node.outputs[0]] = found

    def _scatter(self, node: Node) -> None:
        array, (_, value, *indices) = self.columns[node.inputs[0]], node.inputs
        others, axes, start = self._indexed(node, indices)
        new, mode = self._widened(value), node.attrs["mode"]
        self.vectors += value.ndim > 0
        if others:
            old = region(array.tensor, self._at(array, start), self._steps)
            new = apply(SCATTER, old, new, *others, axes=axes, position=0, aligned=False, mode=mode)
        elif mode == "add":
            new = apply(ADD, region(array.tensor, self._at(array, start), self._steps), new)
        else:
            demand(mode == "set")
        self.columns[node.outputs[0]] = self._written(array, start, new)
