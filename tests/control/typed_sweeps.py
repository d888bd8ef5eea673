"""Statements of random programs that work on one tensor element by element: nests of loops with neighbours, triangular
bounds, several tensors at once, changes one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import staticad as sa
from tests.control.typed_expressions import Kind, Scope

if TYPE_CHECKING:
    from tests.control.typed_programs import TypedProgram

Values = list[sa.Tensor]


def bounds(program: TypedProgram, axis: str, outer: sa.Tensor | None, outer_axis: str) -> tuple[Any, Any]:
    """First and last of a loop over (a part of) an axis; of a triangle if there is a loop around it."""
    size = program.sizes[axis]
    choices: list[tuple[Any, Any]] = [(0, size), (0, size), (1, size), (0, size - 1), (1, size - 1)]
    if outer is not None and outer_axis == axis:
        choices += [(0, outer), (outer, size), (outer + 1, size), (0, outer + 1)]
    if not program.strict:
        choices += [(0, size + 1), (-1, size), (0, program.sizes["a"])]
    return program.rng.choice(choices)


def near(program: TypedProgram, scope: Scope, axis: str, counter: sa.Tensor, free: bool) -> Any:
    """An index close to a counter; ``free`` if the counter may be anything within the axis."""
    size = program.sizes[axis]
    choices = [counter, counter, counter - 1, size - 1 - counter, sa.maximum(counter - 1, 0), counter - size]
    choices += [sa.minimum(counter + 1, size - 1), sa.remainder(counter + 1, size), counter // 2]
    if not program.strict or not free:
        choices.append(counter + 1)
    if program.chance(0.15):
        return program.index(scope, axis, 1)
    return program.rng.choice(choices)


def cell(program: TypedProgram, scope: Scope, kind: Kind, state: Values, place: tuple[sa.Tensor, ...]) -> Values:
    """The state after the change of one place (and perhaps a second one) of each tensor in it."""
    found = []
    for number, tensor in enumerate(state):

        def at(tensor: sa.Tensor) -> tuple[Any, ...]:
            pairs = zip(kind.shape, place, strict=True)
            return tuple(near(program, scope, axis, counter, True) for axis, counter in pairs)

        reads = [program.rng.choice([tensor, *state, *found]) for _ in range(program.rng.randint(1, 4))]
        value: Any = sum((0.3 * sa.sin(read[at(read)]) for read in reads), sa.constant(0.1))
        if program.chance(0.3):
            value = value * program.make(scope, Kind("float64"), 1)
        target = tensor.at[place if program.chance(0.7) else at(tensor)]
        changed = program.rng.choice([target.set, target.set, target.add, target.multiply])(value)
        if program.chance(0.25):
            second = changed.at[at(changed)]
            changed = program.rng.choice([second.set, second.add])(0.4 * tensor[at(tensor)])
        if number and program.chance(0.3):
            changed = changed.at[place].set(found[0][place])
        found.append(changed)
    if len(found) == 2 and program.chance(0.25):
        found.reverse()
    return found


def sweep(program: TypedProgram, scope: Scope, depth: int) -> None:
    """One to three loops inside each other, over the axes of one or two carried tensors."""
    kind = program.rng.choice([Kind("float64", ("a", "b")), Kind("float64", ("a", "a")), Kind("float64", ("a",))])
    state = [program.make(scope, kind, 1) for _ in range(program.rng.randint(1, 2))]
    axes = list(enumerate(kind.shape))
    if program.chance(0.3):
        axes.reverse()
    repeated = program.chance(0.3)

    def over(left: list[tuple[int, str]], counters: dict[int, sa.Tensor], inside: Scope, state: Values) -> Values:
        if not left:
            return cell(program, inside, kind, state, tuple(counters[n] for n in range(len(kind.shape))))
        (number, axis), *others = left
        outer = next(iter(counters.values()), None)
        outer_axis = kind.shape[next(iter(counters))] if counters else ""
        first, last = bounds(program, axis, outer, outer_axis)
        before = program.chance(0.2)
        after = program.chance(0.2)

        def step(i: sa.Tensor, values: Values) -> Values:
            within = inside.inner()
            within.counters.append((axis, i))
            values = list(values)
            if before:
                values[0] = values[0].at[i if number == 0 else (slice(None), i)].multiply(0.9)
            values = over(others, {**counters, number: i}, within, values)
            if after:
                values[-1] = values[-1].at[i if number == 0 else (slice(None), i)].add(0.1)
            return values

        return list(sa.fori_loop(first, last, step, state, checkpoint=program.checkpoint_for(last)))

    if repeated:
        times = program.rng.choice([2, 3, sa.remainder(program.make(scope, Kind("int64"), 1), 3)])
        checkpoint = program.checkpoint_for(times)
        found = sa.fori_loop(0, times, lambda _, s: over(axes, {}, scope, list(s)), state, checkpoint=checkpoint)
    else:
        found = over(axes, {}, scope, state)
    for tensor in found:
        scope.add(kind, tensor)


def changes(program: TypedProgram, scope: Scope, depth: int) -> None:
    """A chain of changes of one tensor, in which old and new values are read again."""
    kind = program.rng.choice([Kind("float64", ("a", "b")), Kind("float64", ("a",)), Kind("int64", ("a",))])
    versions = [program.make(scope, kind, 1)]
    for _ in range(program.rng.randint(2, 4)):
        base = versions[-1] if program.chance(0.8) else program.rng.choice(versions)
        read = program.rng.choice(versions)
        axis = kind.shape[0]
        i, j = (program.index(scope, axis, 1) for _ in range(2))
        value = read[j]
        if kind.dtype == "float64":
            value = sa.cos(value) if program.chance(0.5) else value * 0.5
        target = base.at[i]
        versions.append(program.rng.choice([target.set, target.set, target.add])(value))
    for tensor in versions[-2:] if program.chance(0.4) else versions[-1:]:
        scope.add(kind, sa.remainder(tensor, 7) if kind.dtype == "int64" else tensor)
