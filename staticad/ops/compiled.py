"""Ops made of functions that users write in the part of Python that Numba compiles.

A function of numbers is an elementwise op and a part of the kernels around it; one of arrays is a routine. Neither is
among the ops of the package: they are made when a program runs, and known by a name that is made of the function's
contents, so that what was compiled for it is found again.
"""

from __future__ import annotations

import hashlib
import inspect
import itertools
import os
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from staticad.errors import DTypeError, GradientError, ShapeError
from staticad.ir.dims import Size, product
from staticad.ir.dtypes import DType
from staticad.ir.expressions import CUSTOM, Call, Expression
from staticad.ir.graph import Attrs, Tensor, describe
from staticad.ir.provenance import Where
from staticad.ops.base import Elementwise
from staticad.ops.library import Library

Function = Callable[..., Any]
_unique = itertools.count()


class UserFunction:
    """A Python function, its place in the user's program, and its ``key``: that of equal contents, if those are known
    as a whole, else one that no other function has."""

    def __init__(self, function: Function) -> None:
        self.function: Any = getattr(function, "py_func", function)
        code = self.function.__code__
        self.name = self.function.__name__
        self.where = Where(code.co_filename, code.co_firstlineno, self.name)
        digest = hashlib.sha256()
        for part in _contents(self.function, set()):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        self.key = digest.hexdigest()[:32]

    def __str__(self) -> str:
        return f"{self.name} ({self.where})"


def _contents(value: Any, seen: set[int]) -> Iterator[str]:
    """What a function consists of: its code and all that it refers to."""
    kind = type(value)
    if kind in (bool, int, float, complex, str, bytes, type(None), type(Ellipsis)):
        yield f"{kind.__name__} {value!r}"
    elif id(value) in seen:
        yield "again"
    elif isinstance(value, types.CodeType):
        yield f"code {value.co_code.hex()} {value.co_names} {value.co_varnames} {value.co_freevars} {value.co_argcount}"
        yield value.co_exceptiontable.hex() if sys.version_info >= (3, 11) else ""
        for constant in value.co_consts:
            yield from _contents(constant, seen)
    elif isinstance(value, types.FunctionType):
        seen.add(id(value))
        yield from _contents(value.__code__, seen)
        given = inspect.getclosurevars(value)
        for names in (given.nonlocals, given.globals, given.builtins):
            for name in sorted(names):
                yield name
                yield from _contents(names[name], seen)
        yield from _contents(value.__defaults__, seen)
    elif isinstance(value, tuple):
        yield f"tuple {len(value)}"
        for item in value:
            yield from _contents(item, seen)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        yield f"array {value.dtype.str} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    elif isinstance(value, np.generic):
        yield f"scalar {value.dtype.str} {value.tobytes().hex()}"
    elif isinstance(value, types.ModuleType) and value.__name__ in ("math", "cmath", "numpy", "numba"):
        yield f"module {value.__name__} {getattr(value, '__version__', '')}"
    elif isinstance(value, (types.BuiltinFunctionType, np.ufunc, np.dtype)) or kind is type:
        yield f"known {value!r}" if " at 0x" not in repr(value) else f"unique {os.getpid()} {next(_unique)}"
    elif isinstance(getattr(value, "py_func", None), types.FunctionType):
        yield f"compiled {sorted(getattr(value, 'targetoptions', {}).items())}"
        yield from _contents(value.py_func, seen)
    else:
        yield f"unique {os.getpid()} {id(value)} {next(_unique)}"


USER_OPS: dict[str, CustomElementwise | CustomRoutine] = {}
"""The ops that the names in kernels and steps stand for."""


# ---- functions of numbers --------------------------------------------------------------------------------------------


class CustomElementwise(Elementwise):
    """A function of numbers. ``dtype`` is that of the results, None for that of the operands."""

    title = "Custom ops"
    about = "Functions that users have written."
    of_user = True

    def __init__(self, user: UserFunction, arity: int, dtype: DType | None) -> None:
        self.user, self.dtype = user, dtype
        super().__init__(
            user.name,
            numpy=self._evaluate,
            arity=arity,
            result="same" if dtype is None else dtype.name,
            cost=40,
            ulps=None,
        )
        self.kernel_name = f"{CUSTOM}{user.key}_{self.result}"
        USER_OPS[self.kernel_name] = self

    def expression(self, operands: tuple[Expression, ...], dtype: DType) -> Expression:
        return Call(self.kernel_name, operands, dtype)

    def _evaluate(self, *arrays: np.ndarray) -> np.ndarray:
        spread = np.broadcast_arrays(*arrays)
        result = np.empty(spread[0].shape, spread[0].dtype if self.dtype is None else self.dtype)
        for place in np.ndindex(result.shape):
            try:
                result[place] = self.user.function(*(array[place] for array in spread))
            except (ArithmeticError, ValueError):
                result[place] = np.nan if result.dtype.kind == "f" else 0
        return result

    def derive(self, rule: Function, user: UserFunction) -> None:
        """Take ``rule(g, y, *xs)``, a function of tensors that returns a cotangent for each operand."""

        def vjp(g: Tensor, y: Tensor, *xs: Tensor) -> list[Tensor | None]:
            returned = rule(g, y, *xs)
            found = list(returned) if isinstance(returned, (tuple, list)) else [returned]
            if len(found) != len(xs):
                raise GradientError(
                    f"custom_op {self.user}: its rule {user} returns {len(found)} for {len(xs)} operands"
                )
            for number, cotangent in enumerate(found):
                _check(cotangent, y, f"custom_op {self.user}: its rule {user} returns for operand {number}")
            return found

        self.vjp = vjp


def _check(cotangent: Any, y: Tensor, what: str) -> None:
    if cotangent is None:
        return
    if not isinstance(cotangent, Tensor):
        raise GradientError(f"{what} {cotangent!r}, which is no tensor; None says that there is no derivative")
    if cotangent.dtype != y.dtype:
        raise DTypeError(f"{what} {describe(cotangent)}: the dtype has to be {y.dtype}; use astype")
    if cotangent.ndim > y.ndim:
        raise ShapeError(f"{what} {describe(cotangent)}: the shape has to be that of the result, {describe(y)}")


# ---- functions of arrays ---------------------------------------------------------------------------------------------


class CustomRoutine(Library):
    """A function of arrays, which writes its results into its last arguments, with a signature as NumPy's generalized
    functions have it. ``derived`` are sizes of results that no operand has."""

    title = "Custom ops"
    about = "Functions that users have written."
    of_user = True

    def __init__(self, user: UserFunction, signature: str, derived: Mapping[str, Callable[..., Size]]) -> None:
        self.user = user
        super().__init__(
            user.name,
            signature=signature,
            derived=derived,
            work=lambda **sizes: 100 + 10 * product(sizes.values()),
            numpy=self._evaluate,
            failure="the function has raised an error for {matrix}",
            operands="biuf",
        )
        self.kernel_name = f"{CUSTOM}{user.key}"
        USER_OPS[self.kernel_name] = self

    def _evaluate(self, *arrays: np.ndarray, **attrs: Any) -> Any:
        sizes = self.sizes([array.shape for array in arrays], Attrs(**attrs))
        batches = [array.shape[: array.ndim - len(p.axes)] for array, p in zip(arrays, self.operand_parts, strict=True)]
        batch = max(batches, key=len)
        dtypes = [a.dtype for a, part in zip(arrays, self.operand_parts, strict=True) if not part.dtype]
        made = [
            np.zeros((*batch, *(int(sizes[axis]) for axis in part.axes)), part.dtype or dtypes[0])
            for part in self.result_parts
        ]
        for place in np.ndindex(batch):
            given = [array[place] if own else array[()] for array, own in zip(arrays, batches, strict=True)]
            outs = [out[place] if p.axes else np.zeros(1, out.dtype) for out, p in zip(made, self.result_parts)]
            self.user.function(*given, *outs)
            for array, out, part in zip(made, outs, self.result_parts, strict=True):
                if not part.axes:
                    array[place] = out[0]
        return tuple(made) if self.several_outputs else made[0]


def rules_of(derivatives: Sequence[Function | None]) -> Function:
    """The rule of an elementwise function whose derivative by each operand is a function of the operands."""

    def rule(g: Tensor, y: Tensor, *xs: Tensor) -> list[Any]:
        return [None if d is None else g * d(*xs) for d in derivatives]

    return rule
