"""sa.function: compiles the rewritten definition and makes a function of it that shares the original's variables."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CellType, CodeType, FunctionType, MethodType, SimpleNamespace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from staticad.boundary import boundary
from staticad.errors import GraphError
from staticad.functional.autograph import branches, calls, conditions, identity, items, loops, staging
from staticad.functional.autograph.build import OPERATORS, at
from staticad.functional.autograph.build import function as build_function
from staticad.functional.autograph.source import Definition, code_objects, find_definition
from staticad.functional.autograph.statements import rewrite
from staticad.functional.autograph.undefined import INTERNAL, Undefined, read
from staticad.functional.autograph.written import kept, kept_outer
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here

Wrapped = TypeVar("Wrapped")
_MARK = "__staticad_original__"
_FACTORY = f"{INTERNAL}factory"

_codes: dict[int, tuple[CodeType, CodeType]] = {}  # by the id of the original code, which is kept alive
_converted: WeakKeyDictionary[FunctionType, Callable[..., Any]] = WeakKeyDictionary()


def function(fn: Wrapped) -> Wrapped:
    """A Python function whose if, while, for, break, continue, return, and, or, not and comparisons work on tensors.

    Where a condition or a number of steps is a tensor, the statement becomes control flow of the graph (`cond`,
    `while_loop`, `scan`); where it is a Python value, it stays Python. ``x[i] = v`` makes a new x where x is a tensor.
    Functions of the same module that are called are rewritten too. Use it as a decorator, also of methods.

    Raises GraphError for what has no source or can't be rewritten: generators, coroutines, builtins.
    """
    if isinstance(fn, (staticmethod, classmethod)):
        return type(fn)(function(fn.__func__))
    if isinstance(fn, MethodType):
        return MethodType(function(fn.__func__), fn.__self__)  # type: ignore[return-value]
    if not isinstance(fn, FunctionType):
        raise GraphError(
            f"sa.function rewrites functions made by def or lambda, not {type(fn).__name__} {fn!r}; "
            "of a class, decorate the methods"
        )
    return _convert(fn)  # type: ignore[return-value]


def _convert(fn: FunctionType) -> Callable[..., Any]:
    if hasattr(fn, _MARK) or OPERATORS in fn.__code__.co_freevars:  # the latter: defined inside a rewritten one
        return fn
    found = _converted.get(fn)
    if found is None:
        found = _converted[fn] = _instantiate(fn, _code(fn))
    return found


def _code(fn: FunctionType) -> CodeType:
    original = fn.__code__
    if id(original) not in _codes:
        definition = rewrite(find_definition(fn), original.co_filename)
        _codes[id(original)] = original, _compile(definition, fn)
    return _codes[id(original)][1]


def _compile(definition: Definition, fn: FunctionType) -> CodeType:
    original = fn.__code__
    definition.args.defaults = [ast.Constant(None) for _ in definition.args.defaults]
    definition.args.kw_defaults = [d if d is None else ast.Constant(None) for d in definition.args.kw_defaults]
    if isinstance(definition, ast.Lambda):
        inner: ast.stmt = ast.Expr(definition)
    else:
        # Under its own name it would be local to the function around it, where the original's may be global.
        definition.name, definition.decorator_list, definition.returns = f"{INTERNAL}function", [], None
        every = definition.args
        for argument in (*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg):
            if argument is not None:
                argument.annotation = None
        inner = definition
    # Free variables of the original are parameters of a function around it, so that they stay free.
    outer: ast.stmt = build_function(_FACTORY, [*original.co_freevars, OPERATORS], [inner])
    owner = _class_name(fn.__qualname__)
    if owner is not None:  # names with two leading underscores are the class's own
        owned: Any = ast.ClassDef(owner, [], [], [outer], [])
        owned.type_params = []
        outer = owned
    module = ast.Module([at(outer, definition)], [])
    flags = original.co_flags & _FUTURES
    code = compile(ast.fix_missing_locations(module), original.co_filename, "exec", flags, dont_inherit=True)
    while code.co_name != _FACTORY:
        (code,) = code_objects(code)
    (code,) = code_objects(code)
    return _named(code, original.co_name, original.co_qualname)


_FUTURES = 0x1000000  # annotations as text; the others have no effect on supported versions


def _class_name(qualname: str) -> str | None:
    parts = qualname.split(".")[:-1]
    while parts and parts[-1] == "<locals>":
        parts = parts[:-2]
    return parts[-1] if parts else None


def _named(code: CodeType, name: str, qualname: str) -> CodeType:
    """The code under the function's name, in which blocks are called like the function that they are part of."""
    constants = tuple(
        _named(c, *((name, qualname) if _is_block(c) else (c.co_name, c.co_qualname))) if isinstance(c, CodeType) else c
        for c in code.co_consts
    )
    return code.replace(co_name=name, co_qualname=qualname, co_consts=constants)


def _is_block(code: CodeType) -> bool:
    return code.co_name.startswith(INTERNAL)


def _instantiate(fn: FunctionType, code: CodeType) -> FunctionType:
    cells = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    cells[OPERATORS] = CellType(_operators(fn.__globals__))
    made = FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, tuple(cells[n] for n in code.co_freevars))
    made.__kwdefaults__ = fn.__kwdefaults__
    made.__qualname__ = fn.__qualname__
    made.__module__ = fn.__module__
    made.__doc__ = fn.__doc__
    made.__annotations__ = fn.__annotations__
    made.__dict__.update(fn.__dict__)
    made.__wrapped__ = fn  # type: ignore[attr-defined]
    setattr(made, _MARK, fn)
    return made


def _operators(namespace: dict[str, Any]) -> SimpleNamespace:
    """What rewritten code finds under the name of the operators."""

    def call(target: Any) -> Any:
        """What a call of ``target`` calls: builtins that take tensors, and functions of the module rewritten."""
        kind = type(target)
        if kind is FunctionType:
            return _same_module(target) if target.__globals__ is namespace else calls.CREATORS.get(target, target)
        if kind is MethodType:
            inner = target.__func__
            if isinstance(inner, FunctionType) and inner.__globals__ is namespace:
                return MethodType(_same_module(inner), target.__self__)
            return target
        if kind is type or kind is _BUILTIN:
            return calls.BUILTINS.get(target) or calls.CREATORS.get(target, target)
        method = getattr(kind, "__call__", None)  # noqa: B004
        if isinstance(method, FunctionType) and method.__globals__ is namespace:
            return MethodType(_same_module(method), target)
        return target

    return SimpleNamespace(
        Undefined=Undefined,
        call=call,
        kept=kept,
        kept_outer=kept_outer,
        key=items.key,
        matchable=identity.matchable,
        **_STATEMENTS,
    )


_BUILTIN = type(len)


def _same_module(fn: FunctionType) -> Callable[..., Any]:
    """A function that is called and was not marked: rewritten if that is possible, else as it is."""
    try:
        return _convert(fn)
    except GraphError:
        return fn


def returned(flag: Any, value: Any, complete: bool) -> Any:
    """What a function with early returns returns. ``complete``: its end is never reached without a return."""
    if isinstance(value, Undefined):
        return None
    if isinstance(flag, Tensor) and not complete and value is not None:
        raise GraphError(
            f"the function at {here()} returns a value on some paths and None at its end, and a run decides which; "
            "return a value on every path"
        )
    return value


_RAISING: dict[str, Callable[..., Any]] = {
    "and_": conditions.and_,
    "assertable": staging.assertable,
    "compare": conditions.compare,
    "for_stmt": loops.for_stmt,
    "guard_stmt": branches.guard_stmt,
    "if_exp": branches.if_exp,
    "not_": conditions.not_,
    "or_": conditions.or_,
    "raised": staging.raised,
    "read": read,
    "returned": returned,
    "set_item": items.set_item,
    "update": items.update,
    "update_item": items.update_item,
    "while_stmt": loops.while_stmt,
}
_STATEMENTS = {"if_stmt": branches.if_stmt, **{name: boundary(function) for name, function in _RAISING.items()}}
