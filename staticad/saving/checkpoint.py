"""`save` and `load`: variables, the state of optimizers and what else a program needs to go on where it was."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from staticad.errors import GraphError, LoadError
from staticad.ir.dtypes import DType
from staticad.ir.provenance import here
from staticad.runtime.variables import Variable, read, write
from staticad.saving import extras, safetensors
from staticad.saving.atomic import replace_file
from staticad.saving.entries import EXTRA, OPTIMIZER, Entry, of_model, of_optimizers

_VERSION = 1
Path = str | os.PathLike[str]


class Checkpoint(dict[str, np.ndarray]):
    """What a file holds: the arrays of its variables by name. ``extra`` is what was saved as such ({} without), and
    ``optimizer`` are the arrays of the optimizers' states."""

    def __init__(self, arrays: dict[str, np.ndarray], optimizer: dict[str, np.ndarray], extra: Any) -> None:
        super().__init__(arrays)
        self.optimizer, self.extra = optimizer, extra


def save(path: Path, variables: Any, *, optimizer: Any = None, extra: Any = None) -> None:
    """Save variables in a safetensors file, by name; a model by the paths of its layers, ``encoder.0.weight``.

    ``variables``: a layer, a list of variables with names, or a dict (or nest of dicts and lists) of layers, variables
    and arrays. ``optimizer``: an optimizer, or a dict of several, whose state is saved as well. ``extra``: a dict of
    numbers, texts, arrays, variables, NumPy generators, and nests of them: steps, keys of random numbers, settings.

    All values are of one moment, whatever sessions run meanwhile. The file is written under another name, brought to
    the disk, and renamed: a crash at any moment leaves the old file. Needs the package safetensors (extra ``save``).
    Raises GraphError for what can't be saved and without the package, DTypeError, OutOfMemory, OSError.
    """
    target = _path("save", path)
    entries = of_model("save", variables)
    if optimizer is not None:
        entries |= of_optimizers("save", optimizer, entries)
    texts = {"staticad": safetensors.to_json({"version": _VERSION})}
    if extra is not None:
        texts["extra"] = safetensors.to_json(extras.encode(extra, entries))
    arrays = _values(entries)
    replace_file(target, lambda file: safetensors.write(file, arrays, texts))


def load(path: Path, variables: Any = None, *, optimizer: Any = None, extra: Any = None) -> Checkpoint:
    """Load a safetensors file. Without ``variables`` nothing is assigned; the result is a dict of arrays by name.

    ``variables`` and ``optimizer`` are as for `save`: their variables take the values of the file, all or none of
    them. Of ``extra``, a nest as it was saved, the variables and generators are restored; all that was saved is in
    the ``extra`` of the result. A file of another program has the names that it gave.

    Raises LoadError for a file that is damaged, and one that lists every variable that is missing in the file, every
    entry that is not wanted, and all that have another shape or dtype. Raises GraphError, OutOfMemory, OSError.
    """
    source = _path("load", path)
    arrays, texts = safetensors.read(source)
    own = "staticad" in texts
    document = _document(source, texts) if own else None
    state, others = (
        {name: array for name, array in arrays.items() if own and name.startswith(prefix)}
        for prefix in (OPTIMIZER, EXTRA)
    )
    model = {name: array for name, array in arrays.items() if name not in state and name not in others}
    if variables is None and optimizer is not None:
        raise GraphError(
            f"load: the state of an optimizer goes by the names of its variables; give them, too (at {here()})"
        )
    fit = _Fit(source)
    if variables is not None:
        wanted = of_model("load", variables)
        fit.match(wanted, model)
        if optimizer is not None:
            fit.match(of_optimizers("load", optimizer, wanted), state)
    found: dict[str, Variable] = {}
    generators = extras.targets(extra, document, "", found, fit.lacks)
    fit.match(found, {name: array for name, array in others.items() if name in found})
    try:
        states = [(one, extras.decode(below, arrays).bit_generator.state) for one, below in generators]
        kept = {} if document is None else extras.decode(document, arrays)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise LoadError(f"load: {source!r}: what was saved as extra can't be read ({error!r})") from None
    for one, given in states:
        if one.bit_generator.state["bit_generator"] != given["bit_generator"]:
            fit.misfits.append(
                f"a generator of {one.bit_generator.state['bit_generator']}, saved {given['bit_generator']}"
            )
    fit.check()
    write(fit.values)
    for one, given in states:
        one.bit_generator.state = given
    return Checkpoint(model, state, kept)


def _path(what: str, path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise GraphError(f"{what}: the path is a string or a path, not a {type(path).__name__} (at {here()})")
    return os.fspath(path)


def _values(entries: dict[str, Entry]) -> dict[str, np.ndarray]:
    """The arrays of entries; those of variables are of one moment."""
    variables = list(dict.fromkeys(entry for entry in entries.values() if isinstance(entry, Variable)))
    values = dict(zip(variables, read(variables), strict=True)) if variables else {}
    return {name: values[entry] if isinstance(entry, Variable) else entry for name, entry in entries.items()}


def _document(path: str, texts: dict[str, str]) -> Any:
    """The JSON of extra. Raises LoadError for that of a later version."""
    try:
        version = safetensors.from_json(texts["staticad"])["version"]
        if version == _VERSION:
            return safetensors.from_json(texts["extra"]) if "extra" in texts else None
    except (KeyError, TypeError, ValueError) as error:
        raise LoadError(f"load: the metadata of {path!r} can't be read ({error!r})") from None
    raise LoadError(f"load: {path!r} is of version {version!r}; this package reads {_VERSION}: update it")


class _Fit:
    """What goes into which variable, and all that does not fit."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.values: dict[Variable, np.ndarray] = {}
        self.missing: list[str] = []
        self.unwanted: list[str] = []
        self.misfits: list[str] = []

    def match(self, wanted: Mapping[str, Entry], arrays: dict[str, np.ndarray]) -> None:
        for name, variable in wanted.items():
            if not isinstance(variable, Variable):
                raise GraphError(
                    f"load: {name!r} is an array, which can't be loaded into; sa.load(path) returns it (at {here()})"
                )
            array = arrays.get(name)
            if array is None:
                self.missing.append(f"{name} {variable.type}")
            elif array.shape != variable.shape or array.dtype != variable.dtype:
                self.misfits.append(f"{name} is {_type(array.dtype, array.shape)}, not {variable.type}")
            else:
                self.values[variable] = array
        self.unwanted += [f"{name} {_type(a.dtype, a.shape)}" for name, a in arrays.items() if name not in wanted]

    def lacks(self, name: str) -> None:
        """The file has nothing of that name."""
        self.missing.append(name)

    def check(self) -> None:
        """Raises LoadError where something does not fit."""
        groups = (
            ("not in the file", self.missing),
            ("in the file, but not wanted", self.unwanted),
            ("of another shape or dtype in the file", self.misfits),
        )
        lines = [f"\n  {title}: {', '.join(names)}" for title, names in groups if names]
        if not lines:
            return
        hint = ""
        if any(text.startswith(OPTIMIZER) for text in self.unwanted):
            hint = "; an optimizer has state when minimize was called"
        raise LoadError(
            f"load: {self.path!r} does not fit, and nothing is changed (at {here()}):{''.join(lines)}\n"
            f"sa.load(path) alone returns the arrays by name, to assign those that you choose{hint}"
        )


def _type(dtype: DType, shape: tuple[int, ...]) -> str:
    return f"{dtype.name}[{','.join(map(str, shape))}]"
