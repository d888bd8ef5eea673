"""From a formula over values to a Numba intrinsic that a kernel can call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import NumbaTypeError
from numba.extending import intrinsic

from staticad.codegen.vecmath.builder import Value

Formula = Callable[..., Value]


def elementwise(
    name: str,
    formula: Formula,
    accepts: Sequence[types.Type],
    result: types.Type | Mapping[types.Type, types.Type] | None = None,
) -> Any:
    """The Numba intrinsic `name` from a formula over values.

    Every argument has the same dtype, one of `accepts`; the result has it too, unless `result` names another or says
    which for each. Other argument types raise Numba's typing error, with the name of the function and the types.
    """
    arity = len(inspect.signature(formula).parameters)

    def define(_typing_context: Any, *arguments: types.Type) -> Any:
        dtypes = [types.unliteral(argument) for argument in arguments]
        if len(dtypes) != arity or any(dtype != dtypes[0] for dtype in dtypes) or dtypes[0] not in accepts:
            given = ", ".join(map(str, dtypes))
            allowed = ", ".join(map(str, accepts))
            raise NumbaTypeError(f"{name}({given}): needs {arity} argument(s) of one dtype out of {allowed}")
        returned = result.get(dtypes[0]) if isinstance(result, Mapping) else result
        signature = (dtypes[0] if returned is None else returned)(*dtypes)

        def emit(_context: Any, builder: ir.IRBuilder, signature: Any, values: Sequence[ir.Value]) -> ir.Value:
            operands = map(Value, [builder] * arity, values, signature.args)
            return formula(*operands).ir

        return signature, emit

    return as_intrinsic(define, name, formula.__doc__, inspect.signature(formula).parameters)


def as_intrinsic(define: Callable[..., Any], name: str, doc: str | None, parameters: Iterable[str]) -> Any:
    """Register `define(typing_context, *argument_types)` as the Numba intrinsic `name` with named parameters."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    define.__name__ = define.__qualname__ = name
    define.__doc__ = doc
    define.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(parameter, kind) for parameter in ("typing_context", *parameters)]
    )
    return intrinsic(define)
