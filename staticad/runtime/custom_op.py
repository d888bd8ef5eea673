"""`custom_op`: functions that users write in the part of Python that Numba compiles, as ops."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from staticad.autodiff.custom import custom_jvp, custom_vjp
from staticad.boundary import boundaries
from staticad.codegen.pieces import piece
from staticad.errors import CompileError, DTypeError, GradientError, GraphError
from staticad.ir.dims import Size
from staticad.ir.dtypes import DType, as_dtype, floating, is_half
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here, user_call
from staticad.ops.base import apply, apply_all
from staticad.ops.compiled import CustomElementwise, CustomRoutine, UserFunction, rules_of
from staticad.ops.promotion import as_operands, cast, common_dtype, to_tensor
from staticad.runtime.foreign import foreign_address

Function = Callable[..., Any]


class CustomOp:
    """What `custom_op` makes: call it with tensors and what can be made tensors."""

    def __init__(self, user: UserFunction) -> None:
        self.user = user
        self.__name__, self.__doc__ = user.name, user.function.__doc__
        self.__wrapped__ = user.function

    def __repr__(self) -> str:
        return f"<custom_op {self.user}>"


@boundaries()
class ElementwiseOp(CustomOp):
    """A function of numbers, applied to every element of operands that broadcast."""

    def __init__(self, user: UserFunction, dtype: Any, derivatives: Any, vjp: Function | None) -> None:
        super().__init__(user)
        self._arity = _arity(user)
        self._op = CustomElementwise(user, self._arity, None if dtype is None else _computed(user, dtype))
        if derivatives is not None:
            given = (derivatives,) if callable(derivatives) else tuple(derivatives)
            if len(given) != self._arity:
                raise GradientError(f"custom_op {user}: {len(given)} derivatives for {self._arity} operands")
            named = next((d for d in given if d is not None), None)
            self._op.derive(rules_of(given), user if named is None else _user_place(named, user))
        if vjp is not None:
            self.defvjp(vjp)

    def defvjp(self, vjp: Function) -> Function:
        """Give the derivative: ``vjp(g, y, *operands)`` returns a cotangent for each operand, made of tensors."""
        self._op.derive(vjp, _user_place(vjp, self.user))
        return vjp

    def __call__(self, *operands: Any) -> Tensor:
        """The tensor of the function's values."""
        if len(operands) != self._arity:
            raise GraphError(f"custom_op {self.user} takes {self._arity} operands, not {len(operands)} (at {here()})")
        kind = common_dtype(*operands) if self._op.dtype is not None else floating(common_dtype(*operands))
        given = as_operands(self.user.name, *operands, dtype=kind)
        _compiled(self.user, lambda: piece(f"{self._op.kernel_name}({','.join([_kind(given[0])] * self._arity)})"))
        return apply(self._op, *given)


@boundaries()
class RoutineOp(CustomOp):
    """A function of arrays with a signature."""

    def __init__(
        self,
        user: UserFunction,
        signature: str,
        sizes: Mapping[str, Callable[..., Size]],
        vjp: Function | None,
        jvp: Function | None,
    ) -> None:
        super().__init__(user)
        self._op = CustomRoutine(user, signature, sizes)
        self._ruled: Function | None = None
        for part in (*self._op.operand_parts, *self._op.result_parts):
            if part.dtype not in ("", "real"):
                _computed(user, part.dtype)
        count = len(self._op.operand_parts) + len(self._op.result_parts)
        if _arity(user) != count:
            raise GraphError(
                f"custom_op {user}: the signature {signature} has {count} operands and results, the function "
                f"{_arity(user)} parameters; results are the last ones"
            )
        if vjp is not None:
            self.defvjp(vjp)
        if jvp is not None:
            self.defjvp(jvp)

    def defvjp(self, vjp: Function) -> Function:
        """Give the derivative: ``vjp(g, y, *operands)`` returns a cotangent for each operand, made of tensors; of
        several results g and y are tuples."""
        ruled = custom_vjp(self._named())

        def fwd(*xs: Tensor) -> tuple[Any, Any]:
            y = ruled(*xs)
            return y, (y, xs)

        def bwd(residuals: Any, g: Any) -> Any:
            y, xs = residuals
            return vjp(g, y, *xs)

        bwd.__wrapped__ = vjp  # type: ignore[attr-defined]
        ruled.defvjp(fwd, bwd)
        self._ruled = ruled
        return vjp

    def defjvp(self, jvp: Function) -> Function:
        """Give the derivative: ``jvp(ts, y, *operands)`` returns the tangent of the result, made of tensors; ``ts`` are
        those of the operands."""
        ruled = custom_jvp(self._named())

        def rule(primals: tuple[Tensor, ...], tangents: tuple[Tensor, ...]) -> tuple[Any, Any]:
            y = ruled(*primals)
            return y, jvp(tangents, y, *primals)

        rule.__wrapped__ = jvp  # type: ignore[attr-defined]
        ruled.defjvp(rule)
        self._ruled = ruled
        return jvp

    def __call__(self, *operands: Any) -> Any:
        """The tensor that the function makes, a tuple of several ones."""
        parts = self._op.operand_parts
        if len(operands) != len(parts):
            raise GraphError(f"custom_op {self.user} takes {len(parts)} operands, not {len(operands)} (at {here()})")
        free = [x for x, part in zip(operands, parts, strict=True) if not part.dtype]
        kinds = [as_dtype(part.dtype) if part.dtype else common_dtype(*free) for part in parts]
        given = [cast(to_tensor(x), kind) for x, kind in zip(operands, kinds, strict=True)]
        return (self._ruled or self._plain)(*given)

    def _named(self) -> Function:
        """The function without a rule, under the name and place of the user's."""

        def plain(*operands: Tensor) -> Any:
            return self._plain(*operands)

        plain.__name__, plain.__wrapped__ = self.user.name, self.user.function  # type: ignore[attr-defined]
        return plain

    def _plain(self, *operands: Tensor) -> Any:
        with user_call():
            made = apply_all(self._op, *operands)
        kinds = "/".join(_kind(t) for t in (*operands, *made))
        _compiled(self.user, lambda: foreign_address(f"{self._op.kernel_name}:{kinds}"))
        return made if self._op.several_outputs else made[0]


def _kind(tensor: Tensor) -> str:
    """The dtype with which the function is called: floats of 16 bits are kept and not computed with."""
    if is_half(tensor.dtype):
        return "float32"
    return "bool_" if tensor.dtype.kind == "b" else tensor.dtype.name


def _computed(user: UserFunction, dtype: Any) -> DType:
    """A dtype that functions take and return. Raises DTypeError for floats of 16 bits."""
    kind = as_dtype(dtype)
    if is_half(kind):
        raise DTypeError(
            f"custom_op {user}: functions compute with float32, not {kind}; cast its results (at {here()})"
        )
    return kind


def _compiled(user: UserFunction, compile_: Callable[[], Any]) -> None:
    """Compile while the graph is built: what Numba refuses is told at the user's line."""
    try:
        compile_()
    except CompileError as error:
        raise CompileError(f"custom_op {user.name}: {error.args[0]} (at {here()})") from error.__cause__


def _arity(user: UserFunction) -> int:
    kinds = [p.kind for p in inspect.signature(user.function).parameters.values()]
    if any(kind not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds):
        raise GraphError(f"custom_op {user}: its parameters have to be positional ones")
    return len(kinds)


def _user_place(rule: Any, user: UserFunction) -> UserFunction:
    """The rule by its name and line, those of the function where it has none."""
    return UserFunction(rule) if inspect.isfunction(rule) else user


def custom_op(
    function: Function | None = None,
    *,
    signature: str | None = None,
    sizes: Mapping[str, Callable[..., Size]] | None = None,
    dtype: Any = None,
    derivatives: Function | Sequence[Function | None] | None = None,
    vjp: Function | None = None,
    jvp: Function | None = None,
) -> Any:
    """An op made of a Python function that Numba compiles; also as a decorator, with or without arguments.

    Without ``signature`` it is a function of numbers, which is applied to every element of operands that broadcast, as
    a part of the kernels around it. Integers become floats, as for functions of floats; with a ``dtype`` of the results
    they stay what they are. ``derivatives`` has a function of tensors for each operand (or is the function of the only
    one): the derivative by it, of the operands. Instead ``vjp(g, y, *operands)`` returns the cotangents. The function
    may not raise errors.

    With ``signature``, written as for NumPy's generalized functions ("(m,n),(n)->(m)"), it is a function of arrays that
    writes results into its last arguments, as for ``numba.guvectorize``: single numbers are operands as they are, and
    results are arrays of one element. Axes before those of the signature are a batch. ``sizes`` has those that only
    results have, functions of those of the operands: ``{"k": lambda m, n: m + n}``. A rule, ``vjp(g, y, *operands)``
    or ``jvp(tangents, y, *operands)``, serves both modes.

    Raises GraphError for a function with other parameters, CompileError with what Numba says, and GradientError,
    ShapeError and DTypeError for rules that return something else than they should.
    """

    def make(given: Function) -> CustomOp:
        if not inspect.isfunction(getattr(given, "py_func", given)):
            raise GraphError(f"custom_op takes a Python function, not {given!r} (at {here()})")
        user = UserFunction(given)
        if signature is not None:
            if dtype is not None or derivatives is not None:
                raise GraphError(f"custom_op {user}: a function of arrays has its dtypes in the signature, and a vjp")
            return RoutineOp(user, signature, sizes or {}, vjp, jvp)
        if jvp is not None or sizes is not None:
            raise GraphError(f"custom_op {user}: a function of numbers has derivatives or a vjp, and no sizes")
        return ElementwiseOp(user, dtype, derivatives, vjp)

    return make if function is None else make(function)
