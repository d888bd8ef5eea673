"""Functions that users call: an error leaves them without the frames of this package in its traceback.

What remains are the user's lines, also those of functions that were given to this package, and the message. An error of
another kind that this package itself raises keeps all frames, for it is a bug. The setting ``tracebacks`` keeps them
for all errors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from staticad import late
from staticad.arguments import check_flags, check_kinds, flags, title
from staticad.config import settings
from staticad.errors import StaticadError
from staticad.user_lines import is_raised_by_user, without_own

if TYPE_CHECKING:
    from staticad import signatures
else:
    signatures = late.later("staticad.signatures")

Called = TypeVar("Called", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type)


_CALLED = ("__call__", "__copy__", "__deepcopy__", "__init__", "__reduce_ex__")


def shorten(error: BaseException) -> None:
    """Leave the frames of this package out of an error's traceback, if it is not a bug of it.

    To be used where the error passes through a function that users call, and followed by a bare ``raise``, which adds
    no frame. An error that comes from no deeper frame is that of the call: wrong arguments.
    """
    traceback = error.__traceback__
    if settings().tracebacks == "short" and traceback is not None:
        if traceback.tb_next is None or isinstance(error, StaticadError) or is_raised_by_user(traceback):
            error.__traceback__ = without_own(traceback)


def boundary(function: Called, named: bool = False) -> Called:
    """A function whose errors do not show how it works, but with ``named`` which function was called, if it failed in a
    step that has another name. Calls that don't fit its signature and arguments of another kind than declared are typed
    errors."""
    switches = flags(function)
    first = min(switches.values(), default=1 << 30)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            if switches and (kwargs or len(args) > first):
                check_flags(function, switches, args, kwargs)
            return function(*args, **kwargs)
        except Exception as error:
            if not isinstance(error, StaticadError) and not is_raised_by_user(error.__traceback__):
                try:
                    if isinstance(error, TypeError):
                        signatures.check_call(function, title(function), args, kwargs)
                    check_kinds(function, args, kwargs, error)
                except StaticadError as told:
                    shorten(told)
                    raise
            elif named and isinstance(error, StaticadError) and without_own(error.__traceback__) is None:
                error.name_call(title(function))
            shorten(error)
            raise

    return call  # type: ignore[return-value]


class _Shortened:
    """A block as such a function. It takes no frame of its own: functions call themselves up to a limit of Python's."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, Exception):
            shorten(error)


shortened = _Shortened()


def boundaries(*left_out: str) -> Callable[[Class], Class]:
    """Decorates a class whose methods and properties users call, but for those whose names are given."""

    def decorate(made: Class) -> Class:
        for name, value in list(vars(made).items()):
            called = name[0] != "_" or name in _CALLED
            if not called or name in left_out:
                continue
            if isinstance(value, FunctionType):
                setattr(made, name, boundary(value))
            elif isinstance(value, property) and value.fget is not None:
                setter = None if value.fset is None else boundary(value.fset)
                setattr(made, name, property(boundary(value.fget), setter, None, value.__doc__))
        return made

    return decorate
