"""What the documents say is true: blocks of Python run and print what is shown, links lead somewhere, the index has all
pages, commands are one line each."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def fenced(text: str) -> list[tuple[int, str, str]]:
    """The fenced blocks: the line at which each starts, its language and its text."""
    return [(text.count("\n", 0, m.start(2)), m[1], m[2]) for m in FENCE.finditer(text)]


def blocks(text: str, language: str) -> list[tuple[int, str]]:
    """Those of one language."""
    return [(line, source) for line, found, source in fenced(text) if found == language]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if blocks(p.read_text("utf-8"), "python")], ids=relative)
def test_python_blocks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, in one namespace per document, as a reader would paste them. A block `output` below one is what it
    prints."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "document"}
    printed = ""
    for line, language, source in fenced(path.read_text("utf-8")):
        if language == "python":
            code = compile("\n" * line + source, str(path), "exec")  # line numbers as in the document
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(code, namespace)
            printed = output.getvalue()
        elif language == "output":
            assert printed == source, f"{path}:{line}"


def test_the_readme_has_an_example() -> None:
    assert blocks((ROOT / "README.md").read_text("utf-8"), "python")


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(path: Path) -> None:
    targets = [target for target in LINK.findall(path.read_text("utf-8")) if "://" not in target]
    missing = [t for t in targets if not t.startswith("#") and not (path.parent / t.partition("#")[0]).exists()]
    assert not missing


def test_the_index_has_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text("utf-8"))}
    assert set(DOCUMENTS) - linked == {index}


def test_the_readmes_two_commands_are_one_line_each() -> None:
    commands = [text for _, text in blocks((ROOT / "README.md").read_text("utf-8"), "sh")]
    train, test = commands[:2]
    for command in (train, test):
        assert command.count("\n") == 1 and "-m venv" in command and "pip install" in command
    assert train.rstrip().endswith("examples/digits.py")
    assert test.rstrip().endswith("python -m pytest")


def test_ci_runs_the_readmes_test_command() -> None:
    assert 'python" -m pytest\n' in (ROOT / ".ci" / "run").read_text("utf-8")
