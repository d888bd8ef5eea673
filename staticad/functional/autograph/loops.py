"""while and for statements whose condition or number of steps may be a tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from staticad.functional import control
from staticad.functional.autograph.branches import guard_stmt
from staticad.functional.autograph.conditions import and_, condition
from staticad.functional.autograph.staging import Effect, fresh, refuse, staged
from staticad.functional.autograph.states import State, Unsettled
from staticad.functional.autograph.steps import Steps, as_steps
from staticad.functional.autograph.unrolling import unrolling
from staticad.functional.creation import arange
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Tensor
from staticad.ir.provenance import user_call
from staticad.ir.types import TensorType
from staticad.ops.control import parameter
from staticad.ops.promotion import to_tensor
from staticad.ops.sources import constant

Get = Callable[[], tuple[Any, ...]]
Set = Callable[[tuple[Any, ...]], None]
Test = Callable[[], Any]
_ATTEMPTS = 10  # types only widen: a variable goes through at most constant, int, float32, float64


def while_stmt(
    test: Test,
    body: Callable[[], None],
    get_state: Get,
    set_state: Set,
    names: Sequence[str],
    live: Sequence[bool],
    effects: Sequence[Effect] = (),
) -> None:
    """Loop in Python as long as the condition is known; from there on in the graph.

    Raises GraphError, DTypeError, ShapeError for variables that change their form or type from step to step.
    """
    go = condition(test(), "while")
    before = tuple(map(fresh, get_state())) if go is True else ()
    first, certain = True, False
    with unrolling("while", body, get_state) as count:
        while go is True:
            count()
            body()
            go = condition(test(), "while")
            certain, first = first and isinstance(go, Tensor), False
    if certain:
        set_state(before)  # a step is sure to run; it is traced as part of the loop
        _stage_while(test, body, get_state, set_state, names, live, effects, certain=True)
        return
    if isinstance(go, Tensor):
        _stage_while(test, body, get_state, set_state, names, live, effects, certain=False)


def _stage_while(
    test: Test,
    body: Callable[[], None],
    get_state: Get,
    set_state: Set,
    names: Sequence[str],
    live: Sequence[bool],
    effects: Sequence[Effect],
    certain: bool,
) -> None:
    refuse(effects, "while loop")
    state = State("while loop", names, live, get_state(), certain)

    def build(init: list[Tensor], advance: Callable[..., list[Tensor]]) -> list[Tensor]:
        begun = False

        def goes_on(values: list[Tensor]) -> Any:
            nonlocal begun
            if certain and not begun:
                begun = True
                return constant(True)
            with staged():
                set_state(state.unpack(values))
                return condition(test(), "while")

        return control.while_loop(goes_on, lambda values: advance(values, body), init)

    _trace(state, body, build, get_state, set_state)


def for_stmt(
    iterable: Any,
    goes_on: Test | None,
    body: Callable[[Any], None],
    get_state: Get,
    set_state: Set,
    names: Sequence[str],
    live: Sequence[bool],
    effects: Sequence[Effect] = (),
) -> None:
    """Loop over a Python iterable in Python, over tensors and ranges of tensors in the graph.

    ``goes_on`` is the condition under which a loop with break or return continues.
    Raises as `while_stmt`.
    """
    steps = as_steps(iterable)
    if steps is None:
        _iterate(iterable, goes_on, body, get_state, set_state, names, live, effects)
        return
    refuse(effects, "for loop")
    state = State("for loop", names, live, get_state(), False)

    def try_out() -> None:
        slices = tuple(parameter(TensorType(t.shape[1:], t.dtype), t.name) for t in steps.sequences)
        body(steps.item(0, slices))

    length = steps.length
    if goes_on is not None:
        build = _conditional(steps, goes_on, body, state, set_state)
    elif isinstance(length, Tensor):
        build = _counted_at_first(steps, length, body)
    else:
        build = _counted(steps, body)
    _trace(state, try_out, build, get_state, set_state)


def _iterate(
    iterable: Any,
    goes_on: Test | None,
    body: Callable[[Any], None],
    get_state: Get,
    set_state: Set,
    names: Sequence[str],
    live: Sequence[bool],
    effects: Sequence[Effect],
) -> None:
    go: Any = True
    with unrolling("for", body, get_state) as count:
        for item in iterable:
            count()
            if isinstance(go, Tensor):
                guard_stmt(go, partial(body, item), lambda: None, get_state, set_state, names, live, effects)
            else:
                body(item)
            if goes_on is not None:
                go = condition(goes_on(), "for")
                if go is False:
                    return


def _counted(steps: Steps, body: Callable[[Any], None]) -> Callable[..., list[Tensor]]:
    """A loop whose number of steps is a size."""

    def build(init: list[Tensor], advance: Callable[..., list[Tensor]]) -> list[Tensor]:
        with user_call():
            numbers = arange(steps.length)

        def step(values: list[Tensor], xs: list[Tensor]) -> tuple[list[Tensor], None]:
            k, *slices = xs
            return advance(values, lambda: body(steps.item(k, tuple(slices)))), None

        last, _ = control.scan(step, init, [numbers, *steps.sequences])
        return last

    return build


def _counted_at_first(steps: Steps, length: Tensor, body: Callable[[Any], None]) -> Callable[..., list[Tensor]]:
    """A loop whose number of steps is known when it begins."""

    def build(init: list[Tensor], advance: Callable[..., list[Tensor]]) -> list[Tensor]:
        def step(values: list[Tensor], k: Tensor) -> list[Tensor]:
            return advance(values, lambda: body(steps.item(k, tuple(t[k] for t in steps.sequences))))

        return control.counted_loop(length, step, init)

    return build


def _conditional(
    steps: Steps, goes_on: Test | None, body: Callable[[Any], None], state: State, set_state: Set
) -> Callable[..., list[Tensor]]:
    """A loop that counts its steps while it runs."""

    def build(init: list[Tensor], advance: Callable[..., list[Tensor]]) -> list[Tensor]:
        def test(values: list[Tensor]) -> Any:
            k, *rest = values

            def unless_left() -> Any:
                with staged():
                    set_state(state.unpack(rest))
                    return condition(goes_on(), "for") if goes_on is not None else True

            return and_(lambda: k < steps.length, unless_left)

        def step(values: list[Tensor]) -> list[Tensor]:
            k, *rest = values
            slices = tuple(t[k] for t in steps.sequences)
            following = advance(rest, lambda: body(steps.item(k, slices)))
            return [k + 1, *following]

        return control.while_loop(test, step, [to_tensor(0, INT64), *init])[1:]

    return build


def _trace(
    state: State,
    try_out: Callable[[], None],
    build: Callable[..., list[Tensor]],
    get_state: Get,
    set_state: Set,
) -> None:
    """Build a loop, again with wider types until these stay, and set the variables to what it leaves."""

    def experiment() -> None:
        set_state(tuple(map(fresh, state.values)))
        try:
            with staged():
                try_out()
            values = get_state()
        except Exception:  # a Python number led the body astray; with a tensor in its place it may work
            return
        state.try_out(values)

    def advance(values: list[Tensor], step: Callable[[], None]) -> list[Tensor]:
        set_state(state.unpack(values))
        with staged():
            step()
        return state.pack(get_state(), experiment)

    if state.unsettled:
        experiment()
    for _ in range(_ATTEMPTS):
        try:
            last = build(state.start(), advance)
            break
        except Unsettled:
            continue
    else:
        raise AssertionError("the types of a loop do not settle")
    set_state(state.unpack(last, after=True))
