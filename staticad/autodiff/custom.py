"""Derivatives that users give: `custom_jvp`, `custom_vjp` and `custom_gradient`.

When a function is called, its rule is called as well, on parameters in the place of tangents or cotangents: so a rule
that does not fit is refused where the function is called, and what it reads of the function is handed to the node.

A rule that calls its own function (exp, whose derivative is exp) gets a node whose rule is asked for anew when a
derivative of it is taken.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from staticad.autodiff.custom_rules import (
    Again,
    Call,
    Results,
    Traced,
    asked,
    asking,
    call_of,
    fitted,
    place_of,
    results_of,
    ruled,
    serial_now,
    trace,
)
from staticad.boundary import boundaries
from staticad.errors import GradientError, GraphError
from staticad.functional.nests import flatten
from staticad.ir.graph import Node, Tensor
from staticad.ir.provenance import here, user_call

Function = Callable[..., Any]

# ---- decorators ------------------------------------------------------------------------------------------------------


@boundaries()
class _Custom:
    """What decorators have in common: how a function is called."""

    kind: str
    __name__: str

    def __init__(self, fun: Function, nondiff_argnums: Sequence[int] = ()) -> None:
        if not callable(fun):
            raise GraphError(f"{self.kind} decorates a function, not the {type(fun).__name__} {fun!r} (at {here()})")
        self.__name__ = type(fun).__name__
        functools.update_wrapper(self, fun)
        self.fun = fun
        self.nondiff_argnums = tuple(nondiff_argnums)

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in the order of the function's parameters, with defaults."""
        if not kwargs:
            return args
        bound = inspect.signature(self.fun).bind(*args, **kwargs)
        bound.apply_defaults()
        if bound.kwargs:
            raise GraphError(f"{self.kind}: {place_of(self.fun)} has keyword-only arguments (at {here()})")
        return bound.args

    def _split(self, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The arguments without derivatives, and the others."""
        fixed = [number % len(args) for number in self.nondiff_argnums] if args else []
        return tuple(args[k] for k in fixed), tuple(a for k, a in enumerate(args) if k not in fixed)

    def _joined(self, args: tuple[Any, ...], others: tuple[Any, ...]) -> tuple[Any, ...]:
        fixed = {number % len(args) for number in self.nondiff_argnums} if args else set()
        left = iter(others)
        return tuple(a if k in fixed else next(left) for k, a in enumerate(args))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's results, whose derivatives are those of the rule."""
        return self._called(self._positional(args, kwargs), self in asking.functions)[0]

    def _again(self, args: tuple[Any, ...], call: Call) -> Callable[[list[Tensor]], Node]:
        def again(tensors: list[Tensor]) -> Node:
            with asked(self._what, ()):
                _, node = self._called(self._joined(args, call.with_tensors(tensors)), False)
            assert node is not None
            return node

        return again

    @property
    def _what(self) -> str:
        return f"{self.kind} {getattr(self.fun, '__name__', '')}".rstrip()

    def _called(self, args: tuple[Any, ...], later: bool) -> tuple[Any, Node | None]:
        fixed, others = self._split(args)
        call = call_of(self._what, others)
        before = serial_now()
        result = self._values(args)
        if not call.tensors:
            return self._visible(result), None
        results = results_of(self._what, self._visible(result))
        if later:
            rule: Traced | Again = Again(self._again(args, call), len(results.tensors), len(call.tensors))
            read: list[Tensor] = []
        else:
            with asked(self._what, (*asking.functions, self)):
                rule, read = self._rule(fixed, call, results, result)
        with user_call():
            return ruled(call, results, before, rule, read)

    def _values(self, args: tuple[Any, ...]) -> Any:
        return self.fun(*args)

    def _visible(self, result: Any) -> Any:
        """What callers get of what `_values` returned."""
        return result

    def _rule(self, fixed: tuple[Any, ...], call: Call, results: Results, result: Any) -> tuple[Traced, list[Tensor]]:
        raise NotImplementedError(self.kind)

    def _cotangents(self, rule: Function, call: Call, returned: Any) -> dict[int, Tensor]:
        """What a rule returned for each argument, one after another: by the number of the tensor."""
        several = isinstance(returned, (tuple, list))
        if len(call.arguments) == 1 and not (several and (len(returned) == 1 or call.forms[0] == ("leaf",))):
            returned, several = (returned,), True  # alone
        count = len(returned) if several else 1
        if not several or count != len(call.arguments):
            raise GradientError(
                f"{self._what}: {place_of(rule)} returns {count} cotangents for {len(call.arguments)} arguments; "
                f"give one for each, None where there is none (at {here()})"
            )
        found: dict[int, Tensor] = {}
        place = 0
        for number, (argument, form, value) in enumerate(zip(call.arguments, call.forms, returned, strict=True)):
            leaves, _, _ = flatten(argument)
            values: list[Any] = [None] * len(leaves)
            if value is not None:
                values, _, own = flatten(value)
                if own != form:
                    raise GradientError(
                        f"{self._what}: {place_of(rule)} returns for argument {number} a nest of another form than it "
                        f"has: {own} instead of {form} (at {here()})"
                    )
            for value, leaf in zip(values, leaves, strict=True):
                if isinstance(leaf, Tensor):
                    cotangent = fitted(f"{self._what}: {place_of(rule)}", f"argument {number},", value, leaf)
                    if cotangent is not None:
                        found[call.places.index(place)] = cotangent
                place += 1
        return found

    def _seeds(self, results: Results, seeds: dict[int, Tensor]) -> list[Any]:
        """The cotangents of all results: None for those that have none."""
        return [seeds.get(k) for k in range(len(results.tensors))]


@boundaries()
class custom_jvp(_Custom):
    """A function whose derivative is given for forward mode, as in JAX::

        @sa.custom_jvp
        def f(x, y): ...

        @f.defjvp
        def f_jvp(primals, tangents): ...   # returns the result, and its tangent

    The rule has to be linear in the tangents: gradients are its transpose. Arguments in ``nondiff_argnums`` are handed
    on as they are, before the others. Raises GradientError, ShapeError and DTypeError for a rule that returns
    something else than it should, where the function is called.
    """

    kind = "custom_jvp"
    _jvp: Function | None = None

    def defjvp(self, jvp: Function) -> Function:
        """Give the rule: ``jvp(primals, tangents)`` returns the result and its tangent."""
        self._jvp = jvp
        return jvp

    def defjvps(self, *jvps: Function | None) -> None:
        """Give a rule for each argument: ``jvp(tangent, result, *arguments)`` returns what it adds to the tangent. None
        says that it adds nothing."""

        def jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
            if len(primals) != len(jvps):
                raise GradientError(f"{self._what}: {len(jvps)} rules for {len(primals)} arguments (at {here()})")
            result = self(*primals)
            parts = [f(t, result, *primals) for f, t in zip(jvps, tangents, strict=True) if f is not None]
            return result, functools.reduce(lambda a, b: a + b, parts) if parts else 0.0

        self._jvp = jvp

    def _rule(self, fixed: tuple[Any, ...], call: Call, results: Results, result: Any) -> tuple[Traced, list[Tensor]]:
        jvp = self._jvp
        if jvp is None:
            raise GradientError(f"{self._what} has no rule; give one with {self.__name__}.defjvp")

        def ask(seeds: dict[int, Tensor]) -> dict[int, Tensor]:
            returned = jvp(*fixed, call.arguments, call.tangents(seeds))
            if not isinstance(returned, (tuple, list)) or len(returned) != 2:
                raise GradientError(
                    f"{self._what}: {place_of(jvp)} has to return the result and its tangent (at {here()})"
                )
            tangents, _, form = flatten(returned[1])
            if form != results.form:
                raise GradientError(
                    f"{self._what}: {place_of(jvp)} returns a tangent of the form {form} for a result of the form "
                    f"{results.form} (at {here()})"
                )
            what = f"{self._what}: {place_of(jvp)}"
            found = {
                k: fitted(what, "the tangent of", t, y)
                for k, (t, y) in enumerate(zip(tangents, results.tensors, strict=True))
            }
            return {k: t for k, t in found.items() if t is not None}

        return trace(call, results, False, place_of(self.fun), ask)


@boundaries()
class custom_vjp(_Custom):
    """A function whose derivative is given for reverse mode, as in JAX::

        @sa.custom_vjp
        def f(x, y): ...

        def f_fwd(x, y): ...           # returns the result, and what f_bwd needs
        def f_bwd(residuals, g): ...   # returns a cotangent for each argument

        f.defvjp(f_fwd, f_bwd)

    A rule that is linear in the cotangents serves forward mode as well. ``f_fwd`` is called in the place of the
    function where derivatives are taken; its result is not used beside that of the function. ``nondiff_argnums`` are
    handed on as they are: ``f_bwd`` gets them before the residuals. Raises as `custom_jvp`.
    """

    kind = "custom_vjp"
    _fwd: Function | None = None
    _bwd: Function | None = None

    def defvjp(self, fwd: Function, bwd: Function) -> None:
        """Give the rule: ``fwd(*arguments)`` returns the result and residuals, ``bwd(residuals, cotangent)`` the
        cotangents of the arguments."""
        self._fwd, self._bwd = fwd, bwd

    def _rule(self, fixed: tuple[Any, ...], call: Call, results: Results, result: Any) -> tuple[Traced, list[Tensor]]:
        fwd, bwd = self._fwd, self._bwd
        if fwd is None or bwd is None:
            raise GradientError(f"{self._what} has no rule; give one with {self.__name__}.defvjp")

        def ask(seeds: dict[int, Tensor]) -> dict[int, Tensor]:
            returned = fwd(*self._whole(fixed, call.arguments))
            if not isinstance(returned, tuple) or len(returned) != 2:
                raise GradientError(
                    f"{self._what}: {place_of(fwd)} has to return the result and residuals (at {here()})"
                )
            cotangents = results.pack(self._seeds(results, seeds))
            return self._cotangents(bwd, call, bwd(*fixed, returned[1], cotangents))

        return trace(call, results, True, place_of(self.fun), ask)

    def _whole(self, fixed: tuple[Any, ...], others: tuple[Any, ...]) -> tuple[Any, ...]:
        """All arguments in their order."""
        count = len(fixed) + len(others)
        places = {number % count: value for number, value in zip(self.nondiff_argnums, fixed, strict=True)}
        left = iter(others)
        return tuple(places[k] if k in places else next(left) for k in range(count))


@boundaries()
class custom_gradient(_Custom):
    """A function that returns its result and its gradient, as TensorFlow has it::

        @sa.custom_gradient
        def f(x, y):
            ...
            def grad(g): ...   # a cotangent for each argument; g is that of the result, several of several results
            return result, grad

    What ``grad`` uses of the function is kept for it, and is differentiated in the ordinary way when a derivative is
    differentiated again. Raises as `custom_jvp`.
    """

    kind = "custom_gradient"

    def __init__(self, f: Function) -> None:
        super().__init__(f)

    def _values(self, args: tuple[Any, ...]) -> Any:
        returned = self.fun(*args)
        if not isinstance(returned, tuple) or len(returned) != 2 or not callable(returned[1]):
            raise GradientError(f"{self._what} has to return the result and a function, its gradient (at {here()})")
        return returned

    def _visible(self, result: Any) -> Any:
        return result[0]

    def _rule(self, fixed: tuple[Any, ...], call: Call, results: Results, result: Any) -> tuple[Traced, list[Tensor]]:
        grad = result[1]

        def ask(seeds: dict[int, Tensor]) -> dict[int, Tensor]:
            return self._cotangents(grad, call, grad(*self._seeds(results, seeds)))

        return trace(call, results, True, place_of(self.fun), ask)
