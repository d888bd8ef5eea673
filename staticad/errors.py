"""Typed errors: every wrong input ends in one of these, and each is also a fitting built-in.

A message names the op, the shapes and dtypes, the user's file and line, and the remedy.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np

from staticad.user_lines import place_text, user_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

P = ParamSpec("P")
R = TypeVar("R")


class StaticadError(Exception):
    """Base of every error that staticad raises on purpose. The user's current line is added to a message that does
    not name it."""

    def __init__(self, message: str = "") -> None:
        frame = user_frame()
        place = place_text(frame.f_code.co_filename, frame.f_lineno)
        message = message.replace(f" (at {place})", "")  # of an error that this one is made of
        named = re.search(re.escape(place) + r"(?!\d)", message)
        super().__init__(message if named else f"{message} (at {place})" if message else f"at {place}")

    def name_call(self, function: str) -> None:
        """Add the function that the user has called to a message that does not name it."""
        message = str(self)
        if not re.search(rf"\b{re.escape(function)}\b", message):
            text, at, place = message.rpartition(" (at ")
            ends = at and place.endswith(")") and "(" not in place
            super().__init__(f"{text} (in {function}){at}{place}" if ends else f"{message} (in {function})")

    def __reduce__(self) -> tuple[Any, ...]:
        # The message is kept as it is: a copy, or what another process receives, was not made at the present line.
        return _made_again, (type(self), self.args, dict(vars(self)))


def _made_again(kind: type[StaticadError], args: tuple[Any, ...], attributes: dict[str, Any]) -> StaticadError:
    error = kind(*args)
    super(StaticadError, error).__init__(*args)
    vars(error).update(attributes)
    return error


class ShapeError(StaticadError, ValueError):
    """Shapes, ranks or axes of an operation do not fit together."""


class DTypeError(StaticadError, TypeError):
    """An element type is not supported, or not by this operation."""


class GraphError(StaticadError, TypeError, ValueError):
    """A graph is used in a way that has no meaning: the truth value of a symbolic tensor, a missing input."""


class GradientError(StaticadError, ValueError):
    """A derivative was asked for that does not exist or is not connected."""


class FeedError(StaticadError, ValueError):
    """The arrays given to a session do not fit its inputs."""


class FeedDTypeError(FeedError, DTypeError):
    """An array that is given to a session has another dtype than its input."""


class CompileError(StaticadError, RuntimeError):
    """Machine code could not be made or loaded."""


class ConfigError(StaticadError, ValueError):
    """A setting has a value that it cannot have."""


class IndexOutOfBounds(StaticadError, IndexError):
    """An index lies outside its axis."""


class LinAlgError(StaticadError, np.linalg.LinAlgError):
    """A matrix has no such factorization or inverse: it is singular, or not positive definite."""


class AssertionFailed(StaticadError, AssertionError):
    """A condition that the program asserts does not hold in a run."""


class NonFiniteError(StaticadError, FloatingPointError):
    """A NaN or an infinity appeared where a check asked for finite numbers."""


class OutOfMemory(StaticadError, MemoryError):
    """The buffers that a run needs could not be allocated."""


class MissingPackage(StaticadError, ImportError):
    """An optional package that this function needs is not installed."""


class LoadError(StaticadError, ValueError):
    """A file can't be read, or what it holds does not fit the variables that it is loaded into."""


class MissingAttribute(StaticadError, AttributeError):
    """A module or an object of this package has no such name."""


class VerifyError(StaticadError, AssertionError):
    """A pass broke an invariant of the graph: a bug in staticad, not in the user's program."""


class Float64Warning(UserWarning):
    """A float32 tensor becomes float64 by NumPy's rules of promotion, where the program may not mean it."""


class UnrolledLoopWarning(UserWarning):
    """Python has executed a loop of a function under `sa.function` so often that the graph gets large."""


__all__ = [
    name for name, value in globals().items() if isinstance(value, type) and issubclass(value, (StaticadError, Warning))
]


def __dir__() -> list[str]:
    return __all__


# How NumPy says that an array has more elements or bytes than there are addresses.
_NO_SUCH_ARRAY = re.compile("too big|too large|Maximum allowed (?:dimension|size) exceeded|maximum supported dimension")


def as_out_of_memory(error: Exception, what: str = "the buffers of a run") -> OutOfMemory:
    """The error to raise for a MemoryError: itself, or that this could not be allocated."""
    if isinstance(error, OutOfMemory):
        return error
    return OutOfMemory(f"{what} could not be allocated ({error}); use less, or smaller arrays")


def typed_memory(what: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates functions: where Python or NumPy have no memory for this, the error becomes OutOfMemory."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def typed(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except MemoryError as error:
                raise as_out_of_memory(error, what) from None
            except (ValueError, OverflowError) as error:
                if isinstance(error, StaticadError) or not _NO_SUCH_ARRAY.search(str(error)):
                    raise
                raise as_out_of_memory(error, what) from None

        return typed

    return decorate
