"""Both sides of the tables for users of other libraries run, the other sides where the library is installed."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coming-from.md"
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([^`]+)` \| (?:`([^`]+)`|nothing: .*) \|$", re.MULTILINE)


def tables() -> dict[str, list[tuple[str, str]]]:
    """The rows by section."""
    return {m[1]: ROW.findall(m[2]) for m in SECTION.finditer(PAGE.read_text("utf-8"))}


def setting() -> dict[str, Any]:
    """The names of the page."""
    text = PAGE.read_text("utf-8")
    found = re.search(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(compile("\n" * text.count("\n", 0, found.start(1)) + found[1], str(PAGE), "exec"), names)
    return names


def run(source: str, names: dict[str, Any]) -> None:
    names = dict(names)
    for statement in source.split("; "):
        exec(statement, names)


def test_every_row_is_read() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert sum(map(len, tables().values())) == len(lines) - len(tables())  # without the heads


@pytest.mark.parametrize("section", tables())
def test_what_to_write_runs(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = setting()
    for _, ours in tables()[section]:
        run(ours, names)
        names["w"].trainable = True


def _torch(names: dict[str, Any]) -> dict[str, Any]:
    torch = importlib.import_module("torch")
    v = torch.arange(3.0, requires_grad=True)
    w = torch.ones((3, 2), requires_grad=True)
    x = torch.ones((4, 3))
    z, t = x @ w, torch.zeros(4, dtype=torch.int64)
    return {
        "torch": torch, "v": v, "w": w, "x": x, "z": z, "t": t, "i": torch.zeros((4, 1), dtype=torch.int64),
        "f": names["f"], "y": (v**2).sum(), "loss": torch.nn.functional.cross_entropy(z, t),
    }  # fmt: skip


def _jax(names: dict[str, Any]) -> dict[str, Any]:
    jax = importlib.import_module("jax")
    v, ones = jax.numpy.arange(3.0), jax.numpy.ones(3)
    return {
        "jax": jax, "jnp": jax.numpy, "v": v, "ones": ones, "y": (v**2).sum(), "key": jax.random.key(0),
        "x": jax.numpy.ones((4, 3)), "t": jax.numpy.zeros(4, "int32"), "f": names["f"], "g": jax.numpy.tanh,
    }  # fmt: skip


def _pytensor(names: dict[str, Any]) -> dict[str, Any]:
    pytensor, pt = map(importlib.import_module, ("pytensor", "pytensor.tensor"))
    x, v = pt.fmatrix("x"), pt.fvector("v")
    w = pytensor.shared(np.ones((3, 2), "float32"))
    return {"pytensor": pytensor, "pt": pt, "x": x, "v": v, "w": w, "z": x @ w, "y": (v**2).sum(), "g": pt.tanh}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # of one part of torch about another
@pytest.mark.parametrize(
    ("section", "others"),
    [
        pytest.param("PyTorch", _torch, marks=pytest.mark.extras("torch")),
        pytest.param("JAX", _jax, marks=pytest.mark.extras("jax")),
        pytest.param("Theano and PyTensor", _pytensor, marks=pytest.mark.extras("pytensor")),
    ],
)
def test_what_was_written_runs(section: str, others: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = setting()
    for theirs, _ in tables()[section]:
        if not theirs.startswith(("model = torch.compile", "pytensor.printing")):  # need a C++ compiler, and pydot
            run(theirs, {**names, **others(names)})
