"""Control flow in the graph: cond, switch, while_loop, fori_loop, scan. Names and order of arguments follow JAX.

The functions given to them are called once, with symbolic tensors, to build the bodies. Tensors of the surrounding
graph that they use are captured. What a loop's body computes from captured tensors alone is computed once, outside.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional import local_sizes
from staticad.functional.bodies import captures_of, locals_in, make_body, shared_locals, varying
from staticad.functional.checkpoint import check_choice, segmented
from staticad.functional.creation import arange
from staticad.functional.elementwise import clip, maximum
from staticad.functional.hoist import hoist_products
from staticad.functional.nests import flatten, form_text
from staticad.functional.shapes import as_size
from staticad.ir import dims
from staticad.ir.dims import Dim, Size, is_runtime
from staticad.ir.dtypes import BOOL, INT64
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.proofs import may_stay
from staticad.ir.provenance import here, user_call
from staticad.ir.types import TensorType, may_be_equal, may_be_same
from staticad.ops.base import apply_all
from staticad.ops.control import COND, LOOP, LoopShape, parameter
from staticad.ops.promotion import cast, common_dtype, to_tensor
from staticad.ops.sources import is_weak

Function = Callable[..., Any]
Joined = tuple[list[list[Tensor]], Callable[[list[Tensor]], Any]]
MOST_NESTED = 64  # bodies inside one another: what works on them calls itself for every level


def inside(what: str, function: Function, *arguments: Any) -> Any:
    """What a function of the user's returns that makes a body. Raises GraphError where it stands too deep in others."""
    if local_sizes.nested() >= MOST_NESTED:
        raise GraphError(
            f"{what}: more than {MOST_NESTED} loops and branches stand in one another at {here()}, or a function calls "
            "itself under a condition that only a run decides, so that building its graph never ends; write nested "
            "branches as one sa.switch, recursion as a loop"
        )
    return local_sizes.inside(function, *arguments)


def cond(pred: Any, true_fn: Function, false_fn: Function, *operands: Any) -> Any:
    """``true_fn(*operands)`` where ``pred`` (a bool scalar) holds, else ``false_fn(*operands)``; only one of them runs.

    Both return nests of the same form, shapes and dtypes. Raises GraphError, ShapeError, DTypeError where they differ,
    and for a predicate that is no bool scalar.
    """
    chosen = to_tensor(pred)
    if chosen.dtype != BOOL or chosen.ndim:
        raise DTypeError(
            f"cond: the predicate has to be a bool scalar, not {describe(chosen)}; compare or reduce first"
        )
    with user_call():
        index = cast(chosen, INT64)
    return _switch("cond", index, [false_fn, true_fn], operands)


def switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    """``branches[index](*operands)`` for an integer scalar; only that branch runs. An index outside is clamped.

    Raises as `cond`.
    """
    if not isinstance(branches, (list, tuple)) or not branches or not all(map(callable, branches)):
        raise GraphError(f"switch needs a list of at least one branch, all of them functions, not {branches!r}")
    chosen = to_tensor(index)
    if chosen.dtype.kind not in "iu" or chosen.ndim:
        raise DTypeError(f"switch: the index has to be an integer scalar, not {describe(chosen)}")
    with user_call():
        place = cast(clip(chosen, 0, len(branches) - 1), INT64)
    return _switch("switch", place, list(branches), operands)


def _switch(what: str, index: Tensor, branches: list[Function], operands: tuple[Any, ...]) -> Any:
    def join(results: list[Any]) -> Joined:
        outputs: list[list[Tensor]] = []
        forms: list[Any] = []
        for result in results:
            flat, pack, form = flatten(result)
            outputs.append([to_tensor(leaf) for leaf in flat])
            forms.append((form, pack))
        names = ["false_fn", "true_fn"] if what == "cond" else [f"branch {k}" for k in range(len(results))]
        order = sorted(range(len(results)), reverse=what == "cond")  # as they are given
        first = order[0]
        for k in order[1:]:
            if forms[k][0] != forms[first][0]:
                raise GraphError(
                    f"{what}: the branches return different nests: {form_text(forms[first][0])} from "
                    f"{names[first]} and {form_text(forms[k][0])} from {names[k]}, at {here()}; return the same nest "
                    "from both"
                )
            for number, (one, other) in enumerate(zip(outputs[first], outputs[k], strict=True)):
                _same_result(f"{what}: result {number}", one, names[first], other, names[k])
        return outputs, forms[0][1]

    return build_branches(index, branches, operands, join)


def build_branches(
    index: Tensor, branches: Sequence[Function], operands: tuple[Any, ...], join: Callable[[list[Any]], Joined]
) -> Any:
    """The node of a choice. ``join`` makes of what the branches return the outputs of each, of equal types, and gives
    a function that makes the result of the node's outputs."""
    leaves, rebuild, _ = flatten(tuple(operands))
    tensors = [to_tensor(leaf) for leaf in leaves]
    parameters = [parameter(t.type, t.name) for t in tensors]
    mark = parameters[-1].node.serial if parameters else index.node.serial
    outputs, pack = join([inside("cond", branch, *rebuild(list(parameters))) for branch in branches])
    own = {p.node for p in parameters}

    def made_inside(node: Node) -> bool:
        return node in own or node.serial > mark

    sizes = shared_locals([locals_in("cond", flat, flat, made_inside) for flat in outputs], made_inside)
    roots = [*(t for flat in outputs for t in flat), *(t for known in sizes for _, t in known)]
    captured = captures_of(roots, made_inside)
    handed = [parameter(t.type, t.name) for t in captured]
    mapping = dict(zip(captured, handed, strict=True))
    bodies = tuple(
        make_body((*parameters, *handed), flat, known, mapping) for flat, known in zip(outputs, sizes, strict=True)
    )
    local_sizes.forget()
    with user_call():
        found = apply_all(COND, index, *tensors, *captured, branches=bodies) if outputs[0] else ()
    return pack(list(found))


def while_loop(cond_fn: Function, body_fn: Function, init: Any, *, checkpoint: str | None = None) -> Any:
    """``while cond_fn(state): state = body_fn(state)``; the last state. The trip count may depend on data.

    The state is a nest of tensors whose form, shapes and dtypes stay the same. Differentiable in every mode: the
    forward pass records what the backward pass needs on tapes that grow.
    With ``checkpoint`` "sqrt" or "log" the tapes hold about √n or log n states of n steps, and steps are computed
    again (see `staticad.functional.checkpoint`).
    Raises GraphError (form), ShapeError and DTypeError with both lines, and for a condition that is no bool scalar.
    """
    check_choice("while_loop", checkpoint)
    leaves, rebuild, form = flatten(init)
    carry = [to_tensor(leaf) for leaf in leaves]
    parameters = [parameter(t.type, t.name) for t in carry]
    following = _same_form("while_loop", inside("while_loop", body_fn, rebuild(list(parameters))), form, carry)
    with user_call():
        first = _condition(cond_fn(rebuild(list(carry))))
        again = _condition(cond_fn(rebuild(following)))
    shape = LoopShape(len(carry), 0, 0, 0, dims.fresh_runtime("steps"), conditional=True)
    found = _loop(parameters, [*following, again], carry, [], [first], shape, checkpoint)
    return rebuild(list(found[: len(carry)]))


def _condition(value: Any) -> Tensor:
    tensor = to_tensor(value)
    if tensor.dtype != BOOL or tensor.ndim:
        raise DTypeError(f"while_loop: the condition has to be a bool scalar, not {describe(tensor)}; reduce it first")
    return tensor


def fori_loop(lower: Any, upper: Any, body_fn: Function, init: Any, *, checkpoint: str | None = None) -> Any:
    """``for i in range(lower, upper): state = body_fn(i, state)``; the last state. ``i`` is an int64 scalar.

    Bounds that are ints or sizes make a loop whose length is known before the run, integer tensors one whose length is
    known when it begins; with a ``checkpoint`` that is a while loop.
    ``checkpoint`` and errors as in `while_loop`; DTypeError for bounds that are not integers, or uint64.
    """
    lower, upper = _loop_bound(lower), _loop_bound(upper)
    if not isinstance(lower, Tensor) and not isinstance(upper, Tensor):
        with user_call():
            numbers = arange(dims.maximum(upper - lower, 0))
            first = _offset(lower)

        def step(state: Any, number: Tensor) -> tuple[Any, None]:
            with user_call():
                i = number if lower == 0 else number + first
            return body_fn(i, state), None

        last, _ = _scan("fori_loop", step, init, numbers, None, False, checkpoint)
        return last
    start, stop = (cast(to_tensor(bound), INT64) for bound in (lower, upper))
    if checkpoint is None:
        from_zero = isinstance(lower, int) and lower == 0
        with user_call():
            steps = maximum(stop - start, 0)
        return counted_loop(steps, lambda state, k: body_fn(k if from_zero else k + start, state), init)
    _, last = while_loop(lambda s: s[0] < stop, lambda s: (s[0] + 1, body_fn(*s)), (start, init), checkpoint=checkpoint)
    return last


def counted_loop(steps: Tensor, fn: Function, init: Any) -> Any:
    """``state = fn(state, k)`` for k = 0, 1, … below a number that is known when the loop begins; the last state.

    No loop around it has a place for its record: there the backward pass runs it again.
    """
    leaves, rebuild, form = flatten(init)
    carry = [to_tensor(leaf) for leaf in leaves]
    shape = LoopShape(len(carry), 1, 0, 0, dims.fresh_runtime("steps"), counted=True)
    with user_call():
        numbers = arange(shape.length)
    k = parameter(TensorType((), INT64))
    parameters = [parameter(t.type, t.name) for t in carry]
    following = _same_form("fori_loop", inside("fori_loop", fn, rebuild(list(parameters)), k), form, carry)
    return rebuild(list(_loop([*parameters, k], following, carry, [numbers], [steps], shape, None)))


def _loop_bound(value: Any) -> Size | Tensor:
    """A bound of a loop: an int of 64 bits, a size, or an integer tensor."""
    if isinstance(value, Dim):
        return value
    if isinstance(value, Tensor):
        if value.ndim:
            raise ShapeError(f"fori_loop: bounds are integer scalars, not {describe(value)}")
        counted = count_tensor("fori_loop", value)
        size = local_sizes.as_size(counted)
        return counted if size is None else size
    try:
        number = operator.index(value)
    except TypeError:
        kind = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
        raise DTypeError(f"fori_loop: bounds are integer scalars and sizes, not {kind}, at {here()}") from None
    if abs(number) > dims.LARGEST:
        raise GraphError(f"fori_loop: the bound {number} is beyond what the 64 bits of the loop's counter hold")
    return number


def count_tensor(what: str, tensor: Tensor) -> Tensor:
    """A tensor that counts, as int64. Raises DTypeError for other than integers that are sure to be of 64 bits."""
    if tensor.ndim or tensor.dtype.kind not in "iu":
        raise DTypeError(f"{what}: bounds are integer scalars, not {describe(tensor)}; use astype('int64')")
    if tensor.dtype == np.uint64:
        raise DTypeError(f"{what}: {describe(tensor)} may be beyond int64, in which loops count; use astype('int64')")
    return cast(tensor, INT64)


def _offset(size: Size) -> Any:
    return size if isinstance(size, int) else to_tensor(size)


def scan(
    fn: Function,
    init: Any,
    xs: Any = None,
    length: Size | None = None,
    reverse: bool = False,
    *,
    checkpoint: str | None = None,
) -> tuple[Any, Any]:
    """``state, y = fn(state, x)`` for every slice x of ``xs`` along axis 0; the last state, and the ys stacked.

    ``xs`` is a nest of tensors of equal leading size, or None with ``length`` given (then x is None). With
    ``reverse`` the slices are taken from the last to the first; ys stay in the order of xs.
    ``checkpoint`` as in `while_loop`; "log" needs a number of steps that is known when the graph is built.
    Raises GraphError (forms, no length), ShapeError and DTypeError with both lines.
    """
    return _scan("scan", fn, init, xs, length, reverse, checkpoint)


def _scan(
    what: str, fn: Function, init: Any, xs: Any, length: Size | None, reverse: bool, checkpoint: str | None
) -> tuple[Any, Any]:
    """`scan`, which errors call ``what``."""
    check_choice(what, checkpoint)
    leaves, rebuild, form = flatten(init)
    sequences, rebuild_slices, _ = flatten(xs)
    carry = [to_tensor(leaf) for leaf in leaves]
    stacks = [to_tensor(leaf) for leaf in sequences]
    steps = _length(stacks, length)
    slices = [parameter(TensorType(t.shape[1:], t.dtype), t.name) for t in stacks]
    for sequence, own in zip(stacks, slices, strict=True):
        local_sizes.count(sequence, own)
    parameters = [parameter(t.type, t.name) for t in carry]
    result = inside(what, fn, rebuild(list(parameters)), rebuild_slices(list(slices)))
    if not isinstance(result, tuple) or len(result) != 2:
        raise GraphError(f"{what}: the function returns (state, y), not {type(result).__name__}, at {here()}")
    following = _same_form(what, result[0], form, carry)
    flat, pack, _ = flatten(result[1])
    ys = [to_tensor(leaf) for leaf in flat]
    shape = LoopShape(len(carry), len(stacks), 0, len(ys), steps, reverse)
    found = _loop([*parameters, *slices], [*following, *ys], carry, stacks, [], shape, checkpoint)
    return rebuild(list(found[: len(carry)])), pack(list(found[len(carry) :]))


def _length(stacks: list[Tensor], given: Any) -> Size:
    length = None if given is None else as_size(given)
    for tensor in stacks:
        if not tensor.ndim:
            raise ShapeError(f"scan: {describe(tensor)} has no axis to take slices along")
        if length is None:
            length = tensor.shape[0]
        elif not may_be_equal(length, tensor.shape[0]):
            raise ShapeError(f"scan: {describe(tensor)} has {tensor.shape[0]} slices, not {length}")
    if length is None:
        raise GraphError("scan without xs needs length=")
    return length


def _same_form(what: str, state: Any, form: Any, carry: list[Tensor]) -> list[Tensor]:
    leaves, _, found = flatten(state)
    if found != form:
        forms = f"from {form_text(form)} to {form_text(found)}"
        raise GraphError(f"{what}: the state changes its form {forms}, at {here()}")
    tensors = []
    for number, (leaf, before) in enumerate(zip(leaves, carry, strict=True)):
        fits = is_weak(leaf) and common_dtype(before, leaf) == before.dtype
        tensor = to_tensor(leaf, before.dtype if fits else None)
        _same_type(what, f"state {number}", before, tensor)
        tensors.append(tensor)
    return tensors


def _same_result(which: str, one: Tensor, name: str, other: Tensor, other_name: str) -> None:
    if one.dtype != other.dtype:
        raise DTypeError(
            f"{which} is {one.dtype} from {name} ({describe(one)}) and {other.dtype} from {other_name} "
            f"({describe(other)}); both need the same dtype, use astype"
        )
    if not may_be_same(one.shape, other.shape):
        raise ShapeError(
            f"{which} differs in shape: {describe(one)} from {name} and {describe(other)} from {other_name}; both need "
            "the same shape, use sa.broadcast_to or reshape"
        )


def _same_type(what: str, which: str, one: Tensor, other: Tensor) -> None:
    if one.dtype != other.dtype:
        raise DTypeError(
            f"{what}: {which} is {one.dtype} at first ({describe(one)}) and then {other.dtype} ({describe(other)}); "
            "the dtype has to stay the same, use astype"
        )
    if not may_stay(one.shape, other.shape):
        raise ShapeError(
            f"{what}: {which} changes its shape from {describe(one)} to {describe(other)}; it has to stay the same: "
            "give it the final shape before the loop"
        )


def _loop(
    parameters: list[Tensor],
    outputs: list[Tensor],
    carry: list[Tensor],
    stacks: list[Tensor],
    extra: list[Tensor],
    shape: LoopShape,
    checkpoint: str | None,
) -> Sequence[Tensor]:
    inside = varying(outputs, parameters)
    if not is_runtime(shape.length):
        with user_call():
            slices = parameters[shape.carries :]
            outputs, new_slices, sequences = hoist_products(outputs, slices, stacks, inside)
        if sequences:
            parameters, stacks = [*parameters, *new_slices], [*stacks, *sequences]
            shape = replace(shape, sequences=len(stacks))
            inside = varying(outputs, parameters)
    following = outputs[: shape.carries + shape.results]
    sizes = locals_in("a loop", outputs, following, inside.__contains__)
    roots = [*outputs, *(value for _, value in sizes)]
    inside = varying(roots, parameters)
    captured = captures_of(roots, inside.__contains__)
    handed = [parameter(t.type, t.name) for t in captured]
    body = make_body((*parameters, *handed), outputs, sizes, dict(zip(captured, handed, strict=True)))
    local_sizes.forget()
    complete = replace(shape, captures=len(captured))
    with user_call():
        if checkpoint is not None and not shape.conditional:
            return segmented(body, complete, carry, stacks, captured, checkpoint)
        attrs = {"checkpoint": checkpoint} if checkpoint is not None else {}
        return apply_all(LOOP, *carry, *stacks, *captured, *extra, body=body, shape=complete, base=body, **attrs)
