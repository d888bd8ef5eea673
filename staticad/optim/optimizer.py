"""What all optimizers share: a step is a set of updates, tensors that variables take together at the end of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from staticad.autodiff.reverse import gradients
from staticad.boundary import boundaries
from staticad.errors import ConfigError, DTypeError, GradientError, GraphError, ShapeError
from staticad.functional.complex import conj, imag, real
from staticad.ir.dtypes import is_complex, is_float, is_inexact, real_dtype
from staticad.ir.graph import Tensor, describe, sort_nodes
from staticad.ir.provenance import here, inherit
from staticad.runtime.variables import Variable, variable

Updates = dict[Variable, Tensor]
Rate = float | Tensor


@boundaries()
class Optimizer:
    """A rule that turns gradients into updates. ``slots[v][name]`` are the state variables that belong to v.

    The learning rate is a number, or a scalar tensor: a variable or a placeholder lets it change between runs.
    One optimizer may make the updates of several sessions; they share its state.
    """

    def __init__(self, learning_rate: Rate) -> None:
        if isinstance(learning_rate, Tensor):
            if learning_rate.ndim:
                raise ShapeError(f"a learning rate is a scalar, not {describe(learning_rate)}")
            if not is_float(learning_rate.dtype):
                raise DTypeError(f"a learning rate is a float, not {describe(learning_rate)}; use astype")
        else:
            learning_rate = number("learning_rate", learning_rate, 0.0, math.inf)
        self.learning_rate = learning_rate
        self.slots: dict[Variable, dict[str, Variable]] = {}

    def minimize(self, loss: Tensor, variables: Variable | Iterable[Variable] | None = None) -> Updates:
        """The updates of one step that makes ``loss``, a scalar, smaller: give them to ``sa.compile(updates=…)``.

        ``variables`` are the ones to change; None means every trainable variable that the loss depends on. Frozen
        variables (``trainable=False``) are left out either way, and nothing is computed for their gradients.
        Raises GradientError if no variable is left, or if the loss does not depend on one that was named.
        """
        if not isinstance(loss, Tensor):
            raise GraphError(f"minimize: the loss is a {type(loss).__name__}, not a tensor")
        named = variables is not None
        if isinstance(variables, Tensor):
            variables = [variables]
        chosen = [v for v in (used_variables([loss]) if variables is None else variables) if _trainable(v)]
        found = gradients(loss, chosen, unconnected="error" if named else "none") if chosen else []
        pairs = [(g, v) for g, v in zip(found, chosen) if g is not None]
        if not pairs:
            raise GradientError(
                f"minimize: no trainable variable to change: {describe(loss)}, at {here()}; "
                "make variables with sa.variable(…) from floats, and unfreeze the ones to train"
            )
        return self.apply_gradients(pairs)

    def apply_gradients(self, pairs: Iterable[tuple[Tensor, Variable]]) -> Updates:
        """The updates of one step for given (gradient, variable) pairs.

        A gradient has its variable's shape; another float dtype is cast to the variable's. By a complex variable it is
        what `gradients` gives, d/dx - i d/dy; the step goes along its conjugate.
        Raises GradientError for a gradient that is None, ShapeError, DTypeError, or GraphError for a variable that
        occurs twice or is none.
        """
        checked = _check(pairs)
        where = here()
        updates: Updates = {}
        with inherit(where.derived(f"update of the state of {type(self).__name__}")):
            scalars = self._advance(updates)
        for g, v in checked:
            with inherit(where.derived(f"update of {v.name or v.type}")):
                kind = real_dtype(v.dtype)
                cast = [s.astype(kind) if isinstance(s, Tensor) and s.dtype != kind else s for s in scalars]
                along = conj(g if g.dtype == v.dtype else g.astype(v.dtype))
                updates[v] = self._step(along, v, cast, updates)
        return updates

    def _advance(self, updates: Updates) -> list[Rate]:
        """Once a step: put the updates of the state that all variables share, and return the scalars that
        `_step` needs (tensors are cast to each variable's dtype)."""
        return [self.learning_rate]

    def _step(self, g: Tensor, v: Variable, scalars: Sequence[Any], updates: Updates) -> Tensor:
        """The new value of one variable; the updates of its slots are put into ``updates``."""
        raise NotImplementedError

    def _slot(self, v: Variable, name: str, initial: float = 0.0, of_squares: bool = False) -> Variable:
        slots = self.slots.setdefault(v, {})
        if name not in slots:
            value = np.full(v.shape, initial, real_dtype(v.dtype) if of_squares else v.dtype)
            slots[name] = variable(value, name=f"{v.name or 'variable'}.{name}", trainable=False)
        return slots[name]


def squared(g: Tensor) -> Tensor:
    """The squares of numbers; of complex ones those of their absolute values."""
    if not is_complex(g.dtype):
        return g * g
    re, im = real(g), imag(g)
    return re * re + im * im


def used_variables(tensors: Iterable[Tensor]) -> list[Variable]:
    """The variables that the tensors depend on, in the order of the graph."""
    return [t for node in sort_nodes(tensors) for t in node.outputs if isinstance(t, Variable)]


def number(name: str, value: Any, low: float, high: float) -> float:
    """A hyperparameter as a float in [low, high). Raises ConfigError."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ConfigError(f"{name} has to be a number, not {value!r}")
    if not low <= value < high:
        raise ConfigError(f"{name} has to be in [{low:g}, {high:g}), not {value!r}")
    return float(value)


def _trainable(v: Any) -> bool:
    if not isinstance(v, Variable):
        raise GraphError(
            f"minimize: only variables can be changed, not {describe(v) if isinstance(v, Tensor) else v!r}"
        )
    return v.trainable


def _check(pairs: Iterable[tuple[Tensor, Variable]]) -> list[tuple[Tensor, Variable]]:
    checked: list[tuple[Tensor, Variable]] = []
    seen: set[Variable] = set()
    for g, v in pairs:
        _trainable(v)
        if v in seen:
            raise GraphError(f"apply_gradients: two gradients for {describe(v)}; add them first")
        if g is None:
            raise GradientError(f"apply_gradients: no gradient for {describe(v)}; leave the variable out")
        if not isinstance(g, Tensor):
            raise GraphError(f"apply_gradients: the gradient for {describe(v)} is a {type(g).__name__}, not a tensor")
        if g.shape != v.shape:
            raise ShapeError(f"apply_gradients: {describe(g)} is the gradient of {describe(v)}, of another shape")
        if not is_inexact(g.dtype) or not is_inexact(v.dtype):
            raise DTypeError(f"apply_gradients: {describe(g)} for {describe(v)}; both have to be floats or complex")
        if is_complex(g.dtype) and not is_complex(v.dtype):
            raise DTypeError(f"apply_gradients: {describe(g)} is complex, {describe(v)} is not; take its .real")
        seen.add(v)
        checked.append((g, v))
    return checked
