"""if statements and conditional expressions whose condition may be a tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from staticad.boundary import shortened
from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional.autograph.conditions import condition
from staticad.functional.autograph.leaves import float_beside, is_numeric, is_scalar, outline, promoted, same_constant
from staticad.functional.autograph.staging import Effect, fresh, refuse, staged, turned
from staticad.functional.autograph.undefined import Partial, Undefined, is_flag, is_internal, whole
from staticad.functional.control import Joined, build_branches
from staticad.functional.movement import broadcast_to
from staticad.functional.nests import flatten
from staticad.ir.dtypes import INT64, DType, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here, user_call
from staticad.ir.types import may_be_same
from staticad.ops.creation import zeros
from staticad.ops.promotion import cast, common_dtype, to_tensor

Block = Callable[[], Any]
Make = Callable[[Iterator[Tensor]], Any]


def if_stmt(
    test: Any,
    body: Block,
    orelse: Block,
    get_state: Callable[[], tuple[Any, ...]],
    set_state: Callable[[tuple[Any, ...]], None],
    names: Sequence[str],
    live: Sequence[bool],
    effects: Sequence[Effect] = (),
    guards: bool = False,
) -> None:
    """Run one of the blocks if the condition is known, else make a choice in the graph.

    ``names`` are the variables that the blocks assign, ``live`` says whose values matter afterwards. A variable that
    only one block defines has no value afterwards, unless the other one was left. ``guards``: the condition is that no
    block was left before, and ``orelse`` is empty. Numbers take the dtype of the tensor in the other block; floats in
    both become that of the float tensors among the variables, or float64.
    Raises GraphError, DTypeError or ShapeError for a variable whose values have different forms or types.
    """
    with shortened:
        chosen = condition(test, "if")
        if not isinstance(chosen, Tensor):
            (body if chosen else orelse)()
            return
        refuse(effects, "if")
        before = get_state()

        def run(block: Block) -> Block:
            def traced() -> tuple[Any, ...]:
                set_state(tuple(map(fresh, before)))
                block()
                return get_state()

            return traced

        set_state(choose(chosen, run(body), run(orelse), names, live, guards))


def if_exp(test: Any, body: Block, orelse: Block) -> Any:
    """``body if test else orelse``."""
    chosen = condition(test, "if")
    if not isinstance(chosen, Tensor):
        return body() if chosen else orelse()
    (value,) = choose(chosen, lambda: (body(),), lambda: (orelse(),), ["the value of the expression"], [True])
    return value


guard_stmt = partial(if_stmt, guards=True)  # for what runs only where no block was left before it


def choose(
    chosen: Tensor, body: Block, orelse: Block, names: Sequence[str], live: Sequence[bool], guards: bool = False
) -> tuple[Any, ...]:
    """The values of the variables after a choice that a run makes."""

    def join(results: list[Any]) -> Joined:
        otherwise, then = results
        outputs: list[list[Tensor]] = [[], []]
        makers = []
        left = _left(names, then), guards or _left(names, otherwise)
        default = float_beside(
            [whole(v) for v, matters in zip((*then, *otherwise), (*live, *live), strict=True) if matters]
        )
        for name, matters, one, other in zip(names, live, then, otherwise, strict=True):
            makers.append(_merge(name, matters, one, other, outputs, default, left))

        def pack(tensors: list[Tensor]) -> tuple[Any, ...]:
            values = iter(tensors)
            return tuple(make(values) for make in makers)

        return outputs, pack

    def build(block: Block) -> Block:
        def traced() -> Any:
            with staged():
                return block()

        return traced

    with user_call():
        index = cast(chosen, INT64)
    try:
        return build_branches(index, [build(orelse), build(body)], (), join)
    except RecursionError:
        raise GraphError(
            f"the function at {here()} calls itself under a condition that only a run decides, so that building its "
            "graph never ends; write it as a loop"
        ) from None


def _left(names: Sequence[str], values: Sequence[Any]) -> bool:
    """Whether a block always ends with a jump out of it."""
    return any(value is True and is_flag(name) for name, value in zip(names, values, strict=True))


def _merge(
    name: str,
    matters: bool,
    then: Any,
    otherwise: Any,
    outputs: list[list[Tensor]],
    default: DType,
    left: tuple[bool, bool],
) -> Make:
    """What makes the value of a variable afterwards from the outputs, to which its tensors are added. ``left`` tells
    which of the blocks always jump away, so that nothing reads what their variables hold then."""
    if not matters:
        return _constant(Undefined(name, f"has no value after the if at {here()}"))
    if then is otherwise:
        return _constant(then)
    if isinstance(then, Partial) or isinstance(otherwise, Partial):
        return _partial(name, _merge(name, matters, whole(then), whole(otherwise), outputs, default, left))
    if isinstance(then, Undefined) or isinstance(otherwise, Undefined):
        if isinstance(then, Undefined) and isinstance(otherwise, Undefined):
            return _constant(then)
        if not is_internal(name) and not left[isinstance(otherwise, Undefined)]:
            reason = f"is assigned in only one block of the if at {here()}, and a run decides which one it takes"
            return _constant(Undefined(name, reason + "; assign it before, or in both"))
        defined = otherwise if isinstance(then, Undefined) else then
        fill_then = isinstance(then, Undefined)
        make = _collect(name, defined, defined, outputs, default, fill_then=fill_then, filled=True)
        return make if is_internal(name) else _partial(name, make)
    return _collect(name, then, otherwise, outputs, default)


def _partial(name: str, make: Make) -> Make:
    def made(values: Iterator[Tensor]) -> Any:
        value = make(values)
        return value if isinstance(value, (Undefined, Partial)) else Partial(name, value)

    return made


def _chosen(python: bool) -> Make:
    return lambda values: turned(next(values), python)


def _constant(value: Any) -> Make:
    return lambda values: value


def _collect(
    name: str,
    then: Any,
    otherwise: Any,
    outputs: list[list[Tensor]],
    default: DType,
    fill_then: bool = False,
    filled: bool = False,
) -> Make:
    leaves, rebuild, form = flatten(then)
    others, _, other_form = flatten(otherwise)
    if form != other_form:
        raise GraphError(
            f"{called(name)} is {outline(then)} in one block and {outline(otherwise)} in the other block of the if at "
            f"{here()}; a value that a run chooses has the same form in both"
        )
    makers: list[Make] = []
    for leaf, other in zip(leaves, others, strict=True):
        if filled and is_scalar(leaf) and not is_internal(name):
            makers.append(_constant(leaf))  # nothing reads it in the other block
            continue
        if filled and is_numeric(leaf):
            tensor = to_tensor(leaf)
            empty = zeros(tensor.type)
            pair = (tensor, empty) if not fill_then else (empty, tensor)
        elif leaf is other or same_constant(leaf, other):
            makers.append(_constant(leaf))
            continue
        else:
            pair = _agree(name, leaf, other, default)
        outputs[1].append(pair[0])
        outputs[0].append(pair[1])
        makers.append(_chosen(not isinstance(leaf, Tensor) or not isinstance(other, Tensor)))
    return lambda values: rebuild([make(values) for make in makers])


def _agree(name: str, then: Any, otherwise: Any, default: DType) -> tuple[Tensor, Tensor]:
    """Two values of a variable as tensors of one type; Python's floats take the default."""
    if not is_numeric(then) or not is_numeric(otherwise):
        raise GraphError(
            f"{called(name)} is {outline(then)} in one block and {outline(otherwise)} in the other block of the if at "
            f"{here()}; only tensors and numbers can depend on a run"
        )
    if isinstance(then, Tensor) and isinstance(otherwise, Tensor):
        if then.dtype != otherwise.dtype:
            raise DTypeError(f"{_differ(name, then, otherwise)}; the dtypes have to be equal, use astype")
        _same_shape(name, then, otherwise)
        return then, otherwise
    with user_call():
        if isinstance(then, Tensor):
            return then, _like(name, otherwise, then)
        if isinstance(otherwise, Tensor):
            return _like(name, then, otherwise), otherwise
        dtype = common_dtype(then, otherwise)
        if is_float(dtype) and is_scalar(then) and is_scalar(otherwise):
            dtype = default
        one, other = to_tensor(then, dtype), to_tensor(otherwise, dtype)
    _same_shape(name, one, other)
    return one, other


def _like(name: str, number: Any, tensor: Tensor) -> Tensor:
    if promoted(tensor.dtype, number) != tensor.dtype:
        raise DTypeError(
            f"{called(name)} is {outline(number)} in one block and {describe(tensor)} in the other block of the if "
            f"at {here()}; {number!r} does not fit {tensor.dtype}, use astype"
        )
    converted = to_tensor(number, tensor.dtype)
    if not converted.ndim and tensor.ndim:
        return broadcast_to(converted, tensor.shape)
    _same_shape(name, converted, tensor)
    return converted


def _same_shape(name: str, one: Tensor, other: Tensor) -> None:
    if not may_be_same(one.shape, other.shape):
        raise ShapeError(f"{_differ(name, one, other)}; the shapes have to be equal")


def _differ(name: str, one: Tensor, other: Tensor) -> str:
    return (
        f"{called(name)} is {describe(one)} in one block and {describe(other)} in the other block of the if at {here()}"
    )


def called(name: str) -> str:
    """A variable for a message."""
    return "the returned value" if is_internal(name) else repr(name) if name.isidentifier() else name
