"""Layers that are given: `Dense`, and `Sequential` for one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from staticad.boundary import boundaries
from staticad.errors import ConfigError, DTypeError, GraphError, ShapeError, typed_memory
from staticad.ir.arrays import read_array
from staticad.ir.dtypes import as_dtype, is_float
from staticad.ir.graph import Tensor, check_name, describe
from staticad.nn import initializers
from staticad.nn.initializers import Initializer
from staticad.nn.layer import Layer
from staticad.runtime.variables import variable

Function = Callable[[Tensor], Tensor]


@boundaries("__call__")
class Dense(Layer):
    """``activation(x @ weight + bias)``: x has the shape (…, in_features), the result (…, out_features).

    ``weight`` has the shape (in_features, out_features) and starts from ``initializer`` ("glorot", "he", or any
    function of a shape and a generator), ``bias`` (None without ``use_bias``) starts at zero; ``rng`` is a generator
    or a seed. The variables are called ``weight`` and ``bias``, after ``name`` or their path in other layers.
    Raises ShapeError for sizes below 1 or a result of the initializer that has another shape, DTypeError for a
    dtype that is not a float.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        activation: Function | None = None,
        use_bias: bool = True,
        initializer: str | Initializer = "glorot",
        dtype: Any = "float32",
        rng: np.random.Generator | int | None = None,
        name: str | None = None,
    ) -> None:
        if name is not None:
            check_name("Dense", name)
        for size in (in_features, out_features):
            if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
                raise ShapeError(f"Dense: the numbers of features are ints from 1, not {size!r}")
        kind = as_dtype(dtype)
        if not is_float(kind):
            raise DTypeError(f"Dense: weights of dtype {kind} can't be trained; use float32 or float64")
        shape = (int(in_features), int(out_features))
        first = _made(initializers.find(initializer), shape, rng)
        if first.shape != shape:
            raise ShapeError(f"Dense: the initializer made the shape {first.shape} for a weight of shape {shape}")
        self.name = name
        self.activation = activation
        self.weight = variable(first, kind)
        self.bias = variable(np.zeros(shape[1], kind)) if use_bias else None

    def __call__(self, x: Tensor) -> Tensor:
        """Raises ShapeError if the last size of ``x`` is not in_features."""
        features = self.weight.shape[0]
        if x.ndim == 0 or (isinstance(x.shape[-1], int) and x.shape[-1] != features):
            raise ShapeError(
                f"{self}: needs {features} features in the last axis of its input, got {describe(x)}; "
                "reshape the input or change in_features"
            )
        y = x @ self.weight
        if self.bias is not None:
            y = y + self.bias
        return y if self.activation is None else self.activation(y)

    def __repr__(self) -> str:
        return f"Dense({', '.join(map(str, self.weight.shape))}{f', name={self.name!r}' if self.name else ''})"


@typed_memory("the weight of a layer")
def _made(initializer: Initializer, shape: tuple[int, ...], rng: Any) -> np.ndarray:
    try:
        generator = np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"Dense: rng has to be a generator or a seed, which is an int from 0: {error}") from None
    return read_array(initializer(shape, generator), "Dense: what the initializer made", DTypeError, ShapeError)


@boundaries("__call__")
class Sequential(Layer):
    """One function after the other: layers, and plain functions such as ``sa.relu``, in one list or one by one. Its
    layers are called 0, 1, ….

    Raises GraphError for an entry that can't be called.
    """

    def __init__(self, *layers: Function | Iterable[Function]) -> None:
        listed: Any = layers[0] if len(layers) == 1 and not callable(layers[0]) else layers
        if not isinstance(listed, Iterable):
            raise GraphError(f"Sequential: takes layers, or one list of them, not {listed!r}")
        self.layers = tuple(listed)
        for position, layer in enumerate(self.layers):
            if not callable(layer):
                raise GraphError(f"Sequential: entry {position} is a {type(layer).__name__}, which can't be called")

    def parts(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(position), layer) for position, layer in enumerate(self.layers))
        yield from ((name, value) for name, value in super().parts() if value is not self.layers)

    def __call__(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        names = (getattr(layer, "__name__", None) or repr(layer) for layer in self.layers)
        return f"Sequential([{', '.join(names)}])"
